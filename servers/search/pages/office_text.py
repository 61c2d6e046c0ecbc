"""The text in the XML of office documents and books: in comes an element, out come its lines.

What a person does not see of it is left out.
"""

from __future__ import annotations

import re

from lxml import etree

_PARAGRAPHS = frozenset({"p", "h", "h1", "h2", "h3", "h4", "h5", "h6", "li", "title", "div"})
_ROWS = frozenset({"tr", "table-row"})
_CELLS = frozenset({"tc", "table-cell", "td", "th"})
_NOT_TOLD = (
    "script style head instrText delText annotation forms tracked-changes Fallback rPh hidden-text "
    "hidden-paragraph"
)
_UNSEEN = frozenset(_NOT_TOLD.split())


def local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def shown(root: etree._Element) -> etree._Element:
    """An OpenDocument without what its styles hide."""
    hiding = {
        name
        for style in root.iter("{*}style")
        for key, name in style.items()
        if key.endswith("}name") and any(_says(one, "display", "none", "false") for one in style)
    }
    for element in list(root.iter()) if hiding else []:
        named = {value for key, value in element.items() if key.endswith("}style-name")}
        parent = element.getparent()
        if named & hiding and parent is not None:
            element.clear(keep_tail=True)
    return root


def _says(element: etree._Element, name: str, *values: str) -> bool:
    """Whether its attribute of this name, in any namespace, has one of these values."""
    return any(key.endswith(f"}}{name}") and value in values for key, value in element.items())


def _is_unseen(element: etree._Element) -> bool:
    """Whether it is no text of the document, or is set to be hidden."""
    if local(element) in _UNSEEN:
        return True
    for child in element:
        match local(child):
            case "rPr":
                marks = child.iterchildren("{*}vanish")
                return any(not _says(mark, "val", "0", "false", "off") for mark in marks)
            case "nvSpPr" | "nvPicPr" | "nvGrpSpPr" | "nvGraphicFramePr":
                return any(one.get("hidden") in {"1", "true"} for one in child.iter("{*}cNvPr"))
            case _:
                return False
    return False


def words(root: etree._Element) -> str:
    """The paragraphs below `root`, and each row of a table as a line."""
    lines: list[str] = []
    _gather(root, lines)
    return "\n".join(line for line in lines if line.strip())


def _gather(element: etree._Element, lines: list[str]) -> None:
    for child in element:
        name = local(child)
        if name in _ROWS:
            cells = [" ".join(words_in(cell).split()) for cell in child if local(cell) in _CELLS]
            lines.append(f"| {' | '.join(cells)} |" if any(cells) else "")
        elif name in _PARAGRAPHS and not any(
            local(one) in _ROWS or (one is not child and local(one) in _PARAGRAPHS)
            for one in child.iter()
        ):
            lines.append(_heading(child) + words_in(child).strip())
        elif not _is_unseen(child):
            _gather(child, lines)


def _heading(element: etree._Element) -> str:
    name = local(element)
    if re.fullmatch(r"h[1-6]", name):
        return "#" * int(name[1]) + " "
    if name == "h":
        levels = [value for key, value in element.items() if key.endswith("outline-level")]
        return "#" * min(6, int(levels[0][:2]) if levels and levels[0].isdecimal() else 1) + " "
    styles = [one for one in element.iter() if local(one) == "pStyle"]
    style = next(iter(styles[0].attrib.values()), "") if styles else ""
    found = re.fullmatch(r"(?:heading|Heading)\s?([1-6])", style)
    return "#" * int(found[1]) + " " if found else "# " if style == "Title" else ""


def words_in(element: etree._Element) -> str:
    pieces: list[str] = []
    stack: list[etree._Element | str] = [element]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            pieces.append(one)
            continue
        if _is_unseen(one):
            continue
        name = local(one)
        pieces.append({"tab": "\t", "br": "\n", "line-break": "\n", "s": " "}.get(name, ""))
        if name in _PARAGRAPHS and pieces:
            pieces.append(" ")
        pieces.append(one.text or "")
        for child in reversed(one):
            stack += [child.tail or "", child]
    return "".join(pieces)
