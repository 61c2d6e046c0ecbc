"""Reads one document in a process of its own: bytes come on stdin, JSON goes out on stdout.

Its arguments are the numbers of the first and the last page that are wanted.
A document can be made to harm its reader; here it has a process without keys, with little memory
and little time. Out goes `{"title", "total", "parts": [[number, text], ...]}`, or `{"error"}`.
"""

from __future__ import annotations

import io
import json
import posixpath
import re
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from lxml import etree

_MEMORY = 192 << 20
_ADDRESSES = 1 << 30
_SECONDS = 30
_MOST_CHARS = 2_000_000
_MOST_XML = 64 << 20
_NUMBER = re.compile(r"\d+")
_LOCKED = "it is locked with a password"


class DocumentError(Exception):
    """The document cannot be read; the message says why."""


def _bound() -> None:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    for name, most in (
        ("RLIMIT_DATA", _MEMORY),
        ("RLIMIT_AS", _ADDRESSES),
        ("RLIMIT_CPU", _SECONDS),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
    ):
        with suppress(AttributeError, OSError, ValueError):
            resource.setrlimit(getattr(resource, name), (most, most))


def read(data: bytes, first: int, last: int) -> dict[str, Any]:
    """The parts `first` to `last` of the document in `data`; they count from 1."""
    if b"%PDF-" in data[:1024]:
        title, total, parts = _pdf(data, first, last)
    else:
        title, total, parts = _archive(data, first, last)
    told, room = [], _MOST_CHARS
    for number, text in parts:
        told.append([number, text[:room]])
        room -= len(text)
        if room <= 0:
            break
    return {"title": title, "total": total, "parts": told}


Parts = Iterator[tuple[int, str]]


def _pdf(data: bytes, first: int, last: int) -> tuple[str, int, Parts]:
    import logging  # noqa: PLC0415 - each kind of document needs its own

    import pypdf  # noqa: PLC0415

    logging.disable()
    file = pypdf.PdfReader(io.BytesIO(data))
    if file.is_encrypted and not file.decrypt(""):
        raise DocumentError(_LOCKED)
    title = ""
    with suppress(Exception):
        title = str((file.metadata and file.metadata.title) or "")

    def parts() -> Parts:
        for number in range(first, min(last, len(file.pages)) + 1):
            try:
                yield number, file.pages[number - 1].extract_text()
            except (MemoryError, RecursionError):
                raise
            except Exception:  # noqa: BLE001 - a broken page of a document is no reason to lose the others
                yield number, "[This page is damaged.]"

    return title, len(file.pages), parts()


