"""What is shipped for Firestore says what the store asks for, and trouble has its words."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest
from google.api_core import exceptions

from servers.tracker.stores.base import StoreError
from servers.tracker.stores.firestore import connection, documents
from servers.tracker.stores.firestore.firestore_store import FirestoreStore

INDEXES = Path(connection.__file__).with_name("firestore.indexes.json")


def test_there_is_an_index_for_every_query_of_the_store() -> None:
    shipped = json.loads(INDEXES.read_text())["indexes"]
    found = {
        (
            one["collectionGroup"],
            *((field["fieldPath"], field.get("order", "CONTAINS")) for field in one["fields"]),
        )
        for one in shipped
    }
    expected = {("lou_changes", ("entry", "ASCENDING"), ("version", "DESCENDING"))}
    for sort in documents.ORDER.values():
        expected.add(("lou_entries", ("deleted", "ASCENDING"), sort))
        expected.add(("lou_entries", ("terms", "CONTAINS"), sort))
    assert found == expected


def test_a_missing_index_is_told_with_the_link_that_makes_it() -> None:
    link = (
        "https://console.firebase.google.com/v1/r/project/x/firestore/indexes?create_composite=abc"
    )
    broken = exceptions.FailedPrecondition(
        f"The query requires an index. You can create it here: {link}"
    )
    told = connection.store_error(broken)
    assert told is not None
    assert told.code == "firestore_index"
    assert link in told.message


def test_an_answer_is_no_trouble() -> None:
    for kind in (exceptions.AlreadyExists, exceptions.NotFound, exceptions.FailedPrecondition):
        assert connection.store_error(kind("x")) is None


def test_each_failure_of_the_line_has_its_words() -> None:
    codes = {
        exceptions.Unauthenticated: "firestore_rejected",
        exceptions.PermissionDenied: "firestore_rejected",
        exceptions.ResourceExhausted: "firestore_quota",
        exceptions.ServiceUnavailable: "firestore_offline",
        exceptions.DeadlineExceeded: "firestore_offline",
    }
    for kind, code in codes.items():
        told = connection.store_error(kind("x"))
        assert told is not None
        assert told.code == code
        assert told.hint


def test_a_project_without_a_database_is_told_so() -> None:
    told = connection.store_error(
        exceptions.NotFound(
            "The database (default) does not exist for project x Please visit "
            "https://console.cloud.google.com/datastore/setup?project=x to add a Cloud Firestore "
            "database."
        )
    )
    assert told is not None
    assert told.code == "firestore_missing"


@pytest.mark.anyio
async def test_nobody_waits_long_for_a_firestore_that_is_known_to_be_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        store = FirestoreStore("", collection="silent", emulator=f"{host}:{port}")
        await store.open()
        begun = time.monotonic()
        with pytest.raises(StoreError):
            await store.get("one")
        assert time.monotonic() - begun < 7  # one that hopes for an answer waits for 10 s
        await store.close()
