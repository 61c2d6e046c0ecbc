"""No address stands in the clear anywhere: not in the file, its log, its backups, nor Firestore."""

from __future__ import annotations

import base64
import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from servers.tracker.codec.record_codec import new_id
from servers.tracker.server import TrackerServer
from tests.tracker.scene import KEY, configuration, started, tools

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

PLANTED = ("wilhelmina.quackenbush", "zebediah+lead", "Xanthippe_O")
DOMAIN = "planted-domain.example"
NOTE = "reach her at wilhelmina.quackenbush@planted-domain.example, secretnoteword"


def spellings() -> list[bytes]:
    """The planted words as they might be written by accident."""
    found: set[bytes] = set()
    for plain in (*PLANTED, "secretnoteword"):
        for text in (plain, plain.lower(), plain.replace("+", "%2B")):
            found |= {text.encode(), text.encode("utf-16-le"), text.encode().hex().encode()}
            found |= {urllib.parse.quote(text).encode()}
            for shift in range(3):
                coded = base64.b64encode(b" " * shift + text.encode())
                found.add(coded[4:-4])
    return [one for one in found if len(one) > 8]


async def use_everything(server: TrackerServer, folder: Path) -> None:
    found = tools(server)
    for number, name in enumerate(PLANTED):
        email = f"{name}@{DOMAIN}"
        page = f"https://pages.example/{number}"
        for url in (page, f"{page}?mail={email}", f"{page}?m={email.replace('@', '%40')}"):
            await found["track_url_email"](url=url, email=email, note=NOTE, tags=["lead"])
    (entry, *_) = (await found["find_tracked"](email=f"{PLANTED[0]}@{DOMAIN}")).entries
    await found["update_entry"](
        id=entry["id"], version=1, email=f"{PLANTED[1]}x@{DOMAIN}", note=f"{NOTE} again"
    )
    await found["delete_entry"](entry["id"])
    await found["restore_entry"](entry["id"])
    rows = "".join(f"https://import{n}.example/,{PLANTED[n % 3]}{n}@{DOMAIN}\n" for n in range(300))
    (folder / "rows.csv").write_text(f"url,email\n{rows}")
    report = await found["import_tracked"]("rows.csv")
    assert report["counts"]["created"] == 300
    (folder / "rows.csv").unlink()
    await found["find_tracked"](text="secretnoteword", limit=100)
    with pytest.raises(Exception, match="Nothing was stored"):
        await found["track_url_email"](url="x y", email=f"{PLANTED[0]}@@{DOMAIN}")


def hits(data: bytes) -> list[bytes]:
    return [one for one in spellings() if one in data]


async def test_no_file_of_the_folder_shows_an_address(tmp_path: Path, figure: Any) -> None:
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    data = tmp_path / "data"
    server = await started(data, exchange_folder=str(exchange))
    await use_everything(server, exchange)
    await tools(server)["make_backup"]()
    fresh = Fernet.generate_key()
    await server.configure(configuration(data, fresh, KEY, exchange_folder=str(exchange)))
    files = [path for path in data.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".db", ".db-wal", ".db-shm"}
    found = {path.name: hits(path.read_bytes()) for path in files}
    await server.stop()
    found |= {path.name: hits(path.read_bytes()) for path in data.rglob("*") if path.is_file()}
    count = sum(map(len, found.values()))
    figure(
        "tracker: planted addresses in the files of the data folder",
        count,
        "hits",
        at_most=0,
        enforce=True,
    )


async def test_no_document_of_firestore_shows_an_address(
    tmp_path: Path, emulator: str, figure: Any
) -> None:
    place = {"emulator": emulator, "collection": f"plain{new_id()}"}
    server = await started(tmp_path, exchange_folder=str(tmp_path), firestore=place)
    await use_everything(server, tmp_path)
    await server.stop()
    base = f"http://{emulator}/v1/projects/demo-lou/databases/(default)/documents"
    documents: list[str] = []
    for kind in ("entries", "claims", "changes", "notes"):
        token = ""
        while True:
            query = urllib.parse.urlencode({"pageSize": 300, "pageToken": token})
            request = urllib.request.Request(
                f"{base}/{place['collection']}_{kind}?{query}",
                headers={"Authorization": "Bearer owner"},
            )
            with urllib.request.urlopen(request) as answer:
                found = json.load(answer)
            documents += [json.dumps(one) for one in found.get("documents", ())]
            token = found.get("nextPageToken", "")
            if not token:
                break
    assert len(documents) > 900
    count = sum(len(hits(one.encode())) for one in documents)
    figure(
        "tracker: planted addresses in all documents of Firestore",
        count,
        "hits",
        at_most=0,
        enforce=True,
    )


def test_the_scan_would_see_an_address() -> None:
    assert hits(b"...zebediah+lead@x...")
    assert hits(base64.b64encode(b"  to wilhelmina.quackenbush@planted"))
    assert hits("Xanthippe_O".encode("utf-16-le"))
