"""Reads and writes CSV and JSON Lines row by row. A bad row becomes a Row with a fault.

Rows are numbered from 1, the row of column names included. A written cell never starts
a formula in a spreadsheet.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Literal, TextIO

from servers.tracker.entry import DRAFT_FIELDS
from servers.tracker.transfer import cells, columns, headers, text_file
from servers.tracker.transfer.columns import Choice, ColumnMap
from servers.tracker.transfer.leads import LeadReader
from servers.tracker.transfer.text_file import LeadFileError

Format = Literal["csv", "jsonl"]
WRITTEN: Final = ("id", *DRAFT_FIELDS, "created", "changed")
_LONGEST_LINE = 1 << 20
JUDGED_ROWS = 300
"""Rows from which the delimiter, the row of names and the columns are detected."""
_MOST_ABOVE = 40
"""Rows in which the names of the columns are looked for."""
_MOST_COLUMNS = 1_000
_DELIMITERS = ",;\t|"
_SUFFIXES: Mapping[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_SEP_LINE = re.compile(r"\ufeff?\"?sep=([^\"\r\n])\"?[,;\t|]*\r?\n?", re.IGNORECASE)
_LONE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a row: its fields, or its fault. A row may make several."""

    number: int
    fields: Mapping[str, Any]
    fault: str = ""
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeadFile:
    """An open file with its columns chosen; `samples` are its first rows."""

    choice: Choice
    rows: Iterator[Row]
    samples: Sequence[Sequence[str]]
    doubts: tuple[str, ...]
    text: TextIO


@dataclass(frozen=True, slots=True)
class _Record:
    """The cells of one row; with a fault, the cells that its first line has."""

    number: int
    cells: list[str]
    fault: str = ""


def format_of(name: str) -> Format:
    """The format by the ending of a file name; raises LeadFileError if it stands for none."""
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    if suffix not in _SUFFIXES:
        kind = text_file.kind_by_name(name)
        raise LeadFileError(kind or "The file name must end in .csv, .tsv, .jsonl or .ndjson.")
    return _SUFFIXES[suffix]


def opened(
    handle: BinaryIO, kind: Format, column_map: ColumnMap | None = None, ignored: Sequence[str] = ()
) -> LeadFile:
    """The file in `handle`; `column_map` names the columns of fields that Lou is not to choose.

    Raises:
        LeadFileError: it cannot be read, or there is no column for the page or the e-mail address.
    """
    found = preview(handle, kind, column_map, ignored)
    if found.choice.fault:
        raise LeadFileError(found.choice.fault)
    return found


def preview(
    handle: BinaryIO, kind: Format, column_map: ColumnMap | None = None, ignored: Sequence[str] = ()
) -> LeadFile:
    """The file, even if a needed column was not found; raises LeadFileError if unreadable."""
    found = text_file.opened(handle)
    try:
        make = _csv_file if kind == "csv" else _json_file
        return make(found.stream, found.doubt, column_map or {}, ignored)
    except UnicodeError:
        raise LeadFileError("The file is not valid UTF-16. Save it as UTF-8.") from None


def header() -> str:
    """The first line of a written CSV file."""
    return _line(WRITTEN)


def line(kind: Format, values: Mapping[str, Any]) -> str:
    if kind == "jsonl":
        return json.dumps({name: values[name] for name in WRITTEN}, ensure_ascii=False) + "\n"
    written = (values[name] for name in WRITTEN)
    return _line(", ".join(cell) if isinstance(cell, list) else str(cell) for cell in written)


