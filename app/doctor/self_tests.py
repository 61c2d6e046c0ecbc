"""Tests the parts of the app that are imported late, in child processes.

So the app stays small, and a broken part cannot end it. A program of parts (see `PROGRAMS`) uses
each part once and prints one line of JSON for it: code, title, problem.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from servers.contract.self_test import Part, PartResult, in_words

PROGRAMS = ("core", "window")
"""The arguments of `lou self-test`: the parts without Qt, and those of the window."""
_WITHIN_S = 60.0


def run(parts: Mapping[str, Part]) -> int:
    """Use each part and print its result; returns the exit code."""
    for code, part in parts.items():
        problem = ""
        try:
            part.use()
        except Exception as broken:  # noqa: BLE001 - every error is a result
            problem = in_words(broken)
        row = asdict(PartResult(code, part.title, problem))
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
    return 0


async def results(program: str) -> list[PartResult]:
    """The results of the parts of `program`; if it ends early, that is a problem too."""
    process = await asyncio.create_subprocess_exec(
        *command(program),
        env=dict(os.environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    problem = ""
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _WITHIN_S)
    except TimeoutError:
        output, problem = b"", f"it did not end within {_WITHIN_S:g} s"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    if process.returncode:
        problem = f"it ended with exit code {process.returncode}"
    found = list(_read(output))
    if problem or not found:
        found.append(PartResult(program, "The self test", problem or "it printed nothing"))
    return found


def command(program: str) -> tuple[str, ...]:
    itself = () if getattr(sys, "frozen", False) else ("-I", "-m", "app")
    return (sys.executable, *itself, "self-test", program)


def _read(output: bytes) -> Iterator[PartResult]:
    for line in output.splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            row = json.loads(line)
            yield PartResult(str(row["code"]), str(row["title"]), str(row["problem"]))
