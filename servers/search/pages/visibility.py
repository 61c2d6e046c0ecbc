"""What a person would never see of a page is taken out of its tree, and what they would see stays.

An element is unseen by its attributes, its style or the page's own style sheets. What a script is
certain to show stays: what a control on the page opens, and the wrapper of nearly all of the page.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from servers.search.pages import markup, mathml
from servers.search.pages.colors import WHITE, is_clear
from servers.search.pages.controls import NO_PLACE, Opened
from servers.search.pages.drawn_letters import DARK, INHERITED, Letters, color_named
from servers.search.pages.hiding_rules import (
    LATER,
    NEVER,
    NO_GROUND,
    Hiding,
    colors_among,
    manner_of,
)
from servers.search.pages.hiding_styles import is_faint
from servers.search.pages.media_queries import on_screen
from servers.search.pages.overlaps import covered, covers, cut_off, cuts
from servers.search.pages.stylesheet import Style, Stylesheet

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_UNREAD = (
    *("template", "svg", "iframe", "object", "canvas", "video", "audio"),
    *("datalist", "noembed", "rp", "map", "progress", "meter"),
)
_HIDING_CLASSES = frozenset([
    "sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text", "screen-reader-only",
    "u-visually-hidden", "visually-hidden-focusable", "sr-only-focusable", "element-invisible",
    "hidden-visually", "a11y-hidden", "assistive-text",
])  # fmt: skip
_GROUND = re.compile(r"background(?:-color|-image)?\s*:\s*([^;}]{1,60})")
_INK = re.compile(r"color(?<![\w-]color)\s*:\s*([^;}]{1,60})")
_IMPORT = re.compile(
    r"@import\s{1,9}(?:url\()?[\"']?(data:[^\"')\s]{1,9999}+)[\"']?\)?([^;]{0,200}+);"
)
_LAYER = re.compile(r"\s{0,9}layer(?:\(([^)]{0,60})\))?")
_SHORT, _LONG, _REST = 100, 400, 0.2
_MANY = 4
_MOST_OVER = 150
"""Elements that are asked what they lie over or cut off; a page that means harm may have any."""


def drop_unseen(tree: HtmlElement) -> None:
    """Take out of `tree` what a person would not see, so that it cannot speak to a model."""
    told = list(tree.iter("style", "link", "template", "body"))  # each further walk takes its time
    rules = [
        _with_imported(one.text or _carried(one.get("href") or "")) for one in filter(_holds, told)
    ]
    linked = any(one.tag == "link" and "stylesheet" in one.get("rel", "") for one in told)
    inks = [color_named(one.get("text", "")) for one in told if one.tag == "body"]
    for template in told:
        if template.tag == "template":
            _open_shadow(tree, template)
    markup.drop(tree, *_UNREAD)
    marked = set(tree.xpath(_MARKED))
    own = list(map(str, tree.xpath("//@style", smart_strings=False)))
    said = "\n".join((*rules, *own)).lower()
    grounds = colors_among(
        [*_GROUND.findall(said), *(color_named(one.get("bgcolor", "")) for one in marked)]
    )
    hiding = Hiding(
        grounds | ({WHITE, DARK} if "color-scheme" in said else {WHITE}),
        colors_among([*_INK.findall(said), *inks]),
    )
    sheet = Stylesheet(rules, own, hiding.may_hide, _names(tree))
    _Sight(tree, sheet, linked or sheet.is_cut).look(marked)
    mathml.spell_out(tree)


def _holds(style: HtmlElement) -> bool:
    """Whether the rules of a `style`, or of a `link` that brings them along, hold on a screen."""
    is_sheet = style.get("rel") == "stylesheet" and style.get("href", "").startswith("data:")
    return (
        (is_sheet if style.tag == "link" else style.tag == "style")
        and "text/css" in (style.get("type") or "text/css")
        and next(style.iterancestors("noscript", "template"), None) is None
        and on_screen(style.get("media") or "all")
    )


def _with_imported(css: str) -> str:
    """`css` behind what it imports and brings along itself."""
    for found in _IMPORT.finditer(css) if "@import" in css and "data:" in css else ():
        layer, media = _LAYER.match(found[2]), _LAYER.sub("", found[2])
        inner = f"@media {media or 'all'}{{{_carried(found[1])}\n}}"
        css = f"@layer {layer[1] or ''}{{{inner}}}\n{css}" if layer else f"{inner}\n{css}"
    return css


def _carried(address: str) -> str:
    """The text that a `data:` address brings along."""
    kind, _, data = address.partition(",")
    content = unquote_to_bytes(data)
    if kind.endswith(";base64"):
        with suppress(ValueError):
            content = b64decode(content)
    return content.decode("utf-8", "replace")


def _open_shadow(tree: HtmlElement, template: HtmlElement) -> None:
    """Put what `template` brings, if its host shows that, in place of the host's own."""
    host = template.getparent()
    if host is None or {"shadowrootmode", "shadowroot"}.isdisjoint(template.keys()):
        return
    if template.find(".//slot") is None:
        markup.drop_all(tree, [one for one in host if one is not template])
    template.tag = "div"


