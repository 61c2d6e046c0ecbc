"""Tries the parts of a process that are imported late, to find missing packages.

In: the parts by code, each with a title and a function that uses it. Out: for each part whether it
works, in words. A part that fails does not stop the others.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)


class PartFailedError(Exception):
    """A part ran and returned a wrong result."""


@dataclass(frozen=True, slots=True)
class Part:
    """A title for people, and what uses the part: a blocking or a coroutine function."""

    title: str
    use: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class PartResult:
    """The result of one part; `problem` is empty if it works."""

    code: str
    title: str
    problem: str


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The results of all parts of a process."""

    parts: list[PartResult]


async def run(parts: Mapping[str, Part]) -> SelfTest:
    """Use each part once; blocking ones in a thread."""
    found = [
        PartResult(code, part.title, await _problem(code, part)) for code, part in parts.items()
    ]
    return SelfTest(found)


async def _problem(code: str, part: Part) -> str:
    try:
        if inspect.iscoroutinefunction(part.use):
            await part.use()
        else:
            await asyncio.to_thread(part.use)
    except Exception as broken:
        log.warning("The part %s does not work", code, exc_info=True)
        return in_words(broken)
    return ""


def expect(holds: bool, otherwise: str) -> None:
    """Raise PartFailedError with the message `otherwise`, if `holds` is false."""
    if not holds:
        raise PartFailedError(otherwise)


def in_words(broken: BaseException) -> str:
    """The error in words for a person; a missing package by its name."""
    if isinstance(broken, ModuleNotFoundError) and broken.name:
        return f"the Python package {broken.name.partition('.')[0]} is not installed"
    said = " ".join(str(broken).split())[:200].rstrip(".")
    return said if isinstance(broken, PartFailedError) else f"{type(broken).__name__}: {said}"
