"""Opens a file as text: in comes a file, out come its characters and any doubt about them.

A spreadsheet, a PDF or a contact card is refused with the way to export CSV from it. A text that is
not UTF-8 is read in another encoding where that is certain; otherwise the bytes that cannot be read
stay as lone surrogates, and rows that need them are reported.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final, TextIO

from servers.host.tools.service import ToolError

_CHUNK: Final = 1 << 20
_JUDGED: Final = 1 << 18
"""Bytes of non-ASCII lines from which the encoding is detected."""
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CSV_FROM: Final[Mapping[str, str]] = {
    "an Excel workbook": "In Excel: File, Save As, CSV UTF-8 (Comma delimited).",
    "a Numbers document": "In Numbers: File, Export To, CSV.",
    "an OpenDocument spreadsheet": "In LibreOffice: File, Save As, Text CSV.",
    "a zip archive": "Unpack it and import the CSV file inside.",
    "a gzip archive": "Unpack it and import the CSV file inside.",
    "a PDF": "Export the list as CSV from where it came from.",
    "a rich text document": "Export the list as CSV from where it came from.",
    "a web page": "Open it in a spreadsheet and save it as CSV UTF-8.",
    "an XML spreadsheet": "Open it in Excel and save it as CSV UTF-8.",
    "a contact card (vCard)": "Export the contacts as CSV instead, or open them in an address "
    "book that exports CSV.",
    "a database": "Export the table as CSV.",
}
_STARTS: Final = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF"),
    (b"{\\rtf", "a rich text document"),
    (b"SQLite format 3\0", "a database"),
    (b"BEGIN:VCARD", "a contact card (vCard)"),
)
_MARKUP: Final = re.compile(rb"\s*<(?:!doctype html|html|head|body|table|meta)\b", re.IGNORECASE)
_XML: Final = re.compile(rb"\s*<\?xml[^>]*>\s*<(?:\?mso|(?:ss:)?workbook)", re.IGNORECASE)
_SEQUENCE: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH: Final = re.compile(rb"[\x80-\xff]")
_SIGNS: Final = (
    "\xaa\xba\xb0\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u201a\u2026\u2022\xb7\u20ac\xa3"
    "\xa7\xab\xbb\u2039\u203a\xa9\xae\u2122\xb4\xd7\xbf\xa1\xa0"
)
_LETTERS: Final = "äöüÄÖÜßéèêëàâáãåæçìíîïñòóôõøùúûœÉÈÊËÀÂÁÃÅÆÇÌÍÎÏÑÒÓÔÕØÙÚÛŒ"
_UPPER: Final = "".join(letter for letter in _LETTERS if letter.isupper())
_STRANGE: Final = re.compile(
    rf"[^\x00-\x7f{_LETTERS}{_SIGNS}]|(?<=[a-zß-öø-ÿœ])[{_UPPER}](?![A-Z{_UPPER}])|\w[¿¡]|[¿¡](?!\w)"
    r"|(?<=\w)[\u2022\u20ac\xa3\xa7\xa9\xae\u2122\xb4\xab\xbb\u2039\u203a\u201e\u201a\u2018\u201c](?=\w)|ì(?=[a-z])|ø[íìùéá]|[^\W\d_a-zA-Z]{4}"
)
"""What Western text does not have: other letters, a capital in a word, a run without ASCII."""
_CHARACTER_SETS: Final = (("cp1252", "Windows-1252"), ("mac_roman", "Mac Roman"))


class LeadFileError(ToolError):
    """A file cannot be read at all; the message says why and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="bad_argument")


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a file from its start, and what is doubtful about its characters, if anything."""

    stream: TextIO
    doubt: str = ""


def opened(handle: BinaryIO) -> Text:
    """The text in `handle`; raises LeadFileError if it is a file of another kind."""
    start = handle.read(4096)
    found = _kind(start, handle)
    if found:
        raise LeadFileError(f"The file is {found}, not a text. {_CSV_FROM[found]}")
    encoding, doubt = _encoding(start, handle)
    handle.seek(0)
    errors = "strict" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    return Text(io.TextIOWrapper(handle, encoding=encoding, errors=errors, newline=""), doubt)


def kind_by_name(name: str) -> str:
    """The kind of a file that is no text, by its name, and how to get CSV from it; or empty."""
    kinds = {
        (".xlsx", ".xls", ".xlsm", ".xlsb"): "an Excel workbook",
        (".numbers",): "a Numbers document",
        (".ods",): "an OpenDocument spreadsheet",
        (".vcf", ".vcard"): "a contact card (vCard)",
        (".zip",): "a zip archive",
        (".pdf",): "a PDF",
    }
    for endings, kind in kinds.items():
        if name.lower().endswith(endings):
            return f"{name} is {kind}. {_CSV_FROM[kind]}"
    return ""


def _kind(start: bytes, handle: BinaryIO) -> str:
    """The kind of the file when it is no text; empty when it is."""
    if start.startswith(b"PK\x03\x04"):
        return _kind_of_zip(handle)
    text = start.removeprefix(codecs.BOM_UTF8)
    if _MARKUP.match(text):
        return "a web page"
    if _XML.match(text):
        return "an XML spreadsheet"
    return next((kind for magic, kind in _STARTS if text.startswith(magic)), "")


def _kind_of_zip(handle: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(handle) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        names = []
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook"
    if any(name.endswith(".iwa") or name == "Index.zip" for name in names):
        return "a Numbers document"
    return "an OpenDocument spreadsheet" if "content.xml" in names else "a zip archive"


def _encoding(start: bytes, handle: BinaryIO) -> tuple[str, str]:
    """The encoding of the text, and what is doubtful about it."""
    marked = next((name for bom, name in _BOMS if start.startswith(bom)), "")
    if marked:
        return marked, ""
    places = len(start) // 2
    if places and start[1::2].count(0) > 0.4 * places and not start[::2].count(0):
        return "utf-16-le", ""
    if places and start[::2].count(0) > 0.4 * places and not start[1::2].count(0):
        return "utf-16-be", ""
    foreign = _foreign_lines(handle)
    if not foreign:
        return "utf-8", ""
    for encoding, name in _CHARACTER_SETS:
        if not _STRANGE.search(foreign.decode(encoding, "replace")):
            return encoding, (
                f"The file is not UTF-8; it was read as {name}. If accents look wrong, save it "
                "as CSV UTF-8."
            )
    return "utf-8", "The file is not UTF-8, and its accents cannot be read. Save it as CSV UTF-8."


def _foreign_lines(handle: BinaryIO) -> bytes:
    """Lines with letters beyond ASCII when the file is not UTF-8; nothing when it mostly is."""
    handle.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_valid = True
    sequences = strays = 0
    lines: list[bytes] = []
    kept = 0
    while chunk := handle.read(_CHUNK):
        if chunk.isascii() and is_valid and _is_whole(decoder):
            continue
        if is_valid:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_valid = False
        rest, count = _SEQUENCE.subn(b"", chunk)
        sequences += count
        strays += len(_HIGH.findall(rest))
        if kept < _JUDGED:
            found = [line for line in chunk.splitlines() if not line.isascii()]
            lines += found
            kept += sum(map(len, found))
    if (is_valid and _is_whole(decoder)) or sequences > strays:
        return b""
    return b"\n".join(lines)[:_JUDGED]


def _is_whole(decoder: codecs.IncrementalDecoder) -> bool:
    """Whether the text does not end within a sequence."""
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
