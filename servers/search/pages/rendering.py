"""Chosen blocks of a page as text or as Markdown that keeps the shape of what they were."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from servers.search.pages.blocks import CODE_MARK, LINE_END, Block
from servers.search.pages.tables import DataTables, marked_rows, plain_rows

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_LANGUAGE = re.compile(
    r"\b(?:language|lang|highlight-source|highlight|brush:?)[-\s]([a-z][\w+#]{0,15})", re.IGNORECASE
)
_NO_LANGUAGE = frozenset({"source", "text", "plaintext", "none", "default", "notranslate", "code"})
_ANCHOR = re.compile(
    r"(?: ?[\u00b6\u00a7\U0001f517\u2693]| #)$|^[\u00b6\u00a7\U0001f517](?=[^\W\d])"
)
"""What a heading begins or ends with that links to itself."""
_FENCE = re.compile(r"^(?=```|~~~)", re.MULTILINE)
_TICKS = re.compile("`+")
_GAP = re.compile(r"\n{3,}")
_MOST_NESTING = 6


def rendered(blocks: list[Block], *, marked: bool) -> str:
    """The text of `blocks`, `marked` as Markdown or not at all."""
    return _Markdown().text(blocks) if marked else _plain(blocks)


def _plain(blocks: list[Block]) -> str:
    pieces = []
    for table, group in groupby(blocks, key=DataTables().table_of):
        if table is not None:
            pieces.append(plain_rows(list(group)))
        else:
            pieces += [block.code or _lines(block) for block in group]
    return "\n".join(pieces)


@dataclass(slots=True)
class _Place:
    """Where a part of the text stands: the quotes, items and definitions around it."""

    around: list[HtmlElement] = field(default_factory=list)
    begins: bool = False
    """Whether the innermost item or definition begins with it."""
    first: str = ""
    """What its first line begins with."""
    rest: list[str] = field(default_factory=list)
    """What each of those around puts before its further lines."""


class _Markdown:
    """Blocks one after the other; the cells of a table of data are put into its rows."""

    def __init__(self) -> None:
        self._widths: dict[HtmlElement, int] = {}
        """How far the text of each item that has begun is moved in."""
        self._numbers: dict[HtmlElement, int] = {}
        self._sections: dict[HtmlElement, bool] = {}

    def text(self, blocks: list[Block]) -> str:
        pieces: list[str] = []
        before, last = _Place(), ""
        for table, group in groupby(blocks, key=DataTables().table_of):
            for element, text in _parts(table, list(group)):
                place = self._place(element, is_termed=last in ("dt", "dd"))
                if pieces:
                    pieces.append(_between(before, place, is_term=last == "dt"))
                pieces.append(_moved_in(text, place))
                before, last = place, element.tag
        return "".join(pieces)

    def _place(self, element: HtmlElement, *, is_termed: bool) -> _Place:
        around = [one for one in (element, *element.iterancestors()) if self._moves_in(one)]
        place = _Place(around[_MOST_NESTING - 1 :: -1])
        innermost = next((one for one in around if one.tag != "blockquote"), None)
        for one in place.around:
            mark = "> " if one.tag == "blockquote" else " " * self._widths.get(one, 0)
            is_new = one is innermost and one not in self._widths
            if is_new:
                start = self._mark(one) if is_termed or one.tag == "li" else ""
                mark = " " * len(start)
                self._widths[one] = len(start)
                place.begins = bool(start)
                place.first += start
            else:
                place.first += mark
            place.rest.append(mark)
        return place

    def _moves_in(self, element: HtmlElement) -> bool:
        """Whether the text in `element` is moved in; an item with a heading is a section."""
        if element.tag == "li":
            if element not in self._sections:
                self._sections[element] = next(element.iter(*_HEADINGS), None) is not None
            return not self._sections[element]
        return element.tag in ("blockquote", "dd")

    def _mark(self, item: HtmlElement) -> str:
        if item.tag == "dd":
            return ": "
        parent = item.getparent()
        if parent is not None and parent.tag == "ol":
            return f"{self._number(item, parent)}. "
        box = next(item.iter("input", "ul", "ol"), None)
        if box is None or box.get("type") != "checkbox":
            return "- "
        return "- [ ] " if box.get("checked") is None else "- [x] "

    def _number(self, item: HtmlElement, parent: HtmlElement) -> int:
        """The number of `item` in the list `parent`, which is counted once."""
        if item not in self._numbers:
            number = _whole(parent.get("start"), 1) - 1
            for one in parent.iterchildren("li"):
                number = _whole(one.get("value"), number + 1)
                self._numbers[one] = number
        return self._numbers[item]


def _whole(stated: str | None, otherwise: int) -> int:
    return int(stated) if stated and stated.isdecimal() and len(stated) <= 9 else otherwise


def _parts(table: HtmlElement | None, blocks: list[Block]) -> list[tuple[HtmlElement, str]]:
    """The `blocks`, of a `table` of data or of none, each as Markdown with where it stands."""
    if table is None:
        return [(block.element, _as_markdown(block)) for block in blocks]
    cells = [(one.element, _in_one_line(one).replace("|", "\\|")) for one in blocks]
    return [(table, marked_rows(table, cells))]


def _as_markdown(block: Block) -> str:
    if block.code:
        longest = max(map(len, _TICKS.findall(block.code)), default=0)
        fence = "`" * max(3, longest + 1)
        return f"{fence}{_language(block.element)}\n{block.code}\n{fence}"
    for one in (block.element, *block.element.iterancestors()):
        if one.tag in _HEADINGS:
            return f"{_HEADINGS[one.tag]} {_ANCHOR.sub('', _in_one_line(block))}"
    return _FENCE.sub(r"\\", _lines(block, "`"))


def _in_one_line(block: Block) -> str:
    return " ".join(_lines(block, "`").split())


def _lines(block: Block, tick: str = "") -> str:
    """The text of `block` with its lines apart, and with a `tick` on both sides of code in it."""
    if not block.shape:
        return block.text
    pieces = block.shape.split(CODE_MARK)
    if tick and len(pieces) % 2:
        pieces[1::2] = [_ticked(one, tick) for one in pieces[1::2]]
    lines = "".join(pieces).split(LINE_END)
    return _GAP.sub("\n\n", "\n".join(" ".join(line.split()) for line in lines)).strip()


def _ticked(code: str, tick: str) -> str:
    inner = code.strip()
    if not inner or tick in inner or LINE_END in inner:
        return code
    return code.replace(inner, f"{tick}{inner}{tick}")


def _between(before: _Place, place: _Place, *, is_term: bool) -> str:
    """What stands between two parts: a line end within a list, otherwise an empty line."""
    if place.begins and (is_term or _in_one_list(before.around, place.around)):
        return "\n"
    quoted = 0
    for at, (one, other) in enumerate(zip(before.around, place.around, strict=False), 1):
        if one is not other:
            break
        if one.tag == "blockquote":
            quoted = at
    return f"\n{''.join(place.rest[:quoted]).rstrip()}\n"


def _in_one_list(around: list[HtmlElement], others: list[HtmlElement]) -> bool:
    lists = [
        next((one.getparent() for one in several if one.tag != "blockquote"), None)
        for several in (around, others)
    ]
    return lists[0] is not None and lists[0] is lists[1]


def _moved_in(text: str, place: _Place) -> str:
    """`text` with what stands before its lines."""
    first, *further = text.split("\n")
    rest = "".join(place.rest)
    lines = [f"{rest}{line}" if line else rest.rstrip() for line in further]
    return "\n".join([f"{place.first}{first}", *lines])


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
