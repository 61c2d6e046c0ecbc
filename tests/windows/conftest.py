"""A Windows under Wine for the tests of one file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.windows import machine
from tests.windows.machine import Machine


@pytest.fixture(scope="module")
def windows() -> Iterator[Machine]:
    with machine.machine() as found:
        yield found
