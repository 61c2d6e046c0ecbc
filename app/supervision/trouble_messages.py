"""The texts about a server that does not run, for a person. Pure."""

from __future__ import annotations

import signal
from dataclasses import replace

from app.supervision.states import Exited
from app.views import Trouble
from servers.contract.messages import (
    EXIT_CONFIGURATION,
    EXIT_PERMISSION,
    EXIT_REFUSED,
    EXIT_UNREACHABLE,
)

_SEE_LOG = "Read its log, then press Retry."
_REPORTED = {EXIT_CONFIGURATION, EXIT_PERMISSION, EXIT_REFUSED, EXIT_UNREACHABLE}
"""The exit codes of a server that has said why it ends."""


_NOT_STARTED = "not_started"


def not_started(code: int, why: str) -> Exited:
    """The exit that stands for a start without a process: nothing ended by itself."""
    return Exited(code, why, Trouble(_NOT_STARTED, why, _SEE_LOG))


HUNG = Trouble("hung", "It stopped answering and was ended.", _SEE_LOG)
OVERWEIGHT = Trouble("too_big", "It used far more memory than it should and was ended.", _SEE_LOG)
STUCK = Trouble(
    "stuck",
    "It cannot be ended: the system is holding it, most likely in a disk or network wait.",
    "It starts again when the system lets go of it. If that does not happen, restart the computer.",
)
"""It survives SIGKILL."""


def silent(seconds: float) -> Trouble:
    """It runs, but did not become ready yet."""
    return Trouble(
        "starting_slowly",
        f"It started, but has answered nothing for {seconds:g} s.",
        "It may be loading something, as npx and uvx do at a first start: its log tells. "
        "If it waits for something that never comes, such as a sign-in or another program, "
        "mend that and restart it.",
    )


def too_slow(timeout: float) -> Trouble:
    """It never became ready."""
    return Trouble("slow_start", f"It was not ready after {timeout:g} s.", _SEE_LOG)


def left(event: Exited) -> Trouble:
    """It ended without a request."""
    reported = event.reported
    if reported is not None and (event.code in _REPORTED or reported.code == _NOT_STARTED):
        return reported
    message = f"It {_ending(event.code)}."
    if event.words:
        message += f" Its last words: {event.words}"
    return Trouble(_code(event.code), message, _SEE_LOG)


def gave_up(cause: Trouble | None, *, for_now: bool) -> Trouble:
    """It is not restarted; with `for_now` a probe starts it later."""
    cause = cause or HUNG
    if not for_now:
        return replace(cause, hint=cause.hint or _SEE_LOG)
    prefix = "It kept failing and was given up. "
    if cause.message.startswith(prefix):
        return cause
    return replace(cause, message=prefix + cause.message, hint=cause.hint or _SEE_LOG)


def too_many_restarts(limit: int) -> Trouble:
    """All servers together restart too often."""
    return Trouble(
        "restart_storm",
        f"The servers restarted more than {limit} times within a minute, so restarting is paused.",
        "Read the logs for a common cause, such as a full disk, then press Retry.",
    )


def paused(storm: Trouble, own: Trouble | None) -> Trouble:
    """Restarting is paused for all; the text includes the trouble of this server."""
    return replace(storm, message=f"{storm.message} {own.message}") if own else storm


def _code(code: int) -> str:
    if code == EXIT_CONFIGURATION:
        return "bad_configuration"
    return "no_permission" if code == EXIT_PERMISSION else "exited"


def _ending(code: int) -> str:
    if code == EXIT_CONFIGURATION:
        return "cannot run with this configuration"
    if code == EXIT_PERMISSION:
        return "was denied something it needs"
    if code >= 0:
        return f"ended by itself with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
