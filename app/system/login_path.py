"""The PATH of a login shell, for a Lou that launchd of macOS started.

launchd gives programs four system folders; what people install (Homebrew, npx, uvx) is on the PATH
that their shell makes. In: the shell and the present PATH. Out: both, the shell's folders first.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

_SYSTEM: str = sys.platform
_OF_LAUNCHD = {"/usr/bin", "/bin", "/usr/sbin", "/sbin"}
_WITHIN_S = 5.0
_MARK = "lou-path:"


def adopt() -> None:
    """On macOS, give this process the PATH of the login shell if it has launchd's."""
    present = os.environ.get("PATH", "")
    if _SYSTEM == "darwin" and set(present.split(":")) <= {*_OF_LAUNCHD, ""}:
        os.environ["PATH"] = joined(asked(os.environ.get("SHELL") or "/bin/zsh"), present)


def asked(shell: str) -> str:
    """The PATH that `shell` makes at a login; empty if it fails or takes too long.

    It is told to be interactive: zsh reads `.zshrc`, which nvm and others write to, only then.
    """
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            (shell, "-i", "-l", "-c", f'printf "\\n%s%s\\n" {_MARK} "$PATH"'),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_WITHIN_S,
            start_new_session=True,  # an interactive shell would take the terminal of Lou
            check=False,
        )
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            if line.startswith(_MARK):
                return line.removeprefix(_MARK)
    return ""


def joined(first: str, second: str) -> str:
    """The absolute folders of both, each once."""
    folders = [each for each in (*first.split(":"), *second.split(":")) if each.startswith("/")]
    return ":".join(dict.fromkeys(folders))
