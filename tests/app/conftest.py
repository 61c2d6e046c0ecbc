"""What the tests of the core share: a real desktop session with a real keyring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import desktop as desktops


@pytest.fixture
def desktop(home: Path) -> Iterator[desktops.Desktop]:
    """A private bus and gnome-keyring, open, in the private home."""
    with desktops.session(home) as session:
        yield session
