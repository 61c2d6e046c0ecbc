"""Colours of style sheets: their text comes in, red, green, blue and clearness go out. Pure."""

from __future__ import annotations

import colorsys
import math
import re
from collections.abc import Callable, Iterator

from servers.search.pages.css_values import DEGREES, number, share

Color = tuple[int, int, int]
_Seen = tuple[int, int, int, float]
"""With how much of it is seen, 0 to 1."""
BLACK: Color = (0, 0, 0)
WHITE: Color = (255, 255, 255)
_ALIKE = 40
_CLEAR, _OPAQUE = 0.05, 0.9
_WORDS = """
aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc
bisque ffe4c4 black 000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a
burlywood deb887 buttonface f0f0f0 buttontext 000000 cadetblue 5f9ea0 canvas ffffff
canvastext 000000 chartreuse 7fff00 chocolate d2691e coral ff7f50 cornflowerblue 6495ed
cornsilk fff8dc crimson dc143c cyan 00ffff darkblue 00008b darkcyan 008b8b darkgoldenrod b8860b
darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 darkkhaki bdb76b darkmagenta 8b008b
darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 darksalmon e9967a
darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f
darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff dimgray 696969
dimgrey 696969 dodgerblue 1e90ff field ffffff fieldtext 000000 firebrick b22222 floralwhite fffaf0
forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 goldenrod daa520
gray 808080 graytext 808080 green 008000 greenyellow adff2f grey 808080 honeydew f0fff0
hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa
lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080
lightcyan e0ffff lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3
lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa lightslategray 778899
lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0 lime 00ff00 limegreen 32cd32
linen faf0e6 linktext 0000ee magenta ff00ff mark ffff00 marktext 000000 maroon 800000
mediumaquamarine 66cdaa mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db
mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen 00fa9a mediumturquoise 48d1cc
mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5
navajowhite ffdead navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500
orangered ff4500 orchid da70d6 palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee
palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9 peru cd853f pink ffc0cb plum dda0dd
powderblue b0e0e6 purple 800080 rebeccapurple 663399 red ff0000 rosybrown bc8f8f royalblue 4169e1
saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d
silver c0c0c0 skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa
springgreen 00ff7f steelblue 4682b4 tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347
turquoise 40e0d0 violet ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5 yellow ffff00
yellowgreen 9acd32
""".split()  # noqa: SIM905 - a list would take a line for each
_NAMED = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))
_INSIDE = r"\(((?:[^()]++|\([^()]{0,80}+\)){0,12}+)\)"
_COLOR = re.compile(
    rf"#([0-9a-f]{{3,8}})\b|(?<![\w-])([a-z-]{{3,10}}){_INSIDE}|(?<![\w-])([a-z]{{3,22}})\b(?![-(])"
)
_PARTS = re.compile(r"[\s,/]+")
_COMMA = re.compile(r",(?![^()]{0,80}\))")
_SHARE = re.compile(r"(?<![\w.])([\d.]{1,6})%")
_BRACKETS = re.compile(r"\([^()]*\)")
_LONGEST = 300


