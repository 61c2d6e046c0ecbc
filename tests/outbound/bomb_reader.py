"""Reads one decompression bomb through the guard and tells how much memory that took."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import resource
import sys
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, ".")

from servers.outbound.failure import OutboundError
from servers.outbound.guard import PageFetcher

_CHUNK = b"\0" * (1 << 20)


def _gzip(pieces: int) -> bytes:
    """A gzip stream of so many MiB: each is the same block, since the state is flushed."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(_CHUNK) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + b"\0" * 6 + b"\xff" + block * pieces + b"\x03\0"


class Bomb(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._send(sys.argv[1])

    def _send(self, kind: str) -> None:
        encodings = {"gzip twice": "gzip, gzip", "brotli header": "br", "deflate": "deflate"}
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        if kind == "plain without end":
            self.end_headers()
            while True:
                self.wfile.write(_CHUNK)
        self.send_header("Content-Encoding", encodings.get(kind, "gzip"))
        if kind == "chunked gzip":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for start in range(0, len(BODY), 65536):
                piece = BODY[start : start + 65536]
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)


def _forget_peak() -> None:
    """Linux counts the highest memory anew after this; elsewhere it counts from the start."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_kb(name: str) -> int:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


async def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bomb)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"127.0.0.1:{server.server_address[1]}"
    guard = PageFetcher("Lou/test", trusted=frozenset({place}))
    _forget_peak()
    before = _peak_kb("VmRSS")
    started, failed = time.monotonic(), ""
    try:
        await guard.get(f"http://{place}/", asyncio.get_running_loop().time() + 9)
    except OutboundError as failure:
        failed = failure.message
    seconds = time.monotonic() - started
    grown = (_peak_kb("VmHWM") - before) / 1024
    await guard.close()
    print(json.dumps({"failed": failed, "seconds": seconds, "grown_mb": grown}))


BODY = gzip.compress(b"") * 300_000 if "members" in sys.argv[1] else _gzip(1024)
asyncio.run(main())
