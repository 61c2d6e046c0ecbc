"""A call made on the Try it page, and its result as text or JSON. Pure."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.views import Answer

_LONGEST_TEXT = 2_000
_MOST_SHOWN = 200_000
_DEEPEST = 200
"""The indent, in characters, beyond which nested values are left out."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One finished call; `outcome` is one of messages.OUTCOMES."""

    server: str
    tool: str
    arguments: Mapping[str, Any]
    at: float
    ms: float
    outcome: str
    answer: Answer

    def shown_value(self) -> Any:
        """The structured data of the answer, or its text where there is none."""
        return self.answer.data if self.answer.data not in (None, {}) else self.answer.text

    def as_json(self) -> str:
        """The call and its result as JSON text, for the clipboard."""
        value = {
            "server": self.server,
            "tool": self.tool,
            "arguments": dict(self.arguments),
            "outcome": self.outcome,
            "ms": round(self.ms, 1),
            "result": self.shown_value(),
        }
        if size_of(self) > _MOST_SHOWN:
            return _compact(value)
        with contextlib.suppress(RecursionError):
            return json.dumps(value, ensure_ascii=False, indent=2)
        return _compact(value)


def result_text(attempt: Attempt) -> str:
    """The result as text for a view; long parts are cut, with a note of how much is missing."""
    value = attempt.shown_value()
    if isinstance(value, str):
        lines = "\n".join(_cut_text(line) for line in value[:_MOST_SHOWN].split("\n"))
        left = len(value) - _MOST_SHOWN
        more = f"\n... {left:,} more characters; Copy has them all."
        return lines + more if left > 0 else lines
    text = "".join(_first(_pieces(value, ""), _MOST_SHOWN))
    if len(text) > _MOST_SHOWN:
        text = f"{text[:_MOST_SHOWN]}\n... and more characters; Copy has them all."
    return text


def size_of(attempt: Attempt) -> int:
    """The size of the result, in characters."""
    value = attempt.shown_value()
    return len(value) if isinstance(value, str) else len(_compact(value))


def _compact(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return '"This is nested too deeply to be written."'


def _first(pieces: Iterable[str], most: int) -> Iterator[str]:
    """Yield from `pieces` until their total length exceeds `most`."""
    length = 0
    for piece in pieces:
        yield piece
        length += len(piece)
        if length > most:
            return


def _pieces(value: Any, indent: str) -> Iterator[str]:
    """Yield `value` as indented JSON; long texts are cut, deeply nested values left out."""
    match value:
        case str():
            yield json.dumps(_cut_text(value), ensure_ascii=False)
        case dict() | list() if len(indent) > _DEEPEST:
            yield "..."
        case dict() if value:
            yield from _members(value.items(), "{}", indent)
        case list() if value:
            yield from _members((("", item) for item in value), "[]", indent)
        case _:
            yield json.dumps(value, ensure_ascii=False)


def _members(members: Iterable[tuple[Any, Any]], ends: str, indent: str) -> Iterator[str]:
    inside, between = f"{indent}  ", f"{ends[0]}\n"
    for name, member in members:
        yield f"{between}{inside}"
        if ends == "{}":
            yield f"{json.dumps(_cut_text(str(name)), ensure_ascii=False)}: "
        yield from _pieces(member, inside)
        between = ",\n"
    yield f"\n{indent}{ends[1]}"


def _cut_text(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[:_LONGEST_TEXT]}... ({len(text) - _LONGEST_TEXT:,} more characters)"