def _names(tree: HtmlElement) -> frozenset[str]:
    """All classes and ids on the page."""
    found = (tree.xpath(f"/descendant::*/@{one}", smart_strings=False) for one in ("class", "id"))
    return frozenset(" ".join(set[str]().union(*found)).split())


_RELATIVE = re.compile(r"(?<!r)em|%|smaller|larger")
_SHOWN_AGAIN = {
    "visibility": ("visibility", ("visible", "initial")),
    "overflow": ("position", ("absolute", "fixed")),
}
"""By the property that hides the text of an element: what is shown in it all the same."""
_MARKED = (
    "/descendant::*/@hidden/.. | /descendant::*/@popover/.. | /descendant::dialog"
    " | /descendant::*/@aria-hidden[.='true']/.. | /descendant::font[@color]"
    " | /descendant::*/@bgcolor/.."
)
"""Paths of attributes take a third of the time of conditions on all elements."""


class _Sight:
    def __init__(self, tree: HtmlElement, sheet: Stylesheet, linked: bool) -> None:
        self._tree = tree
        self._sheet = sheet
        self._linked = linked
        self._later: list[HtmlElement] = []
        self._blanked: set[tuple[str, HtmlElement]] = set()
        self._walked: set[tuple[str, HtmlElement]] = set()
        self._seen_again: set[tuple[str, HtmlElement]] = set()
        self._well_known: dict[str, bool] = {"": False}
        self._letters = Letters(tree, sheet, linked)
        self._gone: list[HtmlElement] = []
        self._over = 0
        self._pale: list[tuple[HtmlElement, str]] = []

    def look(self, marked: set[HtmlElement]) -> None:
        """Take out what is not seen; an attribute may hide those that are `marked`."""
        named = self._sheet.hiding_attributes
        having = (one for one in self._tree.iter() if not named.isdisjoint(one.keys()))
        for element in self._suspects(marked.union(having) if named else marked):
            is_only_silent = element in marked and element.get("aria-hidden") == "true"
            is_asked = self._sheet.may_hide(element) or (element in marked and not is_only_silent)
            self._judge(element, self._sheet.style(element) if is_asked else {})
        for element, style, put in islice(self._sheet.put_in(self._tree, covers), _MOST_OVER):
            self._later += covered(element, style, self._sheet.style, put)
        for element, why in (*self._pale, *self._pale_roots()):
            self._blank(element, why)
        markup.drop_all(self._tree, self._gone)
        if self._later:
            self._drop_later()

    def _judge(self, element: HtmlElement, style: Style) -> None:
        """Note what of `element`, or for it, is not seen."""
        why = self._by_mark(element, style) or self._by_style(element, style)
        if why == NEVER:
            self._gone.append(element)
        elif why == LATER:
            self._later.append(element)
        elif why:
            self._pale.append((element, why))
        elif not style or self._over > _MOST_OVER:
            return
        elif covers(style):
            self._over += 1
            self._later += covered(element, style, self._sheet.style)
        elif cuts(style):
            self._over += 1
            self._later += cut_off(element, self._sheet.style)

    def _pale_roots(self) -> Iterator[tuple[HtmlElement, str]]:
        """The root and the body where their letters have the colour of the ground."""
        for root in self._tree.xpath("/html | /html/body"):
            if root.get("text") or self._sheet.may_hide(root):
                why = self._letters.hidden_by(root, self._sheet.style(root))
                yield from [(root, why)] if why else []

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
        get = element.get
        shut = element.tag == "dialog" and get("open") is None
        marked = shut or get("hidden") is not None or get("popover") is not None
        silent = self._linked and get("aria-hidden") == "true"
        unsought = get("hidden") == "until-found"
        if silent or unsought or (marked and style.get("display", "none") == "none"):
            return LATER
        return NEVER if self._is_well_known(element) else ""

    def _is_well_known(self, element: HtmlElement) -> bool:
        """Whether `element` has a class that hides on every site."""
        names = element.get("class") or ""
        known = self._well_known.get(names)
        if known is None:
            known = self._well_known[names] = bool(_HIDING_CLASSES & set(names.split()))
        return known

    def _by_style(self, element: HtmlElement, style: Style) -> str:
        """Why its style hides `element`: a manner, or the inherited property that does it."""
        if not style and element.tag != "font" and not element.get("bgcolor"):
            return ""
        why = manner_of(style)
        if why == "overflow" and style.get("position", "static") != "static":
            why = LATER
        if why not in (LATER, NEVER) and self._is_below(element, style):
            return NEVER
        return why or self._letters.hidden_by(element, style)

    def _is_below(self, element: HtmlElement, style: Style) -> bool:
        """Whether the ground of something around `element` lies over it."""
        if not style.get("z-index", "").startswith("-") or not style.get("position"):
            return False
        for one in element.iterancestors():
            around = self._sheet.style(one)
            if one.tag in ("body", "html") or ("position" in around and "z-index" in around):
                return False
            if around.get("background-color", "") not in NO_GROUND:
                return not is_clear(around["background-color"])
        return False

    def _blank(self, element: HtmlElement, name: str) -> None:
        """Take out the text of `element` but for what in it the property `name` shows again."""
        if name in _SHOWN_AGAIN and not self._holds_shown(element, name):
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
                if isinstance(child.tag, str) and not self._is_set_again(child, name):
                    stack.append(child)

    def _is_set_again(self, element: HtmlElement, name: str) -> bool:
        """Whether what `element` inherits of `name` no longer holds in it."""
        style = self._sheet.style(element)
        if name == "overflow":
            return style.get("position") in _SHOWN_AGAIN[name][1]
        value = style.get(name, "")
        if name == "color" and style.get("background-color", "") not in NO_GROUND:
            return not self._letters.hidden_by(element, style)
        if name == "color" and not value:
            return bool(self._letters.own_ink(element))
        if value in INHERITED or value in ("hidden", "collapse"):
            return False
        return name != "font-size" or not _RELATIVE.search(value)

    def _holds_shown(self, element: HtmlElement, name: str) -> bool:
        """Whether something in `element` shows again what the property `name` hides."""
        if (name, element) not in self._walked:
            for one in element.iter("*"):
                self._walked.add((name, one))
                if self._sheet.style(one).get(_SHOWN_AGAIN[name][0]) in _SHOWN_AGAIN[name][1]:
                    self._seen_again.add((name, one))
                    for above in one.iterancestors():
                        if (name, above) in self._seen_again:
                            break
                        self._seen_again.add((name, above))
        return (name, element) in self._seen_again

    def _drop_later(self) -> None:
        opened = Opened(self._tree)
        closed = [
            one for one in self._later if one.getparent() is not None and not opened.by_control(one)
        ]
        closed = self._without_revealed(closed)
        sizes, top = _sizes(self._tree, closed)
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
            left += markup.letters(one.text)
            for child in one:
                left += markup.letters(child.tail)
                stack.append(child)
        return left


