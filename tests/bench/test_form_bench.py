"""Searches beside those of the code before rows had their present form, turn by turn.

LOU_BEFORE names a checkout of that code: `git worktree add FOLDER 71dc089~1`.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Figures

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

COUNT = 20_000
ROUNDS = 300
WORKER = Path(__file__).with_name("search_worker.py")
KINDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "word": lambda n: {"text": f"word{n % 3000}"},
    "e-mail": lambda n: {"email": f"person{n}@company{n // 20}.example"},
    "domain": lambda n: {"domain": f"company{n // 20}.example"},
    "tag": lambda n: {"tag": f"tag{n % 40}"},
    "status": lambda n: {"status": ("new", "won", "lost")[n % 3]},
    "url": lambda n: {"url": f"https://company{n // 20}.example/people/{n}"},
    "text of two words": lambda n: {"text": f"word{n % 5} word{n % 7}"},
    "whole word of an address": lambda n: {"text": f"person{n}"},
    "beginning in host names": lambda n: {"text": f"company{n % 9 + 1}"[:8]},
    "beginning of addresses": lambda n: {"text": "person"[: 3 + n % 3]},
    "tag and text, by URL": lambda n: {"tag": f"tag{n % 40}", "text": "example", "sort": "url"},
}


class Worker:
    """One tree's tracker."""

    def __init__(self, tree: Path, folder: Path) -> None:
        folder.mkdir()
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), str(folder), str(COUNT)],
            cwd=tree,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> dict[str, Any]:
        assert self._process.stdout
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def ask(self, filters: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(filters) + "\n")
        self._process.stdin.flush()
        return self.hear()

    def close(self) -> None:
        self._process.communicate()


def order(number: int) -> tuple[int, int]:
    """Who goes first, in turns."""
    return (0, 1) if number % 2 else (1, 0)


def usual(times: list[float]) -> float:
    """The best tenth: what else the machine does makes single ones slower, never faster."""
    return statistics.quantiles(times[20:], n=10)[0]


def test_searches_are_as_fast_as_before_and_find_the_same(tmp_path: Path, figure: Figures) -> None:
    before = os.environ.get("LOU_BEFORE", "")
    if not before:
        pytest.skip("LOU_BEFORE names no checkout of the code before")
    old = Worker(Path(before), tmp_path / "old")
    seconds = [old.hear()["seconds"]]
    new = Worker(Path(__file__).parents[2], tmp_path / "new")
    seconds.append(new.hear()["seconds"])
    figure(
        "tracker: CPU for making entries, present form over before",
        seconds[1] / seconds[0],
        "times",
    )
    differing = 0
    times: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    for number, kind in itertools.product(range(ROUNDS), KINDS):
        asked = KINDS[kind](number * 97 % COUNT)
        answers = {which: (old, new)[which].ask(asked) for which in order(number)}
        for which, measure in itertools.product(answers, ("ms", "cpu")):
            times[kind, which, measure].append(answers[which][measure])
        differing += answers[0]["found"] != answers[1]["found"]
    for kind in KINDS:
        before, now = (usual(times[kind, which, "ms"]) for which in (0, 1))
        figure(f"tracker: find by {kind}, before", before, "ms")
        figure(f"tracker: find by {kind}, now", now, "ms")
        used, uses = (usual(times[kind, which, "cpu"]) for which in (0, 1))
        figure("... processor time, now over before", uses / used, "times", at_most=1.1)
    figure(
        "tracker: searches with another answer than before", differing, "", at_most=0, enforce=True
    )
    for one in (old, new):
        one.close()
