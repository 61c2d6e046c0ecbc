"""Undoes the encodings that spell single characters in other text: escapes and breaks of lines.

In: a text. Out: a `View`, the text with one level of them decoded, in any mixture. Every pass
takes time linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from itertools import accumulate

from servers.contract.encodings import NAMED


def folded(text: str) -> str:
    """`text` in lower case, each character at its place."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(one.lower()[0] for one in text)


class View:
    """A decoded text, with the position of each part in the original text.

    `pattern` finds the escapes, each as its only group.
    """

    def __init__(self, pattern: re.Pattern[str], meanings: Mapping[str, str], text: str) -> None:
        parts = pattern.split(text)  # faster than `sub`, which calls a function for each escape
        self._escapes, self._parts = parts[1::2], parts
        parts[1::2] = map(meanings.__getitem__, self._escapes)
        self.text = "".join(parts)
        self.escapes = len(self._escapes)

    def origins(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """The spans in the original text that belong to `spans` of this view."""
        if not spans:
            return []
        sizes = [*map(len, self._parts)]
        here = [*accumulate(sizes[:-1], initial=0)]
        sizes[1::2] = map(len, self._escapes)
        there = [*accumulate(sizes[:-1], initial=0)]
        return [(_origin(here, there, first), _origin(here, there, last)) for first, last in spans]


def _origin(here: list[int], there: list[int], at: int) -> int:
    known = bisect_right(here, at) - 1
    inside = at - here[known]
    if known % 2:  # in an escape, or in a run of escapes of equal length
        inside = inside * (there[known + 1] - there[known]) // (here[known + 1] - here[known])
    return there[known] + inside


class _Meanings(dict[str, str]):
    """Escape -> its meaning, decoded at the first use."""

    def __init__(self, decode: Callable[[str], str]) -> None:
        super().__init__()
        self._decode = decode

    def __missing__(self, escape: str) -> str:
        meaning = self._decode(escape)
        if len(self) < _MOST_KNOWN and len(escape) <= _LONGEST_KNOWN:
            self[escape] = meaning
        return meaning


_MOST_KNOWN, _LONGEST_KNOWN = 4_096, 12
_UNSEEN = (
    "\u00ad\u0300-\u036f\u20d0-\u20f0\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_COMPATIBLE = "\xa0\u2000-\u200a\u202f\u3000\u24b6-\u24e9\uff01-\uff5e\U0001d400-\U0001d7ff"
"""Other forms of letters and spaces."""
_COLOUR = r"[0-?]{0,64}[ -/]{0,8}[@-~]"
_SCREEN = rf"\[{_COLOUR}|[()*+][0-9A-Z]|[78=>cDEHM]|[\]PX^_][^\x07\x1b\n]{{0,400}}(?:\x07|\x1b\\)"
_PLAIN = r"[\x01-/8-TV-np-tvwy-\x7f]"
# Each alternative begins with a character of its own: so others are passed over three times faster.
_ESCAPES = rf"""
      %(?:[0-9A-Fa-f]{{2}}(?:%[0-9A-Fa-f]{{2}})*+ | u[0-9A-Fa-f]{{4}})
    | \\(?:{_PLAIN}(?:\\{_PLAIN})*+ | o\{{[0-7]{{1,6}}\}}
        | [ux]\{{[0-9A-Fa-f]{{1,6}}\}} | u{{1,4}}[0-9A-Fa-f]{{4}}
        | U[0-9A-Fa-f]{{8}} | x[0-9A-Fa-f]{{2}} | [0-7]{{1,3}} | [uUxo])
    | &(?:\#[xX][0-9A-Fa-f]{{1,16}} | \#[0-9]{{1,16}} | [A-Za-z]{{2,7}});?
    | \^[!-~] | `[$`"']
    | '(?:\\'' | "'"' | '(?:'')*+)
    | ""(?:"")*+ | \x00\x00*+ | \x1b(?:{_SCREEN})"""
_ESCAPE = re.compile(f"({_ESCAPES})", re.VERBOSE | re.DOTALL)
_WIDE_ESCAPE = re.compile(
    rf"([{_UNSEEN}]++ | [{_COMPATIBLE}]++ | \x9b{_COLOUR} | {_ESCAPES})", re.VERBOSE | re.DOTALL
)
_ENDS = (r"\r\n?", r"\n", r"\x0b", r"\x0c", r"\x85", r"\u2028", r"\u2029")
_BREAKS = r"[ \t]{0,40}(?:=?\r?\n[ \t]{0,40}){0,50}+(?:[>#*]\ ?)?"
_END_OF_LINE = "|".join(f"{end}{_BREAKS}" for end in _ENDS)
JOINED = r"[ \t]{0,8}+(?:[,+.&~]|\|\|)?\s{0,40}+[\"']"
"""What stands between the pieces of a text, from after a quotation mark to the next one."""
_WRAP = re.compile(
    rf"""(
      =(?:[0-9A-Fa-f]{{2}} | \r?\n{_BREAKS})
    | "{JOINED} | '{JOINED} | {_END_OF_LINE}
    | <[/!A-Za-z][^<>]{{0,60}}> | \?=\s{{1,40}}=\?[\w-]{{1,20}}\?[bBqQ]\?)""",
    re.VERBOSE,
)
_IS_COMPATIBLE = re.compile(f"[{_COMPATIBLE}]")
_LETTERS = str.maketrans("ntrbfa", "\n\t\r\b\f\a")
_DIGITS = str.maketrans("", "", "uUxXo{}")


def _meaning(escape: str) -> str:
    first, rest = escape[0], escape[1:]
    if first == "%":
        return _character(rest[1:], 16) if rest[0] == "u" else _bytes_of(escape)
    if first == "&":
        return _entity(escape, rest.rstrip(";"))
    if first == "\\":
        return _backslashed(escape, rest)
    if first in "'\"":
        return escape[::2] if escape.count(first) == len(escape) else first
    if _IS_COMPATIBLE.match(first):
        from unicodedata import normalize  # noqa: PLC0415 - a megabyte, and few texts need it

        return normalize("NFKC", escape)
    return rest if first in "^`" else ""


def _bytes_of(escape: str) -> str:
    return bytes.fromhex(escape.replace("%", " ")).decode("latin-1")


def _entity(escape: str, name: str) -> str:
    if name[0] != "#":
        return NAMED.get(name, escape)
    return _character(name[2:], 16) if name[1] in "xX" else _character(name[1:], 10)


def _backslashed(escape: str, rest: str) -> str:
    if rest[0] not in "uUxo01234567":
        return escape[1::2].translate(_LETTERS)
    digits = rest.translate(_DIGITS)
    if not digits:
        return rest
    return _character(digits, 8 if digits == rest or rest[0] == "o" else 16)


def _character(digits: str, radix: int) -> str:
    number = int(digits, radix)
    return chr(number) if number < 0x110000 else ""


def _joined(wrap: str) -> str:
    is_byte = wrap[0] == "=" and "\n" not in wrap
    return chr(int(wrap[1:], 16)) if is_byte else ""


_MEANINGS = _Meanings(_meaning)
_WRAPS = _Meanings(_joined)


def unescaped(text: str) -> View | None:
    """`text` with one level of escapes decoded; None if there is none."""
    return _view(_ESCAPE if text.isascii() else _WIDE_ESCAPE, _MEANINGS, text)


def unwrapped(text: str) -> View | None:
    """`text` without line breaks and quoted-printable; None if there is none."""
    return _view(_WRAP, _WRAPS, text)


def _view(pattern: re.Pattern[str], meanings: Mapping[str, str], text: str) -> View | None:
    if not pattern.search(text):
        return None
    view = View(pattern, meanings, text)
    return view if view.text != text else None
