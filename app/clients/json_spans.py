"""JSON, with comments and trailing commas where the client allows them.

Comments and trailing commas are blanked, character for character, so that the standard library
reads the page and every position in it is a position in the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any

from app.clients.catalog import Layout
from app.clients.spans import (
    AmbiguousError,
    Edit,
    Outline,
    UnreadableError,
    indent_at,
    line_end,
    line_start,
    newline_of,
    position,
)

_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|(//[^\n]*|/\*.*?\*/)', re.DOTALL)
_TRAILING = re.compile(
    r'(?:"(?:[^"\\\n]|\\.)*"|[\]}0-9a-z])(?:([ \t\r\n]*,)(?=[ \t\r\n]*[\]}]))?', re.DOTALL
)
_INK = re.compile(r"[^\r\n]")
_SPACE = " \t\r\n"
_CONSTANTS = re.compile(r'"(?:[^"\\\n]|\\.)*"|(NaN|-?Infinity)')


@dataclass(frozen=True, slots=True)
class _Member:
    key: str
    start: int
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class _Object:
    """The braces of one object and what is between them."""

    open: int
    close: int
    members: tuple[_Member, ...]

    def get(self, key: str) -> _Member | None:
        return next((member for member in self.members if member.key == key), None)


class _ConstantError(ValueError):
    """NaN or Infinity, which JSON does not have."""


def _refuse_constant(word: str) -> Any:
    raise _ConstantError(word)


def _whole_number(digits: str) -> Any:
    return int(digits) if len(digits) < 300 else digits


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_whole_number)


def outline(text: str, layout: Layout) -> Outline:
    """What `text` says.

    Raises:
        FormatError: it is not what the client reads, or says something twice.
    """
    page = _page(text, layout)
    value = _value(text, page, layout)
    top = _object(page, _skip(page, 0))
    _no_twins(text, top)
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
    _no_twins(text, _object(page, member.value))
    return Outline(servers, True, rest)


def insertions(text: str, layout: Layout, entries: Mapping[str, Any]) -> Iterator[Edit]:
    """Ways to put `entries` behind the servers in `text`, the best first."""
    page = _page(text, layout)
    top = _object(page, _skip(page, 0))
    pen = _Pen(text, page, _solid(text, layout), top)
    member = top.get(layout.root[0])
    if member is None:
        yield from pen.add(top, {layout.root[0]: entries})
    elif page[member.value] == "{":
        yield from pen.add(_object(page, member.value), entries)
    else:  # null
        new = pen.rendered(entries, indent_at(text, member.start))
        yield Edit(member.value, text[member.value : member.end], new)


def removals(text: str, layout: Layout, name: str) -> Iterator[str]:
    """`text` without the entry called `name`, its neighbours' comments kept."""
    page = _page(text, layout)
    top = _object(page, _skip(page, 0))
    member = top.get(layout.root[0])
    if member is not None and page[member.value] == "{":
        yield _without(text, _solid(text, layout), _object(page, member.value), name)


def without_root(text: str, layout: Layout) -> Iterator[str]:
    """`text` without the empty object of servers."""
    page = _page(text, layout)
    top = _object(page, _skip(page, 0))
    yield _without(text, _solid(text, layout), top, layout.root[0])


def _solid(text: str, layout: Layout) -> str:
    if layout.format == "json":
        return text
    return _COMMENT.sub(lambda m: _INK.sub(" ", m[0]) if m[1] else m[0], text)


def _page(text: str, layout: Layout) -> str:
    solid = _solid(text, layout)
    if layout.format != "jsonc":
        return solid
    return _TRAILING.sub(lambda m: m[0][:-1] + " " if m[1] else m[0], solid)


def _value(text: str, page: str, layout: Layout) -> dict[str, Any]:
    if not page.strip(_SPACE):
        raise UnreadableError("The file is empty; JSON needs at least {}.", 1, 1)
    try:
        value = _decoder.decode(page)
    except _ConstantError as word:
        at = next(m.start() for m in _CONSTANTS.finditer(page) if m[1])
        raise UnreadableError(f"{word} is not JSON.", *position(text, at)) from None
    except JSONDecodeError as broken:
        reason = _reason(broken, text, layout)
        raise UnreadableError(reason, broken.lineno, broken.colno) from None
    except RecursionError:
        raise UnreadableError(
            "The file is nested too deeply to be a settings file.", 1, 1
        ) from None
    if not isinstance(value, dict):
        line, column = position(text, _skip(page, 0))
        raise UnreadableError("The file holds no JSON object.", line, column)
    return value


def _reason(broken: JSONDecodeError, text: str, layout: Layout) -> str:
    if layout.format == "json" and text[broken.pos : broken.pos + 2] in ("//", "/*"):
        return "The client reads plain JSON, and this is a comment."
    if text[broken.pos : broken.pos + 1] == "\0":
        return "The file holds a NUL character."
    if broken.pos >= len(text.rstrip(_SPACE)):
        return f"The file ends too early: {broken.msg[:1].lower()}{broken.msg[1:]}."
    if broken.msg.startswith("Illegal trailing comma"):
        return "There is a comma before the closing bracket, and the client reads none there."
    return f"{broken.msg}."


