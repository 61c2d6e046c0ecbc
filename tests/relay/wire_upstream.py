"""A user's own MCP server by hand, which shows what reached it: `wire_upstream.py [JSON]`.

The JSON may hold `greeting` (the result of `initialize`), `tools` (the text of the list, as it is
sent), `id` ("float" or "text": how ids are answered), `before` and `after` (text around each
line), `modern` (only 2026-07-28 is spoken), `early` (lines before the first answer), `longer`
(bytes of instructions), `lists` (by method: the text of a result), `speaks` (the versions that it
does not refuse), `twice` (each line is sent twice), `errors` (text on stderr at each line) and
`late` (a method of which the first request is answered at the first tool call).
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

GIVEN: dict[str, Any] = json.loads(sys.argv[1]) if sys.argv[1:] else {}
VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
TOOL = '{"name":"%s", "inputSchema":{"type":"object"}, "x-vendor":1.0}'
TOOLS = GIVEN.get("tools") or f"[{TOOL % 'seen'} , {TOOL % 'ask'},{TOOL % 'say'},{TOOL % 'die'}]"
GREETING = GIVEN.get("greeting") or {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}, "logging": {}, "experimental": {"x": {"y": 1}}},
    "serverInfo": {"name": "wire", "version": "1", "icons": [{"src": "data:,"}], "vendor": [1]},
    "instructions": "Be kind.",
    "_meta": {"v": 1},
}
waiting: dict[str, Any] = {}
seen: list[Any] = []
questions = 0
late: list[Any] = []


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "method" not in message:
            if call := waiting.pop(message["id"], None):
                answer(call, {"content": [], "structuredContent": message})
            else:
                seen.append(message)
        elif "id" in message:
            seen.append(message)
            take(message)
        else:
            seen.append(message)


def take(message: dict[str, Any]) -> None:
    method, params = message["method"], message.get("params", {})
    if method == GIVEN.get("late"):
        late.append(message)
        del GIVEN["late"]
        return
    if method == "tools/call":
        for each in late:
            late.remove(each)
            take(each)
    if GIVEN.get("modern"):
        take_modern(message)
    elif method in GIVEN.get("lists", {}):
        given = GIVEN["lists"][method]
        put(f'{{"jsonrpc":"2.0","id":{id_of(message["id"])},"result":{given}}}')
    elif method == "initialize" and params["protocolVersion"] not in GIVEN.get("speaks", VERSIONS):
        told = {"supported": GIVEN["speaks"], "requested": params["protocolVersion"]}
        error = {"code": -32602, "message": "Unsupported protocol version", "data": told}
        put(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error}))
    elif method == "initialize":
        for line in GIVEN.get("early", ()):
            put(line)
        longer = {"instructions": "x" * GIVEN["longer"]} if "longer" in GIVEN else {}
        answer(message["id"], {**GREETING, **longer})
    elif method == "tools/list":
        put(f'{{"result" : {{"tools":{TOOLS}}},"jsonrpc":"2.0","id":{id_of(message["id"])}}}')
    elif method == "tools/call":
        call(message, params["name"], params.get("arguments", {}))
    elif method == "resources/subscribe" and params["uri"] == "note://refused":
        fail(message["id"], -32002, "no such resource")
    elif method.startswith(("vendor/", "resources/")):
        answer(message["id"], {"vendor": [1.0, None], "params": params})
    else:
        fail(message["id"], -32601, f"no {method}")


def take_modern(message: dict[str, Any]) -> None:
    method, params = message["method"], message.get("params", {})
    if "io.modelcontextprotocol/protocolVersion" not in params.get("_meta", {}):
        fail(message["id"], -32600, "only 2026-07-28 is spoken here")
    elif method == "server/discover":
        known = {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}}
        answer(
            message["id"], {**known, "resultType": "complete", "ttlMs": 5, "cacheScope": "private"}
        )
    elif method == "tools/list":
        tools = json.loads(TOOLS)
        answer(message["id"], {"tools": tools, "resultType": "complete", "ttlMs": 5})
    elif method == "subscriptions/listen":
        named = {"io.modelcontextprotocol/subscriptionId": message["id"]}
        answer(message["id"], {"resultType": "complete", "_meta": named})
    elif method == "tools/call" and "inputResponses" not in params:
        wanted = {"q": {"method": "elicitation/create", "params": {"message": "Name?"}}}
        asked = {"inputRequests": wanted, "requestState": "s"}
        answer(message["id"], {**asked, "resultType": "input_required"})
    else:
        answer(
            message["id"], {"content": [], "structuredContent": params, "resultType": "complete"}
        )


def call(message: dict[str, Any], name: str, arguments: dict[str, Any]) -> None:
    global TOOLS, questions  # noqa: PLW0603 - a script
    if name == "ask":
        questions += 1
        waiting[f"q{questions}"] = message["id"]
        put(json.dumps({"jsonrpc": "2.0", "id": f"q{questions}", **arguments}))
    elif name == "say":
        for line in arguments["lines"]:
            put(line.replace("$ID", id_of(message["id"])))
        if not arguments.get("mute"):
            answer(message["id"], {"content": []})
    elif name == "learn":
        TOOLS = arguments["tools"]
        put('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}')
        answer(message["id"], {"content": []})
    elif name == "read_no_more":
        while not os.path.exists(arguments["until"]):  # noqa: PTH110 - a script
            time.sleep(0.01)
        answer(message["id"], {"content": []})
    elif name == "count":
        count = sum(each["method"] == arguments["method"] for each in seen)
        answer(message["id"], {"content": [], "structuredContent": {"count": count}})
    elif name == "die":
        os._exit(7)
    else:
        told = {"seen": list(seen), "pid": os.getpid()}
        answer(message["id"], {"content": [], "structuredContent": told})


def answer(id: Any, result: Any) -> None:
    put(json.dumps({"jsonrpc": "2.0", "id": "$", "result": result}).replace('"$"', id_of(id), 1))


def fail(id: Any, code: int, message: str) -> None:
    put(json.dumps({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}))


def id_of(id: Any) -> str:
    if GIVEN.get("id") == "float":
        return f"{id}.0"
    return json.dumps(str(id) if GIVEN.get("id") == "text" else id)


def put(line: str) -> None:
    if errors := GIVEN.get("errors"):
        print(errors, file=sys.stderr, flush=True)
    whole = GIVEN.get("before", "") + line + GIVEN.get("after", "") + "\n"
    sys.stdout.write(whole * (2 if GIVEN.get("twice") else 1))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
