"""Selectors of style sheets: their text comes in, whether they fit an element goes out.

Read are tags, classes, ids, attributes, all four joints, places among siblings, `:not`, `:is`,
`:where` and `:has` of plain parts, and what an element is in itself. What a person has to do, such
as `:hover`, holds of nothing; a selector with anything else fits nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from servers.search.pages.selector_parts import STATES, AttributeTest, InheritedTest, Place

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_COMPOUND = re.compile(
    r"(?P<tag>[a-z][\w-]*|\*)|\#(?P<id>(?:[\w-]|\\.)+)|\.(?P<cls>(?:[\w-]|\\.)+)|"
    r"\[\s{0,9}+(?P<attr>[\w-]+)\s{0,9}+(?:(?P<how>[*^$~|]?=)\s{0,9}+[\"']?(?P<value>[^\"'\]]{0,99}?)[\"']?(?:(?<=[\"'\s])\s{0,9}(?P<flag>i))?\s{0,9})?\]|"
    r":(?P<place>[\w-]+)(?:\(\s{0,9}(?P<said>(?:[^()]++|\([^()]{0,80}+\)){1,6}+)\))?",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"(?:[^,()\[\]]++|[(\[](?:[^()\[\]]|[(\[][^()\[\]]{0,99}[)\]]){0,99}+[)\]]|[()\[\]])++"
)
"""One selector of a list: a comma in brackets ends none."""
_STEP = re.compile(r"\s{0,9}([>+~\s])\s{0,9}(?![^(\[]{0,99}[)\]])")
_UNSCRIPTED = re.compile(r"\bno-?js\b", re.IGNORECASE)
_LONGEST_SELECTOR = 200
_NTH = re.compile(r"(?:(?P<step>[+-]?\d{0,4})n)?(?P<at>[+-]?\d{1,4})?$")
_PLACES = {
    "first-child": (("nth-child", "1"),),
    "last-child": (("nth-last-child", "1"),),
    "first-of-type": (("nth-of-type", "1"),),
    "last-of-type": (("nth-last-of-type", "1"),),
    "only-child": (("nth-child", "1"), ("nth-last-child", "1")),
    "only-of-type": (("nth-of-type", "1"), ("nth-last-of-type", "1")),
}
_COUNTED = frozenset(["nth-child", "nth-last-child", "nth-of-type", "nth-last-of-type"])
_LISTS = frozenset(["not", "is", "where", "matches", "any", "-webkit-any"])


@dataclass(frozen=True, slots=True)
class Compound:
    """The part of a selector that speaks of one element."""

    tag: str
    """Empty for any."""
    ids: tuple[str, ...]
    classes: frozenset[str]
    attributes: tuple[AttributeTest, ...]
    more: PseudoClasses | None = None

    def fits(self, element: HtmlElement, siblings: Siblings) -> bool:
        """Whether it speaks of `element`; `siblings` knows the places of the page's elements."""
        if self.tag and element.tag != self.tag:
            return False
        if self.ids and {element.get("id")} != set(self.ids):
            return False
        if self.classes and not self.classes <= siblings.classes(element.get("class", "")):
            return False
        if self.attributes and not all(one.fits(element) for one in self.attributes):
            return False
        return self.more is None or self.more.fit(element, siblings)


@dataclass(frozen=True, slots=True)
class PseudoClasses:
    """What a selector asks of one element besides its tag, names and attributes."""

    places: tuple[Place, ...]
    choices: tuple[tuple[bool, tuple[Compound, ...]], ...]
    """Lists of which one must fit, or for False none."""
    states: tuple[str, ...]
    inner: tuple[tuple[str, Compound], ...]
    """What must be in or after it, each with what joins the two."""
    inherited: tuple[InheritedTest, ...]

    def __len__(self) -> int:
        several = (self.places, self.choices, self.states, self.inner, self.inherited)
        return sum(map(len, several))

    def fit(self, element: HtmlElement, siblings: Siblings) -> bool:
        return (
            (not self.states or all(STATES[one](element) for one in self.states))
            and all(one.fits(element) for one in self.inherited)
            and all(
                any(one.fits(element, siblings) for one in many) == is_so
                for is_so, many in self.choices
            )
            and all(one.fits(siblings.place(element, one)) for one in self.places)
            and (not self.inner or any(siblings.has(element, *one) for one in self.inner))
        )


_MOST_SOUGHT = 20
"""Things that elements are asked whether they have in them; each takes a walk over the page."""
_MOST_KEPT = 200_000
"""Elements whose ways up are remembered; a page that means harm may have any number of rules."""


