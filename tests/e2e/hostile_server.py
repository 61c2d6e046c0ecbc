"""An MCP server whose tool list, answers and stderr were made to hurt whoever reads them."""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.e2e.hostile import text

SCHEMA = {"type": "object", "properties": {"number": {"type": "integer"}}}


LIST_EVERY = 10
"""Calls after which the list of tools is another."""
TOOLS = 20


def listed(number: int) -> list[dict[str, Any]]:
    dice = random.Random(f"tools {number}")
    odd = [
        {"name": text(dice, 200), "title": text(dice, 2_000), "description": text(dice, 20_000),
         "inputSchema": SCHEMA}
        for _ in range(TOOLS)
    ]  # fmt: skip
    return [{"name": "hurt", "title": text(dice, 90), "inputSchema": SCHEMA}, *odd]


LAST = {"number": 0}


def answer(message: dict[str, Any]) -> dict[str, Any]:
    if message["method"] == "initialize":
        info = {"name": "hostile \x1b[2J\u202e", "version": "1" * 5_000}
        return {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": info,
        }
    if message["method"] == "tools/list":
        return {"tools": listed(LAST["number"])}
    number = LAST["number"] = message["params"]["arguments"]["number"]
    dice = random.Random(number)
    if number % LIST_EVERY == 0:
        os.write(1, b'{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n')
    for to in (2, 2, 1):
        words = text(dice, 8_000).replace("\n", " ")
        os.write(to, words.encode("utf-8", "surrogatepass") + b"\n")
    failed = dice.random() < 0.5
    return {"content": [{"type": "text", "text": text(dice, 20_000)}], "isError": failed}


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message and "method" in message:
            told = {"jsonrpc": "2.0", "id": message["id"], "result": answer(message)}
            os.write(1, json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    main()
