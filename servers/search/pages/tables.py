"""The tables of a page that hold data: cells come in, their rows as text or Markdown go out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from servers.search.pages.blocks import Block

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LAYOUT = ".//table | .//div[.//p] | .//ul | .//ol | .//p[2] | .//pre | .//h2 | .//h3"
_MOST_COLUMNS, _MOST_ROWS = 60, 1_000
"""How far cells reach at most, whatever they say."""


class DataTables:
    """The tables of a page that hold data and do not only arrange blocks."""

    def __init__(self) -> None:
        self._known: dict[HtmlElement, bool] = {}

    def table_of(self, block: Block) -> HtmlElement | None:
        table = nearest(block.element, "table")
        if table is None:
            return None
        if table not in self._known:
            self._known[table] = not table.xpath(f"boolean({_LAYOUT})")
        return table if self._known[table] else None


def nearest(element: HtmlElement, *tags: str) -> HtmlElement | None:
    """`element` or the first around it that is one of `tags`."""
    if element.tag in tags:
        return element
    return next(element.iterancestors(*tags), None)


def plain_rows(cells: list[Block]) -> str:
    """The `cells` of one table, a row a line."""
    rows = groupby(cells, key=lambda block: nearest(block.element, "tr"))
    return "\n".join(" ".join(block.text for block in row) for _, row in rows)


def marked_rows(table: HtmlElement, texts: list[tuple[HtmlElement, str]]) -> str:
    """The `texts` in elements of `table` in Markdown: first its caption, then rows with any."""
    grid = list(_grid(table))
    places = {cell for row in grid for cell in row} - {None}
    told: dict[HtmlElement | None, str] = {}
    beside = []
    for element, text in texts:
        cell = nearest(element, "td", "th")
        if cell in places:
            told[cell] = f"{told.get(cell, '')} {text}".strip()
        else:
            beside.append(text)
    rows = [[told.get(cell, "") for cell in row] for row in grid if not told.keys().isdisjoint(row)]
    if rows:  # a row below may be shorter than the first, but never longer
        width = max(map(len, rows))
        rows[:1] = [rows[0] + [""] * (width - len(rows[0])), ["---"] * width]
        beside.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
    return "\n\n".join(beside)


def _grid(table: HtmlElement) -> Iterator[list[HtmlElement | None]]:
    """The rows of `table`: in each place the cell that begins there, or `None` beside or below."""
    below: dict[int, int] = {}
    for row in table.iter("tr"):
        places: list[HtmlElement | None] = []
        reaching = dict(below)
        for cell in row.iterchildren("td", "th"):
            while below.get(len(places), 0) and len(places) < _MOST_COLUMNS:
                places.append(None)
            room = max(_MOST_COLUMNS - len(places), 1)
            wide = _span(cell, "colspan", room)
            high = _span(cell, "rowspan", _MOST_ROWS)
            reaching |= dict.fromkeys(range(len(places), len(places) + wide), high)
            places += [cell, *[None] * (wide - 1)]
        below = {column: left - 1 for column, left in reaching.items() if left > 1}
        yield places


def _span(cell: HtmlElement, name: str, most: int) -> int:
    """How many columns or rows `cell` spans by its attribute `name`; 0 rows are all that follow."""
    stated = (cell.get(name) or "").strip()
    if not stated.isdecimal() or len(stated) > 9:
        return 1
    return min(int(stated) or (most if name == "rowspan" else 1), most)
