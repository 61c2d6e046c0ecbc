"""Takes secrets out of text before it is stored, sent or shown, in two layers.

The first knows the values: every secret, in each form in which a program may print it, and the
longer part of one that was cut. The second knows the shapes of keys, for those that Lou was never
given. Both take time linear in the text. Who cuts a text redacts it first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from servers.contract.spellings import ENCODINGS, packed, unescaped, unwrapped

MASK = "[redacted]"
_SHORTEST = 5
"""Characters. A shorter value would take ordinary words out of every line."""
_SHORTEST_LINE = 16
_SHORTEST_PART = 8
_DEEPEST = 4
"""How many encodings may stand inside each other."""
_DEEPEST_PACKED = 2
"""How many of them may be Base64 or its like."""
_DEEPEST_MEMBER = 8

_SHAPES = re.compile(
    r"""[stgxAyBe-](?:  # one set at first: the search for it is ten times faster
      (?<=\bs)k-[\w\-.]{12,}+
    | (?<=\bt)vly-[\w\-.]{12,}+
    | (?<=\bg)(?:h[pousr]_|ithub_pat_|lpat-)[\w\-.]{12,}+
    | (?<=\bx)ox[abprs]-[\w\-.]{12,}+
    | (?<=\bA)(?:KIA|Iza)[\w\-.]{12,}+
    | (?<=\by)a29\.[\w\-.]{12,}+
    | (?<=\bB)SA[\w\-.]{12,}+
    | (?<![\w-]e)(?<=e)yJ[\w-]{8,}+\.[\w-]{8,}+\.[\w-]{8,}+
    | (?<!--)(?<=-)-{4,}+BEGIN\ [A-Z ]{0,40}?PRIVATE\ KEY-----
      .*?(?:-----END\ [A-Z ]{0,40}?PRIVATE\ KEY-----|\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_QUOTE = r"""(?:\\{0,3}["']|%22|&quot;|&\#34;|\\u0022)"""
_LABELLED = re.compile(
    rf"""([bBaAtTsSpPcC:?&](?i:
      (?:(?<=\bb)earer|(?<=\bb)asic)\s{{1,8}}+
    | (?:(?<=a)p(?:i_?key|p_id) | (?<=t)oken | (?<=s)ecret | (?<=p)assw(?:or)?d
        | (?<=c)redential | (?<=p)rivate_key)\w{{0,40}}+
      {_QUOTE}?\s{{0,8}}+(?:[=:]|%3D|%3A)\s{{0,8}}+{_QUOTE}?
    | (?<=:)//[^\s/@:]{{0,200}}+:(?=[^\s/@]{{1,500}}+@)
    | (?<=[?&])key=))
    (?!\[redacted\])[^\s"'&,;@}}\])<>\\]{{6,}}+""",
    re.VERBOSE,
)
_HINTS = (
    *("key", "token", "secret", "passw", "credential", "bearer", "basic", "app_id", "://"),
    *("sk-", "tvly-", "gh", "glpat-", "xox", "akia", "aiza", "ya29.", "bsa", "eyj", "-----begin"),
)
"""One of these is in every text that a shape can match; looking for them is cheaper."""
_SECRET_MEMBER = re.compile("key|token|secret|passw|credential|authorization", re.IGNORECASE)
_NO_PARTS = re.compile(r"\s|://|^[/~.]|^[A-Za-z]:\\")
"""Of addresses, paths and prose, a half is found in ordinary text too."""

Span = tuple[int, int]


class Redactor:
    """Callable on any text. What it learned once stays known; nothing of it is ever shown."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._needles: dict[str, list[_Needle]] = {}
        self._shortest = _SHORTEST_LINE
        self._whole: re.Pattern[str] | None = None
        self.learn(secrets)

    def __call__(self, text: str) -> str:
        """`text` without the secrets, and without what looks like one."""
        if self._whole is not None:
            if any(map(text.__contains__, self._known)):
                text = self._whole.sub(MASK, text)
            text = _masked(text, self._spans(text, _DEEPEST, _DEEPEST_PACKED))
        if any(map(text.lower().__contains__, _HINTS)):
            text = _LABELLED.sub(rf"\1{MASK}", _SHAPES.sub(MASK, text))
        return text

    def learn(self, secrets: Iterable[str]) -> None:
        """Take these out, too, from now on; those of before stay known, for old words."""
        parts = {part for value in secrets for part in _parts(value)}
        for form in {form for part in parts for form in _forms(part)} - self._known:
            self._known.add(form)
            self._shortest = min(self._shortest, len(form))
            for needle in _needles(form):
                self._needles.setdefault(needle.text, []).append(needle)
        longest_first = sorted(self._known, key=len, reverse=True)
        self._whole = re.compile("|".join(map(re.escape, longest_first))) if self._known else None

    def _spans(self, text: str, deepest: int, packs: int) -> list[Span]:
        """Where `text` holds a secret, also below as many encodings as `deepest`."""
        found = self._plain_spans(text)
        if not deepest:
            return found
        if (view := unescaped(text)) and (inner := self._spans(view.text, deepest - 1, packs)):
            found += view.origins(inner)
        if view := unwrapped(text):
            escapes = deepest - 1 if "=\n" in text else 0
            if inner := self._spans(view.text, escapes, 0):
                found += view.origins(inner)
        if packs:
            found += [
                (first, last)
                for first, last, content in packed(text, self._shortest)
                if self._spans(content, deepest - 1, packs - 1)
            ]
        return found

    def _plain_spans(self, text: str) -> list[Span]:
        if not any(map(text.__contains__, self._needles)):
            return []
        return [
            span
            for words, needles in self._needles.items()
            if words in text
            for needle in needles
            for span in needle.spans(text)
        ]


class _Needle:
    """A part of a secret that is searched for, and how much of the secret must stand around it."""

    def __init__(self, secret: str, at: int, size: int, least: int) -> None:
        self.text = secret[at : at + size]
        self._at, self._least = at, least
        self._head, self._tail = secret[:at][::-1], secret[at + size :]

    def spans(self, text: str) -> Iterator[Span]:
        """Where enough of the secret stands; at an edge, where the rest was cut off, less is."""
        start = text.find(self.text)
        while start >= 0:
            before = _same(reversed(text[max(0, start - self._at) : start]), self._head)
            end = start + len(self.text)
            after = _same(text[end : end + len(self._tail)], self._tail)
            first, last = start - before, end + after
            was_cut = (first == 0 or before == self._at) and (
                last == len(text) or after == len(self._tail)
            )
            if was_cut or last - first >= self._least:
                yield first, last
                start = text.find(self.text, last)
            else:
                start = text.find(self.text, start + 1)


def _same(one: Iterable[str], other: str) -> int:
    """How many characters at the beginning are the same."""
    count = 0
    for mine, wanted in zip(one, other, strict=False):
        if mine != wanted:
            break
        count += 1
    return count


def _needles(form: str) -> Iterator[_Needle]:
    """Whatever half of `form` is met, one of these parts is in it."""
    size = max(_SHORTEST_PART, len(form) // 4)
    if len(form) < 2 * _SHORTEST_PART or _NO_PARTS.search(form):
        yield _Needle(form, 0, len(form), len(form))
        return
    least = max(12, len(form) // 2)
    for at in {*range(0, len(form) - size + 1, size), len(form) - size}:
        yield _Needle(form, at, size, least)


def _masked(text: str, spans: list[Span]) -> str:
    if not spans:
        return text
    kept: list[str] = []
    end = 0
    for first, last in sorted(spans):
        if first > end or not kept:
            kept += [text[end:first], MASK]
        end = max(end, last)
    return "".join((*kept, text[end:]))


def _forms(part: str) -> set[str]:
    """`part` as it is, and as its own characters look where they were taken for escapes."""
    plain = {part, part.replace(" ", "+")}
    escaped = {ENCODINGS[name](part) for name in _WRITTEN_OUT}
    return plain | escaped | {view.text for form in plain if (view := unescaped(form))}


_WRITTEN_OUT = ("percent", "form, spaces as +", "JSON", "representation", "HTML")
"""A secret with characters that look like escapes is looked for in these forms as such."""


def _parts(value: str) -> Iterator[str]:
    """A value and what of it may be met alone: items of a list, lines, secret members."""
    if len(value) < _SHORTEST:
        return
    yield value
    if value.lstrip().startswith(("{", "[")):
        try:
            yield from _members(json.loads(value), _DEEPEST_MEMBER)
            return
        except (ValueError, RecursionError):
            pass
    yield from (item for item in value.split(",") if _SHORTEST <= len(item) < len(value))
    if "\n" in value:
        yield from (line for line in value.splitlines() if len(line) >= _SHORTEST_LINE)


def _members(found: Any, deepest: int, *, secret: bool = False) -> Iterator[str]:
    """The texts below names such as client_secret and refresh_token; never an address."""
    if isinstance(found, str) and secret and not found.startswith(("http://", "https://")):
        yield from _parts(found)
    if not deepest:
        return
    if isinstance(found, dict):
        for name, member in found.items():
            yield from _members(
                member, deepest - 1, secret=secret or bool(_SECRET_MEMBER.search(name))
            )
    if isinstance(found, list):
        for member in found:
            yield from _members(member, deepest - 1, secret=secret)
