"""Says far too much: as an MCP server on its stderr, or as `send SECONDS RATE` on its stdout.

As a server it has one tool, or as many as its third argument says.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TextIO


def talk(seconds: float, per_second: int, into: TextIO) -> None:
    began, sent = time.monotonic(), 0
    while time.monotonic() < began + seconds:
        due = int((time.monotonic() - began) * per_second)
        lines = [f"beat {n} {time.time():.4f} and more words to fill it" for n in range(sent, due)]
        if lines:
            into.write("\n".join(lines) + "\n")
            into.flush()
            sent = due
        time.sleep(0.01)


def tool(name: str) -> dict[str, object]:
    schema = {"type": "object", "properties": {}}
    return {"name": name, "description": "A megabyte.", "inputSchema": schema}


def main() -> None:
    if sys.argv[1] == "send":
        talk(float(sys.argv[2]), int(sys.argv[3]), sys.stdout)
        return
    words = (float(sys.argv[1]), int(sys.argv[2]), sys.stderr)
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    threading.Thread(target=talk, args=words, daemon=True).start()
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" not in asked:
            continue
        results = {
            "initialize": {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "flood", "version": "1"},
            },
            "tools/list": {"tools": [tool("big"), *(tool(f"tool_{n}") for n in range(1, count))]},
            "tools/call": {"content": [{"type": "text", "text": "word " * 195_000}]},
        }
        result = results.get(asked["method"], {})
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)


if __name__ == "__main__":
    main()
