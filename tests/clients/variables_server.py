"""An MCP server on stdio that tells its arguments and some of its variables, also in its log."""

from __future__ import annotations

import json
import os
import sys

SHOWN = ("GITHUB_PAT", "DATABASE_URL", "TOKENIZERS_PARALLELISM", "KEYWORDS", "API_KEY", "PLACE")
INFO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "variables", "version": "1"},
}
TOLD = {**{name: os.environ[name] for name in SHOWN if name in os.environ}, "args": sys.argv[1:]}
TOOLS = [{"name": "variables", "inputSchema": {"type": "object"}}]
ANSWERS = {
    "initialize": INFO,
    "tools/list": {"tools": TOOLS},
    "tools/call": {"content": [{"type": "text", "text": json.dumps(TOLD)}]},
}

print("INFO verbose=false, did a search", file=sys.stderr, flush=True)
print(f"INFO the password is {os.environ.get('GITHUB_PAT')}", file=sys.stderr, flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and "method" in message:
        result = ANSWERS.get(message["method"], {})
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        print(json.dumps(answer), flush=True)
