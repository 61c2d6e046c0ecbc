"""A user's own server, without any library: each tool answers with parts of another kind."""

from __future__ import annotations

import json
import sys

IMAGE = {"type": "image", "mimeType": "image/png", "data": "iVBORw0KGgo="}
TEXT = {"type": "text", "text": "hello"}
ANSWERS = {
    "text": {"content": [TEXT]},
    "texts": {"content": [TEXT, {"type": "text", "text": "and more"}], "isError": False},
    "empty_structure": {"content": [TEXT], "structuredContent": {}},
    "structure": {"content": [TEXT], "structuredContent": {"a": [1]}},
    "structure_and_image": {"content": [IMAGE], "structuredContent": {"a": [1]}},
    "image": {"content": [TEXT, IMAGE]},
    "sound": {"content": [{"type": "audio", "mimeType": "audio/wav", "data": "UklGRg=="}]},
    "link": {"content": [{"type": "resource_link", "uri": "file:///a.txt", "name": "a.txt"}]},
    "embedded": {
        "content": [{"type": "resource", "resource": {"uri": "file:///a.txt", "text": "inside"}}]
    },
    "blob": {
        "content": [{"type": "resource", "resource": {"uri": "file:///a.bin", "blob": "AAECAwQF"}}]
    },
    "unknown": {"content": [{"type": "hologram", "depth": 3}]},
    "nothing": {"content": []},
    "fails": {"content": [TEXT, IMAGE], "isError": True},
    "huge_image": {"content": [TEXT, {**IMAGE, "data": "A" * 700_000}]},
}
INIT = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "parts", "version": "1"},
}


def main() -> None:
    tools = [{"name": name, "inputSchema": {"type": "object"}} for name in (*ANSWERS, "burst")]
    for line in sys.stdin:
        message = json.loads(line)
        method, params = message.get("method"), message.get("params", {})
        if "id" not in message:
            continue
        result = {"initialize": INIT, "tools/list": {"tools": tools}}.get(method, {})
        if method == "tools/call" and params["name"] == "burst":
            lines = (f"ERROR line {n}" if n % 1000 == 0 else f"line {n}" for n in range(21_000))
            sys.stderr.write("\n".join(lines) + "\n")
            sys.stderr.flush()
            result = {"content": [TEXT]}
        elif method == "tools/call":
            result = ANSWERS[params["name"]]
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)


if __name__ == "__main__":
    main()