def alike(one: Color, other: Color) -> bool:
    """Whether a person cannot tell `one` from `other`."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) <= _ALIKE


def is_color(value: str) -> bool:
    """Whether a browser takes `value` for a colour."""
    if "(" in value:
        return "var(" in value or next(_seen(value), None) is not None
    if value[:1] == "#":
        return len(value) in (4, 5, 7, 9) and not set(value[1:]) - set("0123456789abcdef")
    return value in _NAMED or value == "transparent"


def is_clear(value: str) -> bool:
    """Whether the colour `value` is transparent."""
    seen = next(_seen(value), None)
    return seen is not None and seen[3] <= _CLEAR


def is_opaque(value: str) -> bool:
    """Whether nothing is seen through the colours of `value`, of which there is one."""
    seen = list(_seen(value))
    return bool(seen) and "url(" not in value and all(one[3] >= _OPAQUE for one in seen)


def color_of(value: str) -> Color | None:
    """Red, green and blue of the colour in `value`; None where it has none."""
    return next(iter(colors_of(value)), None)


def colors_of(value: str) -> list[Color | None]:
    """All colours in `value`, such as those of a gradient; None for one that is transparent."""
    return [one[:3] if one[3] > _CLEAR else None for one in _seen(value)]


def _seen(value: str) -> Iterator[_Seen]:
    for found in _COLOR.finditer(value[:_LONGEST]):
        digits, name, said, word = found.groups()
        seen: _Seen | None = None
        if name and "gradient" in name:
            yield from _seen(said)
        elif name in _FUNCTIONS:
            seen = _FUNCTIONS[name](said.strip(), name)
        elif word == "transparent":
            seen = (0, 0, 0, 0.0)
        else:
            seen = _hex(digits or _NAMED.get(word or "", ""))
        if seen is not None:
            yield seen


def _hex(digits: str) -> _Seen | None:
    if len(digits) in (3, 4):
        digits = "".join(2 * digit for digit in digits)
    if len(digits) not in (6, 8):
        return None
    red, green, blue, *alpha = bytes.fromhex(digits)
    return red, green, blue, alpha[0] / 255 if alpha else 1.0


def _numbers(said: str, *wholes: float) -> list[float]:
    """Three numbers, and how much is seen; `wholes` are what 100 % of each of the three is."""
    found = []
    for part, whole in zip(_PARTS.split(said), (*wholes, 1.0), strict=False):
        size = (0.0, "") if part == "none" else number(part)
        if size is None:
            return []
        factor = whole / 100 if size[1] == "%" else DEGREES.get(size[1], 1.0)
        found.append(size[0] * factor)
    return [*found, 1.0] if len(found) == 3 else found


def _relative(said: str) -> _Seen | None:
    seen = next(_seen(said), None) if said.startswith("from ") else None
    alpha = number(said.rpartition("/")[2]) if "/" in said else None
    return (*seen[:3], share(alpha)) if seen and alpha else seen


def _rgb(said: str, _name: str) -> _Seen | None:
    values = _numbers(said, 255, 255, 255)
    return _of(values, 1.0) if len(values) == 4 else _relative(said)


def _hsl(said: str, name: str) -> _Seen | None:
    values = _numbers(said, 360, 100, 100)
    if len(values) != 4:
        return _relative(said)
    hue, second, third = values[0] % 360 / 360, values[1] / 100, values[2] / 100
    if name != "hwb":
        parts = colorsys.hls_to_rgb(hue, third, second)
    else:
        whole = max(second + third, 1.0)
        second, third = second / whole, third / whole
        red, green, blue = colorsys.hsv_to_rgb(hue, 1, 1)
        left = 1 - second - third
        parts = (red * left + second, green * left + second, blue * left + second)
    return _of([*parts, values[3]], 255.0)


def _lab(said: str, name: str) -> _Seen | None:
    """A colour by its lightness; CIE's own is brought close to that of `oklab`."""
    is_ok, is_round = name.startswith("ok"), name.endswith("lch")
    most = (1.0, 0.4, 0.4) if is_ok else (100.0, 125.0, 125.0)
    values = _numbers(said, most[0], most[1], 360.0 if is_round else most[2])
    if len(values) != 4:
        return _relative(said)
    light, a, b, alpha = values
    if is_round:
        a, b = a * math.cos(math.radians(b)), a * math.sin(math.radians(b))
    if not is_ok:
        light, a, b = (light + 16) / 116, a / 310, b / 310
    cones = (
        (light + 0.3963 * a + 0.2158 * b) ** 3,
        (light - 0.1056 * a - 0.0639 * b) ** 3,
        (light - 0.0895 * a - 1.2915 * b) ** 3,
    )
    linear = (
        4.0767 * cones[0] - 3.3077 * cones[1] + 0.2310 * cones[2],
        -1.2684 * cones[0] + 2.6098 * cones[1] - 0.3413 * cones[2],
        -0.0042 * cones[0] - 0.7034 * cones[1] + 1.7076 * cones[2],
    )
    return _of([*(max(one, 0.0) ** (1 / 2.2) for one in linear), alpha], 255.0)


def _space(said: str, _name: str) -> _Seen | None:
    values = _numbers(said.partition(" ")[2], 1, 1, 1)
    return _of(values, 255.0) if len(values) == 4 else None


def _mixed(said: str, _name: str) -> _Seen | None:
    """`in srgb, white 98%, black`; each space is taken for that of red, green and blue."""
    parts = (_COMMA.split(said) * 2)[-2:]
    one, other = (next(_seen(part.replace("currentcolor", "black")), None) for part in parts)
    if one is None or other is None:
        return None
    shares = [_SHARE.search(_BRACKETS.sub("", part)) for part in (parts[0], parts[-1])]
    first = float(shares[0][1]) if shares[0] else 100 - float(shares[1][1] if shares[1] else 50)
    part = min(max(first / 100, 0.0), 1.0)
    alpha = one[3] * part + other[3] * (1 - part)
    of_one = part * one[3] / alpha if alpha else 0.0
    mixed = [a * of_one + b * (1 - of_one) for a, b in zip(one[:3], other[:3], strict=True)]
    return _of([*mixed, alpha], 1.0)


def _of(values: list[float], whole: float) -> _Seen:
    red, green, blue = (round(min(max(one * whole, 0.0), 255.0)) for one in values[:3])
    return red, green, blue, values[3]


_FUNCTIONS: dict[str, Callable[[str, str], _Seen | None]] = {
    "rgb": _rgb,
    "rgba": _rgb,
    "hsl": _hsl,
    "hsla": _hsl,
    "hwb": _hsl,
    "lab": _lab,
    "lch": _lab,
    "oklab": _lab,
    "oklch": _lab,
    "color": _space,
    "color-mix": _mixed,
    "light-dark": lambda said, _: next(_seen(said), None),
}
