"""One window over a real core for all tests of the window."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtWidgets import QApplication

from tests.ui import rig as rigs

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The platform that draws into memory says of each thing that it cannot do that it cannot."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support", extend=True))


@pytest.fixture(scope="package")
def lou(qapp: QApplication) -> Iterator[rigs.Rig]:
    """The window over a real core with real servers and a real keyring; one for all tests."""
    with rigs.rig(qapp) as rig:
        yield rig


@pytest.fixture(autouse=True)
def no_dialog_is_left_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """A dialog that a test leaves open would keep the window from the tests that follow."""
    yield
    if "lou" in request.fixturenames:
        rig: rigs.Rig = request.getfixturevalue("lou")
        assert rig.close_dialogs() == []
