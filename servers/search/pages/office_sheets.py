"""The sheets of a workbook as a person sees them: each row a line, each number in its format.

Hidden sheets, rows and columns stay out, and so do cells in white, of no size, or without format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from lxml import etree

from servers.search.pages import cell_format
from servers.search.pages.colors import BLACK, WHITE, Color, alike
from servers.search.pages.office_archive import OfficeFile, Part, id_of, is_on
from servers.search.pages.office_hiding import SMALLEST, color_of, drop_unseen_runs
from servers.search.pages.office_text import words_in

_MOST_GAP = 50
"""Empty cells in a row that are told."""
_COLUMN = re.compile(r"[A-Z]+")
_WHITE_THEME, _WHITE_NUMBERS = "0", {"1", "9"}


@dataclass(frozen=True, slots=True)
class CellStyle:
    """The format of a cell, whether its letters are too small, their colour and what is behind."""

    code: str = ""
    is_small: bool = False
    ink: Color | None = BLACK
    ground: Color | None = WHITE

    @property
    def blends(self) -> bool:
        """Whether its letters are known to have the colour of what is behind them."""
        return self.ink is not None and self.ground is not None and alike(self.ink, self.ground)


@dataclass(frozen=True, slots=True)
class SharedCells:
    """What the cells of a workbook refer to: texts, styles, the day 0."""

    texts: list[str]
    styles: list[CellStyle]
    since: datetime


def sheets(file: OfficeFile, main: str, root: etree._Element) -> list[Part]:
    """A reader for each sheet that is shown."""
    targets = file.targets(main)
    by_kind = dict(targets.values())
    strings = file.optional(by_kind.get("sharedStrings", "xl/sharedStrings.xml"))
    texts = [_text(one) for one in strings.iterchildren("{*}si")]
    has_1904 = any(is_on(one, "date1904") for one in root.iter("{*}workbookPr"))
    since = datetime(1904, 1, 1) if has_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet has no zone
    shared = SharedCells(
        texts, _styles(file.optional(by_kind.get("styles", "xl/styles.xml"))), since
    )
    made: list[Part] = []
    for number, sheet in enumerate(root.iter("{*}sheet"), 1):
        usual = ("", f"xl/worksheets/sheet{number}.xml")
        name = targets.get(id_of(sheet), usual)[1]
        if name in file.names and sheet.get("state", "visible") == "visible":
            made.append(partial(_sheet, file, name, sheet.get("name", ""), shared))
    return made


def _text(element: etree._Element) -> str:
    """A text without its runs that nobody sees."""
    drop_unseen_runs(element)
    return words_in(element)


def _styles(root: etree._Element) -> list[CellStyle]:
    """How the cells of each style look."""
    own = {one.get("numFmtId", ""): one.get("formatCode", "") for one in root.iter("{*}numFmt")}
    fonts = root.findall("{*}fonts/*")
    fills = [_ground(fill) for fill in root.iterfind("{*}fills/*")]
    return [_style(one, own, fonts, fills) for one in root.iterfind("{*}cellXfs/*")]


def _style(
    style: etree._Element,
    own: dict[str, str],
    fonts: list[etree._Element],
    fills: list[Color | None],
) -> CellStyle:
    number, fill = _number(style, "fontId"), _number(style, "fillId")
    font = fonts[number] if number < len(fonts) else style
    color = font.find("{*}color")
    return CellStyle(
        cell_format.code_of(style.get("numFmtId", ""), own),
        any(float(one.get("val", "11")) < SMALLEST for one in font.iterchildren("{*}sz")),
        BLACK if color is None else _color(color),
        fills[fill] if fill < len(fills) else WHITE,
    )


def _number(element: etree._Element, name: str) -> int:
    value = element.get(name, "0")
    return int(value) if value.isdecimal() else 0


def _color(mark: etree._Element) -> Color | None:
    """The colour that a mark names; None where a theme or a table has to be asked."""
    if mark.get("tint"):
        return None
    if mark.get("theme") == _WHITE_THEME or mark.get("indexed") in _WHITE_NUMBERS:
        return WHITE
    return color_of(mark.get("rgb", ""))


def _ground(fill: etree._Element) -> Color | None:
    pattern = fill.find("{*}patternFill")
    if pattern is None:
        return None
    if pattern.get("patternType", "none") == "none":
        return WHITE
    color = pattern.find("{*}fgColor")
    return None if color is None or pattern.get("patternType") != "solid" else _color(color)


def _sheet(file: OfficeFile, name: str, title: str, shared: SharedCells) -> str:
    root = file.xml(name)
    # a table, or a rule, may colour what is behind a cell
    is_colored = next(root.iter("{*}tablePart", "{*}cfRule"), None) is not None
    hidden = [
        range(_number(one, "min"), _number(one, "max") + 1)
        for one in root.iter("{*}col")
        if is_on(one, "hidden") or 0 <= float(one.get("width", "9")) < SMALLEST / 10
    ]
    lines = [title] if title else []
    for row in root.iter("{*}row"):
        if is_on(row, "hidden") or 0 <= float(row.get("ht", "15")) < SMALLEST:
            continue
        cells: list[str] = []
        at = 0
        for cell in row.iterchildren("{*}c"):
            before, at = at, _column(cell) or at + 1
            if any(at in one for one in hidden):
                continue
            cells += [""] * min(_MOST_GAP, max(0, at - before - 1))
            cells.append(_cell(cell, shared, is_colored=is_colored))
        if any(cells):
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _column(cell: etree._Element) -> int:
    found = _COLUMN.match(cell.get("r", ""))
    number = 0
    for letter in found.group()[:3] if found else "":
        number = number * 26 + ord(letter) - 64
    return number


def _cell(cell: etree._Element, shared: SharedCells, *, is_colored: bool) -> str:
    kind, place = cell.get("t", "n"), _number(cell, "s")
    style = shared.styles[place] if place < len(shared.styles) else CellStyle()
    if style.is_small or (style.blends and not is_colored):
        return ""
    value = next((one.text or "" for one in cell.iterchildren("{*}v")), "")
    inline = next(cell.iterchildren("{*}is"), None)
    if kind == "n" and inline is None:
        value = cell_format.shown(value, style.code, shared.since) if value else ""
    elif kind == "b":
        value = {"1": "TRUE", "0": "FALSE"}.get(value, value)
    elif cell_format.hides_text(style.code):
        return ""
    elif inline is not None:
        value = _text(inline)
    elif kind == "s" and value.isdecimal() and float(value) < len(shared.texts):
        value = shared.texts[int(value)]
    return " ".join(value.split())
