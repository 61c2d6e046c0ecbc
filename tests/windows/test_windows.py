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

from tests.windows import machine
from tests.windows.machine import Machine

INSIDE = sorted((Path(__file__).parent / "inside").glob("test_*.py"))
SUITE = (
    *("contract/test_line_reader.py", "contract/test_greeting.py", "contract/test_endpoint.py"),
    *("contract/test_envelope.py", "bridge/test_bridge_session.py", "clients/test_plan.py"),
)
FILES = [*INSIDE, *(machine.ROOT / "tests" / name for name in SUITE)]
SECONDS = 800.0


@pytest.fixture(scope="module")
def windows() -> Iterator[Machine]:
    with machine.machine() as found:
        yield found


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
@pytest.mark.timeout(900)
def test_on_windows(windows: Machine, file: Path) -> None:
    words = ("-m", "tests.windows.run_inside", str(file.relative_to(machine.ROOT).as_posix()))
    done = windows.python(*words, timeout=SECONDS)
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-6000:]