def _line(written: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([cells.guarded(cell) for cell in written])
    return out.getvalue()


class _Lines:
    """The lines of `text`, cut at the limit. The lines of one row can be read again."""

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
        self.row.clear()
        self.is_cut = False

    def again(self) -> None:
        """Read the row again but for its first line."""
        self._again += reversed(self.row[1:])

    def _read(self) -> str:
        try:
            found = more = self._text.readline(_LONGEST_LINE)
            while len(more) >= _LONGEST_LINE and not more.endswith(("\n", "\r")):
                more = self._text.readline(_LONGEST_LINE)
        except UnicodeError:
            raise LeadFileError("The file is not valid UTF-16. Save it as UTF-8.") from None
        return found


def _records(text: TextIO, delimiter: str) -> Iterator[_Record]:
    """The filled rows of a CSV text. After an unclosed quote, its lines are read again as rows."""
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    for number in itertools.count(1):
        lines.begin()
        try:
            found = next(reader)
        except StopIteration:
            return
        except csv.Error as broken:
            question = ""
            if len(lines.row) > 1:
                question = "; is a quote in it not closed?"
                lines.again()
            first = lines.row[0].rstrip("\r\n").split(delimiter) if lines.row else []
            yield _Record(number, first, f"cannot be read: {broken}{question}")
            continue
        if lines.is_cut:
            lines.again()
            yield _Record(number, [], f"is longer than {_LONGEST_LINE:,} characters")
        elif any(found):
            yield _Record(number, found)


def _csv_file(text: TextIO, doubt: str, column_map: ColumnMap, ignored: Sequence[str]) -> LeadFile:
    head = text.read(_LONGEST_LINE)
    is_whole = len(head) < _LONGEST_LINE
    if not head.strip("\ufeff\r\n \x00"):
        raise LeadFileError("The file is empty.")
    if "\0" in head[:4096]:
        raise LeadFileError("The file is no text that Lou can read. Save it as CSV UTF-8.")
    sep = _SEP_LINE.match(head)
    skipped = sep.end() if sep else 0
    body = head[skipped:] if is_whole else head[skipped : 1 + _last_break(head)]
    wanted = frozenset(name for names in column_map.values() for name in names)
    delimiter = sep[1] if sep else max(_DELIMITERS, key=lambda one: _fitness(body, one, wanted))
    first = list(itertools.islice(_records(io.StringIO(body, newline=""), delimiter), JUDGED_ROWS))
    if not first:
        raise LeadFileError("The file has no row with anything in it.")
    place = _header_place(first, wanted)
    has_names = place >= 0
    names = _names(first[place].cells) if has_names else _column_numbers(first)
    _refuse_many(len(names))
    samples = [one.cells for one in first[place + 1 :] if not one.fault]
    choice = columns.choose(
        names, [[*map(cells.unguarded, row)] for row in samples], column_map, ignored
    )
    doubts = (*_file_doubts(first, place, doubt), *choice.doubts)
    rows = _csv_rows(
        _from(text, skipped), delimiter, first[place].number if has_names else 0, choice
    )
    return LeadFile(choice, rows, samples, doubts, text)


def _refuse_many(count: int) -> None:
    if count > _MOST_COLUMNS:
        raise LeadFileError(f"The file has {count:,} columns; Lou reads up to {_MOST_COLUMNS:,}.")


def _last_break(head: str) -> int:
    found = max(head.rfind("\n"), head.rfind("\r"))
    if found < 0:
        raise LeadFileError(f"The first row is longer than {_LONGEST_LINE:,} characters.")
    return found


def _from(text: TextIO, skipped: int) -> TextIO:
    """`text` from its start again, without its first characters."""
    text.seek(0)
    text.read(skipped)
    return text


def _fitness(body: str, delimiter: str, wanted: frozenset[str]) -> tuple[int, float, int]:
    """How well `delimiter` splits the first rows: known names, equal widths, many columns."""
    found = [
        one.cells
        for one in itertools.islice(_records(io.StringIO(body, newline=""), delimiter), _MOST_ABOVE)
        if not one.fault
    ]
    known = max((_known(row, wanted) for row in found), default=0)
    widths = [len(row) for row in found if len(row) > 1]
    width = max(set(widths), key=lambda one: (widths.count(one), one), default=1)
    return known, widths.count(width) / max(1, len(found)), width


def _known(row: Sequence[str], wanted: frozenset[str]) -> int:
    """How many cells of `row` are names of columns; none when it holds an address."""
    if any("@" in cell and cells.holds_addresses(cell) for cell in row[:200]):
        return 0
    found = [cell.strip() for cell in row[:1000]]
    return sum(name in wanted or (0 < len(name) < 80 and headers.is_known(name)) for name in found)


def _header_place(first: Sequence[_Record], wanted: frozenset[str]) -> int:
    """Which of the first rows names the columns; -1 when none does."""
    if first[0].fault.startswith("is longer"):
        raise LeadFileError(f"The first row {first[0].fault}.")
    known = [_known(one.cells, wanted) for one in first[:_MOST_ABOVE]]
    data = (place for place, one in enumerate(first) if any(map(cells.is_data, one.cells)))
    above = max(known[: next(data, len(known))], default=0)
    if best := above if above > 1 else max(known):
        return known.index(best)
    return -1 if any(map(cells.is_data, first[0].cells)) else 0


def _names(found: Sequence[str]) -> list[str]:
    """The names of the columns, each once: a later one of the same name has a number.

    A spreadsheet saves empty cells by the thousand: they are no columns.
    """
    filled = max((place for place, cell in enumerate(found, 1) if cell.strip()), default=0)
    names: list[str] = []
    seen: dict[str, int] = {}
    for number, cell in enumerate(found[: max(filled, _MOST_COLUMNS)], 1):
        name = _LONE.sub("\ufffd", cell).removeprefix("\ufeff").strip().strip('"')
        name = name or f"Column {number}"
        seen[name] = seen.get(name, 0) + 1
        names.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return names


def _column_numbers(first: Sequence[_Record]) -> list[str]:
    width = max((len(one.cells) for one in first), default=0)
    return [f"Column {number}" for number in range(1, width + 1)]


def _file_doubts(first: Sequence[_Record], place: int, doubt: str) -> list[str]:
    found = [doubt] if doubt else []
    if place < 0:
        found.append("The file has no header: its columns are told by what their cells hold.")
    elif place > 0:
        number = first[place].number
        found.append(f"The columns are named in row {number}; what stands above was not read.")
    return found


def _csv_rows(text: TextIO, delimiter: str, header: int, choice: Choice) -> Iterator[Row]:
    reader = LeadReader(choice)
    for record in _records(text, delimiter):
        if record.number <= header:
            continue
        width = len(choice.names)
        if record.fault:
            yield Row(record.number, {}, record.fault)
        elif any(map(str.strip, record.cells[width:])):
            yield Row(record.number, {}, f"has more than {width} cells; is a quote missing in it?")
        else:
            yield from _entries(record.number, [*map(cells.unguarded, record.cells)], reader)


def _entries(number: int, row: Sequence[str], reader: LeadReader) -> Iterator[Row]:
    if any(not cell.isascii() and _LONE.search(cell) for cell in reader.used(row)):
        yield Row(number, {}, "is not UTF-8; save the file as CSV UTF-8")
        return
    found, doubts = reader.read(row)
    for place, fields in enumerate(found):
        yield Row(number, fields, doubts=() if place else tuple(doubts))


def _json_file(text: TextIO, doubt: str, column_map: ColumnMap, ignored: Sequence[str]) -> LeadFile:
    first = [
        value for _, value, fault in itertools.islice(_objects(text), JUDGED_ROWS) if not fault
    ]
    names = list(dict.fromkeys(name for one in first for name in one))
    _refuse_many(len(names))
    samples = [[_json_cell(one.get(name)) or "" for name in names] for one in first]
    if not names and not column_map:
        names = ["url", "email"]
    choice = columns.choose(names, samples, column_map, ignored)
    doubts = (*([doubt] if doubt else []), *choice.doubts)
    return LeadFile(choice, _json_rows(_from(text, 0), choice), samples, doubts, text)


def _objects(text: TextIO) -> Iterator[tuple[int, dict[str, Any], str]]:
    lines = _Lines(text)
    for number, found in enumerate(lines, 1):
        if lines.is_cut:
            yield number, {}, f"is longer than {_LONGEST_LINE:,} characters"
        elif found.strip():
            yield number, *_object(found)
        lines.begin()


def _object(found: str) -> tuple[dict[str, Any], str]:
    try:
        values = json.loads(found, object_pairs_hook=_object_of)
    except (ValueError, RecursionError) as broken:
        reason = "is nested too deeply" if isinstance(broken, RecursionError) else str(broken)[:80]
        return {}, f"is no JSON: {reason}"
    return (values, "") if isinstance(values, dict) else ({}, "is no JSON object")


def _object_of(members: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(members)
    if len(values) < len(members):
        raise ValueError("a name is there twice")
    return values


def _json_rows(text: TextIO, choice: Choice) -> Iterator[Row]:
    reader = LeadReader(choice)
    used = {choice.names[place]: one for one, places in choice.fields.items() for place in places}
    for number, values, fault in _objects(text):
        found = {name: _json_cell(values.get(name)) for name in choice.names}
        strange = next((one for name, one in used.items() if found[name] is None), "")
        row = [cell or "" for cell in found.values()]
        if fault or strange:
            yield Row(number, {}, fault or f"has a {strange} that is no text")
        elif any(map(_LONE.search, reader.used(row))):
            yield Row(number, {}, "contains characters that do not exist")
        else:
            yield from _entries(number, row, reader)


def _json_cell(value: Any) -> str | None:
    """A JSON value as the text of a cell; None when it is not one."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    return value if isinstance(value, str) else None
