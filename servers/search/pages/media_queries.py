"""Whether the conditions of at-rules hold on a usual screen. Pure: no I/O."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import lru_cache

from servers.search.pages.css_values import VALID, computed, number
from servers.search.pages.selector_parts import is_known

_SIZES = {
    "width": 1280.0, "height": 800.0, "device-width": 1280.0, "device-height": 800.0,
    "inline-size": 1280.0, "block-size": 800.0, "aspect-ratio": 1.6, "device-aspect-ratio": 1.6,
    "resolution": 1.0, "device-pixel-ratio": 1.0, "color": 8.0, "monochrome": 0.0, "grid": 0.0,
}  # fmt: skip
_WORDS = {
    "orientation": "landscape", "hover": "hover", "any-hover": "hover", "pointer": "fine",
    "any-pointer": "fine", "prefers-color-scheme": "light", "scripting": "enabled",
    "forced-colors": "none", "prefers-contrast": "no-preference", "update": "fast",
    "prefers-reduced-motion": "no-preference", "display-mode": "browser", "color-gamut": "srgb",
    "prefers-reduced-transparency": "no-preference", "prefers-reduced-data": "no-preference",
    "inverted-colors": "none", "overflow-block": "scroll", "dynamic-range": "standard",
}  # fmt: skip
"""What is true of a desktop's screen, with sizes in pixels."""
_INNER = re.compile(r"(?<![\w:-])[\w:-]{0,20}+\(([^()]*+)\)")
_SIGN = re.compile(r"([<>]=?|=)")
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
_LONGEST, _DEEPEST = 400, 4
_SELECTOR = re.compile(r"selector\(((?:[^()]++|\([^()]{0,80}+\)){0,9}+)\)")
_CALL = re.compile(r"(?<=[\w-])(?<!\bnot)(?<!\band)(?<!\bor)\([^()]*+\)")
_ELSEWHERE = frozenset(["-webkit-touch-callout", "-webkit-overflow-scrolling", "-webkit-hyphens"])
_PARTS = frozenset(
    """
    accent action adjust after align alignment all anchor animation app appearance area aspect
    attachment auto axis backdrop backface background baseline basis before behavior blend block
    border bottom box break cap caption caret change clamp clip collapse color column columns
    combine composite composition contain container content count counter cursor decoration delay
    direction display distance drag duration emphasis empty end events fade fallbacks family
    feature field fill filter fit flex float flow font function gap grid group grow gutter height
    highlight hyphenate hyphens image increment indent initial inline inset interpolation
    isolation items iteration justify kerning language last layout left letter ligatures limit
    line lines list locale margin mask max min mix mode modify name numeric object offset opacity
    optical order ordinal orient orientation origin orphans outline overflow overlay overscroll
    pack padding page path perspective place play pointer position print quotes radius range ratio
    reflect region rendering repeat reset resize right rotate row rows ruby rule rules scale
    scheme scroll scrollbar security select self set settings shadow shape shrink side size sizing
    skip slice smoothing snap space spacing span speak spread stable start state stretch stroke
    style synthesis tab table tap template text thickness timeline timing top touch transform
    transition translate trim try type underline unicode upright user variant variation
    vertical view
    visibility weight white widows width will word wrap writing x y z zoom
    """.split()  # noqa: SIM905 - a list would take a line for each
)
"""The words that names of properties are made of."""


@lru_cache(1_000)
def on_screen(media: str) -> bool:
    """Whether one of the media queries in `media` holds."""
    return any(_holds(query, _feature) for query in media.lower()[:_LONGEST].split(","))


def supported(condition: str) -> bool:
    """Whether a browser knows what `condition` asks for."""
    condition = _SELECTOR.sub(
        lambda found: str(int(is_known(found[1]))), condition.lower()[:_LONGEST]
    )
    for _ in range(_DEEPEST):
        condition = _CALL.sub("-", condition)
    return _holds(condition, _is_property)


def _is_property(said: str) -> bool:
    """Whether a browser has the property, and takes the value, of a declaration."""
    name, _, value = (part.strip() for part in said.partition(":"))
    if name.startswith("--"):
        return True
    if name in _ELSEWHERE or value.startswith(("-ms-", "-moz-", "-o-", "-webkit-sticky", "-apple")):
        return False
    words = set(name.removeprefix("-webkit-").split("-"))
    has_value = name not in VALID or bool(VALID[name].match(value))
    return bool(value) and words <= _PARTS and has_value


def _holds(query: str, feature: Callable[[str], bool]) -> bool:
    query = computed(query)
    while found := _INNER.search(query):
        said = found[1].strip()
        is_met = _joined(said) if said[:1] in ("0", "1", "n") and _is_truth(said) else feature(said)
        query = f"{query[: found.start()]} {int(is_met)} {query[found.end() :]}"
    return _joined(query)


def _is_truth(said: str) -> bool:
    return not set(said.split()) - {"0", "1", "and", "or", "not"}


def _joined(said: str) -> bool:
    """The truth of words joined by `and`, `or` and `not`; an empty one holds."""
    words = [word for word in said.split() if word != "only"]
    turned = words[:1] == ["not"]
    words = words[turned:]
    truths = [word in ("1", "all", "screen") for word in words if word not in ("and", "or", "not")]
    return (any(truths) if "or" in words else all(truths)) != turned


def _feature(said: str) -> bool:
    """Whether a feature such as `min-width: 20em` or `400px <= width` is that of the screen."""
    name, colon, value = (part.strip() for part in said.partition(":"))
    if colon:
        name = name.removeprefix("-webkit-")
        if name in _WORDS:
            return _WORDS[name] == value
        edge, _, plain = name.partition("-")
        sign = {"min": ">=", "max": "<="}.get(edge, "=")
        return _compared(plain if sign != "=" else name, sign, value)
    parts = [part.strip() for part in _SIGN.split(said)]
    if len(parts) == 1:
        return bool(_SIZES.get(name)) or _WORDS.get(name, "none") not in ("none", "no-preference")
    turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
    if parts[0] in _SIZES:
        return _compared(parts[0], parts[1], parts[2])
    first = _compared(parts[2], turned.get(parts[1], "="), parts[0])
    return first and (len(parts) < 5 or _compared(parts[2], parts[3], parts[4]))


def _compared(name: str, sign: str, value: str) -> bool:
    over, slash, under = value.partition("/")
    size, by = number(over), number(under) if slash else (1.0, "")
    if name not in _SIZES or size is None or not by or not by[0]:
        return False
    factor = {"em": 16.0, "rem": 16.0, "dpi": 1 / 96, "dpcm": 2.54 / 96}.get(size[1], 1.0)
    return _SIGNS[sign](_SIZES[name], size[0] * factor / by[0])
