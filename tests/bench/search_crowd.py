"""A crowd of clients that costs next to nothing itself: one thread, one selector, ready-made lines.

Run as a process: `search_crowd.py SOCKET CLIENTS`; prints what each took as one JSON object.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field

_CALLS = 5
_KNOWN = 50


def _line(number: int, method: str, params: dict[str, object]) -> bytes:
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps(message).encode() + b"\n"


_OPENING = _line(
    0,
    "initialize",
    {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "crowd", "version": "1"},
    },
)
_OPENED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n'


def _is_new(client: int, turn: int) -> bool:
    return turn == client % _CALLS


def _search(client: int, turn: int) -> bytes:
    new = f"new {client} {turn}"
    query = new if _is_new(client, turn) else f"known {(client + turn) % _KNOWN}"
    return _line(turn + 1, "tools/call", {"name": "web_search", "arguments": {"query": query}})


@dataclass
class Client:
    """One client: it asks the next thing when it has the answer to the last."""

    number: int
    link: socket.socket
    turn: int = -1
    rest: bytes = b""
    sent: float = 0.0
    took: list[float] = field(default_factory=list)

    def ask(self, line: bytes) -> None:
        self.sent = time.perf_counter()
        self.link.sendall(line)

    def hear(self) -> bool:
        """Take what arrived; whether the client has had everything."""
        self.rest += self.link.recv(1 << 17)
        if not self.rest.endswith(b"\n"):
            return False
        self.took.append((time.perf_counter() - self.sent) * 1e3)
        self._check()
        self.rest = b""
        self.turn += 1
        if self.turn < _CALLS:
            opened = _OPENED if self.turn == 0 else b""
            self.ask(opened + _search(self.number, self.turn))
        return self.turn == _CALLS

    def _check(self) -> None:
        if self.turn < 0:
            assert b'"serverInfo"' in self.rest, self.rest
            return
        cached = b'"cached":false' if _is_new(self.number, self.turn) else b'"cached":true'
        assert cached in self.rest, self.rest
        assert self.rest.count(b"https://site") >= 10, self.rest


def main(path: str, crowd: int) -> None:
    watched = selectors.DefaultSelector()
    clients = [Client(number, socket.socket(socket.AF_UNIX)) for number in range(crowd)]
    for client in clients:
        client.link.connect(path)
        watched.register(client.link, selectors.EVENT_READ, client)
    began = time.perf_counter()
    for client in clients:
        client.ask(_OPENING)
    left = crowd
    while left:
        for key, _ in watched.select(30):
            if key.data.hear():
                left -= 1
    took = time.perf_counter() - began
    print(
        json.dumps(
            {
                "opened": [client.took[0] for client in clients],
                "called": [ms for client in clients for ms in client.took[1:]],
                "seconds": took,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
