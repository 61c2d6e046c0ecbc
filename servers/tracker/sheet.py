"""CSV and JSON Lines, read row by row and written row by row. A bad row is told, never a crash.

Rows have the numbers a person sees: the header of a CSV file is row 1, the first line of a JSON
Lines file is row 1. No written cell starts a formula in a spreadsheet.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Literal, TextIO

Format = Literal["csv", "jsonl"]
FIELDS: Final = ("url", "email", "note", "tags", "status")
WRITTEN: Final = ("id", *FIELDS, "created", "changed")
_LONGEST_LINE = 1 << 20
_SUFFIXES: Mapping[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_SYNONYMS: Mapping[str, frozenset[str]] = {
    "url": frozenset({"url", "link", "page", "website", "web", "site", "source", "webpage"}),
    "email": frozenset({"email", "mail", "emailaddress", "address", "contact"}),
    "note": frozenset({"note", "notes", "comment", "comments", "remark", "remarks"}),
    "tags": frozenset({"tags", "tag", "labels", "label"}),
    "status": frozenset({"status", "state", "stage"}),
}
_FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_GUARDED = re.compile(r"'+\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_LONE = re.compile(r"[\ud800-\udfff]")


class SheetError(ValueError):
    """A file that cannot be read at all; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its fields, or what is wrong with it."""

    number: int
    fields: Mapping[str, Any]
    fault: str = ""


def format_of(name: str) -> Format:
    """The format that the ending of a file name stands for.

    Raises:
        SheetError: it stands for none.
    """
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    if suffix not in _SUFFIXES:
        raise SheetError("The file name must end in .csv, .tsv, .jsonl or .ndjson.")
    return _SUFFIXES[suffix]


def text_of(handle: BinaryIO) -> TextIO:
    """The text in a file, in the encoding that its first bytes tell; what is none stays visible."""
    start = handle.read(4)
    handle.seek(0)
    encoding = next((name for bom, name in _BOMS if start.startswith(bom)), "utf-8")
    return io.TextIOWrapper(handle, encoding=encoding, errors="surrogateescape", newline="")


def rows(text: TextIO, kind: Format, columns: Mapping[str, str]) -> Iterator[Row]:
    """The rows of a file; `columns` says which column holds a field, where its name does not.

    Raises:
        SheetError: there is no column for the URL or for the e-mail address, or no such field.
    """
    strange = next((field for field in columns if field not in FIELDS), None)
    if strange is not None:
        raise SheetError(f"There is no field {strange[:40]!r}. There are: {', '.join(FIELDS)}.")
    return _from_csv(text, columns) if kind == "csv" else _from_json(text, columns)


def columns(text: TextIO, kind: Format) -> list[str]:
    """The names of the columns of a CSV file; none of a JSON Lines file."""
    if kind == "jsonl":
        return []
    return _begun(_Lines(text))[1]


def understood(names: list[str]) -> dict[str, str]:
    """Which field each of the columns called `names` is taken for."""
    plain = [re.sub(r"[\W_]", "", name).casefold() for name in names]
    found: dict[str, str] = {}
    for field in FIELDS:
        for name, short in zip(names, plain, strict=True):
            if short in _SYNONYMS[field]:
                found.setdefault(field, name)
    return found


def header() -> str:
    """The first line of a written CSV file."""
    return _line(WRITTEN)


def line(kind: Format, values: Mapping[str, Any]) -> str:
    """One written row."""
    if kind == "jsonl":
        return json.dumps({name: values[name] for name in WRITTEN}, ensure_ascii=False) + "\n"
    cells = (values[name] for name in WRITTEN)
    return _line(", ".join(cell) if isinstance(cell, list) else str(cell) for cell in cells)


def guarded(cell: str) -> str:
    """`cell`, such that no spreadsheet takes it for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([guarded(cell) for cell in cells])
    return out.getvalue()


