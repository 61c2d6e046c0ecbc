"""Decides what a start does when Lou may run already.

In: the mode of this start. Out: the instance lock, or an exit code after the running Lou was asked
to show its window, or the person was told why Lou does not start.
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


def claim_or_raise(mode: str, show: Callable[[str, str], None] | None = None) -> InstanceLock | int:
    """The lock if no other Lou runs, else the exit code of this start.

    Waits for another Lou that is starting or ending. A client that starts several servers starts
    Lou several times; only when a person starts it, its window is shown, or `show` is called with
    what happened and what to do.
    """
    by_person = not os.environ.pop(launch_file.BY_CLIENT, "")
    show = show if by_person else None
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            lock = instance_lock.claim()
            # Ask even with the lock: its file may have been deleted while a Lou runs.
            found = (_ask_to_show() if by_person else _ask_mode()) or lock
        except AppError as refused:
            return _refuse(refused.title, refused.hint, show)
        if isinstance(found, InstanceLock):
            return found
        if found == mode == "tray":
            return 0
        if found:
            other = "in the tray" if found == "tray" else "without a window (`lou serve`)"
            refusal = f"Lou runs already, {other}."
            return _refuse(refusal, "Stop it first: lou quit", show)
        if time.monotonic() > deadline:
            break
        time.sleep(_RETRY_S)
    refusal = f"Another Lou (process {instance_lock.holder()}) is starting or ending."
    return _refuse(refusal, "Try again soon.", show)


def _ask_to_show() -> str:
    """The mode of the running Lou, which shows its window now; empty when it cannot answer."""
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


def _refuse(title: str, hint: str, show: Callable[[str, str], None] | None) -> int:
    sys.stderr.write(f"{title}\n{hint}\n")
    if show:
        show(title, hint)
    return 1
