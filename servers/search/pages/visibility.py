"""What a person would never see of a page is taken out of its tree, and what they would see stays.

An element is unseen by its attributes, its style or the page's own style sheets. What a script is
certain to show stays: what a control on the page opens, and the wrapper of nearly all of the page.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING

from servers.search.pages import markup
from servers.search.pages.controls import NO_PLACE, Opened
from servers.search.pages.hiding_styles import (
    WHITE,
    Color,
    alike,
    color_of,
    is_away,
    is_clear,
    is_cut,
    is_faint,
    is_off,
    is_shut,
    is_tiny,
)
from servers.search.pages.stylesheet import Style, Stylesheet, on_screen

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_UNREAD = (
    *("template", "svg", "iframe", "object", "canvas", "video", "audio"),
    *("datalist", "noembed", "rp", "map", "math"),
)
_HIDING_CLASSES = frozenset([
    "sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text", "screen-reader-only",
    "u-visually-hidden", "visually-hidden-focusable", "sr-only-focusable", "element-invisible",
    "hidden-visually", "a11y-hidden", "assistive-text",
])  # fmt: skip
_GROUND = re.compile(r"background(?:-color)?\s*:\s*([^;}]{1,60})")
_SHORT, _LONG, _REST = 100, 400, 0.2
_MANY = 4


def drop_unseen(tree: HtmlElement) -> None:
    """Take out of `tree` what a person would not see, so that it cannot speak to a model."""
    css = "\n".join(
        style.text or "" for style in tree.iter("style") if on_screen(style.get("media") or "all")
    )
    markup.drop(tree, *_UNREAD)
    sheet = Stylesheet(css, _Hiding(_grounds(tree, css)).may_hide, _names(tree))
    linked = bool(tree.xpath("boolean(//link[contains(@rel,'stylesheet')])"))
    sight = _Sight(tree, sheet, linked)
    sight.look()


def _names(tree: HtmlElement) -> frozenset[str]:
    """All classes and ids on the page."""
    return frozenset(
        " ".join(
            tree.xpath("/descendant::*/@class | /descendant::*/@id", smart_strings=False)
        ).split()
    )


_NEVER, _LATER = "never", "later"
"""What no script is expected to show, and what one may show."""
_RELATIVE = re.compile(r"em|%|inherit|smaller|larger")
_MARKED = (
    "/descendant::*[@hidden or @popover or @aria-hidden='true' or self::dialog"
    " or self::font[@color]]"
)


class _Sight:
    def __init__(self, tree: HtmlElement, sheet: Stylesheet, linked: bool) -> None:
        self._tree = tree
        self._sheet = sheet
        self._linked = linked
        self._later: list[HtmlElement] = []
        self._blanked: set[tuple[str, HtmlElement]] = set()
        self._walked: set[HtmlElement] = set()
        self._seen_again: set[HtmlElement] = set()
        self._well_known: dict[str, bool] = {"": False}

    def look(self) -> None:
        """Take out what is not seen."""
        blanked: list[tuple[HtmlElement, str]] = []
        gone: list[HtmlElement] = []
        marked = set(self._tree.xpath(_MARKED))
        for element in self._suspects(marked):
            style = self._sheet.style(element) if self._sheet.may_hide(element) else {}
            why = self._by_mark(element, style) or self._by_style(element, style)
            if why == _NEVER:
                gone.append(element)
            elif why == _LATER:
                self._later.append(element)
            elif why:
                blanked.append((element, why))
        for element, why in blanked:
            self._blank(element, why)
        markup.drop_all(self._tree, gone)
        if self._later:
            self._drop_later()

    def _suspects(self, marked: set[HtmlElement]) -> list[HtmlElement]:
        """The elements that an attribute, a class or a rule may hide, in their order."""
        found = []
        plain: set[tuple[str, str]] = set()
        may_hide, candidates = self._sheet.may_hide, self._sheet.candidates
        for element in self._tree.xpath("/descendant::*"):
            get = element.get
            looks = (element.tag, get("class"))
            if looks in plain and not get("style") and not get("id") and element not in marked:
                continue
            if looks[0] in NO_PLACE:
                plain.add(looks)
            elif element in marked or self._is_well_known(element) or may_hide(element):
                found.append(element)
            elif not candidates(*looks):
                plain.add(looks)
        return found

    def _by_mark(self, element: HtmlElement, style: Style) -> str:
        """Why an attribute or a well-known class hides `element`; empty when none does."""
        marked = element.get("hidden") is not None and style.get("display", "none") == "none"
        shut = element.tag == "dialog" and element.get("open") is None
        silent = element.get("aria-hidden") == "true"
        if marked or shut or silent or element.get("popover") is not None:
            return _LATER
        return _NEVER if self._is_well_known(element) else ""

    def _is_well_known(self, element: HtmlElement) -> bool:
        """Whether `element` has a class that hides on every site."""
        names = element.get("class") or ""
        known = self._well_known.get(names)
        if known is None:
            known = self._well_known[names] = bool(_HIDING_CLASSES & set(names.split()))
        return known

    def _by_style(self, element: HtmlElement, style: Style) -> str:
        """Why its style hides `element`: a manner, or the inherited property that does it."""
        if element.tag == "font" and element.get("color"):
            style = {"color": str(element.get("color")).lower(), **style}
        if not style:
            return ""
        if is_off(style) or is_faint(style) or is_shut(style):
            return _LATER
        if is_away(style) or is_cut(style):
            return _NEVER
        if style.get("visibility") in ("hidden", "collapse"):
            return "visibility"
        return "font-size" if is_tiny(style) else self._by_color(element, style)

    def _by_color(self, element: HtmlElement, style: Style) -> str:
        named = style.get("-webkit-text-fill-color") or style.get("color")
        if not named or "text" in style.get("background-clip", "") + style.get(
            "-webkit-background-clip", ""
        ):
            return ""
        color = color_of(named)
        if color is None:
            return "color" if is_clear(named) else ""
        ground = self._ground(element)
        return "color" if ground is not None and alike(color, ground) else ""

    def _ground(self, element: HtmlElement) -> Color | None:
        """The colour behind `element`; None where the page alone does not tell it."""
        one: HtmlElement | None = element
        while one is not None:
            style = self._sheet.style(one)
            background = style.get("background-color") or (one.get("bgcolor") or "").lower()
            if "url(" in background or "gradient" in background or "var(" in background:
                return None
            if (
                background
                and not is_clear(background)
                and background not in ("none", "inherit", "initial", "unset")
            ):
                return color_of(background)
            one = one.getparent()
        return None if self._linked else WHITE

    def _blank(self, element: HtmlElement, name: str) -> None:
        """Take out the text of `element` but for what in it the property `name` shows again."""
        style = self._sheet.style
        if name == "visibility" and not self._holds_visible(element):
            self._later.append(element)
            return
        stack = [element]
        while stack:
            one = stack.pop()
            if (name, one) in self._blanked:
                continue  # elements inside each other would be gone through again and again
            self._blanked.add((name, one))
            one.text = None
            for child in one:
                child.tail = None
                if isinstance(child.tag, str) and not _is_set_again(style(child), name):
                    stack.append(child)

    def _holds_visible(self, element: HtmlElement) -> bool:
        """Whether something in `element` is made visible again."""
        if element not in self._walked:
            for one in element.iter("*"):
                self._walked.add(one)
                if self._sheet.style(one).get("visibility") == "visible":
                    self._seen_again.add(one)
                    for above in takewhile(self._is_new, one.iterancestors()):
                        self._seen_again.add(above)
        return element in self._seen_again

    def _is_new(self, element: HtmlElement) -> bool:
        return element not in self._seen_again

    def _drop_later(self) -> None:
        opened = Opened(self._tree)
        closed = [
            one for one in self._later if one.getparent() is not None and not opened.by_control(one)
        ]
        closed = self._without_revealed(closed)
        sizes, top = _sizes(self._tree, set(closed))
        closed = [one for one in closed if one in sizes]  # the others stood in what is gone
        manners = {one: _manner(one, self._sheet.style(one)) for one in closed}
        own = self._letters_left(top, _REST * max(sum(sizes[one] for one in top), 1))
        kinds: Counter[str] = Counter()
        for one in top:
            kinds[manners[one]] += sizes[one]
        wholes = {one: max(sizes[one], kinds[manners[one]] if one in top else 0) for one in closed}
        most = _LONG if own else _SHORT
        unseen = [one for one in closed if wholes[one] < most or own > _REST * wholes[one]]
        markup.drop_all(self._tree, unseen)

    def _without_revealed(self, closed: list[HtmlElement]) -> list[HtmlElement]:
        """`closed` without the many of one manner that move into sight while a person scrolls."""
        manners = {
            one: str(self._sheet.style(one)) for one in closed if _is_moving(self._sheet.style(one))
        }
        often = Counter(manners.values())
        return [one for one in closed if often[manners.get(one, "")] < _MANY]

    def _letters_left(self, top: set[HtmlElement], enough: float) -> int:
        """How many letters of the page's own part are seen outside of `top`; or over `enough`."""
        body = self._tree.find("body")
        around = ("nav", "header", "footer", "aside")
        left = 0
        stack = [self._tree if body is None else body]
        while stack and left <= enough:
            one = stack.pop()
            if (
                one in top
                or one.tag in around
                or not isinstance(one.tag, str)
                or one.tag in ("script", "style", "noscript", "head")
            ):
                continue
            left += sum(map(str.isalnum, one.text or ""))
            for child in one:
                left += sum(map(str.isalnum, child.tail or ""))
                stack.append(child)
        return left


