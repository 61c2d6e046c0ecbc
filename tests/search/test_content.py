"""What is a page is read, whatever the server calls it; what is none is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from servers.host.tools.service import ToolError
from servers.outbound.failure import OutboundError
from servers.search.pages import content
from tests.search.conftest import Start
from tests.search.test_fetch_page import PAGE

pytestmark = pytest.mark.anyio

HERON = PAGE.format("<p>Na\u00efve caf\u00e9 \u2014 5 \u20ac.</p>")
NAMES = (
    None,
    "",
    "TEXT/HTML",
    'text/html;charset="utf-8"',
    "text/html; charset='utf-8'",
    "text/html;charset=UTF8;",
    "text/html; charset=latin1; charset=utf-8",
    "text/html, text/html; charset=utf-8",
    "application/xhtml+xml",
    "application/octet-stream",
    "binary/octet-stream",
    "application/x-unknown",
    "text/plain; charset=utf-8",
    "text/css",
    "application/json",
    "application/xml",
    "html",
    "text",
    "*/*",
    "text/html; charset=utf-9",
    "text/html; charset=none",
    "text/html; charset=",
    "text/html charset=utf-8",
    "image/png",
    "application/pdf",
)
PAGES = (
    b"\xef\xbb\xbf" + HERON.encode(),
    HERON.encode("utf-16"),
    b"<?xml version='1.0' encoding='utf-8'?>\n<!-- x -->\n" + HERON.encode(),
    b"\n\n <!-- saved --> " + HERON.encode(),
    HERON.encode().replace(b"<html><head>", b"").replace(b"</head><body>", b""),
)
TEXTS = ("one < two\n  three & four\n", '{"a": [1,\n 2]}', "a,b\n1,2\n")
FILES = {
    "damaged": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
    "a picture": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "a ZIP archive": b"PK\x03\x04\x14\x00\x06\x00",
    "holds no text": b"\x00\x01\x02\x03" * 500,
    "a film": b"\x00\x00\x00\x18ftypmp42" + bytes(500),
    "a recording": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(500),
    "a compressed file": b"\x28\xb5\x2f\xfd" + bytes(500),
    "a program": b"MZ\x90\x00" + bytes(500),
    "a font": b"OTTO" + bytes(500),
}
USUAL = ("text/html", "text/plain", "application/octet-stream", None)

Read = Callable[[bytes, str | None], Awaitable[Any]]


@pytest.fixture
async def read(start: Start) -> AsyncIterator[Read]:
    """Read what a server sends with a Content-Type header of any kind, or with none."""
    sent: list[tuple[bytes, str | None]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body, kind = sent[-1]
        status = "404 Not Found" if b"/robots.txt" in head else "200 OK"
        label = "" if kind is None else f"Content-Type: {kind}\r\n"
        length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(f"HTTP/1.1 {status}\r\n{label}{length}".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    running = await start({}, fetch_page={"trusted": [place]})

    async def ask(body: bytes, kind: str | None) -> Any:
        sent.append((body, kind))
        return await running.tools.fetch_page(f"http://{place}/{len(sent)}")

    yield ask
    server.close()
    await server.wait_closed()


async def test_a_page_is_read_whatever_it_is_called(read: Read) -> None:
    for kind in NAMES:
        page = await read(HERON.encode(), kind)
        assert page.title == "Heron", kind
        assert "Na\u00efve caf\u00e9 \u2014 5 \u20ac." in page.text, kind
        assert "<p>" not in page.text, kind


async def test_a_page_without_a_label_is_known_by_its_beginning(read: Read) -> None:
    for body in PAGES:
        for kind in ("application/octet-stream", None):
            page = await read(body, kind)
            assert "caf\u00e9" in page.text, (body, kind)
            assert "<p>" not in page.text, (body, kind)


async def test_plain_text_stays_as_it_is_whatever_it_is_called(read: Read) -> None:
    for text in TEXTS:
        for kind in USUAL:
            assert text.strip("\n") in (await read(text.encode(), kind)).text, (text, kind)


async def test_what_is_no_page_is_named(read: Read) -> None:
    for what, body in FILES.items():
        for kind in USUAL:
            with pytest.raises(ToolError) as told:
                await read(body, kind)
            assert told.value.kind == "unsupported", (what, kind)
            assert what in told.value.message, (what, kind)


@pytest.mark.parametrize(
    ("header", "labels"),
    [
        ("", ("", "")),
        ("Text/HTML ; Charset = 'UTF-8'", ("text/html", "UTF-8")),
        ("text/plain;charset=a, text/html", ("text/html", "a")),
        ("nonsense, text/html", ("text/html", "")),
        ("html", ("", "")),
        ("text/html;x=y;charset=koi8-r;z", ("text/html", "koi8-r")),
    ],
)
def test_a_header_is_read_as_browsers_read_it(header: str, labels: Any) -> None:
    assert content.labels(header) == labels


@pytest.mark.parametrize("start", [b"", b"x", b"\x00", b"<", b"\xff\xfe", b"\xff", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("declared", ["", "text/html", "text/plain", "image/png"])
def test_the_shortest_contents_are_judged_too(start: bytes, declared: str) -> None:
    with suppress(OutboundError):
        assert content.form(declared, start) in {"page", "text"}


def test_a_header_of_somebody_else_is_quoted_in_part_and_on_one_line() -> None:
    kind, _ = content.labels("token" * 1_000 + "/x\r\ny")
    with pytest.raises(OutboundError, match="token") as refused:
        content.form(kind, bytes(100))
    assert len(refused.value.message) < 130
    assert "\n" not in refused.value.message


def test_a_stray_zero_makes_no_file_of_a_page_or_a_text() -> None:
    page = HERON.encode()
    assert content.form("text/html", page + b"\x00" + page) == "page"
    assert content.form("text/plain", b"A line of text. " * 20 + b"\x00") == "text"
