"""Undoes how pages hide addresses from programs, in many languages. In and out go texts. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from functools import lru_cache

from servers.contract import harmless
from servers.search.contacts import words

_DOT = "\ue015"
OPEN, CLOSE, BREAK = "\ue010", "\ue011", "\ue014"
"""Stand in the text of a page where an inline element opens or closes, and where a line ends."""
LINK = "\ue017"
"""Stands where a link or a picture begins or ends, which is never a part of an address."""
EDGES = OPEN + CLOSE + LINK
SURE_AT, UNSURE_AT, SPOKEN_AT = "\ue012", "\ue013", "\ue016"
"""Stand for a word that means @: clearly, maybe, or in a sentence that spells an address."""


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_EDGE = f"[{EDGES}]"
_GAP = f"[ {EDGES}]{{0,3}}"
_LETTER = r"[^\W\d_]|[\u0900-\u0e7f]"
_WRAPPED = re.compile(
    rf"([\[({{<\u3010\uff08\u300c\u00ab]|[*\-|~#](?={_GAP}(?:{_LETTER}){{2}})){_GAP}"
    rf"([@.]|(?:{_LETTER})(?:[\w'\u0900-\u0e7f]|[ -](?=[^\W_])){{0,24}}){_GAP}"
    rf"([\])}}>*\-|~#\u3011\uff09\u300d\u00bb])"
)
"""Something short in brackets, or between other characters that set it off."""
_CLOSING = dict(
    zip("[({<*-|~#\u3010\uff08\u300c\u00ab", "])}>*-|~#\u3011\uff09\u300d\u00bb", strict=True)
)
_ONLY_BRACKETS = frozenset("[({<\u3010\uff08\u300c\u00ab")
_MEANINGS = (
    dict.fromkeys(words.AT_SHORT, UNSURE_AT)
    | dict.fromkeys(words.AT_IN_BRACKETS, SURE_AT)
    | dict.fromkeys((*words.DOT_NAMES, "."), ".")
)
_DOT_BETWEEN = r"_(?:dot|punkt|punto|point|ponto|punt)_"
_UNDERSCORED = re.compile(
    rf"(?<=[a-zA-Z0-9])_(?:at|arroba|arobase|chiocciola)_(?=[a-zA-Z0-9-]{{1,63}}{_DOT_BETWEEN}[a-zA-Z])",
    re.IGNORECASE,
)
_UNDERSCORED_DOT = re.compile(rf"(?<=[a-zA-Z0-9]){_DOT_BETWEEN}(?=[a-zA-Z])", re.IGNORECASE)
_UNSPACED = (
    (re.compile(rf"(?<=[a-zA-Z0-9])(?:{_any(words.UNSPACED_AT)})(?=[a-zA-Z0-9])"), SURE_AT),
    (re.compile(rf"(?<=[a-zA-Z0-9])(?:{_any(words.UNSPACED_DOT)})(?=[a-zA-Z])"), "."),
)
_SPELLED_AT = re.compile(
    rf" (?<=[a-zA-Z0-9] )(?:at|\u00e4t|aet|et) (?=[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,3}} "
    rf"(?:{_any(words.DOT_NAMES)}) )",
    re.IGNORECASE,
)
_AT_IN_CAPITALS = re.compile(r" (?<=[a-z0-9] )(?:AT|\u00c4T|ARROBA) (?=[a-z0-9])")
SPOKEN_DOT = re.compile(rf" (?:{_any(words.DOT_NAMES)}) (?={_EDGE}?[^\W_])", re.IGNORECASE)
"""After the @: a dot that is spoken."""
SPOKEN_BEFORE = re.compile(
    rf"(?<=[a-z0-9]) ((?:{_any((*words.DOT_NAMES, *words.DASH_NAMES))})) $", re.IGNORECASE
)
"""Before what stands before the @: a dot or a dash that is spoken."""
_NO_SPAM_WORD = (
    r"(?:NO[-_]?SPAM|NIX[-_]?SPAM|KEIN[-_]?SPAM|(?:REMOVE|DELETE)[-_]?(?:THIS|ME)|ANTI[-_]?SPAM|"
    r"SPAM[-_]?FREE|ENTFERNEN)"
)
_NO_SPAM_HINTS = ("SPAM", "THIS", "ME", "ENTFERNEN")
_NO_SPAM = re.compile(
    rf"(?<=[@{SURE_AT}]){_NO_SPAM_WORD}[._-]|[._-]?{_NO_SPAM_WORD}(?=[@{SURE_AT}])|"
    rf"(?<=[a-z0-9])[-_]?{_NO_SPAM_WORD}(?=\.[a-z])|(?<=[a-z0-9])[.-]{_NO_SPAM_WORD}(?![\w@.])|"
    rf"(?<![\w.-]){_NO_SPAM_WORD}[._-]?(?=[a-z0-9.]{{1,64}}@)"
)
"""Words in capitals that a person is asked to remove from an address."""
_STAND_INS = "\u2605\u2606\u25ce\u25cf\u25a0\u25c6*#$%^~\u00a7\u00a4"
_STAND_IN = re.compile(
    rf"([{re.escape(_STAND_INS)}]{{1,3}})[\"'\u201d\u300d)]?\s?"
    r"(?:\u3092|\u6362\u6210|\u63db\u6210|\u6539\u6210|\u6539\u4e3a|\u66ff\u6362\u4e3a|\u66ff\u63db\u70ba|\u2192|[-=]?>|"
    r"(?:durch|mit|with|by|to|par|por|con|na|\u043d\u0430|med|mot|door|pe|cu|za|ile)(?=\W))"
    r"\s?(?:ein |an |una? |een |the )?[\"'\u201c\u300c(]?@"
)
"""A character that the text asks its reader to replace by @."""
_DOT_GAPS = re.compile(rf"{_GAP}{_DOT}{_GAP}")
_ICONS = re.compile("[\ue000-\uf8ff]")
_OVERRIDE = re.compile("\u202e([^\u202a-\u202e\n]{1,300})\u202c?")
_WIDE = str.maketrans(
    {"\uff20": "@", "\ufe6b": "@", "\uff0e": ".", "\u3002": ".", "\uff61": ".", "\u00a0": " ",
     "\u2019": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-", "\uff0d": "-", "\u24d0": "@"}
    | {chr(0xFF10 + n): chr(0x30 + n) for n in range(10)}
    | {chr(0xFF21 + n): chr(0x41 + n) for n in range(26)}
    | {chr(0xFF41 + n): chr(0x61 + n) for n in range(26)}
)  # fmt: skip

_WIDE_LETTERS = frozenset(map(chr, _WIDE))
_UNSPACED_STARTS = frozenset(word[0] for word in (*words.UNSPACED_AT, *words.UNSPACED_DOT))


def without_marks(text: str) -> str:
    """`text` without the private characters that are marks here; pages use them for icons."""
    return text if text.isascii() else _ICONS.sub(" ", text)


def undisguised(text: str) -> str:
    """`text` with one mark for each word that means @, and its bracketed dots as dots."""
    text = html.unescape(text) if "&" in text else text
    if not text.isascii():
        text = _latin(text)
    if "@" in text and (stand_in := _STAND_IN.search(text)):
        meant = re.escape(stand_in.group(1))
        text = re.sub(rf"(?<=[a-zA-Z0-9]){meant}(?=[a-zA-Z0-9])", UNSURE_AT, text)
    if _UNDERSCORED.search(text):
        text = _UNDERSCORED_DOT.sub(".", _UNDERSCORED.sub(SURE_AT, text))
    text = _WRAPPED.sub(_meaning, text)
    text = _DOT_GAPS.sub(".", text) if _DOT in text else text
    text = _with_named_marks(text)
    text = _AT_IN_CAPITALS.sub(f" {UNSURE_AT} ", _SPELLED_AT.sub(f" {SPOKEN_AT} ", text))
    return _NO_SPAM.sub("", text) if any(hint in text for hint in _NO_SPAM_HINTS) else text


def _latin(text: str) -> str:
    """`text` without invisible characters, and with plain characters for wide and reversed ones."""
    text = _OVERRIDE.sub(lambda found: found.group(1)[::-1], text)
    text = harmless.visible(text)
    letters = set(text)
    if not letters.isdisjoint(_WIDE_LETTERS):
        text = text.translate(_WIDE)
    if not letters.isdisjoint(_UNSPACED_STARTS):
        for word, mark in _UNSPACED:
            text = word.sub(mark, text)
    return text


def _meaning(found: re.Match[str]) -> str:
    """What a word in brackets stands for; other characters around it are for clear words only."""
    left, word, right = found.groups()
    meaning = _MEANINGS.get(word.lower().removesuffix(" sign"))
    if meaning is None or _CLOSING[left] != right:
        return found.group()
    if left in _ONLY_BRACKETS:
        if word == "AT":  # a country's code as well
            return UNSURE_AT
        return _DOT if meaning == "." else meaning
    outside = found.string[max(0, found.start() - 1) : found.start()]
    after = found.string[found.end() : found.end() + 1]
    is_part = left == "-" and (outside.isalnum() or after.isalnum())  # as in stay-at-home
    if meaning == UNSURE_AT or word in "@." or is_part:
        return found.group()
    return _DOT if meaning == "." else meaning


def _with_named_marks(text: str) -> str:
    """With a mark for the names of @ that stand there as words."""
    lowered = text.lower()
    letters = set(lowered)  # a quick look rules out most names
    names = [name for name in words.AT_NAMES if letters.issuperset(name) and name in lowered]
    if not names:
        return text
    return _at_names(tuple(names)).sub(f" {SURE_AT} ", text)


@lru_cache(maxsize=64)
def _at_names(names: tuple[str, ...]) -> re.Pattern[str]:
    """Finds these names of @ between two parts of an address."""
    pattern = rf" (?<=[a-z0-9{EDGES}] )(?:{_any(names)}) (?={_EDGE}?[a-z0-9])"
    return re.compile(pattern, re.IGNORECASE)


def spoken(word: str) -> str:
    """The character that `word` between two parts of an address stands for."""
    return words.DASH_NAMES.get(word.lower(), ".")
