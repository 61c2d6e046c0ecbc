"""`lou tools` lists the tools of a server; `lou call` calls one through the running app.

The arguments of a call are a JSON object or key=value pairs, whose values get the types of the
tool's schema.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from app.cli.output import Output
from app.cli.parser import CommandParser, UsageError
from app.control.client import ControlClient, ask
from app.errors import AppError

_LONGEST_S = 600.0
_LATE_S = 10.0
"""How much longer than the call itself Lou may take to answer."""


def declare(parser: CommandParser) -> None:
    """A server; for a call also a tool and its arguments."""
    parser.add_server()
    if parser.prog.endswith("tools"):
        parser.set_defaults(run=_tools)
        return
    parser.add_argument("tool", metavar="TOOL", help="its name")
    parser.add_argument(
        "arguments", nargs="*", metavar="ARG", help="a JSON object, key=value pairs, or - for stdin"
    )
    parser.add_argument("--timeout", type=float, default=50.0, metavar="S", help="seconds to wait")
    parser.set_defaults(run=_call)


def _tools(args: Namespace, output: Output) -> int:
    tools = ask("tools", server=args.server)["tools"]
    if output.printed({"server": args.server, "tools": tools}):
        return 0
    if not tools:
        output.line(f"{args.server} has shown no tools yet.")
        return 0
    rows = [(tool["name"], "on" if tool["enabled"] else "off", _summary(tool)) for tool in tools]
    output.table(("TOOL", "", "WHAT IT DOES"), rows)
    return 0


def _summary(tool: dict[str, Any]) -> str:
    first = str(tool.get("description") or tool.get("title") or "").strip().partition("\n")[0]
    inputs = ", ".join(tool.get("input_schema", {}).get("properties", ()))
    return f"{first} ({inputs})" if inputs else first


def _call(args: Namespace, output: Output) -> int:
    if not 0 < args.timeout <= _LONGEST_S:
        raise UsageError(f"--timeout takes seconds from 0 to {_LONGEST_S:g}.")
    with ControlClient() as control:
        arguments = _arguments(control, args)
        answer = control.ask(
            "call",
            server=args.server,
            tool=args.tool,
            arguments=arguments,
            timeout_s=args.timeout,
            within_s=args.timeout + _LATE_S,
        )
    answer |= answer.pop("extra", {})
    if output.is_json:
        output.document(answer)
    if answer["is_error"]:
        output.complain(answer["text"] or "The tool failed.")
        return 1
    if not output.is_json:
        output.line(_formatted(answer))
    return 0


def _formatted(answer: Mapping[str, Any]) -> str:
    """The structured result, else the text; both when the result has more content."""
    data, text = answer["data"], str(answer["text"])
    if data in (None, {}) and text:
        return text
    if data is None:
        return ""
    found = json.dumps(data, indent=2, ensure_ascii=False)
    return f"{found}\n{text}" if "content" in answer else found


def _arguments(control: ControlClient, args: Namespace) -> dict[str, Any]:
    words: list[str] = args.arguments + args.rest
    if words == ["-"]:
        return _object(sys.stdin.read())
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        return _object(words[0])
    if not words:
        return {}
    schemas = _schemas(control, args)
    pairs = [word.partition("=") for word in words]
    wrong = [word for word, (_, equals, _) in zip(words, pairs, strict=True) if not equals]
    if wrong:
        raise UsageError(f"{wrong[0]!r} is neither JSON nor key=value.")
    return {key: _value(text, schemas.get(key, {})) for key, _, text in pairs}


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as broken:
        raise UsageError(f"The arguments are not JSON: {broken}.") from None
    if not isinstance(found, dict):
        raise UsageError("The arguments are not a JSON object.")
    return found


def _schemas(control: ControlClient, args: Namespace) -> dict[str, Any]:
    """The schema of each argument; empty for an unknown tool, which the call itself reports."""
    try:
        tools = control.ask("tools", server=args.server)["tools"]
    except AppError:
        return {}
    schemas = [each["input_schema"] for each in tools if each["name"] == args.tool]
    return dict(schemas[0].get("properties", {})) if schemas else {}


def _value(text: str, schema: Mapping[str, Any]) -> Any:
    """`text` itself where the schema wants a string, else its value as JSON."""
    if schema.get("type") == "string" or "enum" in schema:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