def _skip(page: str, index: int) -> int:
    while page[index] in _SPACE:
        index += 1
    return index


def _object(page: str, start: int) -> _Object:
    members = []
    index = _skip(page, start + 1)
    while page[index] != "}":
        if page[index] == ",":
            index = _skip(page, index + 1)
        key, after = _decoder.raw_decode(page, index)
        value = _skip(page, _skip(page, after) + 1)
        _, end = _decoder.raw_decode(page, value)
        members.append(_Member(key, index, value, end))
        index = _skip(page, end)
    return _Object(start, index, tuple(members))


def _no_twins(text: str, found: _Object) -> None:
    seen: set[str] = set()
    for member in found.members:
        if member.key in seen:
            line, column = position(text, member.start)
            raise AmbiguousError(f"`{member.key:.60}` is there twice.", line, column)
        seen.add(member.key)


def _without(text: str, solid: str, holder: _Object, name: str) -> str:
    index = next(i for i, member in enumerate(holder.members) if member.key == name)
    member = holder.members[index]
    following = _skip(solid, member.end)
    if solid[following] == ",":
        return _cut(text, solid, member.start, following + 1)
    shorter = _cut(text, solid, member.start, member.end)
    if index:
        comma = solid.index(",", holder.members[index - 1].end)
        return shorter[:comma] + shorter[comma + 1 :]
    return shorter


def _cut(text: str, solid: str, start: int, end: int) -> str:
    """Cut the stretch, with its line where it has one for itself."""
    line = line_start(text, start)
    alone = not text[line:start].strip(_SPACE) and not solid[end : line_end(text, end)].strip(
        _SPACE
    )
    if line and alone:
        start = line - 1 - (text[line - 2 : line - 1] == "\r")
    return text[:start] + text[end:]


@dataclass(frozen=True, slots=True)
class _Pen:
    """Writes as the text is written: its indent, its line breaks, or all in one line."""

    text: str
    page: str
    solid: str
    top: _Object

    def add(self, holder: _Object, values: Mapping[str, Any]) -> Iterator[Edit]:
        if holder.members:
            yield from self._behind(holder, values)
        else:
            yield self._inside(holder, values)

    def _behind(self, holder: _Object, values: Mapping[str, Any]) -> Iterator[Edit]:
        text, first, last = self.text, holder.members[0], holder.members[-1]
        comma = self.solid.find(",", last.end, holder.close)
        point = last.end if comma < 0 else comma + 1
        lead = "," if comma < 0 else ""
        if "\n" not in text[holder.open : first.start]:
            yield self._edit(last.end, point, lead, " " + self._inline(values))
            return
        indent = indent_at(text, first.start)
        body = self._lines(values, indent)
        end = line_end(text, point)
        if not self.page[point:end].strip(_SPACE):
            yield self._edit(last.end, end, lead, body)
        yield self._edit(last.end, point, lead, body)

    def _edit(self, start: int, end: int, lead: str, body: str) -> Edit:
        old = self.text[start:end]
        return Edit(start, old, lead + old + body)

    def _inside(self, holder: _Object, values: Mapping[str, Any]) -> Edit:
        inside = self.text[holder.open + 1 : holder.close]
        if self._is_one_line() and "\n" not in inside:
            return Edit(holder.open + 1, inside, inside + self._inline(values))
        outer = indent_at(self.text, holder.open)
        body = self._lines(values, outer + self._unit()) + newline_of(self.text) + outer
        return Edit(holder.open + 1, inside, inside.rstrip(_SPACE) + body)

    def _is_one_line(self) -> bool:
        return bool(self.top.members) and "\n" not in self.text.strip(_SPACE)

    def _unit(self) -> str:
        if self.top.members:
            first = self.top.members[0].start
            if "\n" in self.text[self.top.open : first]:
                return indent_at(self.text, first) or "  "
        return "  "

    def _inline(self, values: Mapping[str, Any]) -> str:
        tight = bool(self.top.members) and self.page[self.top.members[0].value - 1] == ":"
        separators = (",", ":") if tight else (", ", ": ")
        return json.dumps(values, ensure_ascii=False, separators=separators)[1:-1]

    def _lines(self, values: Mapping[str, Any], indent: str) -> str:
        newline = newline_of(self.text)
        whole = json.dumps(values, ensure_ascii=False, indent=self._unit())
        lines = whole.split("\n")[1:-1]
        cut = len(self._unit())
        return "".join(newline + indent + line[cut:] for line in lines)

    def rendered(self, values: Mapping[str, Any], indent: str) -> str:
        if self._is_one_line():
            return "{" + self._inline(values) + "}"
        lines = self._lines(values, indent + self._unit())
        return "{" + lines + newline_of(self.text) + indent + "}"
