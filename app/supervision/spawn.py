"""Checks before a process is started.

In: the function that prepares a launch. Out: a `Launch` that can be executed, or why there is none.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from app.supervision.launch_command import Launch
from app.supervision.states import Exited, Refused
from app.views import Trouble

log = logging.getLogger(__name__)

_SOFTWARE_ERROR = 70
_OS_ERROR = 71
_SEE_COMMAND = "Install it, or correct the server's command."


async def prepared(
    prepare: Callable[[str], Awaitable[Launch | Trouble]], name: str
) -> Launch | Refused | Exited:
    """The checked launch of `name`, or why it cannot start."""
    try:
        plan = await prepare(name)
    except Exception:
        log.exception("Could not prepare the start of %s", name)
        return Exited(_SOFTWARE_ERROR, "Lou could not prepare its start; see Lou's own log.")
    if isinstance(plan, Trouble):
        return Refused(plan)
    return _checked(plan)


def unspawnable(problem: BaseException) -> Exited:
    """The exit that stands for a start which the system refused or a bug prevented."""
    if isinstance(problem, OSError | ValueError):
        return Exited(_OS_ERROR, f"It could not be started: {problem}.")
    return Exited(_SOFTWARE_ERROR, "Lou could not start it; see Lou's own log.")


def _checked(launch: Launch) -> Launch | Refused:
    program = Path(launch.argv[0])
    if not program.is_absolute() or not program.is_file():
        missing = f"The program {program} was not found."
        return Refused(Trouble("program_missing", missing, _SEE_COMMAND))
    if not os.access(program, os.X_OK):
        denied = f"The program {program} may not be executed."
        return Refused(Trouble("program_denied", denied, _SEE_COMMAND))
    if launch.cwd is not None and not Path(launch.cwd).is_dir():
        nowhere = f"The folder {launch.cwd} that it should run in was not found."
        return Refused(Trouble("folder_missing", nowhere, "Correct the server's folder."))
    return launch
