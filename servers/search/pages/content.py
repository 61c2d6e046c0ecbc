"""What came from the web: a page, a text, or nothing that can be read. Its bytes decide.

Servers label pages as plain text, as nothing, or as a download; and they label pictures as pages.
"""

from __future__ import annotations

import re
from typing import Literal

from servers.host.redact import excerpt
from servers.outbound.failure import Kind, OutboundError
from servers.search.pages.charset import MARKS

_PAGES = frozenset(
    ["text/html", "application/xhtml+xml", "application/html", "text/xhtml", "text/htm"]
)
_TEXTS = frozenset(
    f"application/{name}"
    for name in ("json", "xml", "yaml", "x-yaml", "toml", "x-ndjson", "javascript", "x-sh", "rtf")
)
_OPAQUE = frozenset({"image", "video", "audio", "font", "model"})
_MAGIC = (
    (b"\x89PNG\r\n", "a picture"),
    (b"GIF8", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\xd0\xcf\x11\xe0", "an office document of the old kind or with a password"),
    (b"\x1f\x8b\x08", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"Rar!", "a compressed file"),
    (b"OggS", "a recording"),
    (b"ID3", "a recording"),
    (b"wOFF", "a font"),
    (b"wOF2", "a font"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "a database"),
)
_BINARY = tuple(
    (re.compile(begin, re.DOTALL), what)
    for begin, what in (
        (rb"RIFF.{4}WEBP|.{4}ftyp(?:avif|heic|mif1)|BM|II\*\0|MM\0\*|\0\0\x01\0", "a picture"),
        (rb".{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI|FLV", "a film"),
        (rb"RIFF.{4}WAVE|fLaC|\xff[\xe2-\xfb]", "a recording"),
        (rb"\x28\xb5\x2f\xfd|\xfd7zXZ|BZh|\x1f\x9d", "a compressed file"),
        (rb"MZ|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe|\0asm", "a program"),
        (rb"OTTO|\0\x01\0\0", "a font"),
    )
)
"""How files begin that hold no text; the begin alone may be that of a text too."""
_DATA = re.compile(rb"<(?:\w{1,20}:)?(?:rss|feed|rdf)[\s>]|[{\[]\s{0,9}[\"{\[]", re.IGNORECASE)
"""How a feed or JSON begins."""
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_PERHAPS_PAGE = re.compile(
    rb"<(?:title|meta|link|script|style|h[1-6]|div|p|table|a|b|br|ul|font|iframe|main"
    rb"|article|section|header|nav|span|center|form|img)\b",
    re.IGNORECASE,
)
_TAG = re.compile(rb"</?[a-zA-Z][a-zA-Z0-9]{0,15}[\s/>]|<!")
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27})
_MOST_CONTROLS = 4
"""Of a short text."""
_MARKS = tuple(MARKS)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\"';,\s]{1,60})", re.IGNORECASE)

_LOOKED_AT = 4096
_LONGEST_QUOTED = 80
"""Characters of a header that somebody else wrote."""

_PDF = b"%PDF-"
_ZIP = b"PK\x03\x04"
_OFFICE = re.compile(
    rb"\[Content_Types\]\.xml|_rels/|docProps/|word/|xl/|ppt/|"
    rb"mimetype|content\.xml|META-INF/(?:container|manifest)\.xml"
)
_OFFICE_TYPES = ("openxmlformats", "opendocument", "epub")

Form = Literal["page", "text", "document"]


def labels(header: str) -> tuple[str, str]:
    """The content type and the charset that a Content-Type `header` names; empty for none.

    Where it names several, the last one that is a type counts, as in browsers.
    """
    named = [part.partition(";")[0].strip(" \t\"'").lower() for part in header.split(",")]
    valid = [name for name in named if name.count("/") == 1 and len(name) > 2]
    charsets = _CHARSET.findall(header)
    return (valid[-1] if valid else "", charsets[-1] if charsets else "")


def form(declared: str, start: bytes) -> Form:
    """What the content is whose first bytes are `start` and whose label is `declared`.

    Raises:
        OutboundError: UNSUPPORTED, it holds no text; the message says what it is.
    """
    has_tags = declared in _PAGES and bool(_TAG.search(start.replace(b"\x00", b"")))
    start = start[:_LOOKED_AT]
    bare = _first_tag(start)
    if _is_pdf(declared, start) or _is_office(declared, start):
        return "document"
    if _PAGE.match(bare):
        return "page"
    if _DATA.match(bare):
        return "text"
    _refuse_known(declared, start)
    if _is_binary(start):
        what = next((what for begin, what in _BINARY if begin.match(start)), _named(declared))
        raise OutboundError(Kind.UNSUPPORTED, f"it is {what}, which holds no text")
    if declared in _PAGES:
        return "page" if has_tags else "text"
    if _is_text(declared):
        return "text"
    if declared.partition("/")[0] in _OPAQUE:
        raise OutboundError(Kind.UNSUPPORTED, f"it is {_named(declared)}, which holds no text")
    return "page" if _PERHAPS_PAGE.match(bare) else "text"


def _refuse_known(declared: str, start: bytes) -> None:
    for magic, what in _MAGIC:
        if start.startswith(magic):
            raise OutboundError(
                Kind.UNSUPPORTED, f"it is {what}, which is not read{_though(declared)}"
            )


def _is_pdf(declared: str, start: bytes) -> bool:
    """Whether it is a PDF; some have a little before their mark."""
    near = start[:1024]
    is_likely = declared.endswith("/pdf") or _is_binary(start)
    return near.lstrip().startswith(_PDF) or (is_likely and _PDF in near)


def _is_office(declared: str, start: bytes) -> bool:
    """Whether it is an archive that holds a document."""
    if not start.startswith(_ZIP):
        return False
    named = any(name in declared for name in _OFFICE_TYPES)
    return named or _OFFICE.search(start) is not None


def _first_tag(start: bytes) -> bytes:
    """`start` without what may stand before the first tag: a mark, comments, a declaration."""
    for mark in _MARKS:
        start = start.removeprefix(mark)
    bare = start.replace(b"\x00", b"").lstrip()
    for opened, closed in ((b"<?xml", b"?>"), (b"<!--", b"-->")) * 3:
        if bare.startswith(opened):
            bare = bare.partition(closed)[2].lstrip()
    return bare


def _though(declared: str) -> str:
    said = declared in _PAGES or _is_text(declared)
    return f", though its content type says {_named(declared)}" if said else ""


def _named(declared: str) -> str:
    return excerpt(declared, _LONGEST_QUOTED) if declared else "a file"


def _is_text(declared: str) -> bool:
    kind, _, name = declared.partition("/")
    return kind == "text" or declared in _TEXTS or name.endswith(("+json", "+xml"))


def _is_binary(start: bytes) -> bool:
    """Whether it holds what no text holds; UTF-16 holds a zero beside each Latin letter."""
    if start.startswith(_MARKS):
        return False
    zeros = start.count(0)
    even, odd = start[::2].count(0), start[1::2].count(0)
    if min(even, odd) * 20 <= zeros and zeros * 5 > len(start) * 2:
        return False
    controls = len(start) - len(start.translate(None, _CONTROLS))
    return controls > _MOST_CONTROLS and controls * 20 > len(start)
