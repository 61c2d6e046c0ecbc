"""Names and addresses cannot be read from the rows of either store without the key."""

from __future__ import annotations

import hmac
import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import apsw
import pytest

from servers.tracker.codec import urls
from servers.tracker.codec.record_codec import new_id
from servers.tracker.entry import Draft
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore
from tests.tracker.attack import Row, clear_words, dictionary, people, read
from tests.tracker.scene import make_entry_service

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

NAMES = dictionary(10_000)
USED = NAMES[:750]


def first_form(draft: Draft) -> frozenset[str]:
    """The digests of an earlier form: one kind for all words, with their beginnings."""
    local, _, email_host = draft.email.partition("@")
    hosts = {urls.host(draft.url), email_host}
    begun = {word for text in (local, *hosts) for word in text.replace("-", ".").split(".")}
    words = begun | {word[:n] for word in begun for n in range(3, min(len(word), 9))}
    words |= {*draft.note.split(), *clear_words(draft.url, draft.tags)}
    terms = [("word", word) for word in words] + [("domain", host) for host in hosts]
    terms += [("email", draft.email), ("url", draft.url), *(("tag", tag) for tag in draft.tags)]
    return frozenset(
        hmac.digest(b"key", f"{kind}\0{value}".encode(), "sha256").hex()[:16]
        for kind, value in terms
    )


def test_the_attack_reads_rows_of_the_first_form() -> None:
    entries = people(USED, 1000)
    rows = [Row(clear_words(one.url, one.tags), first_form(one), names) for one, names in entries]
    right, hidden = read(rows, NAMES)
    assert right > 300
    assert hidden > 1000


async def test_no_name_is_read_from_the_rows_of_sqlite(tmp_path: Path, figure: Any) -> None:
    entries = people(USED, 1000)
    store = SqliteStore(tmp_path)
    await store.open()
    await make_entry_service(store).track([draft for draft, _ in entries], "test")
    await store.close()
    connection = apsw.Connection(str(tmp_path / "tracker.db"))
    connection.execute(
        "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, found, instance)"
    )
    digests: dict[int, set[str]] = {}
    for term, doc in connection.execute("SELECT term, doc FROM vocabulary"):
        digests.setdefault(doc, set()).add(term)
    hidden = {draft.url: names for draft, names in entries}
    rows = [
        Row(clear_words(url, tags.split(",")), frozenset({*digests[seq], pair}), hidden[url])
        for seq, url, tags, pair in connection.execute("SELECT seq, url, tags, pair FROM entries")
    ]
    connection.close()
    assert len(rows) == len(entries)
    right, all_hidden = read(rows, NAMES)
    assert all_hidden > 1000
    figure(
        "tracker: hidden names read from the rows of SQLite without the key",
        right,
        f"of {all_hidden}",
        at_most=0,
        enforce=True,
    )


def documents(emulator: str, collection: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        query = urllib.parse.urlencode({"pageSize": 300, "pageToken": token})
        base = f"http://{emulator}/v1/projects/demo-lou/databases/(default)/documents"
        request = urllib.request.Request(
            f"{base}/{collection}_entries?{query}", headers={"Authorization": "Bearer owner"}
        )
        with urllib.request.urlopen(request) as answer:
            page = json.load(answer)
        found += page.get("documents", [])
        token = page.get("nextPageToken", "")
        if not token:
            return found


def texts(field: dict[str, Any]) -> list[str]:
    return [one["stringValue"] for one in field["arrayValue"].get("values", [])]


async def test_no_name_is_read_from_the_documents_of_firestore(emulator: str, figure: Any) -> None:
    from servers.tracker.stores.firestore.firestore_store import FirestoreStore

    entries = people(USED, 200)
    name = f"attack{new_id()}"
    assert not documents(emulator, name), "which also wakes a slow emulator"
    store = FirestoreStore("", collection=name, emulator=emulator)
    await store.open()
    entry_service = make_entry_service(store)
    for start in range(0, len(entries), 40):
        await entry_service.track([draft for draft, _ in entries[start : start + 40]], "test")
    await store.close()
    hidden = {draft.url: names for draft, names in entries}
    rows = []
    for one in documents(emulator, name):
        fields = one["fields"]
        url, tags, found = (
            fields["url"]["stringValue"],
            texts(fields["tags"]),
            texts(fields["terms"]),
        )
        assert found == sorted(found), "their order would say whose they are"
        pair = fields["pair"]["stringValue"]
        rows.append(Row(clear_words(url, tags), frozenset({*found, pair}), hidden[url]))
    assert len(rows) == len(entries)
    right, all_hidden = read(rows, NAMES)
    figure(
        "tracker: hidden names read from the documents of Firestore without the key",
        right,
        f"of {all_hidden}",
        at_most=0,
        enforce=True,
    )
