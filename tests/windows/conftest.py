"""A Windows under Wine for the tests of one file, each of which has two attempts.

A process under Wine 8 sometimes ends at its start without a word (twice in some 930 tries at a load
of 9), stays suspended there, or loses Wine's server. So what fails is run again after a restart of
Windows, and the last line of the run counts that.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.windows import machine
from tests.windows.machine import Machine

ATTEMPTS = 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=ATTEMPTS - 1))


@pytest.fixture(scope="module")
def _windows_of_file() -> Iterator[Machine]:
    with machine.machine() as found:
        yield found


@pytest.fixture
def windows(_windows_of_file: Machine, request: pytest.FixtureRequest) -> Machine:
    if request.node.execution_count > 1:
        _windows_of_file.end()
        _windows_of_file.boot()
    return _windows_of_file
