"""What an office document holds that a person does not see of it, taken out of its XML.

Hidden by a mark or by its style, of nearly no size, off its slide, or white where nothing colours
what is behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lxml import etree

from servers.search.pages import colors
from servers.search.pages.colors import WHITE, Color, alike
from servers.search.pages.office_text import local

SMALLEST = 1.5
"""Points."""
_NARROWEST, _CLEAREST = 5, 5_000
"""Hundredths of the usual width, and of a thousandth of a colour."""
_NO = frozenset({"0", "false", "off", "none"})
_PLAIN = frozenset({"", "clear", "nil"})
"""Shadings without a pattern."""
_BEHIND = ("{*}tblPr/{*}tblStyle", "{*}tblPr/{*}shd", "{*}tcPr/{*}shd", "{*}pPr/{*}shd")
_COLORED = frozenset({"txbxContent", "txbx", "table-cell", "frame", "custom-shape"})
"""What may have a colour of its own."""


def color_of(text: str) -> Color | None:
    """The colour of the last six digits of `text`; None where they are none."""
    return colors.color_of(f"#{text[-6:].lower()}")


def drop_unseen_runs(root: etree._Element, styles: etree._Element | None = None) -> None:
    """Take the runs out of a Word text, or of a cell, that nobody sees."""
    known = {} if styles is None else _looks(styles)
    has_background = next(root.iter("{*}background"), None) is not None
    for run in list(root.iter("{*}r")):
        paragraph = next(run.iterancestors("{*}p"), run)
        look = dict(known.get("", {}))
        for name in (*paragraph.iterfind("{*}pPr/{*}pStyle"), *run.iterfind("{*}rPr/{*}rStyle")):
            look |= known.get(_value(name), {})
        look |= _look(run.iterfind("{*}rPr/*"))
        ink, behind = look.get("ink"), None if has_background else _behind(run, look)
        blends = ink is not None and behind is not None and alike(ink, behind)
        if look.get("is_hidden") or look.get("is_small") or blends:
            _remove(run)
    for row in list(root.iter("{*}tr")):
        if row.find("{*}trPr/{*}hidden") is not None:
            _remove(row)


def _looks(styles: etree._Element) -> dict[str, dict[str, Any]]:
    """How text of each style looks, with what its style is based on; that of no name is usual."""
    found = {_own(one, "styleId"): one for one in styles.iterchildren("{*}style")}

    def look(style: etree._Element, depth: int) -> dict[str, Any]:
        base = style.find("{*}basedOn")
        under = found.get(_value(base)) if base is not None else None
        told = {} if under is None or depth > 10 else look(under, depth + 1)
        return told | _look(style.iterfind("{*}rPr/*")) | _look(style.iterfind("{*}pPr/{*}shd"))

    made = {name: look(style, 0) for name, style in found.items()}
    for name, style in found.items():
        if _own(style, "type") == "paragraph" and _own(style, "default") in {"1", "true"}:
            made.setdefault("", made[name])
    return made


def _look(marks: Iterable[etree._Element]) -> dict[str, Any]:
    """What the marks of a run say of whether it is seen."""
    look: dict[str, Any] = {}
    for mark in marks:
        value = _value(mark)
        match local(mark):
            case "vanish":
                look["is_hidden"] = value not in _NO
            case "color":
                look["ink"] = color_of(value or mark.get("rgb", ""))
            case "sz" if value.replace(".", "", 1).isdecimal():
                is_half = mark.get("val") is None  # Word counts in half points
                look["is_small"] = float(value) / (2 if is_half else 1) < SMALLEST
            case "w" if value.isdecimal():
                look["is_small"] = int(value) < _NARROWEST
            case "highlight" if value not in _NO:
                look["ground"] = None
            case "shd" if _is_shaded(mark):
                look["ground"] = _ground(mark)
    return look


def _is_shaded(mark: etree._Element) -> bool:
    return _value(mark) not in _PLAIN or _own(mark, "fill") not in {"", "auto"}


def _ground(mark: etree._Element) -> Color | None:
    """The colour of a shading; None where it takes more than a look."""
    return color_of(_own(mark, "fill")) if _value(mark) in _PLAIN else None


def _behind(run: etree._Element, look: dict[str, Any]) -> Color | None:
    """The colour that a run stands on; None where nobody can say."""
    if "ground" in look:
        return look["ground"]  # type: ignore[no-any-return]
    for holder in run.iterancestors():
        if local(holder) in _COLORED:
            return None
        for mark in (one for path in _BEHIND for one in holder.iterfind(path)):
            if mark.tag.endswith("tblStyle"):
                return None
            if _is_shaded(mark):
                return _ground(mark)
    return WHITE


def _value(mark: etree._Element) -> str:
    return _own(mark, "val")


def _own(element: etree._Element, name: str) -> str:
    """Its attribute of this name in its own namespace, or in none."""
    space = str(element.tag).rpartition("}")[0]
    return str(element.get(f"{space}}}{name}" if space else name) or element.get(name, ""))


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        element.clear(keep_tail=True)
        element.tag = "gone"


def drop_unseen_shapes(slide: etree._Element, size: etree._Element | None) -> None:
    """Take the shapes out of a `slide` that lie off it, and text of nearly no size."""
    wide, high = (float(size.get(name, "0")) if size is not None else 0.0 for name in ("cx", "cy"))
    for shape in list(slide.iterfind("{*}cSld/{*}spTree/*")):
        place = shape.find("{*}spPr/{*}xfrm")
        place = shape.find("{*}grpSpPr/{*}xfrm") if place is None else place
        if place is None or not wide:
            continue
        start, extent = place.find("{*}off"), place.find("{*}ext")
        if start is None or extent is None:
            continue
        x, y = (float(start.get(name, "0")) for name in ("x", "y"))
        right, low = x + float(extent.get("cx", "0")), y + float(extent.get("cy", "0"))
        if x >= wide or y >= high or right <= 0 or low <= 0:
            _remove(shape)
    for marks in list(slide.iter("{*}rPr")):
        run, points = marks.getparent(), marks.get("sz", "")
        is_small = points.isdecimal() and int(points) < SMALLEST * 100
        shares = [int(one.get("val", "0")) for one in marks.iterfind("{*}solidFill/*/{*}alpha")]
        has_outline = marks.find("{*}ln") is not None
        is_empty = marks.find("{*}noFill") is not None or any(one < _CLEAREST for one in shares)
        if run is not None and (is_small or (is_empty and not has_outline)):
            _remove(run)


def drop_unseen_parts(root: etree._Element, styles: etree._Element) -> None:
    """Take out of an OpenDocument what its styles and its rows, columns and sections hide."""
    hiding = {
        _own(style, "name"): why
        for place in (root, styles)
        for style in place.iter("{*}style")
        if (why := _hiding(style))
    }
    is_text = next(root.iterfind("{*}body/{*}text"), None) is not None
    for element in list(root.iter("{*}*")):
        named = {value for key, value in element.items() if key.endswith("}style-name")}
        reasons = {hiding[name] for name in named & hiding.keys()}
        is_unseen = _own(element, "visibility") in {"collapse", "filter"}
        is_unseen |= element.tag.endswith("}section") and _own(element, "display") == "none"
        if is_unseen and element.tag.endswith("}table-column"):
            _drop_column(element)
        elif is_unseen or "all" in reasons or (reasons and is_text and _behind(element, {})):
            _remove(element)


def _hiding(style: etree._Element) -> str:
    """Whether a style hides `all` that has it, only what is on `white`, or nothing."""
    why = ""
    for one in style:
        told = {key.rpartition("}")[2]: value for key, value in one.items()}
        size = told.get("font-size", "").removesuffix("pt")
        is_small = size.replace(".", "", 1).isdecimal() and float(size) < SMALLEST
        if told.get("display") in _NO or told.get("visibility") == "hidden" or is_small:
            return "all"
        ink = color_of(told.get("color", ""))
        is_bare = told.get("background-color", "transparent") == "transparent"
        if ink is not None and alike(ink, WHITE) and is_bare:
            why = "white"
    return why


def _drop_column(column: etree._Element) -> None:
    """Take the cells of a `column` out of all rows of its table."""
    first = sum(
        _repeated(one, "columns") for one in column.itersiblings("{*}table-column", preceding=True)
    )
    hidden = range(first, first + _repeated(column, "columns"))
    for row in next(column.iterancestors("{*}table")).iter("{*}table-row"):
        at = 0
        for cell in row:
            if at in hidden:
                _remove(cell)
            at += _repeated(cell, "columns")


def _repeated(element: etree._Element, what: str) -> int:
    times = _own(element, f"number-{what}-repeated")
    return int(times[:7]) if times.isdecimal() else 1
