"""Removes secrets from text before it is stored, sent or shown.

In: the secrets, then any text. Out: the text with `MASK` in their place. One layer knows the
values: every secret in each encoding of `encodings`, in any case, and the longer part of one that
was cut. The other knows the shapes of keys, for keys that Lou was never given. Both take time
linear in the text; one that is little but pieces of secrets, or escapes inside each other, is
masked as a whole. Redact a text before you cut it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from servers.contract.encodings import ENCODINGS, SEARCHED
from servers.contract.packings import is_plain, packed
from servers.contract.spellings import View, folded, unescaped, unwrapped

MASK = "[redacted]"
_SHORTEST = 5
"""Characters. A shorter value would mask ordinary words in every line."""
_SHORTEST_LINE = 16
_SHORTEST_PART = 8
_WINDOW, _STEP = 16, 8
"""Every window of a long secret is known. A text is searched in steps, so a piece of a secret with
`_WINDOW + _STEP - 1` characters contains a window that is searched."""
_LONG_FORM = 48
_LONGEST_SEARCHED = 400
"""Characters. What is longer is not searched backwards and the like, which would take memory."""
_DEEPEST = 4
"""The most encodings inside each other that are undone."""
_DEEPEST_PACKED = 2
"""The most of them that may be Base64, Base32 or hex."""
_LITTLE_WORK = 20_000
"""Escapes that are decoded for any text; for a longer text as many as it has characters."""
_PIECE = 40
"""How many escapes are decoded in the time in which a piece of a secret is looked at."""
_SEARCHED = 8
"""How many characters are searched in the time in which an escape is decoded."""
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
"""Every text that a shape matches contains one of these; searching for them is cheaper."""
_SECRET_MEMBER = re.compile("key|token|secret|passw|credential|authorization", re.IGNORECASE)
_NO_PARTS = re.compile(r"\s|://|^[/~.]|^[A-Za-z]:\\")
"""Values of which no part is searched: half of an address, path or sentence is ordinary text."""
_WORDS = re.compile(r"(?!.*://)[^/~.\n][^\n]*")
"""Of these a part at the very beginning or end of a text is masked: it may have been cut there."""

Span = tuple[int, int]


class Redactor:
    """Call it with a text. It never forgets a secret and never shows one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._turned: set[str] = set()
        self._needles: _Needles = {}
        self._turned_needles: _Needles = {}
        self._windows = _Windows()
        self._shortest = _SHORTEST_LINE
        self.learn(secrets)

    def __call__(self, text: str) -> str:
        """`text` without the secrets and without what looks like a key."""
        text = self.without_values(text)
        if any(map(text.lower().__contains__, _HINTS)):
            text = _LABELLED.sub(rf"\1{MASK}", _SHAPES.sub(MASK, text))
        return text

    def without_values(self, text: str) -> str:
        """`text` without the secrets alone; what only looks like a key stays."""
        try:
            return self._without_known(text) if self._known else text
        except _TooMuchError:
            return MASK

    def learn(self, secrets: Iterable[str]) -> None:
        """Redact `secrets`, too, from now on; earlier ones stay known for old texts."""
        parts = {part for value in secrets for part in _parts(value)}
        for form in {form for part in parts for form in _forms(part)} - self._known:
            self._known.add(form)
            self._shortest = min(self._shortest, len(form))
            if len(form) >= _LONG_FORM and not _NO_PARTS.search(form):
                self._windows.add(folded(form))
            else:
                _add(self._needles, _needles(folded(form)))
        for part in parts - self._turned:
            self._turned.add(part)
            if len(part) <= _LONGEST_SEARCHED:
                for turned in {folded(encode(part)) for encode in SEARCHED.values()}:
                    _add(self._turned_needles, _halves(turned))

    def _without_known(self, text: str) -> str:
        work = _Work(max(len(text), _LITTLE_WORK))
        if found := self._plain_spans(text, work):
            text = self._without_whole_ones(text)
            found = self._plain_spans(text, work)
        found += _found(self._turned_needles, folded(text), work)
        found += self._encoded_spans(text, _DEEPEST, _DEEPEST_PACKED, work)
        return _masked(text, found)

    def _without_whole_ones(self, text: str) -> str:
        """Mask what is found without decoding, so that less text must be decoded."""
        for form in sorted(filter(text.__contains__, self._known), key=len, reverse=True):
            text = text.replace(form, MASK)
        return text

    def _spans(self, text: str, deepest: int, packs: int, work: _Work) -> list[Span]:
        """The spans of secrets in `text`, below at most `deepest` encodings."""
        if work.is_clean(text, deepest, packs):
            return []
        found = self._plain_spans(text, work)
        found += self._encoded_spans(text, deepest, packs, work)
        if not found:
            work.clean[text] = (deepest, packs)
        return found

    def _encoded_spans(self, text: str, deepest: int, packs: int, work: _Work) -> list[Span]:
        found: list[Span] = []
        if not deepest or is_plain(text, self._shortest):
            return found
        if view := unescaped(text):
            work.count_view(view)
            found += view.origins(self._spans(view.text, deepest - 1, packs, work))
        if view := unwrapped(text):
            work.count_view(view)
            escapes = deepest - 1 if "=\n" in text else 0
            found += view.origins(self._spans(view.text, escapes, 0, work))
        if packs:
            found += [
                (first, last)
                for first, last, content in packed(text, self._shortest)
                if self._spans(content, deepest - 1, packs - 1, work)
            ]
        return found

    def _plain_spans(self, text: str, work: _Work) -> list[Span]:
        text = folded(text)
        return [*self._windows.spans(text, work), *_found(self._needles, text, work)]


