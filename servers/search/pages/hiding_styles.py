"""Which declarations make text unseen: sizes, places and colours."""

from __future__ import annotations

import colorsys
import re

from servers.search.pages.stylesheet import Style

_NUMBER = re.compile(
    r"(-?(?:\d+\.?\d*|\.\d+))\s*(px|pt|em|rem|%|vw|vh|vmin|vmax|ex|ch|pc|in|cm|mm)?(?![\w.])"
)
_TINY = {
    "px": 2.0,
    "pt": 1.5,
    "em": 0.12,
    "rem": 0.12,
    "%": 12.0,
    "vw": 0.15,
    "vh": 0.15,
    "ex": 0.25,
    "ch": 0.25,
    "pc": 0.1,
}
_FAR = {
    "px": 500.0,
    "pt": 400.0,
    "em": 40.0,
    "rem": 40.0,
    "vw": 100.0,
    "vh": 100.0,
    "%": 100.0,
    "in": 6.0,
    "cm": 15.0,
    "mm": 150.0,
}
_CLIPPED = re.compile(
    r"rect\(\s*(?:0|1)(?:px)?[\s,]|inset\(\s*(?:50|[6-9]\d|100)(?:\.\d+)?%|circle\(\s*0|ellipse\(\s*0|polygon\(\s*0(?:px|%)?\s+0(?:px|%)?"
    r"(?:\s*,\s*0(?:px|%)?\s+0(?:px|%)?)*\s*\)"
)
_FLAT = re.compile(
    r"scale(?:3d|x|y)?\(\s*(?:0?\.0\d*|0)\s*[,)]|rotate[xy]\(\s*-?90deg|matrix\(\s*0\s*,\s*0\s*,\s*0\s*,\s*0"
)
_MOVED = re.compile(r"translate(?:3d|x|y)?\(([^)]{0,200}+)\)")
_FADED = re.compile(r"opacity\(\s*(?:0?\.0\d*|0)%?\s*\)")
_NAMED = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "blue": (0, 0, 255),
    "green": (0, 128, 0),
    "lime": (0, 255, 0),
    "yellow": (255, 255, 0),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "silver": (192, 192, 192),
    "navy": (0, 0, 128),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245),
    "ghostwhite": (248, 248, 255),
    "aliceblue": (240, 248, 255),
    "floralwhite": (255, 250, 240),
    "azure": (240, 255, 255),
    "mintcream": (245, 255, 250),
    "seashell": (255, 245, 238),
    "lightgray": (211, 211, 211),
    "lightgrey": (211, 211, 211),
    "gainsboro": (220, 220, 220),
    "beige": (245, 245, 220),
    "linen": (250, 240, 230),
    "lavender": (230, 230, 250),
    "orange": (255, 165, 0),
    "purple": (128, 0, 128),
}
_COLOR = re.compile(r"#([0-9a-f]{3,8})\b|rgba?\(([^)]*)\)|hsla?\(([^)]*)\)|\b([a-z]+)\b")
_ALIKE = 40
WHITE = (255, 255, 255)
Color = tuple[int, int, int]


def is_off(style: Style) -> bool:
    """Whether nothing of an element is drawn."""
    return style.get("display") == "none" or style.get("content-visibility") == "hidden"


