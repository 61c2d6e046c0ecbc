"""A user's own MCP server that does as it is told in the name of the tool; by hand, not the SDK."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

PLAIN = {"type": "object"}
LISTED: list[Any] = [
    *({"name": name, "inputSchema": PLAIN} for name in ("close_stdout", "leave_a_daemon")),
    *(
        {"name": name, "inputSchema": PLAIN}
        for name in ("descriptors", "answer", "where", "refuse", "write")
    ),
    {"name": "cut_emoji", "description": "cut in half: \ud83d", "inputSchema": PLAIN},
    {"name": "no_schema"},
    {"name": "odd_hint", "inputSchema": PLAIN, "annotations": {"readOnlyHint": "perhaps"}},
    {"name": "odd_result", "inputSchema": PLAIN, "outputSchema": "text"},
    {"name": 5, "inputSchema": PLAIN},
    "no object",
    None,
]


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message and "method" in message:
            _say({"jsonrpc": "2.0", "id": message["id"], **_answer(message)})


def _answer(message: dict[str, Any]) -> dict[str, Any]:
    match message["method"]:
        case "initialize":
            info = {"name": "faulty", "version": "1"}
            told = {"capabilities": {"tools": {}}, "serverInfo": info}
            return {"result": {"protocolVersion": "2025-06-18", **told}}
        case "tools/list":
            return {"result": {"tools": LISTED}}
        case "tools/call":
            params = message["params"]
            if params["name"] == "refuse":
                return {"error": params["arguments"]}
            return {"result": _do(params["name"], params.get("arguments", {}))}
    return {"error": {"code": -32601, "message": "no such method"}}


def _do(tool: str, arguments: dict[str, Any]) -> Any:
    if tool == "answer":
        return arguments["result"]
    if tool == "write":
        os.write(arguments["to"], (arguments["text"] + "\n").encode("utf-8", "surrogatepass"))
        return {"content": []}
    if tool == "close_stdout":
        os.close(1)
        time.sleep(600)
    if tool == "leave_a_daemon":
        if os.fork() == 0:
            os.setsid()
            time.sleep(600)
        os._exit(5)
    held = sorted(each.name for each in Path("/proc/self/fd").iterdir())
    found = str(Path.cwd()) if tool == "where" else ",".join(held)
    return {"content": [{"type": "text", "text": found}]}


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
