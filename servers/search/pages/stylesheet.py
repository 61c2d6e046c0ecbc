"""What a page's own style sheets and attributes say about an element. Pure: no I/O.

Only what decides whether text can be seen is read, and only selectors of tags, classes, ids and
attributes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Style = dict[str, str]

_READ = frozenset(
    [
        "display",
        "visibility",
        "opacity",
        "color",
        "background",
        "background-color",
        "font-size",
        "font",
        "position",
        "left",
        "top",
        "right",
        "bottom",
        "text-indent",
        "margin-left",
        "margin-top",
        "clip",
        "clip-path",
        "transform",
        "width",
        "height",
        "max-height",
        "max-width",
        "overflow",
        "overflow-y",
        "overflow-x",
        "filter",
        "zoom",
        "z-index",
        "content-visibility",
        "-webkit-text-fill-color",
        "background-clip",
        "-webkit-background-clip",
        "line-height",
    ]
)
_COMPOUND = re.compile(
    r"(?P<tag>[a-z][\w-]*|\*)|\#(?P<id>[\w-]+)|\.(?P<cls>(?:[\w-]|\\.)+)|"
    r"\[\s*(?P<attr>[\w-]+)\s*(?:=\s*[\"']?(?P<value>[^\"'\]]*)[\"']?\s*)?\]",
    re.IGNORECASE,
)
_STEP = re.compile(r"\s*([>\s])\s*")
_BORDER = re.compile(r"[{}]")
_WIDTH = re.compile(r"\(\s*(?:(min|max)-)?width\s*(:|[<>]=?)\s*(\d+\.?\d*)\s*(px|em|rem)\s*\)")
_SCREEN = re.compile(r"\b(?:only|screen|all|and)\b")
_SCREEN_WIDTH = 1280
_UNSCRIPTED = re.compile(r"\bno-?js\b", re.IGNORECASE)
_MOST_CSS = 400_000
_MOST_RULES = 6_000
_LONGEST_SELECTOR = 200


@dataclass(frozen=True, slots=True)
class _Compound:
    tag: str
    ids: tuple[str, ...]
    classes: frozenset[str]
    attributes: tuple[tuple[str, str | None], ...]

    def fits(self, element: HtmlElement) -> bool:
        if self.tag not in ("", "*") and element.tag != self.tag:
            return False
        if self.ids and {element.get("id")} != set(self.ids):
            return False
        if self.classes and not self.classes <= set(element.get("class", "").split()):
            return False
        for name, value in self.attributes:
            found = element.get(name)
            if found is None or value not in (None, found):
                return False
        return True


@dataclass(frozen=True, slots=True)
class _Rule:
    steps: tuple[tuple[str, _Compound], ...]
    """From the element upward; each with what joins it to the one before."""
    weight: tuple[int, int, int, int]
    style: Style
    urgent: Style
    """What of it also wins over an element's own attribute."""


_Index = dict[str, list[_Rule]]


def declarations(text: str) -> Style:
    """The declarations of a style attribute or a rule, by name; a later one wins."""
    found: Style = {}
    urgent: set[str] = set()
    for part in text.lower().split(";"):
        name, colon, value = part.partition(":")
        name = name.strip()
        if not colon or name not in _READ:
            continue
        value, important, _ = value.partition("!important")
        if name in urgent and not important:
            continue
        if important:
            urgent.add(name)
        found[name] = value.strip()
    if "background" in found:
        found.setdefault("background-color", found["background"])
    return found


def _urgent(text: str) -> Style:
    """The declarations of a rule that are marked as important."""
    if "!important" not in text:
        return {}
    return declarations(";".join(part for part in text.split(";") if "!important" in part))


class Stylesheet:
    """The rules in the style elements of one page."""

    def __init__(self, css: str, hides: Callable[[Style], bool]) -> None:
        self._hides = hides
        self._rules: _Index = defaultdict(list)
        self._hiding: _Index = defaultdict(list)
        self._cache: dict[HtmlElement, Style] = {}
        for rule in islice(_rules(css[:_MOST_CSS]), _MOST_RULES):
            last = rule.steps[0][1]
            key = (
                f"#{last.ids[0]}"
                if last.ids
                else f".{min(last.classes)}"
                if last.classes
                else last.tag
            )
            self._rules[key].append(rule)
            if hides(rule.style):
                self._hiding[key].append(rule)

    def may_hide(self, element: HtmlElement) -> bool:
        """Whether a rule or its own attribute, taken alone, would hide `element`; quick to tell."""
        own = element.get("style")
        if own and self._hides(declarations(own)):
            return True
        return any(_fits(rule.steps, element) for rule in _candidates(self._hiding, element))

    def style(self, element: HtmlElement) -> Style:
        """What is declared for `element`: its own attribute over the rules that fit it."""
        known = self._cache.get(element)
        if known is None:
            known = self._cache[element] = self._declared(element)
        return known

    def _declared(self, element: HtmlElement) -> Style:
        own = element.get("style")
        fitting = [rule for rule in _candidates(self._rules, element) if _fits(rule.steps, element)]
        if not fitting:
            return declarations(own) if own else {}
        found: Style = {}
        for rule in sorted(fitting, key=lambda rule: rule.weight):
            found.update(rule.style)
        if own:
            found.update(declarations(own))
        for rule in fitting:
            found.update(rule.urgent)
        return found


