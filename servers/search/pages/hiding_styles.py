"""Which declarations make text unseen: sizes, places, masks."""

from __future__ import annotations

from servers.search.pages.clip_shapes import is_closed
from servers.search.pages.colors import colors_of
from servers.search.pages.css_values import length, number, pixels, share
from servers.search.pages.stylesheet import Style
from servers.search.pages.transforms import STEP, moved

_TINY = {"em": 0.12, "rem": 0.12, "%": 12.0, "ex": 0.25, "ch": 0.25, "lh": 0.08}
_TINY_PIXELS = 2.0
_TIGHT = {"em": 0.5, "rem": 0.5, "%": 50.0, "ch": 1.0}
_CLEAR, _BLURRED = 0.05, 20.0
_FAR, _FAR_RIGHT, _FAR_MOVED = 500.0, 3_000.0, 1_280.0
"""Pixels; what is that far left or up, or right and down, is off every screen."""


def is_off(style: Style) -> bool:
    """Whether nothing of an element is drawn."""
    display = style.get("display", "block")
    return display in ("none", "table-column", "table-column-group") or (
        style.get("content-visibility") == "hidden" and display not in ("inline", "contents")
    )


def is_invisible(style: Style) -> bool:
    """Whether an element has its place, and nothing is drawn there."""
    return style.get("visibility") in ("hidden", "collapse")


def _size(style: Style, name: str) -> tuple[float, str] | None:
    return number(style[name]) if name in style else None


def is_faint(style: Style) -> bool:
    """Whether an element is as clear as glass, or as blurred."""
    seen = 1.0
    for name, said in [
        ("opacity", style.get("opacity", "")),
        *STEP.findall(style.get("filter", "")),
    ]:
        size = number(said)
        if name == "opacity" and size:
            seen *= share(size)
        elif name == "blur" and size and (pixels(size) or 0) >= _BLURRED:
            return True
    return (seen <= _CLEAR and style.get("display") != "contents") or _is_masked(style)


def _is_masked(style: Style) -> bool:
    """Whether a mask lets nothing through."""
    mask = style.get("mask", "")
    if "gradient(" not in mask:
        return False
    if "no-repeat" in f"{mask} {style.get('mask-repeat')}" and (
        _is_nothing(style, "mask-size") or _is_far(length(style, "mask-position"))
    ):
        return True
    shown, size = colors_of(mask), _size(style, "mask-size")
    return (bool(shown) and not any(shown)) or (size is not None and not size[0])


def overflows(style: Style) -> tuple[str, str]:
    """What becomes of text that is too wide for an element, and of what is too high."""
    both = style.get("overflow", "visible").split() or ["visible"]
    across, down = style.get("overflow-x", both[0]), style.get("overflow-y", both[-1])
    if {"hidden", "auto", "scroll"} & {across, down}:
        across, down = ("auto" if one == "visible" else one for one in (across, down))
    return across, down


def is_shut(style: Style) -> bool:
    """Whether an element has no room for the text it holds."""
    across, down = overflows(style)
    if {"paint", "strict", "content"} & set(style.get("contain", "").split()):
        across = down = "clip"
    if style.get("display") == "inline":
        return False
    if (length(style, "min-height") or 0) > 1:
        down = "visible"
    if (length(style, "min-width") or 0) > 1:
        across = "visible"
    for overflow, names in (
        (across, ("width", "max-width")),
        (down, ("height", "max-height", "line-height")),
    ):
        if overflow != "visible" and any(_is_nothing(style, name) for name in names):
            return True
    if {"size", "strict"} & set(style.get("contain", "").split()) and down != "visible":
        return "height" not in style and "min-height" not in style
    return style.get("grid-template-rows") in ("0fr", "0", "0px")


def _is_nothing(style: Style, name: str) -> bool:
    size, long = _size(style, name), length(style, name)
    if long is None or (size and size[1] == "%" and "height" in name):
        return False
    if name == "line-height" and size and not size[1]:
        long *= 16
    return long <= 1


def is_indented(style: Style) -> bool:
    """Whether lines begin far outside of an element."""
    size = _size(style, "text-indent")
    if size and size[0] >= 100 and size[1] == "%":
        return style.get("overflow") in ("hidden", "clip")
    return _is_far(length(style, "text-indent"))


def is_away(style: Style) -> bool:
    """Whether an element is far outside of the page."""
    if _is_beyond(style):
        return True
    position = style.get("position")
    placed = position in ("absolute", "fixed", "relative")
    names = ("left", "top", "right", "bottom") if placed else ()
    if any(_is_far(length(style, name)) for name in (*names, "margin-left", "margin-top")):
        return True
    if placed and any((length(style, name) or 0) >= _FAR_RIGHT for name in ("left", "top")):
        return True
    path = [number(part) for part in style.get("offset-path", "").partition("m")[2].split()[:2]]
    if any(_is_far(size[0]) for size in path if size):
        return True
    to = moved(style)
    return any(_is_far(by) or by >= _FAR_MOVED for by in (to.x, to.y))


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
    to = moved(style)
    return abs(to.across) >= 100 or abs(to.down) >= 100


def _is_far(size: float | None) -> bool:
    return size is not None and size <= -_FAR


def is_cut(style: Style) -> bool:
    """Whether an element is clipped, or made flat, to nothing."""
    clip = style.get("clip-path", "")
    if style.get("position") in ("absolute", "fixed"):
        clip = f"{clip} {style.get('clip', '')}"
    if (clip and is_closed(clip)) or _is_flat(style):
        return True
    if style.get("-webkit-text-security", "none") != "none" or "url(" in style.get("content", ""):
        return True
    spacing = _size(style, "letter-spacing")
    if spacing and spacing[0] <= -_TIGHT.get(spacing[1], 10.0) and "font-size" not in style:
        return True
    zoom = _size(style, "zoom")
    return zoom is not None and share(zoom) <= 0.05


def _is_flat(style: Style) -> bool:
    """Whether a transformation leaves nothing to see of an element's front."""
    to = moved(style)
    return to.is_thin or (to.is_turned and style.get("backface-visibility") == "hidden")


def is_tiny(style: Style) -> bool:
    """Whether letters are too small to be seen."""
    size = _size(style, "font-size")
    if size is None or style.get("font-size-adjust") == "0":
        return size is not None or "font-size-adjust" in style
    if size[1] in _TINY:
        return size[0] <= _TINY[size[1]]
    high = pixels(size)
    return high is not None and high <= _TINY_PIXELS and (bool(size[1]) or not size[0])
