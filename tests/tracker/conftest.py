"""Both stores for every test that asks for `store`: SQLite in a folder, Firestore emulated."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servers.tracker.codec.record_codec import new_id
from servers.tracker.entry_service import EntryService
from servers.tracker.stores.base import Store, StoreError
from servers.tracker.stores.sqlite import sqlite_file
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore
from tests.patience import PATIENCE_S
from tests.tracker.emulation import emulator, one_loop
from tests.tracker.scene import make_entry_service

__all__ = ["emulator", "one_loop"]


@pytest.fixture(autouse=True)
def wait_for_slow_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk may take seconds for a new file; how soon a start says so is no matter here."""
    monkeypatch.setattr(sqlite_file, "_SHAPED_BEFORE_READY_S", PATIENCE_S)


@pytest.fixture(params=["sqlite", "firestore"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def told() -> list[tuple[StoreError, bool]]:
    """What the store told of trouble: what, and whether it ended."""
    return []


@pytest.fixture
def address(kind: str, request: pytest.FixtureRequest) -> str:
    """Where Firestore is emulated; nowhere when SQLite is meant."""
    return str(request.getfixturevalue("emulator")) if kind == "firestore" else ""


@pytest.fixture
async def store(
    kind: str,
    address: str,
    tmp_path: Path,
    told: list[tuple[StoreError, bool]],
) -> AsyncIterator[Store]:
    def report_trouble(trouble: StoreError, *, cleared: bool) -> None:
        told.append((trouble, cleared))

    opened: Store
    if kind == "sqlite":
        opened = SqliteStore(tmp_path, report_trouble=report_trouble)
    else:
        from servers.tracker.stores.firestore.firestore_store import FirestoreStore

        opened = FirestoreStore(
            "", collection=f"t{new_id()}", emulator=address, report_trouble=report_trouble
        )
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def entry_service(store: Store) -> EntryService:
    return make_entry_service(store)