def _sizes(
    tree: HtmlElement, chosen: list[HtmlElement]
) -> tuple[dict[HtmlElement, int], set[HtmlElement]]:
    """The letters and digits in each of the `chosen`, and which of them stand in no other."""
    from lxml import etree  # noqa: PLC0415 - only pages need it

    sizes: dict[HtmlElement, int] = {}
    top: set[HtmlElement] = set()
    several = set(chosen)
    count = unread = 0
    for one in chosen:
        if one in sizes or next(one.iterancestors(str(tree.tag)), None) is not tree:
            continue
        begun: list[int] = []
        for event, element in etree.iterwalk(one, events=("start", "end")):
            is_start = event == "start"
            unread += (1 if is_start else -1) * (element.tag in ("script", "style", "noscript"))
            if element in several:
                if is_start:
                    begun.append(count)
                else:
                    sizes[element] = count - begun.pop()
                    top.discard(element)
            if begun and not unread:
                count += markup.letters(element.text if is_start else element.tail)
        top.add(one)
    return sizes, top


def _manner(element: HtmlElement, style: Style) -> str:
    """Elements that are hidden in the same manner are shown by the same script."""
    return f"{element.tag}{element.get('hidden')}{sorted(style.items())}"


def _is_moving(style: Style) -> bool:
    return "transform" in style and is_faint(style)