def _sizes(
    tree: HtmlElement, chosen: set[HtmlElement]
) -> tuple[dict[HtmlElement, int], set[HtmlElement]]:
    """The letters and digits in each of the `chosen`, and which of them stand in no other."""
    from lxml import etree  # noqa: PLC0415 - only pages need it

    sizes: dict[HtmlElement, int] = {}
    top: set[HtmlElement] = set()
    count = inside = unread = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")) if chosen else ():
        step = 1 if event == "start" else -1
        if element in chosen:
            if event == "start" and not inside:
                top.add(element)
            inside += step
            sizes[element] = count - sizes.get(element, 0)
        unread += step * (element.tag in ("script", "style", "noscript"))
        if inside and not unread:
            text = element.text if event == "start" else element.tail
            count += sum(map(str.isalnum, text or ""))
    return sizes, top


def _is_set_again(style: Style, name: str) -> bool:
    """Whether what an element inherits of `name` no longer holds in it."""
    value = style.get(name) or (style.get("font") if name == "font-size" else None)
    if not value or value in ("inherit", "hidden", "collapse"):
        return False
    return name != "font-size" or not _RELATIVE.search(value)


def _manner(element: HtmlElement, style: Style) -> str:
    """Elements that are hidden in the same manner are shown by the same script."""
    return f"{element.tag}{element.get('hidden')}{sorted(style.items())}"


