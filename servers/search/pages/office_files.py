"""Office documents and books, which are archives of XML files, as text in parts.

In comes an archive that somebody else made, out go a title and a reader for each part: a sheet, a
slide, a chapter, or the whole. What a person does not see of it is left out.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from functools import partial
from urllib.parse import unquote

from lxml import etree

from servers.search.pages import markup
from servers.search.pages.blocks import blocks_of
from servers.search.pages.charset import decoded
from servers.search.pages.office_archive import (
    LOCKED,
    DocumentError,
    OfficeFile,
    Part,
    id_of,
    is_on,
)
from servers.search.pages.office_hiding import (
    drop_unseen_parts,
    drop_unseen_runs,
    drop_unseen_shapes,
)
from servers.search.pages.office_sheets import sheets
from servers.search.pages.office_text import local, words
from servers.search.pages.rendering import rendered
from servers.search.pages.visibility import drop_unseen

_SLIDE = re.compile(r"ppt/slides/slide(\d{1,6})\.xml")
_TITLES = ("heading", "Title")
_ENCRYPTED = etree.XPath(
    "//*[local-name()='CipherReference' or *[local-name()='encryption-data']]/@*"
)


def parts_of(archive: zipfile.ZipFile) -> tuple[str, list[Part]]:
    """The title of the document, and its parts; raises DocumentError if it is none."""
    file = OfficeFile(archive)
    usual = ("word/document.xml", "xl/workbook.xml", "ppt/presentation.xml")
    named = [name for kind, name in file.targets("").values() if kind == "officeDocument"]
    main = next((name for name in (*named, *usual) if name in file.names), "")
    if not main and (slides := _numbered(file)):
        found = _read_slides(file, slides, None)
    elif main:
        root = file.xml(main)
        found = _OF_MAIN.get(local(root), _whole)(file, main, root)
    elif "META-INF/container.xml" in file.names:
        return _book(file)
    elif "content.xml" in file.names:
        _refuse_locked(file, "META-INF/manifest.xml", "content.xml")
        found = _open_document(file)
    else:
        raise DocumentError("it is a ZIP archive, which is not read")
    return _title(file, "docProps/core.xml"), found


def _refuse_locked(file: OfficeFile, list_name: str, *wanted: str) -> None:
    """Raise where the list of what is encrypted names a part that is `wanted`."""
    if {*map(unquote, _ENCRYPTED(file.optional(list_name)))} & {*wanted}:
        raise DocumentError(LOCKED)


def _title(file: OfficeFile, name: str) -> str:
    return next((one.text or "" for one in file.optional(name).iter("{*}title")), "")


def _open_document(file: OfficeFile) -> list[Part]:
    """Each sheet or slide of an OpenDocument, or its text."""
    root = file.xml("content.xml")
    drop_unseen_parts(root, file.optional("styles.xml"))
    pages = root.findall("{*}body/{*}presentation/{*}page")
    tables = root.findall("{*}body/{*}spreadsheet/{*}table")
    return [partial(_table, one) for one in tables] or [
        partial(words, one) for one in pages or [root]
    ]


def _table(table: etree._Element) -> str:
    names = (value for key, value in table.items() if key.endswith("}name"))
    return "\n".join(filter(None, (next(names, ""), words(table))))


def _whole(file: OfficeFile, main: str, root: etree._Element) -> list[Part]:
    """A text with its notes."""

    def read() -> str:
        named, folder = dict(file.targets(main).values()), posixpath.dirname(main)
        styles, *notes = (
            file.optional(named.get(kind, f"{folder}/{kind}.xml"))
            for kind in ("styles", "footnotes", "endnotes")
        )
        for part in (root, *notes):
            _name_styles(part, styles)
            drop_unseen_runs(part, styles)
        return "\n".join(filter(None, map(words, (root, *notes))))

    return [read]


def _name_styles(root: etree._Element, styles: etree._Element) -> None:
    """Let paragraphs name styles as Word does in English: an id may be of any language."""
    names = {}
    for style in styles.iterchildren("{*}style"):
        told = next(style.iterchildren("{*}name"), None)
        name = "" if told is None else next(iter(told.attrib.values()), "")
        names.update(dict.fromkeys(style.attrib.values(), name) if name.startswith(_TITLES) else {})
    for mark in root.iter("{*}pStyle"):
        for key, value in mark.items():
            mark.set(key, names.get(value, value))


def _numbered(file: OfficeFile) -> list[str]:
    """The slides by the numbers in their names."""
    found = {int(one[1]): one[0] for one in map(_SLIDE.fullmatch, file.names) if one}
    return [found[number] for number in sorted(found)]


def _slides(file: OfficeFile, main: str, root: etree._Element) -> list[Part]:
    targets = file.targets(main)
    ids = [id_of(one) for one in root.iter("{*}sldId")]
    names = [targets[one][1] for one in ids if one in targets] or _numbered(file)
    size = next(root.iter("{*}sldSz"), None)
    return _read_slides(file, [name for name in names if name in file.names], size)


def _read_slides(file: OfficeFile, names: list[str], size: etree._Element | None) -> list[Part]:
    """The texts of the slides that are shown; a slide has to be read to know that."""
    made: list[Part] = []
    for root in map(file.xml, names):
        if is_on(root, "show", "1"):
            drop_unseen_shapes(root, size)
            made.append(partial(str, words(root)))
    return made


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
    """A chapter, which is a page, as a person sees it."""
    tree = markup.parsed(decoded(file.content(name), ""))
    if tree is None:
        return ""
    drop_unseen(tree)
    return rendered(blocks_of(tree), marked=True)


_OF_MAIN = {"document": _whole, "workbook": sheets, "presentation": _slides}
