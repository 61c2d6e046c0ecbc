"""A kept call as the faces show it, and its forms for the clipboard. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MASKS = ("[redacted]", "[e-mail]", "[private]")
"""What stands in place of a secret, an address, or what a server keeps for itself."""


@dataclass(frozen=True, slots=True)
class KeptCall:
    """One row of the list; `id` grows with time, `at` is the epoch second of its end."""

    id: int
    at: float
    server: str
    tool: str
    client: str
    version: str
    ms: float
    outcome: str
    """one of messages.OUTCOMES"""
    error: str
    size: int
    """bytes of the answer, as the client got it"""
    own: bool
    """Lou made it for itself"""
    cut: str = ""
    """`cut` of the `call_detail` event"""


@dataclass(frozen=True, slots=True)
class CallDetail:
    """The arguments and the answer of a call, as JSON texts; empty if they were not kept."""

    request: str = ""
    answer: str = ""

    def arguments(self) -> Mapping[str, Any]:
        """The arguments; empty if they were not kept."""
        found = json.loads(self.request) if self.request else {}
        return found if isinstance(found, dict) else {}

    def masked(self) -> tuple[str, ...]:
        """The arguments in which something was masked or left out, so they must be given again."""
        marks = (*MASKS, " left out)")
        texts = {name: to_json(value) for name, value in self.arguments().items()}
        return tuple(name for name, text in texts.items() if any(mark in text for mark in marks))


@dataclass(frozen=True, slots=True)
class CallQuery:
    """Which calls to find; an empty field is no condition. `text` is in request or answer."""

    server: str = ""
    tool: str = ""
    client: str = ""
    outcome: str = ""
    text: str = ""
    own: bool = False
    """also those that Lou made for itself"""

    def is_narrow(self) -> bool:
        """Whether it leaves out calls of the user's."""
        return bool(self.server or self.tool or self.client or self.outcome or self.text)


def as_command(call: KeptCall, detail: CallDetail) -> str:
    """The same call for a terminal."""
    words = ["lou", "call", call.server, call.tool]
    if arguments := detail.arguments():
        words.append(to_json(arguments))
    return shlex.join(words)


def as_json(call: KeptCall, detail: CallDetail) -> str:
    """The call with its request and answer as one JSON text."""
    return json.dumps(
        {**asdict(call), "request": value_of(detail.request), "answer": value_of(detail.answer)},
        ensure_ascii=False,
        indent=2,
    )


def value_of(text: str) -> Any:
    """The JSON value of a kept text; None if it was not kept."""
    return json.loads(text) if text else None


to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
