"""The text in the XML of office documents: in comes an element, out come its lines.

What a person does not see of it is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from servers.search.pages.office_archive import is_on

_PARAGRAPHS = frozenset({"p", "h"})
_ROWS = frozenset({"tr", "table-row"})
_CELLS = frozenset({"tc", "table-cell"})
_NOT_TOLD = (
    "script instrText delText annotation forms tracked-changes Fallback rPh hidden-text moveFrom "
    "hidden-paragraph notes rt del"
)
_UNSEEN = frozenset(_NOT_TOLD.split())
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "line-break": "\n", "s": " ", "noBreakHyphen": "-"}
_HEADING = re.compile(r"heading\s?([1-6])", re.IGNORECASE)


def local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _is_unseen(element: etree._Element) -> bool:
    """Whether it is no text of the document, or a shape that is set to be hidden."""
    if local(element) in _UNSEEN:
        return True
    for first in element:
        is_shape = local(first).startswith("nv")
        return is_shape and any(is_on(one, "hidden") for one in first.iter("{*}cNvPr"))
    return False


def words(root: etree._Element) -> str:
    """The paragraphs below `root`, and each row of a table as a line."""
    lines: list[str] = []
    for child in root:
        _tell(child, lines)
    return "\n".join(line for line in lines if line.strip())


def _tell(element: etree._Element, lines: list[str]) -> None:
    name = local(element)
    if name in _ROWS:
        cells = [" ".join(words_in(cell).split()) for cell in element if local(cell) in _CELLS]
        lines.append(f"| {' | '.join(cells)} |" if any(cells) else "")
    elif name in _PARAGRAPHS:
        inner = _blocks(element)
        lines.append(_heading(element) + words_in(element, apart=inner).strip())
        for one in inner:
            _tell(one, lines)
    elif not _is_unseen(element):
        for child in element:
            _tell(child, lines)


def _blocks(paragraph: etree._Element) -> list[etree._Element]:
    """The boxes, notes and tables in a paragraph: what has rows and paragraphs of its own."""
    found: list[etree._Element] = []
    stack = list(reversed(paragraph))
    while stack:
        one = stack.pop()
        if local(one) in _PARAGRAPHS | _ROWS:
            found.append(one)
        elif not _is_unseen(one):
            stack += reversed(one)
    return found


def _heading(element: etree._Element) -> str:
    if local(element) == "h":
        levels = [value for key, value in element.items() if key.endswith("outline-level")]
        return "#" * min(6, int(levels[0][:2]) if levels and levels[0].isdecimal() else 1) + " "
    mark = element.find("{*}pPr/{*}pStyle")
    style = "" if mark is None else next(iter(mark.attrib.values()), "")
    found = _HEADING.fullmatch(style)
    return "#" * int(found[1]) + " " if found else "# " if style == "Title" else ""


def words_in(element: etree._Element, apart: Sequence[etree._Element] = ()) -> str:
    """The text in `element`, without what is in the elements `apart`."""
    pieces: list[str] = []
    left_out = set(apart)
    stack: list[etree._Element | str] = [element]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            pieces.append(one)
        elif one not in left_out and not _is_unseen(one):
            name = local(one)
            pieces += [_SIGNS.get(name, " " if name in _PARAGRAPHS else ""), one.text or ""]
            for child in reversed(one):
                stack += [child.tail or "", child]
    return "".join(pieces)