class Siblings:
    """What elements of one page stand among and in; each way is walked once for all of them."""

    def __init__(self) -> None:
        self._places: dict[HtmlElement, dict[tuple[str, tuple[object, ...]], int]] = {}
        self._before: dict[Compound, dict[HtmlElement, HtmlElement | None]] = {}
        self._above: dict[int, dict[HtmlElement, HtmlElement | None]] = {}
        self._kept = 0
        self._classes: dict[str, frozenset[str]] = {}
        self._holders: dict[tuple[str, Compound], set[HtmlElement]] = {}

    def classes(self, value: str) -> frozenset[str]:
        """The classes that an attribute names."""
        known = self._classes.get(value)
        if known is None:
            known = self._classes[value] = frozenset(value.split())
        return known

    def above(self, element: HtmlElement, compound: Compound) -> HtmlElement | None:
        """The nearest element around `element` that `compound`, which outlives self, speaks of."""
        if self._kept > _MOST_KEPT:
            self._above.clear()
            self._kept = 0
        known = self._above.setdefault(id(compound), {})
        passed: list[HtmlElement] = []
        found: HtmlElement | None = None
        one = element.getparent()
        while one is not None and one not in known:
            passed.append(one)
            if compound.fits(one, self):
                found = one
                break
            one = one.getparent()
        else:
            found = known[one] if one is not None else None
        known.update(dict.fromkeys(passed, found))
        self._kept += len(passed)
        return found

    def has(self, element: HtmlElement, joint: str, compound: Compound) -> bool:
        """Whether what `compound` speaks of is in `element`, or after it, as `joint` says."""
        holders = self._holders.get((joint, compound))
        if holders is None:
            if len(self._holders) >= _MOST_SOUGHT:
                return False
            holders = self._holders[joint, compound] = set()
            for one in element.getroottree().iter("*"):
                if not compound.fits(one, self):
                    continue
                if joint in " >":
                    holders.update(_new(one.iterancestors(), holders, joint == ">"))
                else:
                    before = one.itersiblings(preceding=True)
                    holders.update(_new(before, holders, joint == "+"))
        return element in holders

    def place(self, element: HtmlElement, place: Place) -> int:
        """The place of `element`, from 1, as the kind of `place` counts; 0 if it does not."""
        key = (place.kind, place.among)
        if key not in self._places.get(element, ()):
            self._count(element, place.among)
        return self._places[element].get(key, 0)

    def before(self, element: HtmlElement, compound: Compound) -> HtmlElement | None:
        """The nearest sibling before `element` that `compound` speaks of."""
        known = self._before.setdefault(compound, {})
        passed: list[HtmlElement] = []
        one: HtmlElement | None = element
        while one is not None and one not in known:
            passed.append(one)
            one = one.getprevious()
            if one is not None and compound.fits(one, self):
                break
        else:
            one = known[one] if one is not None else None
        known.update(dict.fromkeys(passed, one))
        return one

    def _count(self, element: HtmlElement, among: tuple[Compound, ...]) -> None:
        parent = element.getparent()
        family = (
            [element] if parent is None else [one for one in parent if isinstance(one.tag, str)]
        )
        if among:
            family = [one for one in family if any(kind.fits(one, self) for kind in among)]
        self._places.setdefault(element, {})
        for of_all, of_type, members in (
            ("nth-child", "nth-of-type", family),
            ("nth-last-child", "nth-last-of-type", family[::-1]),
        ):
            tags: Counter[str] = Counter()
            for place, one in enumerate(members, 1):
                tags[one.tag] += 1
                self._places.setdefault(one, {}).update(
                    {(of_all, among): place, (of_type, among): tags[one.tag]}
                )


def _new(
    found: Iterator[HtmlElement], known: set[HtmlElement], only_first: bool
) -> list[HtmlElement]:
    """The first of `found`, or all up to one that is `known`."""
    first = islice(found, 1) if only_first else takewhile(lambda one: one not in known, found)
    return list(first)


Steps = tuple[tuple[str, Compound], ...]
"""From the element upward or backward; each with what joins it to the one before."""


def split(selectors: str) -> list[str]:
    return _ONE.findall(selectors)


def steps_of(selector: str) -> Steps:
    """The parts of `selector` from its end; empty when it holds what is not read."""
    selector = selector.strip().replace("::first-line", ":first-line").replace("*|", "")
    if not selector or len(selector) > _LONGEST_SELECTOR or _UNSCRIPTED.search(selector):
        return ()
    parts = _STEP.split(selector)
    joints = [" ", *(part.strip() or " " for part in parts[1::2])]
    found = [one for part in parts[0::2] if (one := _compound(part)) is not None]
    if len(found) != len(joints):
        return ()
    return tuple(zip([" ", *reversed(joints[1:])], reversed(found), strict=True))


