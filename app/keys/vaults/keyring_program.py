"""`lou keyring PROFILE`: makes the calls of one Lou to the keyring, in a process of their own.

A line of JSON on stdin asks, a line on stdout answers; values travel nowhere else. The end of stdin
ends the process at once, whatever the keyring is doing.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import Any

from app.errors import VaultError
from app.keys.vaults.keyring_backend import Keyring
from servers.contract import memory_protection

CALLS = frozenset({"look", "unlock", "get", "set", "delete"})
"""What may be asked: the methods of `Keyring`."""

_asked: queue.SimpleQueue[bytes] = queue.SimpleQueue()


def main(profile: str) -> None:
    """Answer until the app that asks is gone, or has no more to ask."""
    memory_protection.forbid_core_dumps()
    memory_protection.forbid_reading()
    threading.Thread(target=_read, daemon=True).start()
    keyring = Keyring(profile)
    while True:
        _say(_answer(keyring, json.loads(_asked.get())))


def _read() -> None:
    """On a thread of its own, so that a call which hangs cannot keep the process alive."""
    rest = b""
    while chunk := os.read(0, 1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            _asked.put(line)
    os._exit(0)


def _answer(keyring: Keyring, asked: dict[str, Any]) -> dict[str, Any]:
    if asked["call"] not in CALLS:
        raise ValueError(asked["call"])
    try:
        return {"result": getattr(keyring, asked["call"])(*asked["with"])}
    except VaultError as refusal:
        return {"error": [refusal.title, refusal.hint, refusal.code]}


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
