"""A trace of a native crash: where every thread was when the process ended without a goodbye.

`recorded` lets Python write the trace into a file of the log folder; `take` returns what the last
run left there. A run that ends in order leaves nothing, and on Windows the system also reports
faults that a library has caught.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
from collections.abc import Iterator
from pathlib import Path

from app.system import paths
from servers.contract import file_sharing, ownership

_LONGEST = 20_000


@contextlib.contextmanager
def recorded() -> Iterator[None]:
    """Within this context a native crash leaves a trace; the one before is kept for `take`."""
    with contextlib.ExitStack() as ending:
        with contextlib.suppress(OSError):
            ownership.make_private(str(paths.log_folder()))
            _keep_last()
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            handle = ownership.open_to_write(str(_running()), flags)
            file = ending.enter_context(os.fdopen(handle, "wb"))
            faulthandler.enable(file)
            ending.callback(faulthandler.disable)
        yield
        ending.close()
        with contextlib.suppress(OSError):
            _running().unlink(missing_ok=True)


def take() -> str:
    """The trace that the last run left, once; empty if it ended in order."""
    path = _last()
    try:
        text = ownership.read(str(path)).decode("utf-8", "replace")[:_LONGEST]
        path.unlink()
    except OSError:
        return ""
    return text.strip()


def _keep_last() -> None:
    running = _running()
    if running.is_file() and running.stat().st_size:
        file_sharing.replace(str(running), str(_last()))


def _running() -> Path:
    return paths.log_folder() / "crash.trace"


def _last() -> Path:
    return paths.log_folder() / "crash.last.trace"
