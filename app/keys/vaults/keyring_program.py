"""`lou keyring PROFILE`: the child process that calls the keyring.

In: one line of JSON on stdin for each call. Out: one line on stdout with its result. The end of
stdin ends the process at once, even during a call.
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
"""What may be requested: the methods of `Keyring`."""

_requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()


def main(profile: str) -> None:
    """Answer calls until stdin is closed."""
    memory_protection.forbid_core_dumps()
    memory_protection.forbid_reading()
    threading.Thread(target=_read, daemon=True).start()
    keyring = Keyring(profile)
    while True:
        _send(_answer(keyring, json.loads(_requests.get())))


def _read() -> None:
    """Read in a thread of its own, so that a call which hangs cannot keep the process alive."""
    rest = b""
    while chunk := os.read(0, 1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            _requests.put(line)
    os._exit(0)


def _answer(keyring: Keyring, request: dict[str, Any]) -> dict[str, Any]:
    if request["call"] not in CALLS:
        raise ValueError(request["call"])
    try:
        return {"result": getattr(keyring, request["call"])(*request["with"])}
    except VaultError as refusal:
        return {"error": [refusal.title, refusal.hint, refusal.code]}


def _send(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
