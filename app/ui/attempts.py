"""What a person tried on the Try it page: the call as it was made, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.facts import Answer

_LONGEST_TEXT = 2_000
_MOST_SHOWN = 200_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One finished try; `outcome` is one of messages.OUTCOMES."""

    server: str
    tool: str
    arguments: Mapping[str, Any]
    at: float
    ms: float
    outcome: str
    answer: Answer

    def shown_value(self) -> Any:
        """What the result page shows: the structured part, else the text."""
        return self.answer.data if self.answer.data not in (None, {}) else self.answer.text

    def as_json(self) -> str:
        """The whole try, to be kept or sent on."""
        value = {
            "server": self.server,
            "tool": self.tool,
            "arguments": dict(self.arguments),
            "outcome": self.outcome,
            "ms": round(self.ms, 1),
            "result": self.shown_value(),
        }
        return json.dumps(value, ensure_ascii=False, indent=2)


def result_text(attempt: Attempt) -> str:
    """The result as text that a view can take: long texts and long results are cut, and say so."""
    value = attempt.shown_value()
    text = (
        value if isinstance(value, str) else json.dumps(_cut(value), ensure_ascii=False, indent=2)
    )
    lines = "\n".join(_cut_text(line) for line in text[:_MOST_SHOWN].split("\n"))
    if len(text) > _MOST_SHOWN:
        lines += f"\n... {len(text) - _MOST_SHOWN:,} more characters; Copy has them all."
    return lines


def size_of(attempt: Attempt) -> int:
    """How large the result is, in characters."""
    value = attempt.shown_value()
    return len(value) if isinstance(value, str) else len(json.dumps(value, ensure_ascii=False))


def _cut(value: Any) -> Any:
    match value:
        case str():
            return _cut_text(value)
        case dict():
            return {name: _cut(member) for name, member in value.items()}
        case list():
            return [_cut(member) for member in value]
        case _:
            return value


def _cut_text(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[:_LONGEST_TEXT]}... ({len(text) - _LONGEST_TEXT:,} more characters)"
