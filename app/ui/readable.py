"""The result of a call as a person reads it: HTML made of escaped text, with pictures. Pure.

In: an attempt. Out: HTML for a `Reader`, and the pictures that it names. Tables come from lists of
objects, links from web addresses; what is long or deep is cut, since the tree shows it whole.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.ui.tool_attempts import Attempt
from app.ui.translation import tr
from app.ui.wording import counted, words
from servers.contract import harmless

_MOST_ROWS, _MOST_COLUMNS = 100, 6
_LONGEST_TEXT, _LONGEST_CELL = 20_000, 300
_DEEPEST = 3
_MOST_PICTURES, _LARGEST_PICTURE = 10, 8_000_000
_ADDRESS = re.compile(r"https?://[^\s<>\"'|{}\\^`\[\]]{1,2000}")
_TRAILING = ".,;:!?)"
_TITLES, _ADDRESSES = ("title", "name", "subject"), ("url", "link", "href")
_TEXTS = ("snippet", "description", "summary", "text", "content", "excerpt")


@dataclass(slots=True)
class ReadableResult:
    """The HTML, and by name the bytes of each picture in it."""

    html: str = ""
    pictures: dict[str, bytes] = field(default_factory=dict)


def readable(attempt: Attempt) -> ReadableResult:
    """The result of `attempt`: of a failed one its sentence first."""
    made = ReadableResult()
    answer = attempt.answer
    if attempt.outcome != "ok":
        made.html = _text(tr(answer.text or "It failed and did not say why."))
        return made
    parts = [_picture(block, made) for block in _blocks(answer.extra.get("content"))]
    value = answer.data if answer.data not in (None, {}) else answer.text
    if value not in ("", None) or not any(parts):
        parts.insert(0, _value(value, 0) or _note("It answered with nothing."))
    made.html = "".join(parts)
    return made


def _value(value: Any, depth: int) -> str:
    match value:
        case str():
            return _text(value)
        case dict() | list() if depth >= _DEEPEST:
            return f"<pre>{_escaped(_compact(value))}</pre>"
        case dict():
            return _object(value, depth)
        case list() if value and all(isinstance(item, dict) for item in value):
            return _results(value) if all(map(_is_result, value)) else _table(value)
        case list():
            return "".join(_items(value, depth))
        case _:
            return f"<p>{_escaped(_compact(value))}</p>"


def _object(value: Mapping[str, Any], depth: int) -> str:
    """Short members first, as lines; then each long one below its name."""
    members = [
        (str(name), member) for name, member in value.items() if member not in (None, "", [])
    ]
    short = [(name, member) for name, member in members if _is_short(member)]
    lines = "".join(
        f"<tr><td><b>{_escaped(words(name))}&nbsp;&nbsp;</b></td><td>{_cell(member)}</td></tr>"
        for name, member in short[:_MOST_ROWS]
    )
    long = (
        f"<h4>{_escaped(words(name))}</h4>{_value(member, depth + 1)}"
        for name, member in members[:_MOST_ROWS]
        if not _is_short(member)
    )
    return (f"<table cellspacing='0' cellpadding='2'>{lines}</table>" if lines else "") + "".join(
        long
    )


def _results(rows: Sequence[Mapping[str, Any]]) -> str:
    """Objects with a title and an address: each as a link with its text below."""
    parts = []
    for row in rows[:_MOST_ROWS]:
        title, address = _first(row, _TITLES) or _first(row, _ADDRESSES), _first(row, _ADDRESSES)
        said = _first(row, _TEXTS)
        line = f'<p><a href="{_escaped(address)}"><b>{_escaped(title)}</b></a>'
        line += f"<br/>{_escaped(address)}"
        parts.append(line + (f"<br/>{_linked(said[:_LONGEST_CELL])}</p>" if said else "</p>"))
    return "".join(parts) + _more(len(rows))


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(str(name) for row in rows[:_MOST_ROWS] for name in row))
    shown = names[:_MOST_COLUMNS]
    head = "".join(f"<th align='left'>{_escaped(words(name))}</th>" for name in shown)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(row.get(name))}</td>" for name in shown) + "</tr>"
        for row in rows[:_MOST_ROWS]
    )
    left = _note(f"{counted(len(names) - len(shown), 'more column')} in the tree.")
    table = f"<table cellspacing='0' cellpadding='4'><tr>{head}</tr>{body}</table>"
    return table + (left if len(names) > len(shown) else "") + _more(len(rows))


def _items(value: Sequence[Any], depth: int) -> Iterator[str]:
    if not value:
        yield _note("None.")
    elif all(_is_short(item) for item in value):
        yield "<ul>" + "".join(f"<li>{_cell(item)}</li>" for item in value[:_MOST_ROWS]) + "</ul>"
    else:
        yield from (_value(item, depth + 1) for item in value[:_MOST_ROWS])
    yield _more(len(value))


def _note(text: str) -> str:
    return f"<p>{tr(text)}</p>"


def _more(count: int) -> str:
    return _note(f"{count - _MOST_ROWS:,} more in the tree.") if count > _MOST_ROWS else ""


def _is_short(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_CELL and "\n" not in value
    return not isinstance(value, dict | list)


def _is_result(row: Mapping[str, Any]) -> bool:
    return _first(row, _ADDRESSES).startswith(("http://", "https://")) and bool(
        _first(row, _TITLES) or _first(row, _TEXTS)
    )


def _first(row: Mapping[str, Any], names: Sequence[str]) -> str:
    found = (row.get(name) for name in names)
    return next((text for text in found if isinstance(text, str) and text), "")


def _cell(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return tr("yes" if value else "no")
    text = value if isinstance(value, str) else _compact(value)
    return _linked(text[:_LONGEST_CELL] + ("..." if len(text) > _LONGEST_CELL else ""))


def _text(text: str) -> str:
    """A text with its line breaks and its links."""
    more = (
        f"\n... {len(text) - _LONGEST_TEXT:,} more characters" if len(text) > _LONGEST_TEXT else ""
    )
    lines = (text[:_LONGEST_TEXT] + more).splitlines()
    return "<p>" + "<br/>".join(_linked(line) for line in lines) + "</p>"


def _linked(text: str) -> str:
    parts, end = [], 0
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(_TRAILING)
        parts.append(_escaped(text[end : found.start()]))
        parts.append(f'<a href="{_escaped(address)}">{_escaped(address)}</a>')
        end = found.start() + len(address)
    return "".join(parts) + _escaped(text[end:])


def _escaped(text: str) -> str:
    return html.escape(harmless.visible(text), quote=True)


def _compact(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)[:_LONGEST_TEXT]
    except (RecursionError, TypeError):
        return "..."


def _blocks(content: Any) -> list[Mapping[str, Any]]:
    found = content if isinstance(content, list) else []
    return [block for block in found if isinstance(block, Mapping)][: 5 * _MOST_PICTURES]


def _picture(block: Mapping[str, Any], made: ReadableResult) -> str:
    """An image block as a picture; empty for any other block."""
    data = block.get("data")
    if block.get("type") != "image" or not isinstance(data, str):
        return ""
    if len(made.pictures) >= _MOST_PICTURES or len(data) > _LARGEST_PICTURE:
        return _note("A picture that is too large to be shown.")
    name = f"picture:{len(made.pictures)}"
    try:
        made.pictures[name] = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return _note("A picture that cannot be read.")
    return f'<p><img src="{name}"/></p>'
