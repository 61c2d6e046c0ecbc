"""Which declarations make text unseen: sizes, places, masks."""

from __future__ import annotations

import math
import re

from servers.search.pages.colors import colors_of
from servers.search.pages.css_values import number, pixels
from servers.search.pages.stylesheet import Style

_TINY = {"em": 0.12, "rem": 0.12, "%": 12.0, "ex": 0.25, "ch": 0.25, "lh": 0.08}
_TINY_PIXELS = 2.0
_TIGHT = {"em": 0.5, "rem": 0.5, "%": 50.0}
_FAR, _FAR_RIGHT, _FAR_MOVED = 500.0, 3_000.0, 1_280.0
"""Pixels; what is that far left or up, or right and down, is off every screen."""
_CLIPPED = re.compile(
    r"circle\(\s*0|ellipse\(\s*0|polygon\(\s*([^,()]{1,20}?)\s*(?:,\s*\1\s*){0,20}\)|rect\(\s*(?:0|1)(?:px)?[\s,]"
    r"|rect\(\s*auto[\s,]+0(?:px)?[\s,]|xywh\([^)]{0,40}\s0(?:px|%)?(?:\s|\))"
    r"|path\(.m-?\d+ -?\d+(?:.\))"
)
_INSET = re.compile(r"inset\(([^)]{0,80})\)")
_STEP = re.compile(r"([a-z3-]{1,20})\(([^()]{0,200}+)\)")
_DIM = re.compile(
    r"opacity\(\s*(?:0?\.0[0-5]?\d*|0|[0-5]%)\s*\)|blur\(\s*(?:[2-9]\d|1\d{2})(?:\.\d+)?px"
)
_MATRIX = re.compile(r"matrix\(([^)]{0,80})\)")
_TURNS = {"deg": 1.0, "turn": 360.0, "grad": 0.9, "rad": 180 / math.pi}


def is_off(style: Style) -> bool:
    """Whether nothing of an element is drawn."""
    return style.get("display") == "none" or style.get("content-visibility") == "hidden"


def is_invisible(style: Style) -> bool:
    """Whether an element has its place, and nothing is drawn there."""
    return style.get("visibility") in ("hidden", "collapse")


def _size(style: Style, name: str) -> tuple[float, str] | None:
    return number(style[name]) if name in style else None


def _pixels(style: Style, name: str) -> float | None:
    size = _size(style, name)
    return None if size is None else pixels(size)


def is_faint(style: Style) -> bool:
    """Whether an element is as clear as glass, or as blurred."""
    size = _size(style, "opacity")
    if size is not None:
        return size[0] <= (5 if size[1] == "%" else 0.05)
    return bool(_DIM.search(style.get("filter", ""))) or _is_masked(style)


def _is_masked(style: Style) -> bool:
    """Whether a mask lets nothing through."""
    mask = style.get("mask", "")
    size = _size(style, "mask-size")
    if "gradient(" not in mask:
        return False
    shown = colors_of(mask)
    return (bool(shown) and not any(shown)) or (size is not None and not size[0])


def is_shut(style: Style) -> bool:
    """Whether an element has no room for the text it holds."""
    both = style.get("overflow", "visible").split() or ["visible"]
    across, down = style.get("overflow-x", both[0]), style.get("overflow-y", both[-1])
    if {"paint", "strict", "content"} & set(style.get("contain", "").split()):
        across = down = "clip"
    if {"hidden", "auto", "scroll"} & {across, down}:
        across, down = ("auto" if one == "visible" else one for one in (across, down))
    if (_pixels(style, "min-height") or 0) > 1:
        down = "visible"
    if style.get("display") == "inline":
        return False
    for overflow, names in (
        (across, ("width", "max-width")),
        (down, ("height", "max-height", "line-height")),
    ):
        if overflow != "visible" and any(_is_nothing(style, name) for name in names):
            return True
    return style.get("grid-template-rows") == "0fr"


def _is_nothing(style: Style, name: str) -> bool:
    size, length = _size(style, name), _pixels(style, name)
    if length is None or (size and size[1] == "%" and "height" in name):
        return False
    return length <= 1


def is_indented(style: Style) -> bool:
    """Whether lines begin far outside of an element."""
    size = _size(style, "text-indent")
    if size and size[0] >= 100 and size[1] == "%":
        return style.get("overflow") in ("hidden", "clip")
    return _is_far(_pixels(style, "text-indent"))