def _archive(data: bytes, first: int, last: int) -> tuple[str, int, Parts]:
    """An office document or a book: an archive of XML files."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    names = archive.namelist()
    slides = sorted((one for one in names if re.match(r"ppt/slides/slide\d+\.xml$", one)), key=_at)
    title = ""
    if "word/document.xml" in names:
        found: list[Any] = [lambda: _words(_xml(archive, "word/document.xml"))]
    elif slides:
        found = [_later(_words, archive, name) for name in slides]
    elif "xl/workbook.xml" in names:
        found = _sheets(archive, names)
    elif "META-INF/container.xml" in names:
        found = _chapters(archive)
    elif "content.xml" in names:
        found = [lambda: _words(_xml(archive, "content.xml"))]
    else:
        raise DocumentError("it is a ZIP archive, which is not read")
    if "docProps/core.xml" in names:
        heads = _xml(archive, "docProps/core.xml").iter("{http://purl.org/dc/elements/1.1/}title")
        title = next((one.text or "" for one in heads), "")
    wanted = islice(enumerate(found, 1), first - 1, last)
    return title, len(found), ((number, make()) for number, make in wanted)


def _later(make: Any, archive: zipfile.ZipFile, name: str) -> Any:
    return lambda: make(_xml(archive, name))


def _at(name: str) -> int:
    return int(_NUMBER.findall(name)[-1])


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.flag_bits & 1:
        raise DocumentError(_LOCKED)
    with archive.open(info) as file:
        content = file.read(_MOST_XML + 1)
    if len(content) > _MOST_XML:
        raise DocumentError("a part of it is too large")
    return content


def _xml(archive: zipfile.ZipFile, name: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    return etree.fromstring(_content(archive, name), parser)


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


_PARAGRAPHS = frozenset({"p", "h", "h1", "h2", "h3", "h4", "h5", "h6", "li", "title", "div"})
_ROWS = frozenset({"tr", "table-row"})
_CELLS = frozenset({"tc", "table-cell", "td", "th"})
_UNSEEN = frozenset(
    ["script", "style", "head", "instrText", "delText", "annotation", "forms", "tracked-changes"]
)


def _words(root: etree._Element) -> str:
    """The paragraphs below `root`, and each row of a table as a line."""
    lines: list[str] = []
    _gather(root, lines)
    return "\n".join(line for line in lines if line.strip())


def _gather(element: etree._Element, lines: list[str]) -> None:
    for child in element:
        name = _local(child)
        if name in _ROWS:
            cells = [" ".join(_words_in(cell).split()) for cell in child if _local(cell) in _CELLS]
            lines.append(f"| {' | '.join(cells)} |")
        elif name in _PARAGRAPHS and not any(
            _local(one) in _ROWS or (one is not child and _local(one) in _PARAGRAPHS)
            for one in child.iter()
        ):
            lines.append(_heading(child) + _words_in(child).strip())
        elif name not in _UNSEEN:
            _gather(child, lines)


def _heading(element: etree._Element) -> str:
    name = _local(element)
    if re.fullmatch(r"h[1-6]", name):
        return "#" * int(name[1]) + " "
    if name == "h":
        levels = [value for key, value in element.items() if key.endswith("outline-level")]
        return "#" * min(6, int(levels[0][:2]) if levels and levels[0].isdecimal() else 1) + " "
    styles = [one for one in element.iter() if _local(one) == "pStyle"]
    style = next(iter(styles[0].attrib.values()), "") if styles else ""
    found = re.fullmatch(r"(?:heading|Heading)\s?([1-6])", style)
    return "#" * int(found[1]) + " " if found else "# " if style == "Title" else ""


def _words_in(element: etree._Element) -> str:
    told: list[str] = []
    stack: list[etree._Element | str] = [element]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            told.append(one)
            continue
        name = _local(one)
        if name in _UNSEEN:
            continue
        told.append({"tab": "\t", "br": "\n", "line-break": "\n", "s": " "}.get(name, ""))
        if name in _PARAGRAPHS and told:
            told.append(" ")
        told.append(one.text or "")
        for child in reversed(one):
            stack += [child.tail or "", child]
    return "".join(told)


def _sheets(archive: zipfile.ZipFile, names: list[str]) -> list[Any]:
    shared: list[str] = []
    if "xl/sharedStrings.xml" in names:
        root = _xml(archive, "xl/sharedStrings.xml")
        shared = [_words_in(one) for one in root if _local(one) == "si"]
    sheets = sorted((one for one in names if re.match(r"xl/worksheets/\w+\d+\.xml$", one)), key=_at)
    titles = [
        one.get("name", "")
        for one in _xml(archive, "xl/workbook.xml").iter()
        if _local(one) == "sheet"
    ]
    titles += [""] * len(sheets)
    return [
        lambda name=name, title=title: _sheet(_xml(archive, name), shared, title)
        for name, title in zip(sheets, titles, strict=False)
    ]


def _sheet(root: etree._Element, shared: list[str], title: str) -> str:
    lines = [title] if title else []
    for row in root.iter():
        if _local(row) != "row":
            continue
        cells = [_cell(cell, shared) for cell in row if _local(cell) == "c"]
        if any(cells):
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(cell: etree._Element, shared: list[str]) -> str:
    value = next((one.text or "" for one in cell if _local(one) == "v"), "")
    if cell.get("t") == "s" and value.isdecimal() and float(value) < len(shared):
        return " ".join(shared[int(value)].split())
    inline = next((one for one in cell if _local(one) == "is"), None)
    return " ".join(_words_in(inline).split()) if inline is not None else value


def _chapters(archive: zipfile.ZipFile) -> list[Any]:
    """The chapters of a book in the order of reading."""
    container = _xml(archive, "META-INF/container.xml")
    place = next(one.get("full-path", "") for one in container.iter() if _local(one) == "rootfile")
    package = _xml(archive, place)
    items = {one.get("id"): one.get("href", "") for one in package.iter() if _local(one) == "item"}
    order = [items.get(one.get("idref"), "") for one in package.iter() if _local(one) == "itemref"]
    folder = posixpath.dirname(place)
    return [_later(_words, archive, posixpath.join(folder, name)) for name in order if name]


def main() -> None:
    """Read the document on stdin."""
    first, last = map(int, sys.argv[1:3])
    _bound()
    try:
        answer = read(sys.stdin.buffer.read(), first, last)
    except DocumentError as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": "it takes too much memory"}
    except ImportError as error:
        answer = {"error": f"a part of Lou is missing ({error.name})"}
    except Exception as error:  # noqa: BLE001 - whatever a document does to a library, it is the document
        answer = {"error": f"it is damaged ({type(error).__name__})"}
    sys.stdout.buffer.write(json.dumps(answer).encode("ascii"))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
