"""Which elements lie under an opaque one, or outside of one that cuts off what is outside of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from servers.search.pages.colors import is_opaque
from servers.search.pages.css_values import length, number, pixels
from servers.search.pages.hiding_styles import overflows
from servers.search.pages.stylesheet import Style
from servers.search.pages.transforms import NAMES, moved

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_EDGE, _LINE, _LETTER, _LETTERS = 4.0, 20.0, 8.0, 60
"""Pixels from an edge that count as none, of a line and a letter of text; letters in a line."""
_MOST = 40
"""Elements that are looked at in one that cuts off, or for the letters of another."""
_MOST_UNDER = 300
"""Elements that one may lie over."""
_LARGEST = 600.0
"""Pixels; what is larger is a part of a page and no box for a line."""
_WINDOWS = frozenset(["hidden", "clip", "auto", "scroll"])
_SAYS = frozenset(["overflow", "overflow-x", "overflow-y"])
_PLACED = frozenset(["absolute", "fixed", "relative", "sticky"])
Look = Callable[["HtmlElement"], Style]


def covers(style: Style) -> bool:
    """Whether an element with `style` hides what is behind it in the whole of its place."""
    if style.get("position") not in ("absolute", "fixed") or NAMES & style.keys():
        return False
    opacity = number(style.get("opacity", "1"))
    if (
        style.get("display") == "none"
        or style.get("visibility") == "hidden"
        or not opacity
        or opacity[0] < 0.9
        or style.get("z-index", "").startswith("-")
        or "mix-blend-mode" in style
    ):
        return False
    ground = f"{style.get('background-image', '')} {style.get('background-color', '')}"
    return is_opaque(ground) and all(
        _reaches(style, *names)
        for names in (("top", "bottom", "height"), ("left", "right", "width"))
    )


def _reaches(style: Style, start: str, end: str, size: str) -> bool:
    """Whether an element fills its place in one direction."""
    near = [length(style, name) for name in (start, end)]
    if not any(one is not None and one <= _EDGE for one in near):
        return False
    long = number(style.get(size, ""))
    if long is None:
        return all(one is not None and one <= _EDGE for one in near)
    return long[0] >= 100 if long[1] == "%" else (pixels(long) or 0.0) >= 2 * _LINE


def clips(style: Style) -> bool:
    """Whether `style` says that what is outside of an element is not shown."""
    return bool(_SAYS & style.keys()) and bool(_WINDOWS & set(overflows(style)))


def cuts(style: Style) -> bool:
    """Whether an element with `style` may cut off what is in it."""
    return clips(style) and any(_room(style))


def _room(style: Style) -> tuple[float, float]:
    """The width and the height that are cut off; 0 where nothing is."""
    sizes = []
    for overflow, names in zip(
        overflows(style), (("width", "max-width"), ("height", "max-height")), strict=True
    ):
        lengths = [length(style, name) or 0.0 for name in names if "%" not in style.get(name, "")]
        long = min(filter(None, lengths), default=0.0)
        sizes.append(long if overflow in _WINDOWS and long <= _LARGEST else 0.0)
    return sizes[0], sizes[1]


def cut_off(element: HtmlElement, look: Look) -> Iterator[HtmlElement]:
    """The elements in `element` whose text begins where it is cut off; `look` gives styles."""
    own = look(element)
    wide, high = _room(own)
    is_placed = own.get("position") in _PLACED
    start = _inner(own)
    stack = [(child, *start) for child in element]
    for _ in range(_MOST):
        if not stack:
            return
        one, x, y = stack.pop()
        if not isinstance(one.tag, str):
            continue
        style = look(one)
        position = style.get("position")
        if position == "fixed" or (position == "absolute" and not is_placed):
            continue
        if position == "absolute":
            x = y = 0.0
        letters = sum(len(part.text or "") for part in islice(one.iter("*"), _MOST))
        long, tall = min(letters, _LETTERS) * _LETTER, _LINE * (1 + letters // _LETTERS)
        right, down = _shift(style, (wide, long), (high, tall))
        x, y = x + right, y + down
        inner = _inner(style)
        begins = x + inner[0], y + inner[1] + _leading(style)
        if _is_outside(begins[0], wide, long) or _is_outside(begins[1], high, tall):
            yield one
        else:
            stack += [(child, x + inner[0], y + inner[1]) for child in one]


def _is_outside(at: float, size: float, own: float) -> bool:
    return bool(size) and (at >= size or at <= -own)


def _inner(style: Style) -> tuple[float, float]:
    """How far right and down in an element its text begins."""
    return (
        (length(style, "padding-left") or 0.0) + (length(style, "text-indent") or 0.0),
        length(style, "padding-top") or 0.0,
    )


def _leading(style: Style) -> float:
    high = number(style.get("line-height", ""))
    return (
        max(((pixels(high) or 0.0) - _LINE) / 2, 0.0) if high and high[1] not in ("", "%") else 0.0
    )


def _shift(
    style: Style, across: tuple[float, float], down: tuple[float, float]
) -> tuple[float, float]:
    """How far an element is moved right and down, in the sizes of what holds it and of itself."""
    found = []
    to = moved(style)
    is_placed = style.get("position") in _PLACED
    for start, end, (size, own), by in (
        ("left", "right", across, to.x),
        ("top", "bottom", down, to.y),
    ):
        shift = by + (length(style, f"margin-{start}") or 0.0)
        near, far = number(style.get(start, "")), number(style.get(end, ""))
        if is_placed and near:
            shift += near[0] * size / 100 if near[1] == "%" else pixels(near) or 0.0
        elif is_placed and far and far[0] < 0:
            edge = -far[0] * size / 100 if far[1] == "%" else -(pixels(far) or 0.0)
            shift += size if edge >= own else 0.0
        found.append(shift)
    return found[0], found[1]


def covered(lid: HtmlElement, style: Style, look: Look, put: str = "") -> list[HtmlElement]:
    """The elements under `lid`, or under what its style sheet puts into it, `before` or `after`."""
    around = [lid, *lid.iterancestors()] if put else list(lid.iterancestors())
    place = next((one for one in around if _holds_placed(look(one))), None)
    if place is None or place.tag in ("body", "html"):
        return []
    parts = (lid, *lid.iterancestors())
    own = next((one for one in parts if one.getparent() is place), None)
    under, above = _under(place, own, (_level(style), put == "before"), look)
    texts = (one.text or "" for one in islice(lid.iter("*"), _MOST))
    if not above and (put or not any(map(str.strip, texts))):
        return [place]
    return under


def _under(
    place: HtmlElement, lid: HtmlElement | None, at: tuple[float, bool], look: Look
) -> tuple[list[HtmlElement], bool]:
    """What in `place` lies under the level of `lid`, and whether anything lies over it."""
    level, passed = at
    under: list[HtmlElement] = []
    above = False

    def is_over(one: HtmlElement) -> bool:
        own = look(one)
        return own.get("position") in _PLACED and (_level(own), passed) > (level, False)

    stack = list(place.iterchildren("*", reversed=True))[-_MOST_UNDER:]
    for _ in range(_MOST_UNDER):
        if not stack:
            break
        child = stack.pop()
        if child is lid:
            passed = True
        elif is_over(child):
            above = True
        elif any(map(is_over, islice(child.iter("*"), _MOST))):
            stack += child.iterchildren("*", reversed=True)
        else:
            under.append(child)
    return under, above


def _holds_placed(style: Style) -> bool:
    """Whether what is placed in an element is placed from its edges."""
    return style.get("position") in _PLACED or "transform" in style


def _level(style: Style) -> float:
    size = number(style.get("z-index", ""))
    return size[0] if size else 0.0
