"""Tries the parts of the app that are loaded late, in processes of their own.

The app itself stays light and cannot be taken down by what is broken. A program of parts (see
`PROGRAMS`) uses each part once and prints a line of JSON for it: code, title, problem.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

PROGRAMS = ("core", "window")
"""The words after `lou self-test`: the parts without Qt, and those of the window."""
_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Part:
    """What a person calls it, and what uses it once."""

    title: str
    use: Callable[[], None]


@dataclass(frozen=True, slots=True)
class PartResult:
    """One part; `problem` is empty when it works."""

    code: str
    title: str
    problem: str = ""


def tell(parts: Mapping[str, Part]) -> int:
    """Use each part and print what came of it; the exit code."""
    for code, part in parts.items():
        problem = ""
        try:
            part.use()
        except Exception as broken:  # noqa: BLE001 - whatever it is, it is told
            problem = _in_words(broken)
        told = {"code": code, "title": part.title, "problem": problem}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
    return 0


async def results(program: str) -> list[PartResult]:
    """What the parts of `program` came to; an end before the last of them is a problem, too."""
    process = await asyncio.create_subprocess_exec(
        *command(program),
        env=dict(os.environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    problem = ""
    try:
        said, _ = await asyncio.wait_for(process.communicate(), _WITHIN_S)
    except TimeoutError:
        said, problem = b"", f"it did not end within {_WITHIN_S:g} s"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    if process.returncode:
        problem = f"it ended with exit code {process.returncode}"
    found = list(_read(said))
    if problem or not found:
        found.append(PartResult(program, "The self test", problem or "it told nothing"))
    return found


def command(program: str) -> tuple[str, ...]:
    """What starts a program of parts."""
    itself = () if getattr(sys, "frozen", False) else ("-I", "-m", "app")
    return (sys.executable, *itself, "self-test", program)


def _read(said: bytes) -> Iterator[PartResult]:
    for line in said.splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            told = json.loads(line)
            yield PartResult(str(told["code"]), str(told["title"]), str(told["problem"]))


def _in_words(broken: Exception) -> str:
    if isinstance(broken, ModuleNotFoundError) and broken.name:
        return f"the Python package {broken.name.partition('.')[0]} is not installed"
    return f"{type(broken).__name__}: {' '.join(str(broken).split())[:200].rstrip('.')}"
