"""Chosen blocks of a page as text or as Markdown that keeps the shape of what they were."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from servers.search.pages.blocks import Block

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_LANGUAGE = re.compile(
    r"\b(?:language|lang|highlight-source|highlight|brush:?)[-\s]([a-z][\w+#]{0,15})", re.IGNORECASE
)
_NO_LANGUAGE = frozenset({"source", "text", "plaintext", "none", "default", "notranslate", "code"})
_LAYOUT = ".//table | .//div[.//p] | .//ul | .//ol | .//p[2] | .//pre | .//h2 | .//h3"
_MOST_NESTING = 6


def rendered(blocks: list[Block], *, marked: bool) -> str:
    """The text of `blocks`, `marked` as Markdown or not at all."""
    return _Rendering(marked=marked).text(blocks)


@dataclass(slots=True)
class _Place:
    """What is around a block."""

    heading: str = ""
    item: HtmlElement | None = None
    ordered: bool = False
    depth: int = 0
    quoted: bool = False


class DataTables:
    """The tables of a page that hold data and do not only arrange blocks."""

    def __init__(self) -> None:
        self._known: dict[HtmlElement, bool] = {}

    def table_of(self, block: Block) -> HtmlElement | None:
        table = _nearest(block.element, "table")
        if table is None:
            return None
        if table not in self._known:
            self._known[table] = not table.xpath(f"boolean({_LAYOUT})")
        return table if self._known[table] else None


class _Rendering:
    """Blocks one after the other; the cells of a table of data are put into its rows."""

    def __init__(self, *, marked: bool) -> None:
        self._marked = marked
        self._tables = DataTables()
        self._begun: set[HtmlElement] = set()
        self._numbers: dict[HtmlElement, int] = {}

    def text(self, blocks: list[Block]) -> str:
        pieces: list[str] = []
        before = ""
        for table, group in groupby(blocks, key=self._tables.table_of):
            if table is not None:
                parts = [("table", self._rows(list(group)))]
            else:
                parts = [self._part(block) for block in group]
            for kind, text in parts:
                close = kind == before == "item" or not self._marked
                pieces += ["" if not pieces else "\n" if close else "\n\n", text]
                before = kind
        return "".join(pieces)

    def _part(self, block: Block) -> tuple[str, str]:
        if not self._marked:
            return "", block.code or block.text
        place = _place(block.element)
        kind, text = "", block.text
        if block.code:
            kind, text = "code", f"```{_language(block.element)}\n{block.code}\n```"
        elif place.heading:
            kind, text = "heading", f"{place.heading} {text}"
        elif place.item is not None:
            kind, text = "item", self._item(text, place.item, place)
        if place.quoted:
            text = "\n".join(f"> {line}" for line in text.splitlines())
        return kind, text

    def _item(self, text: str, item: HtmlElement, place: _Place) -> str:
        margin = "  " * min(max(place.depth - 1, 0), _MOST_NESTING)
        if item in self._begun:
            return f"{margin}  {text}"
        self._begun.add(item)
        return f"{margin}{f'{self._number(item)}.' if place.ordered else '-'} {text}"

    def _number(self, item: HtmlElement) -> int:
        """The place of `item` in its list; a list is counted once."""
        if item not in self._numbers:
            parent = item.getparent()
            items = [item] if parent is None else parent.iterchildren("li")
            self._numbers.update((one, at) for at, one in enumerate(items, 1))
        return self._numbers[item]

    def _rows(self, cells: list[Block]) -> str:
        lines: list[str] = []
        headed = False
        for row, group in groupby(cells, key=lambda block: _nearest(block.element, "tr")):
            several = list(group)
            if row is None or not self._marked:
                lines.append(" ".join(block.text for block in several))
                continue
            texts = dict.fromkeys(row.iter("td", "th"), "")
            for block in several:
                cell = _nearest(block.element, "td", "th")
                texts[cell] = f"{texts.get(cell, '')} {block.text}".strip()
            lines.append(f"| {' | '.join(texts.values())} |")
            if not headed:
                lines.append("|" + " --- |" * len(texts))
                headed = True
        return "\n".join(lines)


def _place(element: HtmlElement) -> _Place:
    place = _Place()
    for one in (element, *element.iterancestors()):
        tag = one.tag
        if tag in _HEADINGS:
            place.heading = place.heading or _HEADINGS[tag]
        elif tag == "li":
            place.item = one if place.item is None else place.item
        elif tag in ("ul", "ol", "menu") and place.item is not None:
            place.ordered = place.ordered or (place.depth == 0 and tag == "ol")
            place.depth += 1
        elif tag == "blockquote":
            place.quoted = True
    return place


def _nearest(element: HtmlElement, *tags: str) -> HtmlElement | None:
    if element.tag in tags:
        return element
    return next(element.iterancestors(*tags), None)


def _language(element: HtmlElement) -> str:
    """The language that the page names for a block of code; empty when it names none."""
    near = [element, *element.iter("code"), *list(element.iterancestors())[:3]]
    for one in near:
        names = f"{one.get('class') or ''} {one.get('data-lang') or ''}"
        named = one.get("data-lang") or one.get("data-language")
        found = _LANGUAGE.search(names)
        name = named or (found[1] if found else "")
        if name and name.lower() not in _NO_LANGUAGE and re.fullmatch(r"[\w+#-]{1,16}", name):
            return name.lower()
    return ""