class _TooMuchError(Exception):
    """The text is little but pieces of secrets, or escapes inside each other."""


@dataclass(slots=True)
class _Work:
    """What was done for one text; `left` is how much may still be done, in escapes."""

    left: int
    clean: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Texts without a secret below so many encodings, and so many packed ones: decoding in another
    order often comes to the same text."""

    def is_clean(self, text: str, deepest: int, packs: int) -> bool:
        """Whether it is known that `text` holds no secret that deep."""
        known = self.clean.get(text, (-1, -1))
        return known[0] >= deepest and known[1] >= packs

    def count_view(self, view: View) -> None:
        """Count a decoded text: its escapes, and each search of what is not one."""
        self.count(view.escapes + len(view.text) // _SEARCHED)

    def count(self, escapes: int) -> None:
        """Count what is done; raises _TooMuchError if it is more than may be done."""
        self.left -= escapes
        if self.left < 0:
            raise _TooMuchError


class _Needle:
    """A part of a secret to search for, and how much of the secret must be around it."""

    def __init__(self, secret: str, at: int, size: int, least: int) -> None:
        self.text = secret[at : at + size]
        self._secret, self._at, self._least = secret, at, least

    def spans(self, text: str, work: _Work) -> Iterator[Span]:
        """The spans with enough of the secret; at the edge of a text less is enough."""
        start = text.find(self.text)
        while start >= 0:
            work.count(_PIECE)
            end = start + len(self.text)
            first, last, is_whole = _extent(text, start, end, secret=self._secret, at=self._at)
            if is_whole or last - first >= self._least:
                yield first, last
                start = text.find(self.text, last)
            else:
                start = text.find(self.text, start + 1)


class _Windows:
    """Finds pieces of long secrets in a time that does not depend on their length."""

    def __init__(self) -> None:
        self._places: dict[int, tuple[str, int]] = {}

    def add(self, secret: str) -> None:
        for at in range(len(secret) - _WINDOW + 1):
            self._places.setdefault(hash(secret[at : at + _WINDOW]), (secret, at))

    def spans(self, text: str, work: _Work) -> Iterator[Span]:
        """The spans with two windows of a secret; at an edge of text or secret one is enough."""
        starts = range(0, len(text) - _WINDOW + 1, _STEP) if self._places else ()
        if self._places.keys().isdisjoint(map(hash, [text[at : at + _WINDOW] for at in starts])):
            return
        done = 0
        for start in starts:
            if start < done:
                continue
            end = start + _WINDOW
            secret, at = self._places.get(hash(text[start:end]), ("", 0))
            if secret[at : at + _WINDOW] != text[start:end]:
                continue
            work.count(_PIECE)
            first, last, is_whole = _extent(text, start, end, secret=secret, at=at, floor=done)
            if is_whole or last - first >= 2 * _WINDOW:
                yield first, last
                done = last


_Needles = dict[str, list[_Needle]]


def _add(known: _Needles, needles: Iterable[_Needle]) -> None:
    for needle in needles:
        known.setdefault(needle.text, []).append(needle)


def _found(known: _Needles, text: str, work: _Work) -> Iterator[Span]:
    if any(map(text.__contains__, known)):
        for words, needles in known.items():
            if words in text:
                for needle in needles:
                    yield from needle.spans(text, work)


def _extent(
    text: str, start: int, end: int, *, secret: str, at: int, floor: int = 0
) -> tuple[int, int, bool]:
    """How far around `text[start:end]`, which is `secret` from `at`, the two are the same.

    Third, whether they differ nowhere: one of them begins there, and one of them ends.
    """
    rest = at + end - start
    before = _same(text, start, secret, at, most=min(at, start - floor), step=-1)
    most = min(len(secret) - rest, len(text) - end)
    after = _same(text, end, secret, rest, most=most, step=1)
    first, last = start - before, end + after
    begins = first == 0 or before == at
    return first, last, begins and (last == len(text) or rest + after == len(secret))


def _same(one: str, start: int, other: str, begin: int, *, most: int, step: int) -> int:
    """How many characters are equal from these places on, in steps of 1 or -1."""
    done, size = 0, 2 * _WINDOW
    while done < most:
        size = min(size, most - done)
        shift = done if step > 0 else -done - size
        here, there = start + shift, begin + shift
        if one[here : here + size] == other[there : there + size]:
            done, size = done + size, size * 2
        elif size == 1:
            break
        else:
            size = size // 2
            most = min(most, done + 2 * size)
    return done


def _needles(form: str) -> Iterator[_Needle]:
    """Parts of `form` of which every half of it contains one."""
    size = max(_SHORTEST_PART, len(form) // 4)
    has_parts = not _NO_PARTS.search(form)
    if len(form) < 2 * _SHORTEST_PART or not (has_parts or _WORDS.fullmatch(form)):
        yield _Needle(form, 0, len(form), len(form))
        return
    least = max(12, len(form) // 2) if has_parts else len(form)
    for at in {*range(0, len(form) - size + 1, size), len(form) - size}:
        yield _Needle(form, at, size, least)


def _halves(form: str) -> Iterator[_Needle]:
    size = max(_SHORTEST_PART, (len(form) + 1) // 2)
    for at in {0, max(0, len(form) - size)}:
        yield _Needle(form, at, size, size)


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
    """`part` unchanged, and as it looks if its characters were taken for escapes."""
    plain = {part, part.replace(" ", "+")}
    escaped = {ENCODINGS[name](part) for name in _WRITTEN_OUT}
    return plain | escaped | {view.text for form in plain if (view := unescaped(form))}


_WRITTEN_OUT = ("percent", "form, spaces as +", "JSON", "representation", "HTML")
"""Encodings in which a secret is searched directly, since its characters look like escapes."""


def _parts(value: str) -> Iterator[str]:
    """A value and its parts that may occur alone: items of a list, lines, secret members."""
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
    """The texts of members such as client_secret and refresh_token; never a URL."""
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