def _is_moving(style: Style) -> bool:
    return "transform" in style and is_faint(style)


def _grounds(tree: HtmlElement, css: str) -> set[Color]:
    """The colours that something on the page has behind it."""
    values = set(_GROUND.findall(css.lower()))
    values.update(
        found for style in tree.xpath("//@style") for found in _GROUND.findall(str(style).lower())
    )
    values.update(str(value).lower() for value in tree.xpath("//@bgcolor"))
    return {WHITE, *(color for one in values if (color := color_of(one)))}


class _Hiding:
    """Tells of declarations alone whether they might hide an element; `grounds` are behind some."""

    def __init__(self, grounds: set[Color]) -> None:
        self._grounds = grounds
        self._colors: dict[str, bool] = {}

    def may_hide(self, style: Style) -> bool:
        """Whether an element with nothing but `style` might be unseen."""
        named = style.get("-webkit-text-fill-color") or style.get("color")
        if named and self._is_lost(named):
            return True
        if style.get("visibility") in ("hidden", "collapse") or is_off(style):
            return True
        return any(named(style) for named in (is_faint, is_shut, is_away, is_cut, is_tiny))

    def _is_lost(self, color_text: str) -> bool:
        """Whether letters of that colour are not seen before some ground."""
        known = self._colors.get(color_text)
        if known is None:
            color = color_of(color_text)
            lost = (
                is_clear(color_text)
                if color is None
                else any(alike(color, one) for one in self._grounds)
            )
            known = self._colors[color_text] = lost
        return known
