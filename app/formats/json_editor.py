"""Edits JSON text: adds and removes entries at the positions that the reader finds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.formats.json_reader import (
    SPACE,
    Members,
    blanked,
    decoder,
    end_of,
    is_blank,
    members_of,
    outline,
    page_of,
    skip,
)
from app.formats.spans import Edit, Layout, indent_at, line_end, line_start, newline_of

__all__ = ["dumped", "insertions", "outline", "removals", "rewritten", "without_root"]

_HALF = re.compile(r"[\ud800-\udfff]")


def insertions(text: str, layout: Layout, entries: Mapping[str, Any]) -> Iterator[Edit]:
    """Candidate edits that add `entries` after the servers in `text`, the best first."""
    if is_blank(text, layout):
        yield _whole(text, {layout.root[0]: entries})
        return
    solid, page, top = _parts(text, layout)
    pen = _Writer(text, page, solid, top)
    member = top.get(layout.root[0])
    if member is None:
        yield from pen.add(top, {layout.root[0]: entries})
    elif page[member.value] == "{":
        yield from pen.add(members_of(page, member.value), entries)
    else:  # null
        new = pen.rendered(entries, indent_at(text, member.start))
        yield Edit(member.value, text[member.value : member.end], new)


def _whole(text: str, values: Mapping[str, Any]) -> Edit:
    """The edit that adds a whole object to a text without a value, after its comments."""
    newline = newline_of(text)
    lead = newline if text.strip(SPACE) and not text.endswith("\n") else ""
    body = dumped(values, indent=2).replace("\n", newline)
    return Edit(len(text), "", lead + body + newline)


def removals(text: str, layout: Layout, name: str) -> Iterator[str]:
    """`text` without the entry called `name`; comments of its neighbours stay."""
    solid, page, top = _parts(text, layout)
    member = top.get(layout.root[0])
    if member is not None and page[member.value] == "{":
        yield _without(text, solid, members_of(page, member.value), name)


def as_written(text: str, layout: Layout, written: str, names: Sequence[str]) -> str:
    """`text` with the values of the entries called `names` replaced by those in `written`."""
    if is_blank(text, layout):
        return text
    _, page, top = _parts(text, layout)
    root = top.get(layout.root[0])
    if root is None or page[root.value] != "{":
        return text
    for member in reversed(members_of(page, root.value).members):
        key = written.find(f"{json.dumps(member.key)}:")
        if key >= 0 and member.key in names:
            start = skip(written, written.index(":", key) + 1)
            value = written[start : end_of(written, start)]
            text = text[: member.value] + value + text[member.end :]
    return text


def without_root(text: str, layout: Layout) -> Iterator[str]:
    """`text` without the empty object of servers."""
    solid, _, top = _parts(text, layout)
    yield _without(text, solid, top, layout.root[0])


def _parts(text: str, layout: Layout) -> tuple[str, str, Members]:
    """`text` without comments, the same without trailing commas, and the object that it is."""
    solid = blanked(text, layout)
    page = page_of(solid, layout)
    return solid, page, members_of(page, skip(page, 0))


def rewritten(text: str, layout: Layout, after: Mapping[str, Any]) -> str:
    """Plain JSON `text` edited so that its value is `after`; equal parts stay byte for byte."""
    before = decoder.decode(text)
    return _with_changes(text, (), before, after) if layout.format == "json" else text


def _with_changes(
    text: str, path: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any]
) -> str:
    for name in before.keys() - after.keys():
        text = _without(text, text, _holder(text, path), name)
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        if isinstance(old, dict) and isinstance(new, dict):
            text = _with_changes(text, (*path, name), old, new)
        elif old != new or type(old) is not type(new):
            text = _with_value(text, _holder(text, path), name, new)
    added = {name: value for name, value in after.items() if name not in before}
    if added:
        holder = _holder(text, path)
        pen = _Writer(text, text, text, _holder(text, ()))
        text = next(pen.add(holder, added)).apply(text)
    return text


def _holder(text: str, path: Sequence[str]) -> Members:
    found = members_of(text, skip(text, 0))
    for name in path:
        member = found.get(name)
        assert member is not None
        found = members_of(text, member.value)
    return found


def _with_value(text: str, holder: Members, name: str, value: Any) -> str:
    member = holder.get(name)
    assert member is not None
    pen = _Writer(text, text, text, _holder(text, ()))
    old = text[member.value : member.end]
    new = pen.value(value, indent_at(text, member.start), in_lines="\n" in old)
    return text[: member.value] + new + text[member.end :]


def _without(text: str, solid: str, holder: Members, name: str) -> str:
    index = next(i for i, member in enumerate(holder.members) if member.key == name)
    member = holder.members[index]
    following = skip(solid, member.end)
    if solid[following] == ",":
        return _cut(text, solid, member.start, following + 1)
    shorter = _cut(text, solid, member.start, member.end)
    if index:
        comma = solid.index(",", holder.members[index - 1].end)
        return shorter[:comma] + shorter[comma + 1 :]
    return shorter


def _cut(text: str, solid: str, start: int, end: int) -> str:
    """Remove the span, with its whole line if nothing else is on it."""
    line = line_start(text, start)
    alone = not text[line:start].strip(SPACE) and not solid[end : line_end(text, end)].strip(SPACE)
    if line and alone:
        start = line - 1 - (text[line - 2 : line - 1] == "\r")
    return text[:start] + text[end:]


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes values in the style of the text: its indent, its line breaks, or on one line."""

    text: str
    page: str
    solid: str
    top: Members

    def add(self, holder: Members, values: Mapping[str, Any]) -> Iterator[Edit]:
        if holder.members:
            yield from self._behind(holder, values)
        else:
            yield self._inside(holder, values)

    def _behind(self, holder: Members, values: Mapping[str, Any]) -> Iterator[Edit]:
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
        if not self.page[point:end].strip(SPACE):
            yield self._edit(last.end, end, lead, body)
        yield self._edit(last.end, point, lead, body)

    def _edit(self, start: int, end: int, lead: str, body: str) -> Edit:
        old = self.text[start:end]
        return Edit(start, old, lead + old + body)

    def _inside(self, holder: Members, values: Mapping[str, Any]) -> Edit:
        inside = self.text[holder.open + 1 : holder.close]
        if self._is_one_line() and "\n" not in inside:
            return Edit(holder.open + 1, inside, inside + self._inline(values))
        outer = indent_at(self.text, holder.open)
        body = self._lines(values, outer + self._unit()) + newline_of(self.text) + outer
        return Edit(holder.open + 1, inside, inside.rstrip(SPACE) + body)

    def _is_one_line(self) -> bool:
        return bool(self.top.members) and "\n" not in self.text.strip(SPACE)

    def _unit(self) -> str:
        if self.top.members:
            first = self.top.members[0].start
            if "\n" in self.text[self.top.open : first]:
                return indent_at(self.text, first) or "  "
        return "  "

    def _inline(self, values: Mapping[str, Any]) -> str:
        tight = bool(self.top.members) and self.page[self.top.members[0].value - 1] == ":"
        separators = (",", ":") if tight else (", ", ": ")
        return dumped(values, separators=separators)[1:-1]

    def _lines(self, values: Mapping[str, Any], indent: str) -> str:
        newline = newline_of(self.text)
        whole = dumped(values, indent=self._unit())
        lines = whole.split("\n")[1:-1]
        cut = len(self._unit())
        return "".join(newline + indent + line[cut:] for line in lines)

    def value(self, value: Any, indent: str, *, in_lines: bool) -> str:
        """The text of a value after a key whose line has this indent."""
        if not in_lines and not isinstance(value, dict):
            return dumped(value)
        whole = dumped(value, indent=self._unit())
        return whole.replace("\n", newline_of(self.text) + indent)

    def rendered(self, values: Mapping[str, Any], indent: str) -> str:
        if self._is_one_line():
            return "{" + self._inline(values) + "}"
        lines = self._lines(values, indent + self._unit())
        return "{" + lines + newline_of(self.text) + indent + "}"


def dumped(values: Any, **style: Any) -> str:
    """The value as JSON; a lone surrogate, which UTF-8 cannot hold, stays an escape."""
    text = json.dumps(values, ensure_ascii=False, **style)
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
