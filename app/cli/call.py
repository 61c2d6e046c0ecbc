"""`lou call SERVER TOOL`: one tool call through the app, its arguments as JSON or as key=value."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from app.cli.arguments import add_json, add_server
from app.cli.output import Output
from app.control.client import ControlClient
from app.errors import AppError

_LONGEST_S = 600.0
_LATE_S = 10.0
"""What Lou may take beyond that to say that the tool took too long."""


def declare(parser: ArgumentParser) -> None:
    """A server, a tool and its arguments."""
    add_server(parser)
    parser.add_argument("tool", help="its name")
    parser.add_argument(
        "arguments", nargs="*", metavar="ARG", help="a JSON object, key=value pairs, or - for stdin"
    )
    parser.add_argument("--timeout", type=float, default=50.0, metavar="S", help="seconds to wait")
    add_json(parser)
    parser.set_defaults(run=_call)


def _call(given: Namespace, output: Output) -> int:
    if not 0 < given.timeout <= _LONGEST_S:
        output.complain(f"--timeout takes seconds from 0 to {_LONGEST_S:g}.")
        return 2
    with ControlClient() as wire:
        try:
            arguments = _arguments(wire, given)
        except ValueError as wrong:
            output.complain(str(wrong))
            return 2
        answer = wire.ask(
            "call",
            server=given.server,
            tool=given.tool,
            arguments=arguments,
            timeout_s=given.timeout,
            within_s=given.timeout + _LATE_S,
        )
    answer |= answer.pop("extra", {})
    if output.is_json:
        output.document(answer)
    if answer["is_error"]:
        output.complain(answer["text"] or "The tool failed.")
        return 1
    if not output.is_json:
        output.line(_shown(answer))
    return 0


def _shown(answer: Mapping[str, Any]) -> str:
    """The structured result; the text where there is none, and what a structure cannot hold."""
    data, text = answer["data"], str(answer["text"])
    if data in (None, {}) and text:
        return text
    if data is None:
        return ""
    found = json.dumps(data, indent=2, ensure_ascii=False)
    return f"{found}\n{text}" if "content" in answer else found


def _arguments(wire: ControlClient, given: Namespace) -> dict[str, Any]:
    words: list[str] = given.arguments + given.rest
    if words == ["-"]:
        return _object(sys.stdin.read())
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        return _object(words[0])
    if not words:
        return {}
    shapes = _shapes(wire, given)
    pairs = [word.partition("=") for word in words]
    wrong = [word for word, (_, equals, _) in zip(words, pairs, strict=True) if not equals]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is neither JSON nor key=value.")
    return {key: _value(text, shapes.get(key, {})) for key, _, text in pairs}


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as broken:
        raise ValueError(f"The arguments are not JSON: {broken}.") from None
    if not isinstance(found, dict):
        raise ValueError("The arguments are not a JSON object.")  # noqa: TRY004 - wrong usage
    return found


def _shapes(wire: ControlClient, given: Namespace) -> dict[str, Any]:
    """What the tool says of its arguments; nothing when it is unknown, which the call reports."""
    try:
        tools = wire.ask("tools", server=given.server)["tools"]
    except AppError:
        return {}
    for each in tools:
        if each["name"] == given.tool:
            return dict(each["input_schema"].get("properties", {}))
    return {}


def _value(text: str, shape: Mapping[str, Any]) -> Any:
    """A text for a text; for anything else what the text means as JSON."""
    if shape.get("type") == "string" or "enum" in shape:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
