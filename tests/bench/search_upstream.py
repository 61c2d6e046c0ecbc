"""A search provider that answers in a fixed time and costs next to nothing itself.

Run as a process: prints its port, then the number of its answers for every line on stdin.
"""

from __future__ import annotations

import asyncio
import json
import sys

try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop

_RESULTS = [
    {
        "url": f"https://site{n}.example/articles/{n}/a-rather-ordinary-address",
        "title": f"An ordinary title of an ordinary result, number {n}",
        "content": "A snippet as long as snippets are: a hundred and fifty characters or so, with "
        "some words in it that nobody will read, and a date at its end.",
        "publishedDate": "2026-11-01T00:00:00",
    }
    for n in range(10)
]
_BODY = json.dumps({"query": "x", "results": _RESULTS, "unresponsive_engines": []}).encode()
_REPLY = (
    f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(_BODY)}\r\n\r\n"
).encode() + _BODY


class Upstream(asyncio.Protocol):
    """One connection, kept alive."""

    answers = 0
    delay_s = 0.1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while b"\r\n\r\n" in self._rest:
            _, _, self._rest = self._rest.partition(b"\r\n\r\n")
            asyncio.get_running_loop().call_later(self.delay_s, self._answer)

    def _answer(self) -> None:
        Upstream.answers += 1
        if not self._transport.is_closing():
            self._transport.write(_REPLY)  # type: ignore[attr-defined]


async def main() -> None:
    Upstream.delay_s = float(sys.argv[1])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upstream, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(Upstream.answers, flush=True)


with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(main())
