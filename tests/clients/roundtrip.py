"""The promise of the formats, as one check: connect, whatever happens to Lou, disconnect."""

from __future__ import annotations

from app.clients.catalog import Client
from app.clients.files.backups import FileRecord
from app.clients.planning import plan
from app.clients.planning.entries import Bridge, entry_name
from app.clients.planning.file_state import FileState
from app.clients.planning.plan import DesiredEntries
from app.formats import text_edits

ONE = DesiredEntries(("search",), Bridge("/opt/lou/bin/lou-connect"))
TWO = DesiredEntries(("search", "my_server"), Bridge("/opt/lou/bin/lou-connect"))
MOVED = DesiredEntries(
    ("search", "my_server"), Bridge("/home/me/Lou é'\"\\ \x85\u2028😀/lou-connect", "~ # lou home")
)


def there_and_back(client: Client, content: bytes) -> None:
    """Connect, add a server, move the installation, move back: then nothing of Lou is left."""
    assert plan.find_state(client, content, ONE, FileRecord()).state is FileState.ABSENT
    first = change = plan.connect(client, content, ONE, FileRecord())
    assert plan.find_state(client, change.after, ONE, change.record).state is FileState.CONNECTED
    for desired in (TWO, MOVED, ONE):
        assert (
            plan.find_state(client, change.after, desired, change.record).state
            is FileState.OUTDATED
        )
        change = plan.connect(client, change.after, desired, change.record)
        assert (
            plan.find_state(client, change.after, desired, change.record).state
            is FileState.CONNECTED
        )
    assert change.after == first.after
    assert plan.disconnect(client, change.after, ONE, change.record).after == content


def there_and_back_with_foreign_edits(client: Client, content: bytes) -> None:
    """As `there_and_back`, but the client switches Lou's entry off, and so edits it in between."""
    change = plan.connect(client, content, ONE, FileRecord())
    page = text_edits.decode(change.after or b"", client.layout)
    entry = text_edits.read(page.text, client.layout).servers[entry_name(client, "search")]
    text = text_edits.remove(page.text, client.layout, [entry_name(client, "search")])
    edited = {**entry, "note": "kept by the client"}
    again = text_edits.add(text, client.layout, {entry_name(client, "search"): edited}).apply(text)
    touched = page.with_text(again).encoded()
    assert plan.find_state(client, touched, ONE, change.record).state is FileState.CONNECTED
    moved = plan.connect(client, touched, MOVED, change.record)
    kept = text_edits.read(text_edits.decode(moved.after or b"", client.layout).text, client.layout)
    assert kept.servers[entry_name(client, "search")]["note"] == "kept by the client"
    back = plan.disconnect(client, moved.after, MOVED, moved.record)
    assert meaning(client, back.after) == meaning(client, content)


def there_and_back_with_a_switch(client: Client, content: bytes) -> None:
    """As `there_and_back`, but the client writes a switch of its own into Lou's entry."""
    change = plan.connect(client, content, TWO, FileRecord())
    name = entry_name(client, "search").encode()
    switched = change.after or b""
    for opening in (b'": {', b'":{'):
        switched = switched.replace(name + opening, name + opening + b'"off": [true], ')
    assert switched != change.after
    assert plan.disconnect(client, switched, TWO, change.record).after == content


def meaning(client: Client, content: bytes | None) -> tuple[object, object]:
    outline = text_edits.read(text_edits.decode(content or b"", client.layout).text, client.layout)
    return outline.servers, outline.rest
