"""How long tests wait: for a condition with one generous bound, which only a failure ever reaches.

A bound is no claim about speed. It holds on a quarter of one core, on a machine that does other
work, and under a debugger. Claims about speed are figures; see tests/bench.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PATIENCE_S = 120.0
"""The one bound. pytest's own, in pyproject.toml, leaves room for two of them."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.005, 0.1


def wait_until(
    condition: Callable[[], object], timeout: float = PATIENCE_S, what: str = ""
) -> float:
    """Wait for a condition of another process, without a loop; returns how long that took.

    Raises:
        AssertionError: it did not hold within `timeout` seconds.
    """
    began, pauses = time.monotonic(), _pauses()
    while not condition():
        assert time.monotonic() < began + timeout, late(condition, timeout, what)
        time.sleep(next(pauses))
    return time.monotonic() - began


async def eventually(
    condition: Callable[[], object], timeout: float = PATIENCE_S, what: str = ""
) -> float:
    """The same while the running loop goes on."""
    began, pauses = time.monotonic(), _pauses()
    while not condition():
        assert time.monotonic() < began + timeout, late(condition, timeout, what)
        await asyncio.sleep(next(pauses))
    return time.monotonic() - began


def _pauses() -> Iterator[float]:
    """Short ones at first; a condition that starts a program is then not asked all the time."""
    pause = _FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(pause * 1.2, _LONGEST_PAUSE_S)


def late(condition: Callable[[], object], timeout: float, what: str = "") -> str:
    """What a wait says that ended in vain: `what`, or the place where the condition is written."""
    code = getattr(condition, "__code__", None)
    place = f"{Path(code.co_filename).name}:{code.co_firstlineno}" if code else repr(condition)
    return f"not within {timeout:g} s: {what or place}"
