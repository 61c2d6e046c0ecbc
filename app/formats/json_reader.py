"""Reads JSON, with comments and trailing commas where the client accepts them.

Both are replaced by blanks, character for character, so positions in the result are positions in
the text. The standard library parses the result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any

from app.formats.spans import (
    TOO_DEEP,
    AmbiguousError,
    Layout,
    Outline,
    UnreadableError,
    position,
    refuse_depths,
)

# An unclosed string or comment matches to the end; else each quote in it is tried again.
_TEXT = r'"(?:[^"\\\n]++|\\.)*+"?'
_COMMENT = re.compile(rf"{_TEXT}|(//[^\n]*+|/\*.*?\*/)|/\*.*", re.DOTALL)
_LAST_COMMA = re.compile(rf"{_TEXT}|(,)(?=[ \t\r\n]*+[\]}}])", re.DOTALL)
_INK = re.compile(r"[^\r\n]")
SPACE = " \t\r\n"
_GAP = re.compile(r"[ \t\r\n]*+")
_CONSTANTS = re.compile(rf"{_TEXT}|(NaN|-?Infinity)")


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object: the positions of its key, its value, and its end."""

    key: str
    start: int
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class Members:
    """One object: the positions of its braces, and its members."""

    open: int
    close: int
    members: tuple[Member, ...]

    def get(self, key: str) -> Member | None:
        return next((member for member in self.members if member.key == key), None)


class _ConstantError(ValueError):
    """NaN or Infinity, which JSON does not have."""


def _refuse_constant(word: str) -> Any:
    raise _ConstantError(word)


def _whole_number(digits: str) -> Any:
    return int(digits) if len(digits) < 300 else digits


decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_whole_number)
"""Reads plain JSON; integers of 300 digits stay texts, NaN and Infinity are refused."""


def outline(text: str, layout: Layout) -> Outline:
    """Raises FormatError if the client cannot read the text, or a key occurs twice."""
    if is_blank(text, layout):
        return Outline({}, False, {})
    page = page_of(blanked(text, layout), layout)
    value = _value(text, page, layout)
    top = members_of(page, skip(page, 0))
    _refuse_duplicates(text, top)
    rest = dict(value)
    key = layout.root[0]
    if key not in rest or rest[key] is None:
        rest.pop(key, None)
        return Outline({}, key in value, rest)
    servers = rest.pop(key)
    member = top.get(key)
    assert member is not None
    if not isinstance(servers, dict):
        line, column = position(text, member.value)
        raise AmbiguousError(f"`{key}` is not an object, so Lou cannot add to it.", line, column)
    _refuse_duplicates(text, members_of(page, member.value))
    return Outline(servers, True, rest)


def is_blank(text: str, layout: Layout) -> bool:
    """Whether the text has only white space and comments, and so stands for {}."""
    return not blanked(text, layout).strip(SPACE)


def blanked(text: str, layout: Layout) -> str:
    """`text` with its comments replaced by blanks."""
    if layout.format == "json" or "/" not in text:
        return text

    def blank(match: re.Match[str]) -> str:
        comment = match[1]
        if not comment:
            return match[0]
        if comment[1] == "/" and "\r" in comment[:-1]:
            where = position(text, match.start())
            raise AmbiguousError("A carriage return ends this comment for some readers.", *where)
        return _INK.sub(" ", comment)

    return _COMMENT.sub(blank, text)


def page_of(solid: str, layout: Layout) -> str:
    """`solid` with its trailing commas replaced by blanks."""
    if layout.format != "jsonc":
        return solid

    def blank(match: re.Match[str]) -> str:
        return " " if match[1] and _ends_value(solid, match.start()) else match[0]

    return _LAST_COMMA.sub(blank, solid)


def _ends_value(solid: str, end: int) -> bool:
    """Whether a value ends before `end`: only after one is a comma a trailing comma."""
    while end and solid[end - 1] in SPACE:
        end -= 1
    return end > 0 and solid[end - 1] not in "{[,:"


def _value(text: str, page: str, layout: Layout) -> dict[str, Any]:
    try:
        value = decoder.decode(page)
    except _ConstantError as word:
        at = next(m.start() for m in _CONSTANTS.finditer(page) if m[1])
        raise UnreadableError(f"{word} is not JSON.", *position(text, at)) from None
    except JSONDecodeError as broken:
        reason = _reason(broken, text, layout)
        raise UnreadableError(reason, broken.lineno, broken.colno) from None
    except RecursionError:
        raise UnreadableError(TOO_DEEP, 1, 1) from None
    if not isinstance(value, dict):
        line, column = position(text, skip(page, 0))
        raise UnreadableError("The file holds no JSON object.", line, column)
    refuse_depths(value)
    return value


def _reason(broken: JSONDecodeError, text: str, layout: Layout) -> str:
    if layout.format == "json" and text[broken.pos : broken.pos + 2] in ("//", "/*"):
        return "The client reads plain JSON, and this is a comment."
    if text[broken.pos : broken.pos + 1] == "\0":
        return "The file holds a NUL character."
    if broken.pos >= len(text.rstrip(SPACE)):
        return f"The file ends too early: {broken.msg[:1].lower()}{broken.msg[1:]}."
    if broken.msg.startswith("Illegal trailing comma"):
        return "There is a comma before the closing bracket, and the client reads none there."
    return f"{broken.msg}."


def skip(page: str, index: int) -> int:
    """The end of the white space at `index`."""
    gap = _GAP.match(page, index)
    return gap.end() if gap else index


def members_of(page: str, start: int) -> Members:
    members = []
    index = skip(page, start + 1)
    while page[index] != "}":
        if page[index] == ",":
            index = skip(page, index + 1)
        key, after = decoder.raw_decode(page, index)
        value = skip(page, skip(page, after) + 1)
        end = end_of(page, value)
        members.append(Member(key, index, value, end))
        index = skip(page, end)
    return Members(start, index, tuple(members))


def end_of(page: str, start: int) -> int:
    _, end = decoder.raw_decode(page, start)
    return int(end)


def duplicate_in(page: str) -> Member | None:
    """The first member, at any depth, whose key occurs earlier in its object."""
    twins: list[Member] = []
    ahead = [skip(page, 0)]
    while ahead:
        start = ahead.pop()
        if page[start] == "{":
            members = members_of(page, start).members
            firsts = {member.key: member for member in reversed(members)}
            twins += [member for member in members if firsts[member.key] is not member]
            ahead += [member.value for member in members]
        elif page[start] == "[":
            ahead += _items(page, start)
    return min(twins, key=lambda member: member.start, default=None)


def _items(page: str, start: int) -> Iterator[int]:
    index = skip(page, start + 1)
    while page[index] != "]":
        if page[index] == ",":
            index = skip(page, index + 1)
        yield index
        index = skip(page, end_of(page, index))


def _refuse_duplicates(text: str, found: Members) -> None:
    seen: set[str] = set()
    for member in found.members:
        if member.key in seen:
            line, column = position(text, member.start)
            raise AmbiguousError(f"`{member.key:.60}` is there twice.", line, column)
        seen.add(member.key)