def fit(steps: Steps, element: HtmlElement, siblings: Siblings) -> bool:
    """Whether the selector of `steps` speaks of `element`."""
    if not steps[0][1].fits(element, siblings):
        return False
    one: HtmlElement | None = element
    for combinator, compound in steps[1:]:
        one = _next(one, combinator, compound, siblings)
        if one is None:
            return False
    return True


def weight(steps: Steps) -> tuple[int, int, int]:
    """How much a rule with this selector weighs against others."""
    ids = sum(len(one.ids) for _, one in steps)
    named = sum(len(one.classes) + len(one.attributes) + len(one.more or ()) for _, one in steps)
    return ids, named, sum(one.tag != "" for _, one in steps)


def _next(
    element: HtmlElement, combinator: str, compound: Compound, siblings: Siblings
) -> HtmlElement | None:
    """The nearest element that `combinator` leads to and that `compound` fits."""
    if combinator == " ":
        return siblings.above(element, compound)
    if combinator == "~":
        return siblings.before(element, compound)
    one = element.getprevious() if combinator == "+" else element.getparent()
    return one if one is not None and compound.fits(one, siblings) else None


def _compound(text: str) -> Compound | None:
    tag, at = "", 0
    named: dict[str, list[str]] = {"id": [], "cls": []}
    attributes: list[AttributeTest] = []
    more: _More | None = None
    for part in _COMPOUND.finditer(text):
        if part.start() != at:
            return None
        at = part.end()
        if part["tag"]:
            tag = part["tag"].lower().strip("*")
        elif name := part["id"] or part["cls"]:
            named["id" if part["id"] else "cls"].append(name.replace("\\", ""))
        elif part["attr"]:
            value, exact = (part["value"] or "").strip(), (part["flag"] or "").lower() != "i"
            value = value if exact else value.lower()
            attributes.append(AttributeTest(part["attr"].lower(), part["how"] or "", value, exact))
        else:
            more = more or _More()
            if not more.take(part["place"].lower(), part["said"] or ""):
                return None
    if at != len(text) or not text:
        return None
    ids, classes = tuple(named["id"]), frozenset(named["cls"])
    return Compound(tag, ids, classes, tuple(attributes), more.known() if more else None)


@dataclass(slots=True)
class _More:
    """What the pseudo-classes of a selector ask for."""

    places: list[Place] = field(default_factory=list)
    choices: list[tuple[bool, tuple[Compound, ...]]] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    inner: list[tuple[str, Compound]] = field(default_factory=list)
    inherited: list[InheritedTest] = field(default_factory=list)

    def known(self) -> PseudoClasses:
        places, choices = tuple(self.places), tuple(self.choices)
        inner, inherited = tuple(self.inner), tuple(self.inherited)
        return PseudoClasses(places, choices, tuple(self.states), inner, inherited)

    def take(self, name: str, said: str) -> bool:
        """Add the pseudo-class `name`; whether it is one that is read."""
        if name in _LISTS:
            several = [_compound(part.strip()) for part in split(said)]
            known = tuple(one for one in several if one is not None)
            self.choices.append((name != "not", known))
            return len(known) == len(several) or (bool(known) and name != "not")
        if name in STATES:
            self.states.append(name)
            return not said
        if name in ("lang", "dir"):
            values = tuple(part.strip(" \"'").lower() for part in said.split(","))
            self.inherited.append(InheritedTest(name, values))
            return bool(said)
        if name == "has":
            for part in map(str.strip, split(said)):
                joint = part[0] if part[:1] in (">", "+", "~") else " "
                one = _compound(part.lstrip(">+~ "))
                self.inner += [(joint, one)] if one else []
            return bool(self.inner)
        return all(self._take_place(*one) for one in _PLACES.get(name, ((name, said),)))

    def _take_place(self, name: str, said: str) -> bool:
        said, _, listed = said.partition(" of ")
        several = [_compound(part.strip()) for part in split(listed)]
        among = tuple(one for one in several if one is not None)
        if listed:
            self.choices.append((True, among if name.endswith("child") else ()))
        formula = {"odd": "2n+1", "even": "2n"}.get(said.strip(), said.strip()).replace(" ", "")
        found = _NTH.match(formula) if formula else None
        if name not in _COUNTED or found is None:
            return False
        step = found["step"]
        counted = 0 if step is None else int(f"{step}1") if step in ("", "+", "-") else int(step)
        self.places.append(Place(name, counted, int(found["at"] or 0), among))
        return True
