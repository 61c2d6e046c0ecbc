"""PDF files, office documents and books: their text by pages, and the harm they cannot do."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from servers.host.tools.service import ToolError
from servers.outbound.failure import OutboundError
from servers.search.pages.documents import DocumentReader, PageRangeError, pages_of
from tests.search.conftest import Start

pytestmark = pytest.mark.anyio

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def pdf(pages: list[str], *, filtered: Callable[[bytes], bytes] | None = None) -> bytes:
    """A PDF with a line of text on each page."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    kids = []
    for text in pages:
        content = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode("latin-1")
        extra = b""
        if filtered:
            content, extra = filtered(content), b"/Filter/FlateDecode"
        objects.append(b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), extra, content))
        font = b"<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
        page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R/Resources%s>>"
        objects.append(page % (len(objects), font))
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(kids), len(kids))
    return assembled(objects)


def assembled(objects: list[bytes]) -> bytes:
    """A PDF of these objects, the first of which is its catalog."""
    told, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(told))
        told += b"%d 0 obj%s endobj\n" % (number, one)
    size = len(objects) + 1
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(told))
    return told + head + table + end


def archive(**parts: str) -> bytes:
    """An archive of XML files; `__` in a name stands for a slash, `_dot_` for a dot."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return made.getvalue()


def served(running: Any, body: bytes, kind: str) -> str:
    running.world.pages["/d"] = lambda: web.Response(body=body, content_type=kind)
    return f"{running.world.origin}/d"


LINES = [f"Page {number} tells of harbour number {number}." for number in range(1, 31)]


async def test_a_pdf_is_read_page_by_page_and_in_ranges(start: Start) -> None:
    running = await start()
    url = served(running, pdf(LINES), "application/pdf")
    page = await running.tools.fetch_page(url)
    assert "## Page 1\n\nPage 1 tells of harbour number 1." in page.text
    assert "harbour number 10." in page.text
    assert "harbour number 11." not in page.text
    assert page.note == "Pages 1 to 10 of 30. Ask with pages='11-20' for more."
    later = await running.tools.fetch_page(url, pages="29-40", format="text")
    assert "Page 30\n\nPage 30 tells" in later.text
    assert later.note == "Pages 29 to 30 of 30."
    with pytest.raises(ToolError, match="30 pages"):
        await running.tools.fetch_page(url, pages="31")
    with pytest.raises(ToolError, match="say 3, 3-7 or 3-"):
        await running.tools.fetch_page(url, pages="two")


@pytest.mark.parametrize(
    ("told", "pages"),
    [("", (1, 10)), ("3", (3, 3)), (" 3 - 7 ", (3, 7)), ("3-", (3, 12)), ("1-999", (1, 50))],
)
def test_pages_are_asked_for_as_people_write_them(told: str, pages: tuple[int, int]) -> None:
    assert pages_of(told) == pages


@pytest.mark.parametrize("told", ["0", "-3", "7-3", "a", "1,2", "1-2-3"])
def test_what_is_no_range_of_pages_is_refused(told: str) -> None:
    with pytest.raises(PageRangeError):
        pages_of(told)


async def test_office_documents_and_books_are_read(start: Start) -> None:
    running = await start()
    word = (
        f"<w:document {W}><w:body><w:p><w:pPr><w:pStyle w:val='Heading1'/></w:pPr><w:r><w:t>Pier"
        "</w:t></w:r></w:p><w:p><w:r><w:t>It was built </w:t></w:r><w:r><w:t>in 1911.</w:t></w:r>"
        "</w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>Deck</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r>"
        "<w:t>Oak</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>"
    )
    document = archive(_Content_Types__dot_xml="", word__document_dot_xml=word)
    url = served(running, document, "application/octet-stream")
    page = await running.tools.fetch_page(url)
    assert "# Pier\nIt was built in 1911.\n| Deck | Oak |" in page.text

    await running.forget_answers()
    workbook = archive(
        xl__workbook_dot_xml="<workbook><sheets><sheet name='Boats'/></sheets></workbook>",
        xl__sharedStrings_dot_xml="<sst><si><t>Heron</t></si></sst>",
        xl__worksheets__sheet1_dot_xml="<worksheet><sheetData><row><c t='s'><v>0</v></c><c><v>7"
        "</v></c></row></sheetData></worksheet>",
    )
    served(running, workbook, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    assert "Boats\n| Heron | 7 |" in (await running.tools.fetch_page(url)).text

    await running.forget_answers()
    slides = {
        f"ppt__slides__slide{number}_dot_xml": f"<p:sld xmlns:p='p' xmlns:a='a'><a:p><a:r><a:t>"
        f"Slide of gull {number}</a:t></a:r></a:p></p:sld>"
        for number in range(1, 13)
    }
    served(running, archive(**slides), "application/zip")
    shown = await running.tools.fetch_page(url, pages="10-12")
    assert "## Page 12\n\nSlide of gull 12" in shown.text
    assert shown.note == "Pages 10 to 12 of 12."

    await running.forget_answers()
    book = archive(
        META__INF="",
        **{
            "META-INF__container_dot_xml": "<container><rootfiles><rootfile full-path='o/b.opf'/>"
            "</rootfiles></container>",
            "o__b_dot_opf": "<package><manifest><item id='a' href='a.xhtml'/></manifest><spine>"
            "<itemref idref='a'/></spine></package>",
            "o__a_dot_xhtml": "<html><body><h2>Tide</h2><p>The tide turns.</p></body></html>",
        },
    )
    served(running, book, "application/epub+zip")
    assert "## Tide\n\nThe tide turns." in (await running.tools.fetch_page(url)).text


def _bomb(content: bytes) -> bytes:
    return zlib.compress(content + bytes(250 << 20), 1)


HOSTILE = {
    "a stream that swells": lambda: pdf(["x"], filtered=_bomb),
    "pages that are their own pages": lambda: pdf(["x"]).replace(b"/Kids[4 0 R]", b"/Kids[2 0 R]"),
    "a table that lies": lambda: pdf(LINES).replace(b" 00000 n", b" 99999 n"),
    "half of it": lambda: pdf(LINES)[:700],
    "nothing after its mark": lambda: b"%PDF-1.7",
    "entities": lambda: archive(
        word__document_dot_xml="<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>"
        + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' if n else '&a;'}{'&a;' * 9}'>" for n in range(9))
        + "<!ENTITY f SYSTEM 'file:///etc/passwd'>]><w:d xmlns:w='w'><w:p>one &a8; &f;</w:p></w:d>"
    ),
    "an archive that swells": lambda: archive(
        word__document_dot_xml=f"<w:d xmlns:w='w'><w:p>{' ' * (80 << 20)}</w:p></w:d>"
    ),
}


@pytest.mark.parametrize("name", list(HOSTILE))
async def test_a_hostile_document_is_refused_or_read_in_bounds(name: str) -> None:
    told, refused = "", ""
    try:
        told = (await DocumentReader().read(HOSTILE[name](), (1, 10), marked=False)).text
    except OutboundError as failure:
        refused = failure.message
    assert "root:" not in told
    assert len(told) < 3_000_000
    assert told or "not read" in refused or "no text" in refused
    assert "Traceback" not in refused


_FILL = """
from servers.search.pages import document_program, office_files, pdf_text
document_program._bound()
kept = []
try:
    for _ in range(300):
        kept.append(b"x" * (1 << 20))
except MemoryError:
    kept.clear()
    print(*[line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="no such limits there")
async def test_the_reader_of_documents_never_takes_more_than_200_mb() -> None:
    done = subprocess.run([sys.executable, "-I", "-c", _FILL], stdout=subprocess.PIPE, check=True)
    assert 100 << 10 < int(done.stdout) <= 200 << 10