def alike(one: Color, other: Color) -> bool:
    """Whether a person cannot tell `one` from `other`."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) <= _ALIKE


def _number(value: str) -> tuple[float, str] | None:
    found = _NUMBER.match(value.strip())
    return (float(found[1]), found[2] or "") if found else None


def _size(style: Style, name: str) -> tuple[float, str] | None:
    return _number(style[name]) if name in style else None


def is_faint(style: Style) -> bool:
    """Whether an element is as clear as glass."""
    size = _size(style, "opacity")
    if size is not None:
        return size[0] <= (5 if size[1] == "%" else 0.05)
    return bool(_FADED.search(style.get("filter", "")))


def is_shut(style: Style) -> bool:
    """Whether an element has no room for the text it holds."""
    if style.get("overflow", style.get("overflow-y", "visible")).split(" ")[0] not in (
        "hidden",
        "clip",
    ):
        return False
    return any(
        (size := _size(style, name)) is not None
        and size[0] <= 1
        and size[1] in ("", "px", "em", "rem", "%")
        for name in ("height", "max-height", "width", "max-width", "line-height")
    )


def is_away(style: Style) -> bool:
    """Whether an element is far outside of the page."""
    indent = _size(style, "text-indent")
    if indent and _is_far(indent):
        return True
    placed = style.get("position") in ("absolute", "fixed", "relative", "sticky")
    names = ("left", "top", "right", "bottom") if placed else ()
    if any(
        (size := _size(style, name)) is not None and _is_far(size)
        for name in (*names, "margin-left", "margin-top")
    ):
        return True
    if placed and any(
        (size := _size(style, name)) is not None and size[0] >= 3000 for name in ("left", "top")
    ):
        return True
    moved = _MOVED.search(style.get("transform", ""))
    if moved is None:
        return False
    sizes = [size for part in moved[1].split(",") if (size := _number(part)) and size[1] != "%"]
    return any(_is_far(size) or size[0] >= 3000 for size in sizes)


def _is_far(size: tuple[float, str]) -> bool:
    return size[0] <= -_FAR.get(size[1], 500.0)


def is_cut(style: Style) -> bool:
    """Whether an element is clipped, or made flat, to nothing."""
    clip = style.get("clip-path", "") + " " + style.get("clip", "")
    if _CLIPPED.search(clip) or _FLAT.search(style.get("transform", "")):
        return True
    zoom = _size(style, "zoom")
    return zoom is not None and zoom[0] <= (5 if zoom[1] == "%" else 0.05)


def is_tiny(style: Style) -> bool:
    """Whether letters are too small to be seen."""
    size = _size(style, "font-size")
    if size is None and "font" in style:
        size = next(
            (
                found
                for part in style["font"].split()
                if (found := _number(part.split("/")[0])) and (found[1] or found[0] == 0)
            ),
            None,
        )
    return size is not None and (size[0] == 0 or size[0] <= _TINY.get(size[1], -1))


def is_clear(value: str) -> bool:
    """Whether the colour `value` is transparent."""
    value = value.strip()
    if value.startswith("transparent"):
        return True
    found = re.match(r"(?:rgba?|hsla?)\(([^)]*)\)", value)
    if found:
        parts = re.split(r"[\s,/]+", found[1].strip())
        alpha = _number(parts[3]) if len(parts) == 4 else None
        return alpha is not None and alpha[0] <= (5 if alpha[1] == "%" else 0.05)
    found = re.match(r"#(?:[0-9a-f]{3}0|[0-9a-f]{6}0[0-9a-f])$", value)
    return bool(found)


def color_of(value: str) -> Color | None:
    """Red, green and blue of the colour in `value`; None where it has none."""
    if is_clear(value):
        return None
    for found in _COLOR.finditer(value):
        if found[1]:
            return _hex(found[1])
        if found[2]:
            return _rgb(found[2])
        if found[3]:
            return _hsl(found[3])
        if found[4] in _NAMED:
            return _NAMED[found[4]]
    return None


def _hex(digits: str) -> Color | None:
    if len(digits) in (3, 4):
        digits = "".join(2 * digit for digit in digits)
    return (
        (int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16))
        if len(digits) in (6, 8)
        else None
    )


def _rgb(text: str) -> Color | None:
    numbers = [_number(part) for part in re.split(r"[\s,/]+", text.strip())[:3]]
    values = [
        round(size[0] * 2.55) if size[1] == "%" else round(size[0]) for size in numbers if size
    ]
    return (values[0], values[1], values[2]) if len(values) == 3 else None


def _hsl(text: str) -> Color | None:
    parts = re.split(r"[\s,/]+", text.strip())[:3]
    numbers = [size[0] for part in parts if (size := _number(part.removesuffix("deg")))]
    if len(numbers) != 3:
        return None
    red, green, blue = colorsys.hls_to_rgb(
        numbers[0] % 360 / 360, numbers[2] / 100, numbers[1] / 100
    )
    return round(red * 255), round(green * 255), round(blue * 255)
