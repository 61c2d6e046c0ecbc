"""Runs a command as a poor machine would: on a part of one core, with wider fonts.

    python -m tests.conditions --cpu 25 --wider 30 -- python -m pytest tests/ui

`--cpu` needs a control group that this user may make, as root may; `--wider` DejaVu and fonttools.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests import wide_fonts

_GROUPS = Path("/sys/fs/cgroup")
_PERIOD_US = 100_000


@contextlib.contextmanager
def part_of_a_core(percent: int) -> Iterator[Path]:
    """A control group whose processes share `percent` of one core; the value is where to join it.

    Raises:
        OSError: this user may not make one.
    """
    is_unified = (_GROUPS / "cgroup.controllers").exists()
    group = (_GROUPS if is_unified else _GROUPS / "cpu") / f"lou-tests-{os.getpid()}"
    quota = percent * _PERIOD_US // 100
    group.mkdir()
    try:
        if is_unified:
            (group / "cpu.max").write_text(f"{quota} {_PERIOD_US}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        yield group / "cgroup.procs"
    finally:
        with contextlib.suppress(OSError):  # a process of the tests lives on
            group.rmdir()


def main() -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", type=int, metavar="PERCENT", help="of one core")
    parser.add_argument("--wider", type=int, metavar="PERCENT", help="all texts")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    environment = dict(os.environ)
    with contextlib.ExitStack() as stack:
        if given.wider:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lou-fonts-")))
            environment["FONTCONFIG_FILE"] = str(wide_fonts.make(folder, given.wider))
        join = None
        if given.cpu:
            procs = stack.enter_context(part_of_a_core(given.cpu))
            join = lambda: procs.write_text(str(os.getpid()))  # noqa: E731
        return subprocess.run(
            given.command, env=environment, check=False, preexec_fn=join
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
