"""No copy of this process's memory reaches the disk: keys pass through it."""

from __future__ import annotations

import sys


def forbid_core_dumps() -> None:
    """From now on a crash leaves no image behind. Windows has no such file by default."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
