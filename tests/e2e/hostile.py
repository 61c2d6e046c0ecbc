"""Pages, headers, lines and names that were made to hurt whoever reads them; from a seed."""

from __future__ import annotations

import random
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PIECES = (
    "token", "api_key=", "secret", "sk-", "eyJ-", "-----BEGIN ", "://a:", "Bearer ", "%41",
    "%2525", "\\u0041", "\\\\", "&#65;", "&amp;", "''", '""', "=41", "QUFB", "4142", "41:",
    "\x1b[2J", "\x1b]0;x\x07", "\x9b", "\u202e", "\u2028", "\u200b", "\U000e0041", "\x00", "\t",
    "<", "<!--", "<!-<", "</", "<div>", "<p a=", "<table><tr><td>", "<a href=", "[](", "](",
    "mailto:", "a@", "@", "a.", "{", "[", '{"a":', "[[", "]]>", "<?xml ", "<rss><item>",
    "charset=", ";", ",", "q=", "\\", "\x7f", "\U0001f600\u200d", "\u0600\u200c", "e\u0301", "\r",
    "xn--", "1", "a" * 40, " " * 40, "NaN", "-0.1e", "[INFO] ", '[{"id":1},', "<a class='", "%TAG ",
)  # fmt: skip
TYPES = ("text/html", "text/plain", "application/json", "application/rss+xml", "text/xml")


def text(dice: random.Random, longest: int) -> str:
    """Few pieces many times, some pieces once, or all mixed."""
    size = dice.choice((1, 40, 400, longest, longest))
    chosen = [dice.choice(PIECES) for _ in range(dice.choice((1, 1, 2, 3, 8)))]
    unit = "".join(chosen)
    body = (unit * (size // len(unit) + 1))[:size]
    return dice.choice(("", dice.choice(PIECES))) + body + dice.choice(("", dice.choice(PIECES)))


def answer(number: int) -> bytes:
    """The bytes of one answer of a site: its status line, headers and page."""
    dice = random.Random(number)
    kind = dice.choice((dice.choice(TYPES), _header(dice), f"text/html; charset={_header(dice)}"))
    body = text(dice, 100_000).encode("utf-8", "surrogatepass")
    if dice.random() < 0.5:
        body = b"<html><body>" + body
    rows = [f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
    if dice.random() < 0.3:
        names = (
            "Content-Encoding",
            "Location",
            "Retry-After",
            "Set-Cookie",
            "ETag",
            "X-Robots-Tag",
        )
        rows.append(f"{dice.choice(names)}: {_header(dice)}")
    status = dice.choice((200, 200, 200, 200, 301, 403, 429, 503))
    head = f"HTTP/1.1 {status} {_header(dice)[:40]}\r\n" + "\r\n".join(rows) + "\r\n\r\n"
    return head.encode("latin-1", "replace") + body


def _header(dice: random.Random) -> str:
    told = text(dice, dice.choice((60, 5_000, 8_000)))
    return "".join(one for one in told if one not in "\r\n\0")


class _Site(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        asked = self.rfile.readline(65_536).split()
        while self.rfile.readline(65_536).strip():
            pass
        path = asked[1].decode("latin-1") if len(asked) > 1 else "/"
        digits = "".join(filter(str.isdigit, path))
        try:
            self.wfile.write(answer(int(digits)) if digits else _NONE)
        except OSError:
            return


_NONE = b"HTTP/1.1 404 none\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def site() -> Iterator[str]:
    """A site whose page `/N` is the answer N; `host:port`."""
    with _Server(("127.0.0.1", 0), _Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(10)