class _Lines:
    """The lines of `text`, no longer than may be; those of one row can be read again."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: list[str] = []
        self.row: list[str] = []
        """What was read since the row began."""
        self.is_cut = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._read()
        if not line:
            raise StopIteration
        if len(line) >= _LONGEST_LINE:
            self.is_cut = True
        self.row.append(line)
        return line

    def begin(self) -> None:
        """A row begins here."""
        self.row.clear()
        self.is_cut = False

    def again(self, *, kept: int = 1) -> None:
        """Read the row again but for its first lines."""
        self._again += reversed(self.row[kept:])

    def _read(self) -> str:
        try:
            found = more = self._text.readline(_LONGEST_LINE)
            while len(more) >= _LONGEST_LINE and not more.endswith(("\n", "\r")):
                more = self._text.readline(_LONGEST_LINE)
        except UnicodeError:
            raise SheetError("The file is not valid UTF-16. Save it as UTF-8.") from None
        return found


def _from_csv(text: TextIO, columns: Mapping[str, str]) -> Iterator[Row]:
    lines = _Lines(text)
    reader, names = _begun(lines)
    return _csv_rows(reader, lines, _places(names, columns))


def _begun(lines: _Lines) -> tuple[Iterator[list[str]], list[str]]:
    """A reader of the rows, and the names in the first of them."""
    first = next(lines, "")
    if not first:
        raise SheetError("The file is empty.")
    if "\0" in first:
        raise SheetError("The file is no text that Lou can read. Save it as CSV UTF-8.")
    delimiter = max(",;\t|", key=first.count)
    lines.again(kept=0)
    lines.begin()
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        names = next(reader)
    except csv.Error:
        lines.again()
        names = next(csv.reader([first], delimiter=delimiter), [])
    if lines.is_cut:
        raise SheetError(f"The first row is longer than {_LONGEST_LINE:,} characters.")
    return reader, [_LONE.sub("\ufffd", name).strip() for name in names]


def _csv_rows(
    reader: Iterator[list[str]], lines: _Lines, places: Mapping[str, int]
) -> Iterator[Row]:
    number = 1
    while True:
        number += 1
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as broken:
            question = "; is a quote in it not closed?" if len(lines.row) > 1 else ""
            lines.again()  # what an open quote took in are rows of their own
            yield Row(number, {}, f"cannot be read: {broken}{question}")
            continue
        if lines.is_cut:
            lines.again()
            yield Row(number, {}, f"is longer than {_LONGEST_LINE:,} characters")
        elif any(cells):
            yield _row(number, cells, places)


def _row(number: int, cells: list[str], places: Mapping[str, int]) -> Row:
    fields: dict[str, Any] = {
        field: unguarded(cells[place]) if place < len(cells) else ""
        for field, place in places.items()
    }
    if any(_LONE.search(cell) for cell in fields.values()):
        return Row(number, {}, "is not UTF-8; save the file as CSV UTF-8")
    fields["tags"] = [tag for tag in re.split(r"[,;]", fields.get("tags", "")) if tag.strip()]
    return Row(number, fields)


def _places(names: list[str], columns: Mapping[str, str]) -> dict[str, int]:
    unknown = [name for name in columns.values() if name not in names]
    if unknown:
        raise SheetError(f"There is no column {unknown[0][:40]!r}. {_there_are(names)}")
    chosen = {**understood(names), **columns}
    for field in ("url", "email"):
        if field not in chosen:
            raise SheetError(
                f"No column is called {field}, and the first row must name the columns. "
                f'{_there_are(names)} Say which one it is: columns {{"{field}": "..."}}.'
            )
    return {field: names.index(chosen[field]) for field in FIELDS if field in chosen}


def _there_are(names: list[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:30])
    return f"There are: {shown}." if shown else "The first row is empty."


def _from_json(text: TextIO, columns: Mapping[str, str]) -> Iterator[Row]:
    lines = _Lines(text)
    for number, found in enumerate(lines, 1):
        if lines.is_cut:
            yield Row(number, {}, f"is longer than {_LONGEST_LINE:,} characters")
        elif found.strip():
            yield _from_object(number, found, columns)
        lines.begin()


def _from_object(number: int, found: str, columns: Mapping[str, str]) -> Row:
    try:
        values = json.loads(found)
    except (ValueError, RecursionError) as broken:
        reason = "is nested too deeply" if isinstance(broken, RecursionError) else str(broken)[:80]
        return Row(number, {}, f"is no JSON: {reason}")
    if not isinstance(values, dict):
        return Row(number, {}, "is no JSON object")
    fields: dict[str, Any] = {}
    for field in FIELDS:
        value = values.get(columns.get(field, field))
        if value is None:
            continue
        if field == "tags" and isinstance(value, str):
            value = [tag for tag in re.split(r"[,;]", value) if tag.strip()]
        wanted = list if field == "tags" else str
        if not isinstance(value, wanted) or (
            field == "tags" and not all(isinstance(tag, str) for tag in value)
        ):
            return Row(number, {}, f"has a {field} that is no text")
        fields[field] = value
    if _LONE.search(json.dumps(fields, ensure_ascii=False)):
        return Row(number, {}, "contains characters that do not exist")
    return Row(number, {"url": "", "email": "", **fields})
