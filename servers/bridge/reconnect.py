"""Reconnects to a server that is away: asks the app, starts the app, tries again.

In: the server's name and the time. Out: a connection, cached answers, or the reason why calls fail.
Imported only while the server is away.
"""

from __future__ import annotations

import json
import os

from servers.bridge.app_launch import launch_app
from servers.bridge.connect import dial, line_from
from servers.bridge.replies import Replies
from servers.contract import endpoint, ownership

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    import _socket

_SHORTEST_WAIT_S = 0.05
_LONGEST_WAIT_S = 2.0
_LONGEST_WAIT_HELD_S = 0.1
_FRESH_S = 0.5
"""How long an answer of the app that refuses nothing is used before it is asked again."""
_HUNG_APP_S = 5.0
_LAUNCH_AGAIN_S = 30.0
_LONGEST_ANSWER = 64 << 10

_NOT_RUNNING = "Lou is not running, so the {} server cannot answer. Start Lou, then try again."
_UNKNOWN = "Lou has no server called {}. Add it in Lou, or correct the client's configuration."


class Reconnect:
    """One absence of the server called `name`, from the monotonic time `now` on."""

    def __init__(self, name: str, now: float) -> None:
        self.answers = _cached_answers(name)
        self.refusal = ""
        """Why calls cannot be answered; empty while the server may come back."""
        self._name = name
        self._since = now
        self._ask_at = now
        self._launch_at = now
        self._app_is_absent = False

    def wait_s(self, now: float, *, has_held: bool) -> float:
        """Seconds to wait before the next attempt; they grow with the absence."""
        longest = _LONGEST_WAIT_HELD_S if has_held else _LONGEST_WAIT_S
        return min(max((now - self._since) / 5, _SHORTEST_WAIT_S), longest)

    def connect(self) -> _socket.socket | None:
        """Try to connect; None while the server is away."""
        try:
            return dial(endpoint.server_socket(self._name))
        except PermissionError as denied:
            self.refusal = str(denied)
            return None

    def ask(self, now: float) -> None:
        """Ask the app whether the server may come back; sets `answers` and `refusal`.

        What was refused may be right a moment later: a refusal is never used twice.
        """
        if now < self._ask_at and not self.refusal:
            return
        self._ask_at = now + _FRESH_S
        try:
            link = dial(endpoint.control_socket())
            answer = None if link is None else _hello(link, self._name)
        except PermissionError as denied:
            self.refusal = str(denied)
            return
        except (OSError, ValueError):  # it listens but does not answer: nothing is known
            self._ask_at = now + _HUNG_APP_S
            self.refusal = ""
            return
        self._app_is_absent = answer is None
        self._take(answer or {})

    def launch(self, now: float) -> None:
        """Start the app if it does not run; called when a client waits for an answer."""
        if not self._app_is_absent or now < self._launch_at:
            return
        if launch_app():
            self._launch_at = now + _LAUNCH_AGAIN_S
        else:
            self.refusal = _NOT_RUNNING.format(self._name)

    def _take(self, answer: dict[str, object]) -> None:
        message = str(answer.get("message") or "")
        if answer.get("known") is False:
            self.answers = Replies()
            self.refusal = message or _UNKNOWN.format(self._name)
        elif answer.get("wanted") is False:
            self.refusal = message or f"The {self._name} server is switched off in Lou."
        else:
            self.refusal = message


def _cached_answers(name: str) -> Replies:
    try:
        found = json.loads(ownership.read(endpoint.answers_file(name)))
    except (OSError, ValueError):
        return Replies()
    return Replies(found if isinstance(found, dict) else None)


def _hello(link: _socket.socket, name: str) -> dict[str, object]:
    """The app's answer about the server; the message codec is not used: its import is slow."""
    params = {"server": name, "pid": os.getpid()}
    request = {"type": "request", "id": "hello", "method": "bridge_hello", "params": params}
    try:
        link.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(line_from(link, _LONGEST_ANSWER))
    finally:
        link.close()
    result = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(result, dict):
        raise ValueError("no answer to bridge_hello")  # noqa: TRY004 - handled as a malformed line
    return result
