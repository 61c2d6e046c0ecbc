"""Reads and edits TOML; new tables are added at the end of the file.

The standard library parses. A table header means the same at any place, so the text above it is
kept without being understood. Only servers in an inline table or array are added in place. An
entry whose text was changed meanwhile is removed by its lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import tomlkit
import tomlkit.exceptions

from app.formats import toml_reader
from app.formats.spans import (
    AmbiguousError,
    Edit,
    Layout,
    Outline,
    line_start,
    newline_of,
    outline_of_list,
    position_of,
)

_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
# An unclosed string matches to the end; else each quote in it is tried again.
_TOKEN = re.compile(
    r'''"""(?:[^\\"]++|\\.|"(?!""))*+(?:"{3,5})?|\'{3}(?:[^']++|'(?!''))*+(?:\'{3,5})?'''
    r"""|"(?:[^"\\\n]++|\\.)*+"?|'[^'\n]*+'?|#[^\n]*|([\[{])|([\]}])""",
    re.DOTALL,
)
_TABLES = 8
"""How many table headers after an entry's own are searched for tables of that entry."""


def outline(text: str, layout: Layout) -> Outline:
    """The outline of `text`; raises FormatError if it is no TOML, or its servers are no tables."""
    rest = toml_reader.value_of(text, parse_float=str)
    root = rest.pop(layout.root[0], None)
    if root is None:
        return Outline({}, False, rest)
    place = position_of(text, layout.root[0])
    if not layout.is_list:
        if not isinstance(root, dict):
            raise AmbiguousError(f"`{layout.root[0]}` is no table.", *place)
        return Outline(root, True, rest)
    if not isinstance(root, list):
        raise AmbiguousError(f"`{layout.root[0]}` is no list of tables.", *place)
    return outline_of_list(((item, place) for item in root), rest)


def insertions(text: str, layout: Layout, entries: Mapping[str, Any]) -> Iterator[Edit]:
    """Candidate edits that add `entries` to `text`: at its end, else into its brackets."""
    newline = newline_of(text)
    ends_well = text.endswith("\n") or not text
    gap = (newline if text else "") if ends_well else newline * 2
    tables = newline.join(_table(layout, name, entry, newline) for name, entry in entries.items())
    yield Edit(len(text), "", gap + (tables if ends_well else tables.removesuffix(newline)))
    yield from _into_brackets(text, layout, entries)


def _into_brackets(text: str, layout: Layout, entries: Mapping[str, Any]) -> Iterator[Edit]:
    root = re.escape(layout.root[0])
    items = [
        _inline(entry) if layout.is_list else f"{name} = {_inline(entry)}"
        for name, entry in entries.items()
    ]
    body = ", ".join(items)
    for found in re.finditer(
        rf"^[ \t]*([\"']?){root}\1[ \t]*=[ \t]*(?=[\[{{])", text, re.MULTILINE
    ):
        close = _close_of(text, found.end())
        yield Edit(len(text[:close].rstrip()), "", f", {body}")
        yield Edit(close, "", body)
        yield Edit(close, "", f", {body}")


def _close_of(text: str, start: int) -> int:
    """The position of the closing bracket for that at `start`."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += bool(token[1]) - bool(token[2])
        if not depth:
            return token.start()
    return len(text)


def removals(text: str, layout: Layout, name: str) -> Iterator[str]:
    """Candidates of `text` without the entry called `name`: its lines removed, else by tomlkit."""
    tables = _ours(layout, name)
    headers = [found.start() for found in _HEADER.finditer(text)]
    for start in headers:
        if tables.match(text, start):
            ends = [*[at for at in headers if at > start][:_TABLES], len(text)]
            for end in ends:
                yield text[:start] + text[_before_notes(text, start, end) :]
    yield from _without_key(text, layout, name)


def _ours(layout: Layout, name: str) -> re.Pattern[str]:
    root, entry = re.escape(layout.root[0]), re.escape(name)
    if layout.is_list:
        return re.compile(rf"[ \t]*\[\[[ \t]*{root}[ \t]*\]\]")
    return re.compile(rf"[ \t]*\[[ \t]*{root}[ \t]*\.[ \t]*([\"']?){entry}\1[ \t]*\]")


def _before_notes(text: str, start: int, end: int) -> int:
    """The start of the comments and blank lines that belong to what is at `end`."""
    while end > start:
        line = line_start(text, end - 1)
        words = text[line:end].strip()
        if words and not words.startswith("#"):
            return end
        end = line
    return end


def _without_key(text: str, layout: Layout, name: str) -> Iterator[str]:
    try:
        document = tomlkit.parse(text)
        if tomlkit.dumps(document) == text:
            root: Any = document[layout.root[0]]
            del root[_names(root).index(name) if layout.is_list else name]
            yield tomlkit.dumps(document)
    except (tomlkit.exceptions.TOMLKitError, KeyError, TypeError, ValueError, RecursionError):
        return


def _names(tables: Any) -> list[Any]:
    return [each.get("name") if isinstance(each, Mapping) else None for each in tables]


def without_root(text: str, layout: Layout) -> Iterator[str]:
    """`text` without the empty table of servers."""
    try:
        document = tomlkit.parse(text)
        del document[layout.root[0]]
        yield tomlkit.dumps(document)
    except (tomlkit.exceptions.TOMLKitError, KeyError, RecursionError):
        return


def _table(layout: Layout, name: str, entry: Mapping[str, Any], newline: str) -> str:
    root = layout.root[0]
    header = f"[[{root}]]" if layout.is_list else f"[{root}.{name}]"
    plain = {key: value for key, value in entry.items() if not isinstance(value, Mapping)}
    lines = [header, *_lines(plain)]
    inner = [(key, value) for key, value in entry.items() if isinstance(value, Mapping)]
    for key, value in inner:
        path = f"{root}.{key}" if layout.is_list else f"{root}.{name}.{key}"
        lines += ["", f"[{path}]", *_lines(value)]
    return "".join(line + newline for line in lines)


def _lines(values: Mapping[str, Any]) -> list[str]:
    return tomlkit.dumps(dict(values)).removesuffix("\n").split("\n")


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{tomlkit.key(key).as_string()} = {_inline(each)}" for key, each in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return str(tomlkit.item(value).as_string())
