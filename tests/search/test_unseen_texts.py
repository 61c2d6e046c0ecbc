# ruff: noqa: E501 - pages on their lines, letters of many scripts
"""More charsets, texts and documents as they are met, written after the first were read."""

from __future__ import annotations

import io
import zipfile

import pytest

from servers.host.tools.service import ToolError
from tests.search.test_content import Read, read
from tests.search.test_documents import pdf
from tests.search.test_unseen_contents import (
    CONTAINER,
    GREEK,
    HEBREW,
    JAPANESE,
    RUSSIAN,
    docx,
    page,
    run,
    same,
)

__all__ = ["read"]
pytestmark = pytest.mark.anyio

ARABIC = "يقف مالك الحزين على السد وينظر إلى الماء منذ الصباح الباكر ولا يزعجه أحد"
THAI = "นกกระสายืนอยู่บนเขื่อนและมองดูน้ำตั้งแต่เช้าตรู่ ไม่มีใครรบกวนมัน"
LITHUANIAN = "Pilkasis garnys stovi prie užtvankos ir nuo pat ryto žiūri į vandenį, šįryt šalta."
BULGARIAN = "Сивата чапла стои до бента и гледа водата от ранна утрин, никой не я безпокои."
CZECH = "Volavka stojí u jezu a od časného rána se dívá do vody, žádný člověk ji neruší."
PAGES: dict[str, tuple[str, bytes, str]] = {
    "arabic undeclared": ("text/html", page(ARABIC * 3).encode("cp1256"), ARABIC),
    "arabic iso-8859-6": (
        "text/html; charset=iso-8859-6",
        page(ARABIC).encode("iso8859-6"),
        ARABIC,
    ),
    "thai undeclared": ("text/html", page(THAI * 3).encode("cp874"), THAI),
    "greek undeclared": ("text/html", page(GREEK * 3).encode("cp1253"), GREEK),
    "greek iso undeclared": ("text/html", page(GREEK * 3).encode("iso8859-7"), GREEK),
    "hebrew undeclared": ("text/html", page(HEBREW * 3).encode("cp1255"), HEBREW),
    "bulgarian undeclared": ("text/html", page(BULGARIAN * 3).encode("cp1251"), BULGARIAN),
    "lithuanian lang": (
        "text/html",
        page(LITHUANIAN).replace("<html>", "<html lang=lt>").encode("cp1257"),
        LITHUANIAN,
    ),
    "czech lang region": (
        "text/html",
        page(CZECH).replace("<html>", "<html lang='cs-CZECH'>").encode("cp1250"),
        CZECH,
    ),
    "czech iso lang": (
        "text/html",
        page(CZECH).replace("<html>", "<html lang='cs'>").encode("iso8859-2"),
        CZECH,
    ),
    "russian cp866": ("text/html; charset=cp866", page(RUSSIAN).encode("cp866"), RUSSIAN),
    "russian iso-8859-5": (
        "text/html; charset=iso-8859-5",
        page(RUSSIAN).encode("iso8859-5"),
        RUSSIAN,
    ),
    "mac cyrillic": (
        "text/html; charset=x-mac-cyrillic",
        page(RUSSIAN).encode("mac-cyrillic"),
        RUSSIAN,
    ),
    "meta after 2 KB": (
        "text/html",
        (
            "<!doctype html><html><head><!--"
            + "x" * 3000
            + "--><meta charset=windows-1251><title>T</title></head><body><p>"
            + RUSSIAN
            + "</p></body></html>"
        ).encode("cp1251"),
        RUSSIAN,
    ),
    "meta in comment": (
        "text/html",
        (
            "<!doctype html><html><head><!-- <meta charset=windows-1251> --><meta charset=koi8-r><title>T</title></head><body><p>"
            + RUSSIAN
            + "</p></body></html>"
        ).encode("koi8-r"),
        RUSSIAN,
    ),
    "xml decl": (
        "application/xhtml+xml",
        ("<?xml version='1.0' encoding='windows-1251'?>" + page(RUSSIAN)).encode("cp1251"),
        RUSSIAN,
    ),
    "text cp1251 short": ("text/plain", RUSSIAN.encode("cp1251"), RUSSIAN),
    "text shift-jis": ("text/plain", JAPANESE.encode("cp932"), JAPANESE),
    "text latin1": ("text/plain", "Größe: 5 m, Übergang".encode("latin-1"), "Größe: 5 m, Übergang"),
    "csv utf-16be no bom": ("text/csv", "name;prix\ncafé;1\n".encode("utf-16-be"), "café;1"),
    "json utf-16": ("application/json", '{"a":"café"}'.encode("utf-16"), "café"),
    "json utf-16le no bom": ("application/json", '{"a":"café"}'.encode("utf-16-le"), "café"),
    "json bom": ("application/json", b'\xef\xbb\xbf{"a":1}', '{"a":1}'),
    "tsv": ("text/tab-separated-values", b"a\tb\n1\t2", "a\tb\n1\t2"),
    "svg": (
        "image/svg+xml",
        b"<svg xmlns='http://www.w3.org/2000/svg'><text>A heron</text></svg>",
        "A heron",
    ),
    "list separators": (
        "text/html; charset=utf-8",
        page("one\u2028two\u2029three\u0085four").encode(),
        "one",
    ),
    "byte order mark twice": (
        "text/html",
        b"\xef\xbb\xbf\xef\xbb\xbf" + page(RUSSIAN).encode(),
        RUSSIAN,
    ),
    "nel and controls": ("text/plain", b"A heron\x0b stood\x0c by\x1b[31m the\x07 weir", "A heron"),
    "lone surrogate in json": ("application/json", b'{"a": "\\ud83d broken"}', "broken"),
    "html in utf-7": (
        "text/html; charset=utf-7",
        b"<html><body><p>+ADw-script+AD4- A heron stood</p></body></html>",
        "A heron",
    ),
}


