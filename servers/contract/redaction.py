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

from servers.contract.spellings import ENCODINGS, is_plain, packed, unescaped, unwrapped

MASK = "[redacted]"
_SHORTEST = 5
"""Characters. A shorter value would take ordinary words out of every line."""
_SHORTEST_LINE = 16
_SHORTEST_PART = 8
_WINDOW, _STEP = 16, 8
"""Of a long secret each window is known; a text is looked at in steps, so that a piece of
`_WINDOW + _STEP - 1` characters holds one that is looked at."""
_LONG_FORM = 48
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
        self._windows = _Windows()
        self._shortest = _SHORTEST_LINE
        self.learn(secrets)

    def __call__(self, text: str) -> str:
        """`text` without the secrets, and without what looks like one."""
        if self._known:
            if found := self._plain_spans(text):
                text = self._without_whole_ones(text)
                found = self._plain_spans(text)
            found += self._encoded_spans(text, _DEEPEST, _DEEPEST_PACKED)
            text = _masked(text, found)
        if any(map(text.lower().__contains__, _HINTS)):
            text = _LABELLED.sub(rf"\1{MASK}", _SHAPES.sub(MASK, text))
        return text

    def learn(self, secrets: Iterable[str]) -> None:
        """Take these out, too, from now on; those of before stay known, for old words."""
        parts = {part for value in secrets for part in _parts(value)}
        for form in {form for part in parts for form in _forms(part)} - self._known:
            self._known.add(form)
            self._shortest = min(self._shortest, len(form))
            if len(form) >= _LONG_FORM and not _NO_PARTS.search(form):
                self._windows.add(form)
                continue
            for needle in _needles(form):
                self._needles.setdefault(needle.text, []).append(needle)

    def _without_whole_ones(self, text: str) -> str:
        """So that encodings are undone in less text; partly escaped secrets are left for later."""
        for form in sorted(filter(text.__contains__, self._known), key=len, reverse=True):
            text = text.replace(form, MASK)
        return text

    def _spans(self, text: str, deepest: int, packs: int) -> list[Span]:
        """Where `text` holds a secret, also below as many encodings as `deepest`."""
        return self._plain_spans(text) + self._encoded_spans(text, deepest, packs)

    def _encoded_spans(self, text: str, deepest: int, packs: int) -> list[Span]:
        found: list[Span] = []
        if not deepest or is_plain(text, self._shortest):
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
        found = list(self._windows.spans(text))
        if any(map(text.__contains__, self._needles)):
            found += [
                span
                for words, needles in self._needles.items()
                if words in text
                for needle in needles
                for span in needle.spans(text)
            ]
        return found


class _Needle:
    """A part of a secret that is searched for, and how much of the secret must stand around it."""

    def __init__(self, secret: str, at: int, size: int, least: int) -> None:
        self.text = secret[at : at + size]
        self._secret, self._at, self._least = secret, at, least

    def spans(self, text: str) -> Iterator[Span]:
        """Where enough of the secret stands; at an edge, where the rest was cut off, less is."""
        start = text.find(self.text)
        while start >= 0:
            end = start + len(self.text)
            first, last, is_whole = _extent(text, start, end, secret=self._secret, at=self._at)
            if is_whole or last - first >= self._least:
                yield first, last
                start = text.find(self.text, last)
            else:
                start = text.find(self.text, start + 1)


class _Windows:
    """Finds pieces of long secrets: the time to look does not grow with the secrets."""

    def __init__(self) -> None:
        self._places: dict[int, tuple[str, int]] = {}

    def add(self, secret: str) -> None:
        for at in range(len(secret) - _WINDOW + 1):
            self._places.setdefault(hash(secret[at : at + _WINDOW]), (secret, at))

    def spans(self, text: str) -> Iterator[Span]:
        """Where two windows of a secret stand; at an edge of text or secret, where one does."""
        done = 0
        for start in range(0, len(text) - _WINDOW + 1, _STEP) if self._places else ():
            if start < done:
                continue
            end = start + _WINDOW
            secret, at = self._places.get(hash(text[start:end]), ("", 0))
            if secret[at : at + _WINDOW] != text[start:end]:
                continue
            first, last, is_whole = _extent(text, start, end, secret=secret, at=at, floor=done)
            if is_whole or last - first >= 2 * _WINDOW:
                yield first, last
                done = last


def _extent(
    text: str, start: int, end: int, *, secret: str, at: int, floor: int = 0
) -> tuple[int, int, bool]:
    """How far around `text[start:end]`, which is `secret` from `at`, the two are the same.

    Third, whether they differ nowhere: one of them begins there, and one of them ends.
    """
    rest = at + end - start
    reach = min(at, start - floor)
    before = _same(text[start - reach : start][::-1], secret[at - reach : at][::-1])
    reach = min(len(secret) - rest, len(text) - end)
    after = _same(text[end : end + reach], secret[rest : rest + reach])
    first, last = start - before, end + after
    begins = first == 0 or before == at
    return first, last, begins and (last == len(text) or rest + after == len(secret))


def _same(one: str, other: str) -> int:
    """How many characters at the beginning are the same; both texts are equally long."""
    least, most = 0, len(one)
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


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
