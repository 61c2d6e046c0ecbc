"""What a page's own style sheets and attributes say about an element. Pure: no I/O.

Only what decides whether text can be seen is read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from servers.search.pages.selectors import Siblings, Steps, fit, names_of, split, steps_of, weight

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Style = dict[str, str]

_READ = frozenset([
    "display", "visibility", "opacity", "color", "background", "background-color", "font-size",
    "font", "position", "left", "top", "right", "bottom", "text-indent", "margin-left",
    "margin-top", "clip", "clip-path", "transform", "width", "height", "max-height", "max-width",
    "overflow", "overflow-y", "overflow-x", "filter", "zoom", "z-index", "content-visibility",
    "-webkit-text-fill-color", "background-clip", "-webkit-background-clip", "line-height",
])  # fmt: skip
_BORDER = re.compile(r"[{}]")
_WIDTH = re.compile(r"\(\s*(?:(min|max)-)?width\s*(:|[<>]=?)\s*(\d+\.?\d*)\s*(px|em|rem)\s*\)")
_SCREEN = re.compile(r"\b(?:only|screen|all|and)\b")
_SCREEN_WIDTH = 1280
_VARIABLE = re.compile(r"(?<![\w-])(--[\w-]{1,60}+)\s{0,9}+:\s{0,9}+([^;{}]{1,80})")
_USED = re.compile(r"var\(\s{0,9}+(--[\w-]{1,60}+)\s{0,9}+(?:,\s{0,9}+([^()]{1,80}))?\)")
_PLAIN = re.compile(r"[\w\s.#>+~*-]*")
_NAMED = re.compile(r"[.#]([\w-]+)")
_MOST_CSS = 400_000
_MOST_RULES = 6_000


@dataclass(frozen=True, slots=True)
class _Rule:
    steps: Steps
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

    def __init__(self, css: str, hides: Callable[[Style], bool], names: frozenset[str]) -> None:
        self._hides = hides
        self._names = names
        first, *rest = css[:_MOST_CSS].split("/*")
        css = first + " ".join(part.partition("*/")[2] for part in rest)
        self._variables: dict[str, str] = {}
        for name, value in _VARIABLE.findall(css):
            self._variables.setdefault(name, value.strip())
        self._bodies = list(islice(_bodies(css), _MOST_RULES))
        self._styles: dict[str, Style] = {}
        self._verdicts: dict[str, bool] = {}
        hiding = [(selectors, body) for selectors, body in self._bodies if self._would_hide(body)]
        self._hiding = self._indexed(hiding)
        self._candidates: dict[tuple[str, str | None], list[_Rule]] = {}
        self._rules: _Index | None = None
        self._cache: dict[HtmlElement, Style] = {}
        self._siblings = Siblings()

    def may_hide(self, element: HtmlElement) -> bool:
        """Whether a rule or its own attribute, taken alone, would hide `element`; quick to tell."""
        own = element.get("style")
        if own and self._would_hide(own):
            return True
        if not self._hiding:
            return False
        rules = self.candidates(element.tag, element.get("class"))
        name = element.get("id")
        if name and (more := self._hiding.get(f"#{name}")):
            rules = rules + more
        return any(fit(rule.steps, element, self._siblings) for rule in rules)

    def candidates(self, tag: str, classes: str | None) -> list[_Rule]:
        """The rules that may hide elements with this tag and these classes."""
        rules = self._candidates.get((tag, classes))
        if rules is None:
            rules = self._candidates[tag, classes] = _named(self._hiding, tag, classes or "")
        return rules

    def style(self, element: HtmlElement) -> Style:
        """What is declared for `element`: its own attribute over the rules that fit it."""
        known = self._cache.get(element)
        if known is None:
            known = self._cache[element] = self._all(element)
        return known

    def _all(self, element: HtmlElement) -> Style:
        own = element.get("style")
        if self._rules is None:
            self._rules = self._indexed(self._bodies)
        if not self._rules:
            return self._declared(own) if own else {}
        rules = _named(self._rules, str(element.tag), element.get("class") or "")
        rules += self._rules.get(f"#{element.get('id')}", [])
        fitting = sorted(
            (rule for rule in rules if fit(rule.steps, element, self._siblings)),
            key=lambda rule: rule.weight,
        )
        if not fitting:
            return self._declared(own) if own else {}
        found: Style = {}
        for rule in fitting:
            found.update(rule.style)
        if own:
            found.update(self._declared(own))
        for rule in fitting:
            found.update(rule.urgent)
        return found

    def _would_hide(self, text: str) -> bool:
        known = self._verdicts.get(text)
        if known is None:
            known = self._verdicts[text] = self._hides(self._declared(text))
        return known

    def _declared(self, text: str) -> Style:
        found = self._styles.get(text)
        if found is None:
            resolved = _USED.sub(self._value, text) if "var(" in text else text
            found = self._styles[text] = declarations(resolved)
        return found

    def _value(self, used: re.Match[str]) -> str:
        return self._variables.get(used[1], used[2] or used[0])

    def _may_fit(self, selector: str) -> bool:
        """Whether the page has all that a plain `selector` names; quick to tell."""
        return not _PLAIN.fullmatch(selector) or self._names.issuperset(_NAMED.findall(selector))

    def _indexed(self, bodies: list[tuple[str, str]]) -> _Index:
        """The rules of `bodies` by the name that an element must have for them to fit."""
        index: _Index = defaultdict(list)
        order = 0
        for selectors, body in bodies:
            style = self._declared(body)
            if not style:
                continue
            urgent = _urgent(body)
            named = filter(self._may_fit, split(selectors))
            for steps in filter(None, map(steps_of, named)):
                order += 1
                if not self._names.issuperset(names_of(steps)):
                    continue
                last = steps[0][1]
                name = min(last.classes) if last.classes else ""
                key = f"#{last.ids[0]}" if last.ids else f".{name}" if name else last.tag
                index[key].append(_Rule(steps, (*weight(steps), order), style, urgent))
        return index


def _named(rules: _Index, tag: str, classes: str) -> list[_Rule]:
    """The rules that are kept under a tag or a class."""
    found = [*rules.get(tag, ()), *rules.get("", ()), *rules.get("*", ())]
    for name in set(classes.split()):
        found += rules.get(f".{name}", ())
    return found


def _bodies(css: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of the rules that hold on a screen."""
    skipped: list[bool] = []
    start, selectors = 0, None
    for border in _BORDER.finditer(css):
        text = css[start : border.start()].strip()
        start = border.end()
        if border.group() == "}":
            if selectors is not None:
                if not any(skipped):
                    yield selectors, text
                selectors = None
            elif skipped:
                skipped.pop()
            continue
        text = text.rpartition(";")[2].strip()
        if text.startswith("@") and not text.lower().startswith(("@font-face", "@page")):
            skipped.append(not _holds(text.lower()))
        else:
            selectors = text


def _holds(rule: str) -> bool:
    """Whether the rules in the at-rule `rule` hold on a usual screen."""
    if rule.startswith(("@layer", "@supports")):
        return True
    return rule.startswith("@media") and on_screen(rule.removeprefix("@media"))


def on_screen(media: str) -> bool:
    """Whether the media query `media` holds on a usual screen."""
    return any(map(_is_met, media.lower().split(",")))


def _is_met(query: str) -> bool:
    for end, sign, number, unit in _WIDTH.findall(query):
        width = float(number) * (1 if unit == "px" else 16)
        if width > _SCREEN_WIDTH if end == "min" or ">" in sign else width < _SCREEN_WIDTH:
            return False
    return not _SCREEN.sub("", _WIDTH.sub("", query)).strip()