def is_away(style: Style) -> bool:
    """Whether an element is far outside of the page."""
    if _is_beyond(style):
        return True
    position = style.get("position")
    placed = position in ("absolute", "fixed", "relative", "sticky")
    names = ("left", "top", "right", "bottom") if placed else ()
    if any(_is_far(_pixels(style, name)) for name in (*names, "margin-left", "margin-top")):
        return True
    if placed and any((_pixels(style, name) or 0) >= _FAR_RIGHT for name in ("left", "top")):
        return True
    moves = [style.get("translate", "").replace(" ", ",")]
    moves += [
        said for name, said in _STEP.findall(style.get("transform", "")) if "translate" in name
    ]
    matrix = _MATRIX.search(style.get("transform", ""))
    moves += [",".join(matrix[1].split(",")[4:])] if matrix else []
    sizes = [
        length
        for move in moves
        for part in move.split(",")
        if (size := number(part)) and size[1] != "%" and (length := pixels(size)) is not None
    ]
    return any(_is_far(size) or size >= _FAR_MOVED for size in sizes)


def _is_beyond(style: Style) -> bool:
    """Whether an element begins where the screen ends."""
    position, wide = style.get("position"), ("vw", "vh", "svh", "dvh", "dvw")
    for name in ("left", "top", "right", "bottom") if position in ("fixed", "absolute") else ():
        size = _size(style, name)
        if size is None or size[0] < 100:
            continue
        if size[1] == "%" and position == "fixed":
            return True
        if size[1] in wide and (position == "fixed" or name != "top"):
            return True
    return False


def is_aside(style: Style) -> bool:
    """Whether an element is moved out of its own place by its own size."""
    moves = [
        said for name, said in _STEP.findall(style.get("transform", "")) if "translate" in name
    ]
    for part in [style.get("translate", ""), *moves]:
        for one in part.replace(",", " ").split():
            size = number(one)
            if size and size[1] == "%" and abs(size[0]) >= 100:
                return True
    return False


def _is_far(size: float | None) -> bool:
    return size is not None and size <= -_FAR


def is_cut(style: Style) -> bool:
    """Whether an element is clipped, or made flat, to nothing."""
    clip = style.get("clip-path", "")
    if style.get("position") in ("absolute", "fixed"):
        clip = f"{clip} {style.get('clip', '')}"
    inset = _INSET.search(clip)
    if _CLIPPED.search(clip) or (inset and _is_closed(inset[1])) or _is_flat(style):
        return True
    spacing = _size(style, "letter-spacing")
    if spacing and spacing[0] <= -_TIGHT.get(spacing[1], 10.0) and "font-size" not in style:
        return True
    zoom = _size(style, "zoom")
    return zoom is not None and zoom[0] <= (5 if zoom[1] == "%" else 0.05)


def _is_closed(said: str) -> bool:
    """Whether two opposite sides of an inset meet."""
    sizes = [size[0] if (size := number(one)) and size[1] == "%" else 0.0 for one in said.split()]
    if not 0 < len(sizes) <= 4:
        return False
    top, right = sizes[0], sizes[1 % len(sizes)]
    bottom = sizes[2] if len(sizes) > 2 else top
    left = sizes[3] if len(sizes) > 3 else right
    return top + bottom >= 99 or left + right >= 99


def _is_flat(style: Style) -> bool:
    """Whether a transformation leaves nothing to see of an element's front."""
    steps = _STEP.findall(style.get("transform", ""))
    if "scale" in style:
        steps.append(("scale", style["scale"].replace(" ", ",")))
    if "rotate" in style:
        axis, _, angle = style["rotate"].rpartition(" ")
        steps.append((f"rotate{axis}", angle))
    has_no_back = style.get("backface-visibility") == "hidden"
    return any(_flattens(name, said, has_no_back) for name, said in steps)


def _flattens(name: str, said: str, has_no_back: bool) -> bool:
    parts = [number(part) for part in said.split(",")]
    sizes = [part[0] / (100 if part[1] == "%" else 1) for part in parts if part]
    if name.startswith("scale"):
        return any(abs(size) < 0.1 for size in sizes[:2])
    if name == "matrix":
        return sizes[:4] == [0.0] * 4
    turn = parts[-1]
    if not turn or name not in ("rotatex", "rotatey", "rotate3d"):
        return False
    if name == "rotate3d" and not any(sizes[:2]):
        return False
    angle = turn[0] * _TURNS.get(turn[1], 1.0) % 360
    return abs(angle % 180 - 90) < 1 or (has_no_back and 90 < angle < 270)


def is_tiny(style: Style) -> bool:
    """Whether letters are too small to be seen."""
    size = _size(style, "font-size")
    if size is None:
        return False
    if size[1] in _TINY:
        return size[0] <= _TINY[size[1]]
    length = pixels(size)
    return length is not None and length <= _TINY_PIXELS and (bool(size[1]) or not size[0])
