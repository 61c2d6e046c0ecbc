"""What a page's own style sheets and attributes say about an element. Pure: no I/O.

Only what decides whether text can be seen is read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from servers.search.pages.colors import is_color
from servers.search.pages.css_rules import MOST_RULES, Rank, StyleRules, plain
from servers.search.pages.css_values import VALID, computed, four_sides
from servers.search.pages.rule_index import IndexedRule, RuleIndex
from servers.search.pages.selector_parts import is_known
from servers.search.pages.selectors import Siblings, fit, split, steps_of, weight

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Style = dict[str, str]

_READ = frozenset([
    "display", "visibility", "opacity", "color", "background-color", "font-size",
    "position", "left", "top", "right", "bottom", "text-indent", "margin-left", "filter",
    "margin-top", "clip", "clip-path", "transform", "width", "height", "max-height", "max-width",
    "overflow", "overflow-y", "overflow-x", "zoom", "z-index", "content-visibility", "translate",
    "-webkit-text-fill-color", "background-clip", "line-height", "background-image", "mask-size",
    "scale", "rotate", "mask", "letter-spacing", "contain", "min-height", "animation-name",
    "animation-fill-mode", "text-shadow", "-webkit-text-stroke", "backface-visibility",
    "animation-direction", "grid-template-rows", "offset-path", "min-width", "font-size-adjust",
    "mask-position", "mask-repeat", "-webkit-text-security", "content", "mix-blend-mode",
    "color-scheme", "padding-left", "padding-top",
])  # fmt: skip
_ALIASES = {
    "margin-inline-start": "margin-left", "inset-inline-start": "left", "block-size": "height",
    "inset-block-start": "top", "inset-inline-end": "right", "inset-block-end": "bottom",
    "max-block-size": "max-height", "inline-size": "width", "max-inline-size": "max-width",
    "margin-block-start": "margin-top", "-webkit-transform": "transform", "mask-image": "mask",
    "-webkit-mask": "mask", "-webkit-mask-image": "mask", "min-block-size": "min-height",
    "-webkit-background-clip": "background-clip", "-webkit-animation": "animation",
    "-webkit-mask-position": "mask-position", "-webkit-mask-repeat": "mask-repeat",
    "-webkit-mask-size": "mask-size", "offset": "offset-path",
    "-webkit-filter": "filter", "-webkit-clip-path": "clip-path", "-webkit-opacity": "opacity",
}  # fmt: skip
_WHOLES = {
    "background": ("background-color", "background-image"),
    "animation": ("animation-name", "animation-fill-mode", "animation-direction"),
}
_SAID = _READ | _ALIASES.keys() | _WHOLES.keys() | {"inset", "margin", "padding", "font", "all"}
_SIDES = ("top", "right", "bottom", "left")
_COLORED = frozenset(["color", "background-color", "-webkit-text-fill-color"])
_WIDE = frozenset(["inherit", "initial", "unset", "revert", "revert-layer", "currentcolor"])
_INITIAL = {"color": "canvastext", "visibility": "visible", "font-size": "medium"}
_IMPORTANT = re.compile(r"!\s{0,9}important")
_VARIABLE = re.compile(r"(?<![\w-])(--[\w-]{1,60}+)\s{0,9}+:\s{0,9}+([^;{}]{1,80})")
_USED = re.compile(
    r"var\(\s{0,9}+(--[\w-]{1,60}+)\s{0,9}+(?:,\s{0,9}+((?:[^()]++|\([^()]{0,80}+\)){1,6}+))?\)"
)
_FONT_SIZE = re.compile(
    r"(?<![\w.%-])([\d.]+(?:e-?\d)?(?:[a-z%]{1,4})|0(?=[\s/]|$)|calc\([^()]{1,60}\))(?=[\s/]|$)"
)
_BRACKETS = re.compile(r"\([^()]*+\)|\[[^\]]*+\]")
_NEVER = re.compile(r":(?::(?!first-line)|hover|focus|active|target|visited)")
_PUT = re.compile(r"([^:]{1,200}+):{1,2}(before|after)$")
_NAMED = re.compile(r"[.#]([\w-]+)")
_MOST_CSS, _MOST_PUT = 400_000, 60
_MOST_VALUES, _MOST_ROUNDS, _MOST_USES, _LONGEST = 12, 5, 40, 4_000


_Body = tuple[str, str, Rank]
"""The selectors of a rule, its declarations, and the rank of its layer."""


def declarations(text: str) -> Style:
    """The declarations of a style attribute or a rule, by name; a later one wins."""
    found: Style = {}
    urgent: set[str] = set()
    if "\\" in text or "/*" in text:
        text = plain(text)
    for part in text.lower().split(";"):
        name, _, value = part.partition(":")
        name = name.strip()
        if name not in _SAID:
            continue
        value, important, _ = value.partition("!")
        for one, said in _expanded(_ALIASES.get(name, name), value.strip()):
            if one == "all":
                kept = {name: found[name] for name in found if name in urgent}
                found = (_INITIAL if said == "initial" else {}) | kept
            if not _is_taken(one, said, name) or (one in urgent and not important):
                continue
            found[one] = computed(said) if "(" in said else said
            if important:
                urgent.add(one)
    return found


def _is_taken(name: str, value: str, said: str) -> bool:
    """Whether a browser would take it as it was `said`, and it is one that is read."""
    if name in _COLORED and said == name:
        return value in _WIDE or is_color(value)
    return name in _READ and (name not in VALID or bool(VALID[name].match(value)))


def _expanded(name: str, value: str) -> list[tuple[str, str]]:
    """What a shorthand says of each property that is read."""
    if name in _READ:
        return [(name, value)]
    if name in ("inset", "margin", "padding"):
        prefix = "" if name == "inset" else f"{name}-"
        return [(prefix + side, one) for side, one in zip(_SIDES, four_sides(value), strict=False)]
    if name == "font":
        size = _FONT_SIZE.search(value)
        return [("font-size", size[1] if size else value if " " not in value else "medium")]
    if name in _WHOLES:
        return [(one, value) for one in _WHOLES[name]]
    return [(name, value)]


def _urgent(text: str) -> str:
    """The declarations of a rule that are marked as important."""
    if "!" not in text:
        return ""
    return ";".join(part for part in text.split(";") if _IMPORTANT.search(part))


def _urgency(rule: IndexedRule) -> tuple[object, ...]:
    """What is important wins the more the lower its layer is."""
    return (tuple(-part for part in rule.weight[0]), *rule.weight[1:])


class Stylesheet:
    """The rules in the style elements of one page."""

    def __init__(
        self,
        sheets: list[str],
        own: list[str],
        hides: Callable[[Style], bool],
        names: frozenset[str],
    ) -> None:
        """`own` are the style attributes of the page, `names` its classes and ids."""
        self._hides = hides
        self._names = names
        self._siblings = Siblings()
        self._frames = StyleRules()
        left = _MOST_CSS
        for css in sheets:
            self._frames.read(css[:left])
            left = max(left - len(css), 0)
        self.is_cut = not left or len(self._frames.rules) >= MOST_RULES
        """Whether there are further rules, which were not read."""
        self._values: dict[str, list[str]] = defaultdict(list)
        self._defined: dict[str, list[tuple[str, str, Rank, int]]] = defaultdict(list)
        self._definers: dict[str, list[IndexedRule]] = {}
        self._held: dict[tuple[str, HtmlElement], str | None] = {}
        self._styles: dict[str, Style] = {}
        self._uses: dict[str, list[str]] = {}
        self._settled: dict[tuple[str | None, ...], Style] = {}
        self._verdicts: dict[str, bool] = {}
        self._cache: dict[HtmlElement, Style] = {}
        bodies = [
            (rule.selectors, ";".join(rule.parts), rule.rank)
            for rule in self._frames.rules
            if rule.parts
        ]
        self._learn_variables(own, bodies)
        self._rules, self._hiding = RuleIndex(), RuleIndex()
        self._put = [one for one in bodies if "absolute" in one[1] and "content" in one[1]]
        self._index(bodies)

    def may_hide(self, element: HtmlElement) -> bool:
        """Whether a rule or its own attribute, taken alone, would hide `element`; quick to tell."""
        own = element.get("style")
        if own and self._would_hide(own):
            return True
        for rule in self._hiding.of(element):  # noqa: SIM110 - a generator would take longer
            if fit(rule.steps, element, self._siblings):
                return True
        return False

    def candidates(self, tag: str, classes: str | None) -> list[IndexedRule]:
        """The rules that may hide whatever has this tag and these classes."""
        return self._hiding.named(tag, classes)

    @property
    def hiding_attributes(self) -> set[str]:
        """The attributes that alone may make a rule hide an element, whatever else it is."""
        return self._hiding.attributes

    def style(self, element: HtmlElement) -> Style:
        """What is declared for `element`: its own attribute over the rules that fit it."""
        known = self._cache.get(element)
        if known is None:
            known = self._cache[element] = self._ended(self._all(element))
        return known

    def _all(self, element: HtmlElement) -> Style:
        own = element.get("style")
        rules = self._rules.of(element)
        fitting = [rule for rule in rules if fit(rule.steps, element, self._siblings)]
        fitting.sort(key=lambda rule: rule.weight)
        found: Style = {}
        for rule in fitting:
            found.update(self._declared(rule.body, element) if "var(" in rule.body else rule.style)
        if own:
            found.update(self._declared(own, element))
        urgent = [rule for rule in fitting if rule.urgent]
        for rule in sorted(urgent, key=_urgency):
            found.update(self._declared(rule.urgent, element))
        if own and "!" in own:
            found.update(self._declared(_urgent(own), element))
        return found

    def _ended(self, style: Style) -> Style:
        """`style` when the animations that it names have come to their end."""
        if "animation-name" not in style:
            return style
        words = style["animation-fill-mode"].split() if "animation-fill-mode" in style else ()
        if not {"forwards", "both"} & set(words):
            return style
        back = "reverse" in style.get("animation-direction", "").split()
        frames = self._frames.begins if back else self._frames.ends
        named = style["animation-name"].replace(",", " ").split()
        return style | {
            name: value
            for one in named
            if one in frames
            for name, value in self._declared(frames[one]).items()
        }

    def _would_hide(self, text: str) -> bool:
        """Whether an element with nothing but `text` might be unseen, whatever variables hold."""
        known = self._verdicts.get(text)
        if known is None:
            known = self._hides(self._ended(self._declared(text)))
            if not known and "var(" in text:
                several = [self._values.get(name, []) for name, _ in _USED.findall(text)]
                is_chain = any("var(" in value for values in several for value in values)
                rounds = _MOST_VALUES if is_chain else max(map(len, several), default=0)
                known = any(self._hides(self._with(text, at)) for at in range(rounds))
            self._verdicts[text] = known
        return known

    def _with(self, text: str, at: int) -> Style:
        """The declarations of `text` when each variable has the value of that number."""

        def value(used: re.Match[str]) -> str:
            values = self._values.get(used[1])
            return values[min(at, len(values) - 1)] if values else used[2] or used[0]

        return declarations(_resolved(text, value))

    def _declared(self, text: str, element: HtmlElement | None = None) -> Style:
        if element is None or "var(" not in text:
            found = self._styles.get(text)
            if found is None:
                found = self._styles[text] = self._with(text, 0)
            return found
        used = self._uses.get(text)
        if used is None:
            used = self._uses[text] = [one[0] for one in _USED.findall(text)][:_MOST_USES]
        key = (text, *(self._value(name, element) for name in used))
        found = self._settled.get(key)
        if found is None or any(value and "var(" in value for value in key[1:]):
            resolved = _resolved(text, lambda one: self._value(one[1], element) or one[2] or one[0])
            found = self._settled[key] = declarations(resolved)
        return found

    def _value(self, name: str, element: HtmlElement) -> str | None:
        """What the variable `name` holds at `element`."""
        if name not in self._values:
            return None
        passed: list[HtmlElement] = []
        one: HtmlElement | None = element
        found: str | None = None
        while one is not None:
            if (name, one) in self._held:
                found = self._held[name, one]
                break
            passed.append(one)
            found = self._own(name, one)
            if found is not None:
                break
            one = one.getparent()
        for one in passed:
            self._held[name, one] = found
        return found

    def _own(self, name: str, element: HtmlElement) -> str | None:
        """What the variable `name` is set to on `element` itself."""
        own = element.get("style")
        said = dict(_VARIABLE.findall(own)) if own and name in own else {}
        if name in said:
            return str(said[name]).strip()
        if name not in self._definers:
            self._definers[name] = [
                IndexedRule(steps, (rank, *weight(steps), order), "", {name: value}, "")
                for selectors, value, rank, order in self._defined[name]
                for steps in filter(None, map(steps_of, split(selectors)))
            ]
        fitting = [
            rule for rule in self._definers[name] if fit(rule.steps, element, self._siblings)
        ]
        last = max(fitting, key=lambda rule: rule.weight, default=None)
        return last.style[name] if last else None

    def _learn_variables(self, own: list[str], bodies: list[_Body]) -> None:
        for text in own:
            for name, value in _VARIABLE.findall(text) if "--" in text else ():
                if len(self._values[name]) < _MOST_VALUES:
                    self._values[name].append(value.strip().lower())
        for order, (selectors, body, rank) in enumerate(bodies):
            for name, value in _VARIABLE.findall(body) if "--" in body else ():
                values, known = self._values[name], self._defined[name]
                if len(known) < _MOST_VALUES:
                    known.append((selectors, value.strip(), rank, order))
                    values += [value.strip()] if value.strip() not in values else []

    def put_in(
        self, tree: HtmlElement, fits: Callable[[Style], bool]
    ) -> Iterator[tuple[HtmlElement, Style, str]]:
        """The elements that rules put something into whose style `fits`, that style, and where."""
        rules = RuleIndex()
        count = 0
        for selectors, body, _ in self._put:
            style = self._declared(body)
            inner = [_PUT.match(one.strip()) for one in split(selectors)] if fits(style) else []
            for found in filter(None, inner):
                if steps := steps_of(found[1]):
                    rules.add(IndexedRule(steps, ((), 0, 0, 0, 0), found[2], style, ""))
                    count += 1
        for element in tree.iter("*") if 0 < count <= _MOST_PUT else ():
            for rule in rules.of(element):
                if fit(rule.steps, element, self._siblings):
                    yield element, rule.style, rule.body

    def _index(self, bodies: list[_Body]) -> None:
        """Read the rules of `bodies` that may fit something on the page."""
        for order, (selectors, body, rank) in enumerate(bodies):
            named = list(filter(self._may_fit, split(selectors)))
            style = self._declared(body) if named else {}
            if not style or ("," in selectors and not is_known(selectors)):
                continue
            urgent, may_hide = _urgent(body), self._would_hide(body)
            for steps in filter(None, map(steps_of, named)):
                rule = IndexedRule(steps, (rank, *weight(steps), order), body, style, urgent)
                self._rules.add(rule)
                if may_hide:
                    self._hiding.add(rule)

    def _may_fit(self, selector: str) -> bool:
        """Whether the page has all that a `selector` names; quick to tell."""
        outside = _BRACKETS.sub("", selector) if "(" in selector or "[" in selector else selector
        if "(" in outside or "\\" in outside:
            return True
        return not _NEVER.search(outside) and self._names.issuperset(_NAMED.findall(outside))


def _resolved(text: str, value: Callable[[re.Match[str]], str]) -> str:
    """`text` with what its variables hold, and these theirs in turn."""
    for _ in range(_MOST_ROUNDS):
        if "var(" not in text or len(text) > _LONGEST:
            break
        text = _USED.sub(value, text, count=_MOST_USES)
    return text
