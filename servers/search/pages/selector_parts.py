"""What parts of a selector ask of one element by itself: an attribute, a place, a state."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

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
    among: tuple[Any, ...] = ()
    """Parts of selectors; what none of them speaks of is not counted."""

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


@dataclass(frozen=True, slots=True)
class InheritedTest:
    """What the nearest `lang` or `dir` around an element says."""

    name: str
    values: tuple[str, ...]

    def fits(self, element: HtmlElement) -> bool:
        path = f"ancestor-or-self::*[@{self.name}][1]/@{self.name}"
        found = next(iter(element.xpath(path)), "ltr" if self.name == "dir" else "").lower()
        return any(found == one or found.startswith(f"{one}-") for one in self.values)


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
    "first-line": lambda one: sum(map(len, islice(one.itertext(), _LINE))) <= _LINE,
    **dict.fromkeys(
        ("hover", "focus", "focus-within", "focus-visible", "active", "target", "visited",
         "fullscreen", "popover-open", "modal", "target-within", "autofill", "user-invalid"),
        lambda _: False,
    ),
}  # fmt: skip
_LINE = 100
"""Letters that a line holds."""
_KNOWN = STATES.keys() | set(
    """
    after backdrop before buffering cue default details-content dir file-selector-button
    first-child first-letter first-of-type future grammar-error has has-slotted highlight host
    host-context in-range indeterminate invalid is lang last-child last-of-type marker muted not
    nth-child nth-last-child nth-last-of-type nth-of-type only-child only-of-type optional
    out-of-range part past paused picture-in-picture placeholder placeholder-shown playing
    read-only read-write required search-text seeking selection slotted spelling-error stalled
    state target-current target-text user-valid valid view-transition volume-locked where
    xr-overlay
    """.split()  # noqa: SIM905 - a list would take a line for each
)
_APART = re.compile(
    r"\\.|\[[^\]]{0,200}+\]|:(?:is|where|-webkit-any|matches)\((?:[^()]++|\([^()]{0,80}+\)){0,9}+\)"
)
"""What can say anything: escaped signs, attributes, lists of which unknown parts are left out."""
_OWN = ("-webkit-", "view-transition", "-internal-")
_PSEUDO = re.compile(r":([\w-]+)")
_NAMESPACE = re.compile(r"[\w-]\|[\w-]")
_BROKEN = (",,", "..", ",>", ",+", ",~", ">,", "+,", "~,", ".,", "#,", ":,", "()")


def is_known(selectors: str) -> bool:
    """Whether a browser takes all of `selectors`; with one that is none it leaves out the rule."""
    text = f",{selectors.replace(' ', '')},"
    if any(sign in text for sign in ":[\\|"):
        text = _APART.sub("x", text)
        names = _PSEUDO.findall(text.lower()) if ":" in text else ()
        if not all(name in _KNOWN or name.startswith(_OWN) for name in names):
            return False
        if "|" in text and _NAMESPACE.search(text):
            return False
    return not any(sign in text for sign in _BROKEN)
