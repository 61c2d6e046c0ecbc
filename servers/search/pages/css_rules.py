"""The rules of a style sheet that hold on a screen: its text comes in, rules as texts go out.

Comments, strings and escapes are made harmless, nested rules get the selectors of those around
them, layers their rank, and the frames of animations their names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from servers.search.pages.media_queries import on_screen, supported
from servers.search.pages.selectors import split

Rank = tuple[int, ...]
"""Of a layer and those around it; the higher wins."""

_SKIPPED = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?|/\*(?:[^*]|\*(?!/))*+(?:\*/)?"
)
_HARMLESS = str.maketrans("{};", "___")
_BORDER = re.compile(r"[{}]")
_ESCAPE = re.compile(r"\\([0-9a-f]{1,6})\s?", re.IGNORECASE)
_AT = re.compile(r"^(@[\w-]*) ?(.*)$")
_LAYERS = re.compile(r"(?:@layer\s|,)([^,;@]{1,60})", re.IGNORECASE)
MOST_RULES = 6_000
_MOST_NESTED, _LONGEST, _DEEPEST = 20, 2_000, 12
_BESIDE = (1 << 20,)
"""The end of each rank: what stands in no further layer wins over what does."""
_CONTAINER = re.compile(r"container(?:-type)?\s{0,9}+:")


@dataclass(slots=True)
class RuleText:
    """One rule as it was written, but for what is around it."""

    selectors: str
    rank: Rank
    parts: list[str] = field(default_factory=list)
    """Its declarations."""


@dataclass(slots=True)
class _Frame:
    """What an open brace began."""

    kind: str
    """`rule`, `frames` of an animation, or empty for what only surrounds."""
    name: str = ""
    """Its selectors, or the name of the animation."""
    rule: RuleText | None = None
    holds: bool = True
    rank: Rank = _BESIDE


_GONE = _Frame("", holds=False)


@dataclass(slots=True)
class StyleRules:
    """All rules of a page in their order, and of its animations the frame that each ends with."""

    rules: list[RuleText] = field(default_factory=list)
    ends: dict[str, str] = field(default_factory=dict)
    begins: dict[str, str] = field(default_factory=dict)
    _layers: dict[str, int] = field(default_factory=dict)
    _css: str = ""

    def read(self, css: str) -> None:
        """Add the rules of `css`; takes time that grows with its length alone."""
        css = plain(css)
        self._css = css
        stack: list[_Frame] = []
        start = 0
        for border in _BORDER.finditer(css):
            if border.group() == "}" and not stack:
                continue  # what closes nothing belongs to the next rule, which is none then
            text = css[start : border.start()]
            start = border.end()
            if border.group() == "{":
                before, _, prelude = text.rpartition(";")
                self._say(stack, before)
                if not stack and before.strip() and not before.lstrip().startswith("@"):
                    prelude = ""  # it begins with what no rule begins with
                around = stack[-1] if stack else _Frame("")
                deep = len(stack) > _DEEPEST
                stack.append(_GONE if deep else self._opened(prelude.strip(), around))
                if len(self.rules) >= MOST_RULES:
                    return
            else:
                self._say(stack, text)
                stack.pop()
        self._say(stack, css[start:])

    def _say(self, stack: list[_Frame], text: str) -> None:
        """Keep declarations that stand directly in what was opened last."""
        if not stack:
            for name in _LAYERS.findall(text):
                self._ranked(name.strip().lower(), _BESIDE)
        elif stack[-1].rule is not None and text.strip():
            stack[-1].rule.parts.append(text)
        elif stack[-1].kind == "frame":
            places = {one.strip() for one in stack[-1].name.split(",")}
            if places & {"to", "100%"}:
                self.ends[stack[-2].name] = text
            if places & {"from", "0%"}:
                self.begins[stack[-2].name] = text

    def _opened(self, prelude: str, around: _Frame) -> _Frame:
        if not around.holds or not prelude or "}" in prelude:
            return _GONE
        if around.kind == "frames":
            return _Frame("frame", prelude.lower())
        if prelude.startswith("@"):
            return self._at(prelude, around)
        return self._rule(nested(prelude, around.name), around.rank)

    def _at(self, prelude: str, around: _Frame) -> _Frame:
        name, said = _AT.sub(r"\1 \2", " ".join(prelude.lower().split()), count=1).split(" ", 1)
        if name.endswith("keyframes"):
            return _Frame("frames", said)
        rank = around.rank
        if name == "@scope":
            return _Frame("rule", nested(said.partition(")")[0].lstrip("("), around.name))
        if name == "@layer":
            rank = self._ranked(said or str(len(self._layers)), around.rank)
        elif not self._is_met(name, said):
            return _GONE
        return self._rule(around.name, rank) if around.name else _Frame("", rank=rank)

    def _ranked(self, name: str, around: Rank) -> Rank:
        """The rank of the layer `name` in the one with the rank `around`."""
        rank = around[:-1]
        for part in name.split("."):
            rank += (self._layers.setdefault(f"{rank}{part}", len(self._layers)),)
        return rank + _BESIDE

    def _is_met(self, name: str, said: str) -> bool:
        if name == "@supports":
            return supported(said)
        if name == "@container" and "style(" in said:
            asked = said.partition("style(")[2].rstrip(") ").replace(" ", "")
            return asked in self._css.replace(" ", "")
        if name == "@container":
            return bool(_CONTAINER.search(self._css)) and on_screen(said[said.find("(") :])
        return name == "@media" and on_screen(said)

    def _rule(self, selectors: str, rank: Rank) -> _Frame:
        rule = RuleText(selectors, rank)
        self.rules.append(rule)
        return _Frame("rule", selectors, rule, rank=rank)


def nested(prelude: str, around: str) -> str:
    """The selectors of a rule in one with the selectors `around`."""
    if not around:
        return prelude
    found = []
    for outer in split(around)[:_MOST_NESTED]:
        for inner in map(str.strip, split(prelude)[:_MOST_NESTED]):
            named = inner.replace(":scope", "&")
            found.append(named.replace("&", outer.strip()) if "&" in named else f"{outer} {inner}")
    return ",".join(found)[:_LONGEST]


def plain(text: str) -> str:
    """`text` without comments, and without marks that structure it in its strings and escapes."""
    text = text.replace("<!--", " ").replace("-->", " ")
    if "/*" in text or '"' in text or "'" in text:
        text = _SKIPPED.sub(_harmless, text)
    return _ESCAPE.sub(_letter, text) if "\\" in text else text


def _harmless(found: re.Match[str]) -> str:
    return " " if found[0].startswith("/*") else found[0].translate(_HARMLESS)


def _letter(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    letter = chr(code) if 0 < code < 0x110000 else "_"
    return letter if letter.isalnum() or letter in "-_" else f"\\{letter}" if code > 32 else "_"
