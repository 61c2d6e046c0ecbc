"""What parts of a selector ask of one element by itself: an attribute, a place, a state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_HOLDS: dict[str, Callable[[str, str], bool]] = {
    "": lambda _found, _value: True,
    "=": lambda found, value: found == value,
    "~=": lambda found, value: value in found.split(),
    "|=": lambda found, value: found == value or found.startswith(f"{value}-"),
    "^=": lambda found, value: bool(value) and found.startswith(value),
    "$=": lambda found, value: bool(value) and found.endswith(value),
    "*=": lambda found, value: bool(value) and value in found,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place among siblings: `step * n + at` for some n from 0."""

    kind: str
    step: int
    at: int

    def fits(self, place: int) -> bool:
        if not self.step:
            return place == self.at
        return (place - self.at) % self.step == 0 and (place - self.at) // self.step >= 0


@dataclass(frozen=True, slots=True)
class AttributeTest:
    """What an attribute must hold."""

    name: str
    how: str
    value: str
    exact: bool
    """Whether capitals count."""

    def fits(self, element: HtmlElement) -> bool:
        found = element.get(self.name)
        if found is None:
            return False
        return _HOLDS[self.how](found if self.exact else found.lower(), self.value)


def _is_plain(element: HtmlElement) -> bool:
    return "-" not in str(element.tag)


def _is_root(element: HtmlElement) -> bool:
    return element.getparent() is None


def _is_linked(element: HtmlElement) -> bool:
    return element.tag == "a" and element.get("href") is not None


STATES: dict[str, Callable[[HtmlElement], bool]] = {
    "root": _is_root,
    "scope": _is_root,
    "empty": lambda one: len(one) == 0 and not one.text,
    "checked": lambda one: one.get("checked") is not None or one.get("selected") is not None,
    "disabled": lambda one: one.get("disabled") is not None,
    "enabled": lambda one: one.get("disabled") is None,
    "defined": _is_plain,
    "link": _is_linked,
    "any-link": _is_linked,
    "open": lambda one: one.get("open") is not None,
    **dict.fromkeys(
        ("hover", "focus", "focus-within", "focus-visible", "active", "target", "visited",
         "fullscreen", "popover-open", "modal", "target-within", "autofill", "user-invalid"),
        lambda _: False,
    ),
}  # fmt: skip
