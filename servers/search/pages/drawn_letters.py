"""With which colours letters are drawn, and what is left of them on a ground. Pure: no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from servers.search.pages.colors import WHITE, Color, alike, color_of, colors_of, is_clear
from servers.search.pages.css_values import number, share
from servers.search.pages.hiding_rules import NO_GROUND
from servers.search.pages.stylesheet import Style, Stylesheet
from servers.search.pages.transforms import STEP

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_FAR = 500.0
DARK = (18, 18, 18)
"""The ground of a page that asks for a dark one and names none."""
INHERITED = frozenset(["", "inherit", "currentcolor", "unset", "revert"])
_DIGITS = re.compile(r"[0-9a-f]{6}")
_CHANGING = frozenset(["filter", "mix-blend-mode"])
_INKS = {"mark": "marktext", "button": "buttontext"}
_BLENDS: dict[str, Callable[[float, float], float]] = {
    "screen": lambda ink, ground: ink + ground - ink * ground,
    "lighten": max,
    "darken": min,
    "multiply": lambda ink, ground: ink * ground,
    "difference": lambda ink, ground: abs(ink - ground),
    "exclusion": lambda ink, ground: ink + ground - 2 * ink * ground,
    "plus-lighter": lambda ink, ground: ink + ground,
    "color-dodge": lambda ink, ground: ground and (ground / (1 - ink) if ink < 1 else 1),
    "color-burn": lambda ink, ground: 1 - (1 - ground and ((1 - ground) / ink if ink else 1)),
    "overlay": lambda ink, ground: (
        2 * ink * ground if ground <= 0.5 else 1 - 2 * (1 - ink) * (1 - ground)
    ),
    "hard-light": lambda ink, ground: (
        2 * ink * ground if ink <= 0.5 else 1 - 2 * (1 - ink) * (1 - ground)
    ),
}
_FILTERS: dict[str, Callable[[float, float], float]] = {
    "brightness": lambda part, share: part * share,
    "contrast": lambda part, share: (part - 0.5) * share + 0.5,
    "invert": lambda part, share: part + share - 2 * part * share,
}
"""What they do to a part of a colour, from 0 to 1."""


def _inks(style: Style, color: Color | None) -> list[Color | None]:
    """The colours that letters of `color`, if any, are drawn with; None for a picture's."""
    inks = [color] if color else []
    for name in ("text-shadow", "-webkit-text-stroke"):
        value = style.get(name, "none")
        size = number(value)
        is_gone = size is not None and (size[0] <= -_FAR or (not size[0] and "stroke" in name))
        if value != "none" and not is_gone:
            inks += list(filter(None, colors_of(value) or [color]))
    if "text" in style.get("background-clip", ""):
        image = style.get("background-image", "")
        if "url(" in image:
            return [None]
        inks += list(filter(None, colors_of(f"{image} {style.get('background-color', '')}")))
    return list(inks)


def _is_lost(ink: Color | None, ground: Color | None, style: Style, has_own: bool) -> bool:
    """Whether nobody sees `ink` on `ground`, which for `has_own` is the element's own."""
    if ink is None or ground is None:
        return False
    steps = STEP.findall(style.get("filter", ""))
    letter, behind = _filtered(ink, steps), _filtered(ground, steps) if has_own else ground
    blend = _BLENDS.get(style.get("mix-blend-mode", ""))
    if blend and not has_own:
        letter = _bounded([blend(a / 255, b / 255) for a, b in zip(letter, behind, strict=True)])
    return alike(letter, behind)


def _filtered(color: Color, steps: list[tuple[str, str]]) -> Color:
    for name, said in steps:
        size = number(said) or (1.0, "")
        if name in _FILTERS:
            color = _bounded([_FILTERS[name](part / 255, share(size)) for part in color])
    return color


def _bounded(parts: list[float]) -> Color:
    red, green, blue = (round(255 * min(max(part, 0.0), 1.0)) for part in parts)
    return red, green, blue


def color_named(value: str) -> str:
    """The colour of an attribute as a style would say it."""
    value = value.strip().lower()
    return f"#{value}" if _DIGITS.fullmatch(value) else value


class Letters:
    """The colours of the letters on one page, and of what is behind them."""

    def __init__(self, tree: HtmlElement, sheet: Stylesheet, linked: bool) -> None:
        self._tree = tree
        self._sheet = sheet
        self._linked = linked

    def hidden_by(self, element: HtmlElement, style: Style) -> str:
        """The property of `style` that gives letters the colour of their ground, or none."""
        background = style.get("background-color") or color_named(element.get("bgcolor") or "")
        why = "-webkit-text-fill-color" if "-webkit-text-fill-color" in style else "color"
        named = style.get(why, "")
        if not named and (not self._linked or element.tag == "font"):
            named = self.own_ink(element)  # a linked sheet may say otherwise
        if "currentcolor" in background:
            return why
        if named in INHERITED:
            if not _CHANGING & style.keys() and (
                background in NO_GROUND or (self._linked and not named)
            ):
                return ""
            named = self._ink(element)
        color = color_of(named)
        if color is None and not is_clear(named):
            return ""
        if _CHANGING & style.keys() and not self._has_ground(element):
            style = {**style, "mix-blend-mode": ""}
        inks = _inks(style, color)
        ground = self._ground(element) if inks else None
        if None in inks or (inks and ground is None):
            return ""
        has_own = background not in NO_GROUND
        return why if all(_is_lost(ink, ground, style, has_own) for ink in inks) else ""

    def _ink(self, element: HtmlElement) -> str:
        """The colour that the letters of `element` have from what is around it."""
        inks = filter(None, map(self.own_ink, element.iterancestors()))
        return next(inks, "" if self._linked else "white" if self._is_dark else "black")

    def own_ink(self, element: HtmlElement) -> str:
        """The colour that `element` sets for its letters; empty when it inherits it."""
        named = self._sheet.style(element).get("color", "")
        if named:
            return "" if named in INHERITED else named
        if element.tag == "a" and element.get("href") is not None:
            return "linktext"
        said = element.get({"font": "color", "body": "text"}.get(element.tag, "-"))
        return color_named(said) if said else _INKS.get(element.tag, "")

    @cached_property
    def _is_dark(self) -> bool:
        """Whether the page asks for a dark ground where it names none."""
        root = self._tree.getroottree().getroot()
        said = self._tree.xpath("string(//meta[@name='color-scheme']/@content)")
        words = self._sheet.style(root).get("color-scheme", said).split()
        return "dark" in words and "light" not in words

    def _has_ground(self, element: HtmlElement) -> bool:
        """Whether anything around `element` names a colour for its ground."""
        styles = map(self._sheet.style, element.iterancestors())
        return any(one.get("background-color", "") not in NO_GROUND for one in styles)

    def _ground(self, element: HtmlElement) -> Color | None:
        """The colour behind `element`; None where the page alone does not tell it."""
        for one in (element, *element.iterancestors()):
            style = self._sheet.style(one)
            background = style.get("background-color") or color_named(one.get("bgcolor") or "")
            image = style.get("background-image", "none").replace("url(data:,)", "")
            if "text" in style.get("background-clip", ""):
                continue
            if "url(" in image or "var(" in background:
                return None
            if "gradient" in image:
                first, *others = colors_of(image) or [None]
                even = first and all(other and alike(first, other) for other in others)
                return first if even else None
            if background not in NO_GROUND and not is_clear(background):
                return color_of(background)
        return None if self._linked else DARK if self._is_dark else WHITE
