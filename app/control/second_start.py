"""What a start does when Lou may run already: take the lock, or raise the window of the first."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from app.control import instance_lock
from app.control.client import AT_ONCE_S, ControlClient, NotRunningError
from app.control.instance_lock import InstanceLock
from app.errors import AppError
from app.system import launch_file

_PATIENCE_S = 15.0
_LOOK_AGAIN_S = 0.1


def claim_or_raise(mode: str) -> InstanceLock | int:
    """The lock of the only Lou, or the exit code of a start that was one too many.

    A first Lou that is just starting or ending is waited for. A client that starts several servers
    starts Lou as often; only a person wants to see a window.
    """
    by_person = not os.environ.pop(launch_file.BY_CLIENT, "")
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            lock = instance_lock.claim()
            # With the lock, too: its file may have been cleaned up under a Lou that runs.
            found = (_ask_to_show() if by_person else _ask_how_it_runs()) or lock
        except AppError as refused:
            sys.stderr.write(f"{refused.title}\n{refused.hint}\n")
            return 1
        if isinstance(found, InstanceLock):
            return found
        if found:
            return _one_too_many(found, mode)
        if time.monotonic() > deadline:
            break
        time.sleep(_LOOK_AGAIN_S)
    sys.stderr.write(
        f"Another Lou (process {instance_lock.holder()}) is starting or ending.\nTry again soon.\n"
    )
    return 1


def _ask_to_show() -> str:
    """How the first Lou runs, which shows its window now; empty when it cannot answer yet.

    Raises:
        AppError: it refused.
    """
    return _asked(lambda wire: str(wire.ask("show", within_s=AT_ONCE_S)["mode"]))


def _ask_how_it_runs() -> str:
    return _asked(lambda wire: str(wire.ask("status", within_s=AT_ONCE_S)["app"]["mode"]))


def _asked(question: Callable[[ControlClient], str]) -> str:
    try:
        with ControlClient() as wire:
            return question(wire)
    except NotRunningError:
        return ""
    except AppError as refused:
        if refused.code == "ending":
            return ""
        raise


def _one_too_many(first: str, mode: str) -> int:
    if first == "tray" and mode == "tray":
        return 0
    other = "in the tray" if first == "tray" else "without a window (`lou serve`)"
    sys.stderr.write(f"Lou runs already, {other}.\nStop it first: lou quit\n")
    return 1
