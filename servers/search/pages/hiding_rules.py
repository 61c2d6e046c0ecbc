"""Which declarations may hide an element, seen alone with the colours of its page. Pure: no I/O."""

from __future__ import annotations

from servers.search.pages.colors import Color, alike, color_of, colors_of, is_clear
from servers.search.pages.hiding_styles import (
    is_aside,
    is_away,
    is_cut,
    is_faint,
    is_indented,
    is_invisible,
    is_off,
    is_shut,
    is_tiny,
)
from servers.search.pages.overlaps import clips, covers
from servers.search.pages.stylesheet import Style
from servers.search.pages.transforms import NAMES

NO_GROUND = frozenset(["", "none", "inherit", "initial", "unset", "revert", "currentcolor"])
"""What a background says that covers nothing by itself."""
NEVER, LATER = "never", "later"
"""What no script is expected to show, and what one may show."""
_MANNERS = (
    (LATER, is_off, frozenset(["display", "content-visibility"])),
    (LATER, is_faint, frozenset(["opacity", "filter", "mask"])),
    (
        "overflow",
        is_shut,
        frozenset([
            "height", "max-height", "width", "max-width", "line-height", "grid-template-rows",
            "contain",
        ]),
    ),
    (LATER, is_aside, frozenset(["transform", "translate"])),
    (
        NEVER,
        is_away,
        frozenset([
            "left", "top", "right", "bottom", "margin-left", "margin-top", "offset-path", *NAMES,
        ]),
    ),
    (
        NEVER,
        is_cut,
        frozenset([
            "clip", "clip-path", "letter-spacing", "zoom", "-webkit-text-security", "content",
            *NAMES,
        ]),
    ),
    ("visibility", is_invisible, frozenset(["visibility"])),
    ("text-indent", is_indented, frozenset(["text-indent"])),
    ("font-size", is_tiny, frozenset(["font-size", "font-size-adjust"])),
)  # fmt: skip
"""When what they hide is seen, or the inherited property that hides it; how it is hidden, and the
properties of which one must be there."""


_PLACED = {"position": "fixed", "overflow": "hidden"}
"""What another rule may say of the same element."""
_RECOLORS = ("brightness", "contrast", "invert")
_CHANGING = frozenset([
    "mix-blend-mode", "z-index", "filter", "position", "overflow", "overflow-x", "overflow-y",
    "contain",
])  # fmt: skip
_HIDING = frozenset[str]().union(*(of for _, _, of in _MANNERS))


def manner_of(style: Style) -> str:
    """Why an element with `style` is unseen, whatever its colours; empty if it is not.

    NEVER, LATER, or the inherited property that hides it.
    """
    return next((why for why, hides, of in _MANNERS if of & style.keys() and hides(style)), "")


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
        said = style.keys()
        if _CHANGING & said and (
            "mix-blend-mode" in said
            or style.get("z-index", "").startswith("-")
            or any(one in style.get("filter", "") for one in _RECOLORS)
            or covers(style)
            or clips(style)
        ):
            return True
        return bool(_HIDING & said) and bool(manner_of({**_PLACED, **style}))

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
