"""Office documents and books, which are archives of XML files, as text in parts.

In comes an archive that somebody else made, out go a title and a reader for each part: a sheet, a
slide, a chapter, or the whole. What a person does not see of it is left out.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import unquote

from lxml import etree

from servers.search.pages.office_text import local, shown, words, words_in

_MOST_XML = 64 << 20
_MOST_GAP = 50
"""Empty cells in a row that are told."""
_DATE_FORMATS = frozenset({*range(14, 23), *range(45, 48)})
_FORMAT_TEXT = re.compile(r'"[^"]*"|\[[^\[\]]*\]|\\.')
_COLUMN = re.compile(r"[A-Z]+")
_ENCODING = re.compile(rb"<\?xml[^>]{0,200}encoding=[\"']([\w.:-]{2,40})")
_SLIDE = re.compile(r"ppt/slides/slide(\d{1,6})\.xml")
LOCKED = "it is locked with a password"

Part = Callable[[], str]


class DocumentError(Exception):
    """The document cannot be read; the message says why."""


class OfficeFile:
    """The parts of an archive by their names."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.names = frozenset(archive.namelist())

    def content(self, name: str) -> bytes:
        info = self._archive.getinfo(name)
        if info.flag_bits & 1:
            raise DocumentError(LOCKED)
        with self._archive.open(info) as file:
            content = file.read(_MOST_XML + 1)
        if len(content) > _MOST_XML:
            raise DocumentError("a part of it is too large")
        return content

    def xml(self, name: str) -> etree._Element:
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            remove_comments=True,
            remove_pis=True,
            recover=True,
        )
        root = etree.fromstring(self.content(name), parser)
        if root is None:
            raise DocumentError("it is damaged")
        return root

    def targets(self, name: str) -> dict[str, tuple[str, str]]:
        """By id the kind and the name of each part that the part `name` leads to."""
        folder, base = posixpath.split(name)
        place = posixpath.join(folder, "_rels", f"{base}.rels")
        if place not in self.names:
            return {}
        found = {}
        for one in self.xml(place):
            target = posixpath.normpath(posixpath.join("/", folder, one.get("Target", "")))
            kind = one.get("Type", "").rpartition("/")[2]
            found[one.get("Id", "")] = (kind, target.lstrip("/"))
        return found


def parts_of(archive: zipfile.ZipFile) -> tuple[str, list[Part]]:
    """The title of the document, and its parts; raises DocumentError if it is none."""
    file = OfficeFile(archive)
    usual = ("word/document.xml", "xl/workbook.xml", "ppt/presentation.xml")
    named = [name for kind, name in file.targets("").values() if kind == "officeDocument"]
    main = next((name for name in (*named, *usual) if name in file.names), "")
    if not main and (slides := _numbered(file)):
        found = _read_slides(file, slides)
    elif main:
        root = file.xml(main)
        found = _OF_MAIN.get(local(root), _whole)(file, main, root)
    elif "META-INF/container.xml" in file.names:
        return _book(file)
    elif "content.xml" in file.names:
        _refuse_locked(file, "META-INF/manifest.xml", "content.xml")
        found = [lambda: words(shown(file.xml("content.xml")))]
    else:
        raise DocumentError("it is a ZIP archive, which is not read")
    return _title(file, "docProps/core.xml"), found


def _refuse_locked(file: OfficeFile, list_name: str, *wanted: str) -> None:
    """Raise where the list of what is encrypted names a part that is `wanted`."""
    if list_name not in file.names:
        return
    for one in file.xml(list_name).iter("{*}encryption-data", "{*}CipherReference"):
        holder = one if local(one) == "CipherReference" else one.getparent()
        named = (
            {unquote(value) for value in holder.attrib.values()} if holder is not None else set()
        )
        if named & set(wanted):
            raise DocumentError(LOCKED)


def _title(file: OfficeFile, name: str) -> str:
    heads = file.xml(name).iter("{*}title") if name in file.names else iter([])
    return next((one.text or "" for one in heads), "")


def _whole(file: OfficeFile, main: str, root: etree._Element) -> list[Part]:
    """A text with its notes."""

    def read() -> str:
        notes = [name for kind, name in file.targets(main).values() if kind in _NOTES]
        folder = posixpath.dirname(main)
        notes += [f"{folder}/{kind}.xml" for kind in _NOTES]
        kept = [file.xml(name) for name in dict.fromkeys(notes) if name in file.names]
        return "\n".join([words(root), *map(words, kept)]).strip()

    return [read]


def _numbered(file: OfficeFile) -> list[str]:
    """The slides by the numbers in their names."""
    found = {int(one[1]): one[0] for one in map(_SLIDE.fullmatch, file.names) if one}
    return [found[number] for number in sorted(found)]


def _slides(file: OfficeFile, main: str, root: etree._Element) -> list[Part]:
    targets = file.targets(main)
    ids = [_id_of(one) for one in root.iter("{*}sldId")]
    names = [targets[one][1] for one in ids if one in targets] or _numbered(file)
    return _read_slides(file, [name for name in names if name in file.names])


def _read_slides(file: OfficeFile, names: list[str]) -> list[Part]:
    """The texts of the slides that are shown; a slide has to be read to know that."""
    roots = map(file.xml, names)
    return [partial(str, words(root)) for root in roots if not _is_off(root, "show")]


@dataclass(frozen=True, slots=True)
class SharedCells:
    """What the cells of a workbook refer to: texts, styles that show dates, the day 0."""

    texts: list[str]
    dates: frozenset[int]
    since: datetime


