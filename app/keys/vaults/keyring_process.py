"""Runs the keyring backend in a child process, which ends when it is not used.

In: calls. Out: their results. The backend takes 8 MB that an app which runs all day rarely needs.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from typing import IO, Any, cast

from app.errors import VaultError
from app.keys.vault import VaultState
from app.keys.vaults import keyring_backend

_ENDS_WITHIN_S = 2.0


class KeyringProcess:
    """The methods of `keyring_backend.Keyring`, called in the child. All block, one at a time."""

    def __init__(self, profile: str) -> None:
        self._profile = profile
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def look(self) -> VaultState:
        if not keyring_backend.can_be_asked():
            return VaultState.ABSENT
        return VaultState(self._ask("look"))

    def unlock(self) -> VaultState:
        return VaultState(self._ask("unlock"))

    def get(self, item: str) -> str | None:
        return cast("str | None", self._ask("get", item))

    def set(self, item: str, value: str) -> None:
        self._ask("set", item, value)

    def delete(self, item: str) -> None:
        self._ask("delete", item)

    def rest(self) -> None:
        """End the process; the next call starts another."""
        with self._turn:
            self._end()

    def _ask(self, call: str, *arguments: str) -> Any:
        request = json.dumps({"call": call, "with": arguments}).encode() + b"\n"
        with self._turn:
            answer = self._exchange(request)
            if not answer.endswith(b"\n"):
                self._end()
                raise _gone()
        response = json.loads(answer)
        if refusal := response.get("error"):
            title, hint, code = refusal
            raise VaultError(title, hint, code=code)
        return response["result"]

    def _exchange(self, request: bytes) -> bytes:
        try:
            stdin, stdout = self._pipes()
            stdin.write(request)
            stdin.flush()
            return stdout.readline()
        except OSError:
            return b""

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            self._process = subprocess.Popen(
                command(self._profile), stdin=subprocess.PIPE, stdout=subprocess.PIPE, **_options()
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        return stdin, stdout

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with process, contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_ENDS_WITHIN_S)
            process.kill()


def command(profile: str) -> tuple[str, ...]:
    """The command that starts the child; it contains no secret."""
    itself = () if getattr(sys, "frozen", False) else ("-I", "-m", "app")
    return (sys.executable, *itself, "keyring", profile)


def _options() -> dict[str, Any]:
    """Keep Ctrl-C of the terminal from it, and show no console on Windows."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def _gone() -> VaultError:
    return VaultError(
        "What speaks to the keyring for Lou ended before it had an answer.",
        "Try again.",
        code="refused",
    )
