"""Rules of a style sheet by what an element must have for them to fit. Pure: no I/O."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from servers.search.pages.css_rules import Rank
from servers.search.pages.selectors import Steps

if TYPE_CHECKING:
    from lxml.html import HtmlElement


@dataclass(slots=True)
class IndexedRule:
    """One selector with what is declared under it."""

    steps: Steps
    weight: tuple[Rank, int, int, int, int]
    body: str
    style: dict[str, str]
    urgent: str
    """What of it also wins over an element's own attribute."""


class RuleIndex:
    """Rules by the tag, a class, the id or an attribute that an element must have."""

    def __init__(self) -> None:
        self.attributes: set[str] = set()
        self._by_name: dict[str, list[IndexedRule]] = defaultdict(list)
        self._known: dict[tuple[str, str | None], list[IndexedRule]] = {}

    def add(self, rule: IndexedRule) -> None:
        last = rule.steps[0][1]
        name = min(last.classes) if last.classes else ""
        key = f"#{last.ids[0]}" if last.ids else f".{name}" if name else last.tag
        if not key and last.attributes:
            key = f"[{last.attributes[0].name}"
            self.attributes.add(last.attributes[0].name)
        self._by_name[key].append(rule)

    def of(self, element: HtmlElement) -> list[IndexedRule]:
        """The rules that may fit `element`."""
        found = self.named(element.tag, element.get("class"))
        if name := element.get("id"):
            found = found + self._by_name.get(f"#{name}", [])
        for name in self.attributes:
            if element.get(name) is not None:
                found = found + self._by_name[f"[{name}"]
        return found

    def named(self, tag: str, classes: str | None) -> list[IndexedRule]:
        """The rules that may fit whatever has this tag and these `classes`."""
        known = self._known.get((tag, classes))
        if known is None:
            names = (tag, "", *(f".{name}" for name in set((classes or "").split())))
            known = [rule for name in names for rule in self._by_name.get(name, ())]
            self._known[tag, classes] = known
        return known
