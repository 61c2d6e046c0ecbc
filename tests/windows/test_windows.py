"""Runs on a Windows under Wine: what is in `inside`, and the parts of the suite that mean something
there.

Each file is a pytest of its own in the real Windows interpreter. `posix_only.py` names the tests
that Windows cannot run, each with its reason. Wine proves no MSIX redirection, signature, Defender,
Credential Manager limit or absolute time; see docs/windows.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Figures
from tests.windows import machine
from tests.windows.machine import Machine

INSIDE = sorted((Path(__file__).parent / "inside").glob("test_*.py"))
SUITE = (
    *("contract/test_line_reader.py", "contract/test_greeting.py", "contract/test_endpoint.py"),
    *("contract/test_envelope.py", "bridge/test_bridge_session.py", "clients/test_plan.py"),
)
FILES = [*INSIDE, *(machine.ROOT / "tests" / name for name in SUITE)]
SECONDS, ATTEMPTS = 700.0, 2
"""A process under Wine has twice ended at its start without a word, at a load of 9, and in none of
1,200 tries to see it again. So a file that fails is run once more, and the summary tells that."""


@pytest.fixture(scope="module")
def windows() -> Iterator[Machine]:
    with machine.machine() as found:
        yield found


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
@pytest.mark.timeout(ATTEMPTS * SECONDS + 200)
def test_on_windows(windows: Machine, file: Path, figure: Figures) -> None:
    name = file.relative_to(machine.ROOT).as_posix()
    for failures in range(ATTEMPTS):
        done = windows.python("-m", "tests.windows.run_inside", name, timeout=SECONDS)
        print(done.stdout)
        if done.returncode == 0:
            break
        figure(f"Windows: {name} failed", failures + 1, "times")
        windows.boot()
    assert done.returncode == 0, done.stdout[-6000:]