ENCRYPTED = '<encryption xmlns:e="e"><e:EncryptedData><e:CipherData><e:CipherReference URI="OEBPS/a.xhtml"/></e:CipherData></e:EncryptedData></encryption>'


def locked_book() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("mimetype", "application/epub+zip")
        file.writestr("META-INF/container.xml", CONTAINER)
        file.writestr("META-INF/encryption.xml", ENCRYPTED)
        file.writestr(
            "OEBPS/content.opf",
            "<package><manifest><item id='a' href='a.xhtml'/></manifest><spine><itemref idref='a'/></spine></package>",
        )
        file.writestr("OEBPS/a.xhtml", bytes(range(256)) * 20)
    return made.getvalue()


def locked_odt() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        file.writestr(
            "META-INF/manifest.xml",
            '<m:manifest xmlns:m="m"><m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry></m:manifest>',
        )
        file.writestr("content.xml", bytes(range(1, 255)) * 20)
    return made.getvalue()


LOCKED = {
    "book": locked_book(),
    "text": locked_odt(),
    "office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
}
RICH = rb"""{\rtf1\ansi\ansicpg1251{\fonttbl{\f0 Arial;}}{\*\generator PLANTED}\f0\fs24 A heron\par
stood \'f6\'e0\'ef\'eb\'ff \u8364? 5 \uc0\u233 t\u233  {\v PLANTED}\v PLANTED\v0 here\line\{x\}\tab y\cell z\row
\uc1\u-10179?\u-9142? end}"""


@pytest.mark.parametrize("name", PAGES)
async def test_another_charset_or_text_is_read(read: Read, name: str) -> None:
    kind, body, wanted = PAGES[name]
    told = await read(body, kind)
    assert same(wanted) in same(told.text)


async def test_a_document_with_macros_is_read(read: Read) -> None:
    told = await read(docx(f"<w:p>{run('Macro heron')}</w:p>"), "application/vnd.ms-word.document")
    assert "Macro heron" in told.text


@pytest.mark.parametrize("name", LOCKED)
async def test_what_is_locked_is_said_to_be(read: Read, name: str) -> None:
    with pytest.raises(ToolError) as caught:
        await read(LOCKED[name], "application/octet-stream")
    assert "password" in caught.value.message


async def test_a_rich_text_is_read_without_what_it_hides(read: Read) -> None:
    for kind in ("application/rtf", "text/rtf", "application/octet-stream"):
        told = await read(RICH, kind)
        lines = "A heron\nstood цапля € 5 été here\n{x}\ty | z"
        assert lines in told.text
        assert "PLANTED" not in told.text
        assert "\U0001f44a end" in told.text


def drawn(program: str) -> bytes:
    """A PDF whose page draws a seen line, and then runs `program`."""
    return pdf([f"A heron stood.) Tj 0 -20 Td {program} (PLANTED) Tj 0 g 0 Tr /F1 12 Tf (too"])


HIDING = ("3 Tr", "7 Tr", "1 g", "1 1 1 rg", "0 0 0 0 k", "/F1 0.1 Tf", "/F1 0 Tf")
SHOWING = ("0 Tr", "0 g", "1 0 0 rg", "/F1 9 Tf", "0 690 612 20 re f 1 g", "q 3 Tr Q")


@pytest.mark.parametrize("program", HIDING)
async def test_what_a_pdf_draws_unseen_is_left_out(read: Read, program: str) -> None:
    told = await read(drawn(program), "application/pdf")
    assert "A heron stood." in told.text
    assert "too" in told.text
    assert "PLANTED" not in told.text


@pytest.mark.parametrize("program", SHOWING)
async def test_what_a_pdf_draws_is_read(read: Read, program: str) -> None:
    assert "PLANTED" in (await read(drawn(program), "application/pdf")).text


async def test_the_text_under_a_scanned_page_is_read(read: Read) -> None:
    picture = f"/BPC 8 /CS /G ID {'x' * 3600} EI"
    for size in ("/W 60 /H 60", "/Width 60 /Height 60"):
        scan = drawn(f"q 612 0 0 792 0 0 cm BI {size} {picture} Q 3 Tr")
        assert "PLANTED" in (await read(scan, "application/pdf")).text