def _sheets(file: OfficeFile, main: str, root: etree._Element) -> list[Part]:
    targets = file.targets(main)
    by_kind = dict(targets.values())
    texts: list[str] = []
    if (name := by_kind.get("sharedStrings", "xl/sharedStrings.xml")) in file.names:
        texts = [words_in(one) for one in file.xml(name).iterchildren("{*}si")]
    since = datetime(1904, 1, 1) if _has_1904(root) else datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet has no zone
    shared = SharedCells(texts, _date_styles(file, by_kind.get("styles", "xl/styles.xml")), since)
    made: list[Part] = []
    for number, sheet in enumerate(root.iter("{*}sheet"), 1):
        usual = ("", f"xl/worksheets/sheet{number}.xml")
        name = targets.get(_id_of(sheet), usual)[1]
        if name in file.names and sheet.get("state", "visible") == "visible":
            title = sheet.get("name", "")
            made.append(partial(_sheet, file, name, title, shared))
    return made


def _id_of(element: etree._Element) -> str:
    """The value of its attribute `r:id`."""
    return next((value for key, value in element.items() if key.endswith("}id")), "")


def _is_off(element: etree._Element, name: str) -> bool:
    return element.get(name, "1") in {"0", "false"}


def _has_1904(root: etree._Element) -> bool:
    return any(
        not _is_off(one, "date1904") for one in root.iter("{*}workbookPr") if one.get("date1904")
    )


def _date_styles(file: OfficeFile, name: str) -> frozenset[int]:
    """The numbers of the cell styles that show dates or times."""
    if name not in file.names:
        return frozenset()
    root = file.xml(name)
    own = {
        one.get("numFmtId", ""): _FORMAT_TEXT.sub("", one.get("formatCode", "")).lower()
        for one in root.iter("{*}numFmt")
    }
    styles = [one.get("numFmtId", "") for cells in root.iter("{*}cellXfs") for one in cells]
    return frozenset(
        at
        for at, style in enumerate(styles)
        if (style.isdecimal() and int(style) in _DATE_FORMATS)
        or set(own.get(style, "")) & set("ydhs")
    )


def _sheet(file: OfficeFile, name: str, title: str, shared: SharedCells) -> str:
    root = file.xml(name)
    hidden = [
        range(int(one.get("min", "1")), int(one.get("max", "1")) + 1)
        for one in root.iter("{*}col")
        if one.get("hidden") in {"1", "true"}
    ]
    lines = [title] if title else []
    for row in root.iter("{*}row"):
        if row.get("hidden") in {"1", "true"}:
            continue
        cells: list[str] = []
        at = 0
        for cell in row.iterchildren("{*}c"):
            before, at = at, _column(cell) or at + 1
            if any(at in one for one in hidden):
                continue
            cells += [""] * min(_MOST_GAP, max(0, at - before - 1))
            cells.append(_cell(cell, shared))
        if any(cells):
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _column(cell: etree._Element) -> int:
    found = _COLUMN.match(cell.get("r", ""))
    number = 0
    for letter in found.group()[:3] if found else "":
        number = number * 26 + ord(letter) - 64
    return number


def _cell(cell: etree._Element, shared: SharedCells) -> str:
    kind, style = cell.get("t", "n"), cell.get("s", "0")
    value = next((one.text or "" for one in cell.iterchildren("{*}v")), "")
    inline = next(cell.iterchildren("{*}is"), None)
    if inline is not None:
        value = words_in(inline)
    elif kind == "s" and value.isdecimal() and float(value) < len(shared.texts):
        value = shared.texts[int(value)]
    elif kind == "b":
        value = {"1": "TRUE", "0": "FALSE"}.get(value, value)
    elif kind == "n" and style.isdecimal() and int(style) in shared.dates:
        value = _date(value, shared.since)
    return " ".join(value.split())


def _date(value: str, since: datetime) -> str:
    try:
        days = float(value)
        date = since + timedelta(seconds=round(days * 86_400))
    except (ValueError, OverflowError):
        return value
    if days < 1:
        return f"{date:%H:%M}"
    return f"{date:%Y-%m-%d}" if days.is_integer() else f"{date:%Y-%m-%d %H:%M}"


def _book(file: OfficeFile) -> tuple[str, list[Part]]:
    """The chapters of a book in the order of reading."""
    container = file.xml("META-INF/container.xml")
    place = next(one.get("full-path", "") for one in container.iter("{*}rootfile"))
    package = file.xml(place)
    items = {one.get("id"): one.get("href", "") for one in package.iter("{*}item")}
    order = [items.get(one.get("idref"), "") for one in package.iter("{*}itemref")]
    folder = posixpath.dirname(place)
    names = [posixpath.normpath(posixpath.join(folder, unquote(name))) for name in order if name]
    chapters = [name for name in names if name in file.names]
    _refuse_locked(file, "META-INF/encryption.xml", *chapters[:1])
    return _title(file, place), [partial(_chapter, file, name) for name in chapters]


def _chapter(file: OfficeFile, name: str) -> str:
    """A chapter, read as browsers read pages: by name its entities are known, and tags may miss."""
    content = file.content(name)
    declared = _ENCODING.search(content[:300])
    encoding = declared.group(1).decode() if declared else "utf-8"
    parser = etree.HTMLParser(encoding=encoding, remove_comments=True, remove_pis=True)
    root = etree.fromstring(content, parser) if content.strip() else None
    return "" if root is None else words(root)


_NOTES = ("footnotes", "endnotes")
_OF_MAIN = {"document": _whole, "workbook": _sheets, "presentation": _slides}
