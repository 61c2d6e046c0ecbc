"""What a control or a script on a page shows, though it is closed when the page comes."""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from itertools import accumulate, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

NO_PLACE = frozenset(
    ["html", "head", "body", "script", "style", "noscript", "link", "meta", "title", "base"]
)
"""Elements that take no room on a page."""
_CONTROLS = (
    "//@aria-controls | //@data-target | //@data-bs-target | //@data-tab | //@data-toggle-target"
    " | //a/@href[starts-with(.,'#')]"
)
_HANDLERS = "//@onclick | //a/@href[starts-with(.,'javascript:')]"
_OPENS = re.compile(r"show|toggle|slidedown|fadein|expand|reveal|[\"']block", re.IGNORECASE)
_SHOWS = re.compile(
    r"\$RC\(|\.style\b|\.show\(|fadeIn|slideDown|removeAttribute|classList|\.hidden\b"
)
_QUOTED = re.compile(r"[\"'#]([A-Za-z][\w:.-]{0,80})[\"']")
_PANEL = re.compile(r"tab-?pane|tab-?content|panel|slide|accordion|carousel")
_NEAR, _LONGEST_CONTROL = 40, 150
"""Elements and letters; what has more is no control for what comes after it."""
_SHORTEST_PANEL = 100
"""Characters; buttons stand before many a short text that they have nothing to do with."""


class Opened:
    """What a control or a script on the page shows."""

    def __init__(self, tree: HtmlElement) -> None:
        self._tree = tree
        self._classes: dict[HtmlElement, Counter[str]] = {}

    @cached_property
    def _ids(self) -> set[str]:
        found: set[str] = set()
        for value in self._tree.xpath(_CONTROLS, smart_strings=False):
            found.update(part.lstrip("#") for part in value.split() if len(part) > 1)
        for handler in self._tree.xpath(_HANDLERS, smart_strings=False):
            if _OPENS.search(handler):
                found.update(_QUOTED.findall(handler))
        for script in self._tree.iter("script"):
            text = script.text or ""
            if text and not script.get("src") and _SHOWS.search(text):
                found.update(_QUOTED.findall(text))
        return found

    def by_control(self, element: HtmlElement) -> bool:
        """Whether `element` is one that a person can open, or that a script opens."""
        name = element.get("id")
        if element.get("role") == "tabpanel" or (name and name in self._ids):
            return True
        if _follows_control(element):
            return True
        classes = (element.get("class") or "").split()
        if not classes or not _PANEL.search(classes[0].lower()):
            return False
        parent = element.getparent()
        return parent is not None and self._classes_in(parent)[classes[0]] > 1

    def _classes_in(self, parent: HtmlElement) -> Counter[str]:
        """How many children of `parent` have each class."""
        if parent not in self._classes:
            named = (set((one.get("class") or "").split()) for one in parent)
            self._classes[parent] = Counter(name for names in named for name in names)
        return self._classes[parent]


def _follows_control(element: HtmlElement) -> bool:
    """Whether a button or a heading that acts as one stands right before the text of `element`."""
    before = element.getprevious()
    while before is not None and before.tag in NO_PLACE:
        before = before.getprevious()
    near = [] if before is None else list(islice(before.iter("*"), _NEAR))
    length = sum(len((one.text or "").strip()) for one in near if one.tag not in NO_PLACE)
    if len(near) == _NEAR or length > _LONGEST_CONTROL:
        return False
    if any(one.get("aria-haspopup") for one in near):
        return False
    if any(one.get("aria-expanded") for one in near):
        return True
    acts = any(one.tag in ("button", "summary") or one.get("role") == "button" for one in near)
    sizes = accumulate(map(len, element.itertext()))
    return acts and any(size >= _SHORTEST_PANEL for size in sizes)
