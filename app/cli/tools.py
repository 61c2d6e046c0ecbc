"""`lou tools SERVER`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from app.cli.arguments import add_json, add_server
from app.cli.output import Output
from app.control.client import ControlClient


def declare(parser: ArgumentParser) -> None:
    """A server."""
    add_server(parser)
    add_json(parser)
    parser.set_defaults(run=_tools)


def _tools(given: Namespace, output: Output) -> int:
    with ControlClient() as wire:
        tools = wire.ask("tools", server=given.server)["tools"]
    if output.is_json:
        output.document({"server": given.server, "tools": tools})
        return 0
    if not tools:
        output.line(f"{given.server} has shown no tools yet.")
        return 0
    rows = [(tool["name"], "on" if tool["enabled"] else "off", _summary(tool)) for tool in tools]
    output.table(("TOOL", "", "WHAT IT DOES"), rows)
    return 0


def _summary(tool: dict[str, Any]) -> str:
    first = str(tool.get("description") or tool.get("title") or "").strip().partition("\n")[0]
    inputs = ", ".join(tool.get("input_schema", {}).get("properties", ()))
    return f"{first} ({inputs})" if inputs else first
