"""Decides what a start does when Lou may run already.

In: the mode of this start. Out: the instance lock, or an exit code after the running Lou was asked
to show its window.
"""

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
_RETRY_S = 0.1


def claim_or_raise(mode: str) -> InstanceLock | int:
    """The lock if no other Lou runs, else the exit code of this start.

    Waits for another Lou that is starting or ending. A client that starts several servers starts
    Lou several times; the window is shown only if a person started it.
    """
    by_person = not os.environ.pop(launch_file.BY_CLIENT, "")
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            lock = instance_lock.claim()
            # Ask even with the lock: its file may have been deleted while a Lou runs.
            found = (_ask_to_show() if by_person else _ask_mode()) or lock
        except AppError as refused:
            sys.stderr.write(f"{refused.title}\n{refused.hint}\n")
            return 1
        if isinstance(found, InstanceLock):
            return found
        if found:
            return _refuse(found, mode)
        if time.monotonic() > deadline:
            break
        time.sleep(_RETRY_S)
    sys.stderr.write(
        f"Another Lou (process {instance_lock.holder()}) is starting or ending.\nTry again soon.\n"
    )
    return 1


def _ask_to_show() -> str:
    """The mode of the running Lou, which shows its window now; empty when it cannot answer.

    Raises:
        AppError: it refused.
    """
    return _ask(lambda client: str(client.ask("show", within_s=AT_ONCE_S)["mode"]))


def _ask_mode() -> str:
    return _ask(lambda client: str(client.ask("status", within_s=AT_ONCE_S)["app"]["mode"]))


def _ask(ask: Callable[[ControlClient], str]) -> str:
    try:
        with ControlClient() as client:
            return ask(client)
    except NotRunningError:
        return ""
    except AppError as refused:
        if refused.code == "ending":
            return ""
        raise


def _refuse(first: str, mode: str) -> int:
    if first == "tray" and mode == "tray":
        return 0
    other = "in the tray" if first == "tray" else "without a window (`lou serve`)"
    sys.stderr.write(f"Lou runs already, {other}.\nStop it first: lou quit\n")
    return 1
