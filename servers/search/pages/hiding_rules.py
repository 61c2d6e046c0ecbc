"""Which declarations may hide an element, seen alone with the colours of its page. Pure: no I/O."""

from __future__ import annotations

from servers.search.pages.colors import Color, alike, color_of, colors_of, is_clear
from servers.search.pages.hiding_styles import (
    is_aside,
    is_away,
    is_cut,
    is_faint,
    is_indented,
    is_off,
    is_shut,
    is_tiny,
)
from servers.search.pages.stylesheet import Style

NO_GROUND = frozenset(["", "none", "inherit", "initial", "unset", "revert", "currentcolor"])
"""What a background says that covers nothing by itself."""
_MANNERS = (
    (is_faint, frozenset(["opacity", "filter", "mask"])),
    (is_shut, frozenset(["overflow", "overflow-x", "overflow-y", "contain", "grid-template-rows"])),
    (
        is_away,
        frozenset([
            "left", "top", "right", "bottom", "margin-left", "margin-top", "transform", "translate",
        ]),
    ),
    (
        is_cut,
        frozenset(["clip", "clip-path", "transform", "scale", "rotate", "letter-spacing", "zoom"]),
    ),
    (is_tiny, frozenset(["font-size"])),
    (is_aside, frozenset(["transform", "translate"])),
    (is_indented, frozenset(["text-indent"])),
)  # fmt: skip
"""Each with the properties of which one must be there."""


def colors_among(values: list[str]) -> set[Color]:
    """The colours of `values`, but for those that are transparent."""
    return {color for one in set(values) for color in colors_of(one) if color}


class Hiding:
    """Tells of declarations alone whether they might hide an element.

    `grounds` are the colours behind some element, `inks` those of some letters.
    """

    def __init__(self, grounds: set[Color], inks: set[Color]) -> None:
        self._grounds = grounds
        self._inks = inks | {(0, 0, 0)}
        self._colors: dict[tuple[str, bool], bool] = {}

    def may_hide(self, style: Style) -> bool:
        """Whether an element with nothing but `style` might be unseen."""
        named = style.get("-webkit-text-fill-color") or style.get("color")
        if named and self._is_lost(named, is_ink=True):
            return True
        ground = style.get("background-color", "")
        if ground not in NO_GROUND - {"currentcolor"} and self._is_lost(ground, is_ink=False):
            return True
        if style.get("visibility") in ("hidden", "collapse") or is_off(style):
            return True
        if style.get("z-index", "").startswith("-"):
            return True
        return any(not of.isdisjoint(style) and hides(style) for hides, of in _MANNERS)

    def _is_lost(self, value: str, *, is_ink: bool) -> bool:
        """Whether letters of that colour, or on it, are not seen somewhere on the page."""
        known = self._colors.get((value, is_ink))
        if known is None:
            color = color_of(value)
            if color is None:
                lost = is_clear(value) if is_ink else "currentcolor" in value
            else:
                others = self._grounds if is_ink else self._inks
                lost = any(alike(color, one) for one in others)
            known = self._colors[value, is_ink] = lost
        return known
