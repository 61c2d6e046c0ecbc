"""A flood from another process: `python tests/flooder.py PORT SECONDS KIND ...`.

Each kind goes on in a thread of its own: connections with wrong tokens, silent ones that stay open,
ones that stop in the middle of a request, ones that talk nonsense, and ones that are cut off.
"""

from __future__ import annotations

import socket
import struct
import sys
import threading
import time

_HELD = 300
_RESET = struct.pack("ii", 1, 0)


def _request(port: int) -> bytes:
    head = f"POST /mcp HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer wrong\r\n"
    return head.encode() + b"content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


def _say(link: socket.socket, kind: str, port: int) -> None:
    if kind == "wrong":
        link.sendall(_request(port))
        link.recv(4096)
    elif kind == "half":
        link.sendall(_request(port)[:60])
    elif kind == "nonsense":
        link.sendall(b"\0\xff garbage " * 40 + b"\n" * 3)
    elif kind == "long":
        link.sendall(b"x" * 100_000)
    elif kind == "reset":
        link.sendall(b"lou-hello 1 00\n")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def _flood(kind: str, port: int, until: float, counts: dict[str, int]) -> None:
    held: list[socket.socket] = []
    while time.monotonic() < until:
        try:
            link = socket.create_connection(("127.0.0.1", port), 2)
            counts[kind] += 1
            _say(link, kind, port)
        except OSError:
            continue
        held.append(link)
        if kind not in {"silent", "half"} or len(held) > _HELD:
            held.pop(0).close()


def main() -> None:
    port, seconds, *kinds = sys.argv[1:]
    counts = dict.fromkeys(kinds, 0)
    until = time.monotonic() + float(seconds)
    threads = [
        threading.Thread(target=_flood, args=(kind, int(port), until, counts)) for kind in kinds
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(counts.values()))


if __name__ == "__main__":
    main()
