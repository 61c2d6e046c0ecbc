"""Edits YAML text at the positions that ruamel reports.

A round trip through a YAML library rewrites the whole file. So each edit inserts one block of
lines; candidates for several places are offered, and the reader decides which one is right.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node

from app.formats.spans import Edit, Layout, line_end, line_start, newline_of
from app.formats.yaml_reader import (
    compose,
    is_flow,
    is_null,
    is_root,
    key_of,
    outline,
    pairs,
    root_of,
)

__all__ = ["insertions", "outline", "removals", "without_root"]


def insertions(text: str, layout: Layout, entries: Mapping[str, Any]) -> Iterator[Edit]:
    """Candidate edits that add `entries` to `text`, the best first."""
    top = compose(text)
    pen = _Writer(text, layout)
    if not isinstance(top, MappingNode) or not top.value:
        yield from pen.first(top, entries)
        return
    root = root_of(top, layout)
    if root is None:
        yield from pen.behind(top, {layout.root[0]: pen.shaped(entries)})
    elif is_null(root) or not root.value:
        yield from pen.into_nothing(top, root, entries)
    elif is_flow(root):
        yield from pen.into_flow(root, pen.shaped(entries))
    else:
        yield from pen.behind(root, pen.shaped(entries))


def removals(text: str, layout: Layout, name: str) -> Iterator[str]:
    """`text` without the entry called `name`."""
    top = compose(text)
    root = root_of(top, layout) if isinstance(top, MappingNode) else None
    if root is None:
        return
    starts = _starts(root, layout)
    for index, (start, node) in enumerate(starts):
        if _name_of(start, node, layout) != name:
            continue
        if is_flow(root):
            yield _without_item(text, root, starts, index)
        else:
            first = line_start(text, start.start_mark.index)
            for end in _ends(text, node):
                yield text[:first] + text[end:]


def _without_item(text: str, root: Node, starts: list[tuple[Node, Node]], index: int) -> str:
    begin, end = starts[index][0].start_mark.index, starts[index][1].end_mark.index
    if index:
        begin = starts[index - 1][1].end_mark.index
    elif len(starts) > 1:
        end = starts[1][0].start_mark.index
    return text[:begin] + text[end:]


def without_root(text: str, layout: Layout) -> Iterator[str]:
    """`text` without the key of the servers, if it is empty."""
    top = compose(text)
    if not isinstance(top, MappingNode):
        return
    for key, _ in pairs(top):
        if is_root(key, layout):
            first = line_start(text, key.start_mark.index)
            end = line_end(text, key.start_mark.index)
            yield text[:first] + text[end:].removeprefix("\r").removeprefix("\n")


def _starts(root: Node, layout: Layout) -> list[tuple[Node, Node]]:
    if layout.is_list:
        return [(item, item) for item in root.value]
    return list(root.value)


def _name_of(start: Node, node: Node, layout: Layout) -> str:
    if not layout.is_list:
        return key_of(start)
    pairs = node.value if isinstance(node, MappingNode) else []
    return next((key_of(value) for key, value in pairs if key_of(key) == "name"), "")


def _ends(text: str, node: Node) -> Iterator[int]:
    """The possible ends of the lines of `node`: before or after the comments that follow."""
    end = node.end_mark.index
    if end and text[end - 1 : end] != "\n":
        end = line_start(text, end) if not text[line_start(text, end) : end].strip() else end
    tight = end
    while tight > node.start_mark.index:
        line = line_start(text, max(tight - 1, 0))
        words = text[line:tight].strip()
        if words and not words.startswith("#"):
            break
        tight = line
    yield tight
    if end != tight:
        yield end


class _Writer:
    """Writes blocks with the line breaks and the indent of the text."""

    def __init__(self, text: str, layout: Layout) -> None:
        self._text = text
        self._layout = layout
        self._newline = newline_of(text)

    def shaped(self, entries: Mapping[str, Any]) -> Any:
        return list(entries.values()) if self._layout.is_list else dict(entries)

    def first(self, top: Node | None, entries: Mapping[str, Any]) -> Iterator[Edit]:
        """Into a file without a value."""
        block = self._block({self._layout.root[0]: self.shaped(entries)}, 0)
        if top is not None and top.start_mark.index < top.end_mark.index:  # {}, ~ or null
            start, end = top.start_mark.index, top.end_mark.index
            yield Edit(start, self._text[start:end], block.removesuffix(self._newline))
            return
        gap = "" if not self._text or self._text.endswith("\n") else self._newline
        yield Edit(len(self._text), "", gap + block)
        yield Edit(line_start(self._text, max(self._text.rfind("..."), 0)), "", block)

    def behind(self, holder: Node, value: Any) -> Iterator[Edit]:
        """After the last line of `holder`, before its first, or inside its braces."""
        text = self._text
        if is_flow(holder):
            yield from self.into_flow(holder, value)
            return
        head = _head(text, holder)
        indent = head - line_start(text, head)
        block = self._block(value, indent)
        for end in _ends(text, holder):
            if end == 0 or text[end - 1] == "\n":
                yield Edit(end, "", block)
            else:
                yield Edit(end, "", self._newline + block.removesuffix(self._newline))
        yield Edit(line_start(text, head), "", block)

    def into_nothing(self, top: Node, root: Node, entries: Mapping[str, Any]) -> Iterator[Edit]:
        """Below a key whose value is null or empty."""
        key = next(key for key, value in top.value if value is root)
        start, begin, end = key.end_mark.index, root.start_mark.index, root.end_mark.index
        if begin == end:  # an empty value is marked at the next token
            begin = end = start
        stop = line_end(self._text, end)
        old = self._text[start:stop]
        words = self._text[start:begin] + self._text[end:stop]
        block = self._block(self.shaped(entries), top.start_mark.column + 2)
        if not is_flow(top):
            yield Edit(
                start, old, words.rstrip() + self._newline + block.removesuffix(self._newline)
            )
        if is_flow(root):
            yield from self.into_flow(root, self.shaped(entries))

    def into_flow(self, holder: Node, value: Any) -> Iterator[Edit]:
        """Into braces or brackets."""
        close = holder.end_mark.index - 1
        text = _dump(value, flow=True).strip()[1:-1]
        last = max((_end_of(item) for item in holder.value), default=holder.start_mark.index + 1)
        if holder.value:
            yield Edit(last, "", ", " + text)
        yield Edit(close, "", text)

    def _block(self, value: Any, indent: int) -> str:
        lines = _dump(value, flow=False).splitlines()
        return "".join(" " * indent + line + self._newline for line in lines)


def _head(text: str, holder: Node) -> int:
    """The position of the first item of a block, after its anchor or tag."""
    head = int(holder.start_mark.index)
    if text[head] not in "&!":
        return head
    first = holder.value[0]
    if isinstance(first, tuple):
        return int(first[0].start_mark.index)
    return text.rfind("-", 0, first.start_mark.index)


def _end_of(item: Any) -> int:
    node = item[1] if isinstance(item, tuple) else item
    return int(node.end_mark.index)


def _dump(value: Any, *, flow: bool) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = flow
    yaml.width = 1 << 20
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    out = io.StringIO()
    yaml.dump(value, out)
    return out.getvalue().removesuffix("...\n")