def _candidates(rules: _Index, element: HtmlElement) -> Iterator[_Rule]:
    if not rules:
        return
    yield from rules.get(str(element.tag), ())
    yield from rules.get("", ())
    if name := element.get("id"):
        yield from rules.get(f"#{name}", ())
    if names := element.get("class"):
        for name in set(names.split()):
            yield from rules.get(f".{name}", ())


def _fits(steps: tuple[tuple[str, _Compound], ...], element: HtmlElement) -> bool:
    if not steps[0][1].fits(element):
        return False
    one: HtmlElement | None = element
    for joint, compound in steps[1:]:
        one = one.getparent() if one is not None else None
        while joint == " " and one is not None and not compound.fits(one):
            one = one.getparent()
        if one is None or not compound.fits(one):
            return False
    return True


def _rules(css: str) -> Iterator[_Rule]:
    order = 0
    for selectors, body in _bodies(css):
        style = declarations(body)
        if not style:
            continue
        urgent = _urgent(body)
        for selector in selectors.split(","):
            steps = _steps(selector)
            if steps:
                order += 1
                ids = sum(len(one.ids) for _, one in steps)
                names = sum(len(one.classes) + len(one.attributes) for _, one in steps)
                tags = sum(one.tag not in ("", "*") for _, one in steps)
                yield _Rule(steps, (ids, names, tags, order), style, urgent)


def _bodies(css: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of the rules that hold on a screen."""
    first, *rest = css.split("/*")
    css = first + " ".join(part.partition("*/")[2] for part in rest)
    skipped: list[bool] = []
    start, selectors = 0, None
    for border in _BORDER.finditer(css):
        told = css[start : border.start()].strip()
        start = border.end()
        if border.group() == "}":
            if selectors is not None:
                if not any(skipped):
                    yield selectors, told
                selectors = None
            elif skipped:
                skipped.pop()
            continue
        told = told.rpartition(";")[2].strip()
        if told.startswith("@") and not told.lower().startswith(("@font-face", "@page")):
            skipped.append(not _holds(told.lower()))
        else:
            selectors = told


def _holds(rule: str) -> bool:
    """Whether the rules in the at-rule `rule` hold on a usual screen."""
    if rule.startswith(("@layer", "@supports")):
        return True
    return rule.startswith("@media") and on_screen(rule.removeprefix("@media"))


def on_screen(media: str) -> bool:
    """Whether the media query `media` holds on a usual screen."""
    return any(map(_is_met, media.lower().split(",")))


def _is_met(query: str) -> bool:
    for end, sign, told, unit in _WIDTH.findall(query):
        width = float(told) * (1 if unit == "px" else 16)
        if width > _SCREEN_WIDTH if end == "min" or ">" in sign else width < _SCREEN_WIDTH:
            return False
    return not _SCREEN.sub("", _WIDTH.sub("", query)).strip()


def _steps(selector: str) -> tuple[tuple[str, _Compound], ...]:
    """The parts of `selector` from its end; empty when it holds what is not read."""
    selector = selector.strip()
    if (
        not selector
        or len(selector) > _LONGEST_SELECTOR
        or ":" in selector.replace("\\:", "")
        or _UNSCRIPTED.search(selector)
    ):
        return ()
    parts = _STEP.split(selector)
    joints = [" ", *(part.strip() or " " for part in parts[1::2])]
    compounds = [_compound(part) for part in parts[0::2]]
    if any(one is None for one in compounds):
        return ()
    found = [one for one in compounds if one is not None]
    if not (
        found[-1].ids or found[-1].classes or found[-1].attributes or found[-1].tag not in ("", "*")
    ):
        return ()
    upward = list(reversed(found))
    return tuple(zip([" ", *reversed(joints[1:])], upward, strict=True))


def _compound(text: str) -> _Compound | None:
    tag, ids, classes, attributes, at = "", [], [], [], 0
    for part in _COMPOUND.finditer(text):
        if part.start() != at:
            return None
        at = part.end()
        if part["tag"]:
            tag = part["tag"].lower()
        elif part["id"]:
            ids.append(part["id"])
        elif part["cls"]:
            classes.append(part["cls"].replace("\\", ""))
        else:
            attributes.append((part["attr"].lower(), part["value"]))
    if at != len(text) or not text:
        return None
    return _Compound(tag, tuple(ids), frozenset(classes), tuple(attributes))
