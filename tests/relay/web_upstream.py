"""A stand-in for a server at an address, on loopback: `serve()`, then `URL/MODE`.

plain: well-behaved. accepted: answers with 202. wide: with a header of 40,000 bytes. cut: closes
the connection at the first call, and at each GET. curious: asks Lou before it greets. round:
redirects `ROUNDS` times. lose: forgets its sessions at the first call; lose400: says so
with 400; nosy: asks before it opens one again.
later: answers calls on the stream beside them. plain-text: is wrong about its JSON.
old, old501: HTTP with sent events, refuses a call with the `status` in its arguments.
broken: drops the stream of a call before its answer, which a resumed stream has. polled: the same,
but `POLLS` streams end and two requests fail before that. gone: the same, but there is a page
instead of the stream. moved: redirects to `other`. A number:
every request is refused with it; `call` and a number: only calls, but for those that are `allowed`
by their argument. expired: every request from the first call on, with 401.
relapse: forgets its sessions as `lose`, and cuts the first attempt to open one again. sticky: knows
a client by its cookie, and sends 200 headers. pinging: has events of its own kinds in its streams.
closing: ends each stream beside the requests at once, and answers the second attempt with 503.
busy: answers no notification. rotating: names a session anew in each answer, and takes no other.
waking: is of 2026-07-28, too, and refuses the first `server/discover` with 503. hanging: ends the
stream of a call without an answer once `ended` is set.
odd: a call is answered as its argument says, a name of `ODD`.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.patience import PATIENCE_S

TOOLS = [{"name": "hello", "inputSchema": {"type": "object"}}]
GREETING = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "web", "version": "1"},
}
MODERN = {"supportedVersions": ["2026-07-28"], "capabilities": {}, "resultType": "complete"}
POLLS, ROUNDS = 30, 9
HEADERS = {"429": {"Retry-After": "7"}, "401": {"WWW-Authenticate": "Bearer"}}

_STREAM = {"Content-Type": "text/event-stream", "Connection": "close"}
_NO = b'{"jsonrpc":"2.0","id":null,"error":{"code":-5,"message":"no","data":"%b"}}'
ODD: dict[str, tuple[int, dict[str, str], bytes]] = {
    "long refusal": (421, {"Content-Type": "application/json"}, _NO % (b"x" * 900_000)),
    "half a refusal": (503, {"Content-Length": "900", "Connection": "close"}, b"<html>"),
    "event for nobody": (200, _STREAM, b"data: %b\n\n" % (_NO % b"")),
    "pause": (429, {"Retry-After": "9" * 5_000}, b""),
    "letters for digits": (429, {"Retry-After": "\u00b2"}, b""),
    "place": (307, {"Location": "http://[::bad"}, b""),
    "place without host": (307, {"Location": "http://"}, b""),
    "port": (307, {"Location": "http://127.0.0.1:99999/"}, b""),
    "reason": (500, {"Content-Type": "\x9b" * 3_000}, b"[" * 90_000),
    "type": (200, {"Content-Type": ";;=,charset=" + "x" * 5_000}, b"{}"),
    "charset": (200, {"Content-Type": "application/json; charset=\u00e9\u00fc"}, b"\xff\xfe{"),
    "retry": (200, _STREAM, b"retry: " + b"9" * 5_000 + b"\n\ndata: [\n\n"),
    "half a letter": (200, _STREAM, b"id: \xff\nevent: \xff\ndata: \xff\xfe\n\n"),
    "endless line": (200, _STREAM, b"data: " + b"x" * 300_000),
    "number": (200, {"Content-Type": "application/json"}, b'{"id":' + b"9" * 5_000 + b"}"),
    "brackets": (200, {"Content-Type": "application/json"}, b"[" * 200_000),
    "encoding": (200, {"Content-Encoding": "gzip", "Content-Type": "application/json"}, b"no"),
    "cookie": (200, {"Set-Cookie": "=;" * 3_000, "Content-Type": "text/html"}, b"<html>"),
    "session": (404, {"Mcp-Session-Id": "\x7f" * 3_000}, b""),
    "accepted": (202, {}, b""),
    "two lengths": (200, {"content-length": "3"}, b"{}"),
    "nobody's error": (200, {}, b'{"jsonrpc":"2.0","id":null,"error":{"code":-5,"message":"no"}}'),
}  # fmt: skip
"""Status, headers and body of answers that were made to hurt whoever reads them."""


class WebUpstream(ThreadingHTTPServer):
    """What it was sent is in `heard`, as (mode, method, headers)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[tuple[str, str, dict[str, str]]] = []
        self.sessions: set[str] = set()
        self.has_lost = False
        self.old: dict[str, queue.Queue[Any]] = {}
        self.unsent: dict[str, Any] = {}
        self.later: defaultdict[str | None, queue.Queue[Any]] = defaultdict(queue.Queue)
        self.answers: queue.Queue[Any] = queue.Queue()
        self.opened: list[float] = []
        self.ended = threading.Event()
        self.polls = 0
        self.other = ""

    def url(self, mode: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{mode}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WebUpstream

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    @property
    def mode(self) -> str:
        return self.path.strip("/").split("?")[0]

    def do_GET(self) -> None:
        last = self.headers.get("Last-Event-ID")
        if self.mode.startswith("old"):
            self._open_old()
        elif self.mode == "cut":
            self.close_connection = True
        elif self.mode == "closing":
            self.server.opened.append(time.monotonic())
            self._put(503) if len(self.server.opened) == 2 else self._begin_stream()
            self.wfile.write(b"retry: 1\n\n")
        elif last and self.mode == "gone":
            self._put(200, b"<html>", {"Content-Type": "text/html"})
        elif self.mode == "later":
            self._begin_stream()
            later = self.server.later[self.headers.get("Mcp-Session-Id")]
            while (message := later.get()) is not None:
                self.wfile.write(f"event: message\ndata: {json.dumps(message)}\n\n".encode())
        elif last and self.mode == "polled" and self.server.polls < POLLS:
            self.server.polls += 1
            if self.server.polls in {2, 3}:
                self._put(503)
            else:
                self._begin_stream()
        elif last and last in self.server.unsent:
            self._stream(self.server.unsent.pop(last))
        else:
            self._put(405)

    def do_DELETE(self) -> None:
        self._put(200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        message = json.loads(body)
        heard = {name.lower(): text for name, text in self.headers.items()}
        self.server.heard.append((self.mode, message.get("method", ""), heard))
        mode, is_call = self.mode, message.get("method") == "tools/call"
        is_greeting = message.get("method") == "initialize"
        allowed = message.get("params", {}).get("arguments", {}).get("allowed")
        self.server.has_lost |= mode == "expired" and is_call
        rounds = int(self.path.partition("?")[2] or 0) if mode == "round" else ROUNDS
        if rounds < ROUNDS:
            self._put(308, headers={"Location": f"/round?{rounds + 1}"})
        elif mode == "moved":
            self._put(307, headers={"Location": self.server.other or "/plain"})
        elif mode == "expired" and self.server.has_lost:
            self._put(401)
        elif mode.isdigit() or (mode.startswith("call") and is_call and not allowed):
            status = mode.removeprefix("call")
            self._put(int(status), b"no", HEADERS.get(status, {}))
        elif is_call and mode == "odd":
            status, headers, body = ODD[message["params"]["arguments"]["odd"]]
            self._put(status, body, headers)
        elif mode.startswith("old"):
            self._put(501 if mode == "old501" else 405)
        elif mode == "messages":
            status = message.get("params", {}).get("arguments", {}).get("status", 202)
            self._put(status)
            if "id" in message and status == 202:
                self.server.old[self.path.split("=")[1]].put(_answer(message))
        elif mode == "busy" and "id" not in message:
            self.server.ended.wait()
        elif mode == "waking" and message.get("method") == "server/discover":
            found = {"jsonrpc": "2.0", "id": message["id"], "result": MODERN}
            body = json.dumps(found).encode() if self.server.has_lost else b""
            self._put(200 if self.server.has_lost else 503, body)
            self.server.has_lost = True
        elif mode == "sticky" and not is_greeting and self.headers.get("Cookie") != "route=7":
            self._put(404)
        elif "method" not in message or "id" not in message:
            if "id" in message:
                self.server.answers.put(message)
            self._put(202)
        else:
            self._answer(mode, message, is_call=is_call)

    def _answer(self, mode: str, message: dict[str, Any], *, is_call: bool) -> None:
        server, session = self.server, self.headers.get("Mcp-Session-Id")
        is_greeting = message["method"] == "initialize"
        if is_greeting:
            session = f"s{len(server.heard)}"
            server.sessions.add(session)
        elif mode in {"lose", "lose400", "nosy", "relapse"} and is_call and not server.has_lost:
            server.has_lost = True
            server.sessions.clear()
        elif mode == "rotating" and session in server.sessions:
            server.sessions.remove(session)
            session += "+"
            server.sessions.add(session)
        if mode == "relapse" and server.has_lost and is_greeting and not server.opened:
            server.opened.append(0.0)
            self.close_connection = True
        elif mode in {"lose", "nosy", "relapse", "rotating"} and session not in server.sessions:
            self._put(404, b"{}")
        elif mode == "lose400" and session not in server.sessions:
            error = {"code": -32000, "message": "Bad Request: No valid session ID provided"}
            self._put(400, json.dumps({"jsonrpc": "2.0", "error": error, "id": None}).encode())
        elif mode == "hanging" and is_call:
            self._begin_stream()
            server.ended.wait()
        elif mode == "cut" and is_call and not server.has_lost:
            server.has_lost = self.close_connection = True
        elif mode == "accepted" and is_call:
            self._put(202, json.dumps(_answer(message)).encode())
        elif mode == "pinging" and is_call:
            self._begin_stream()
            self.wfile.write(b"event: ping\ndata: 2026\n\nevent: error\ndata: oops\n\n")
            self.wfile.write(f"data: {json.dumps(_answer(message))}\n\n".encode())
        elif mode == "sticky":
            head = {f"X-{number}": "x" for number in range(200)} | {"Set-Cookie": "route=7"}
            self._put(200, json.dumps(_answer(message)).encode(), head)
        elif mode == "wide" and is_call:
            self._put(200, json.dumps(_answer(message)).encode(), {"X-Wide": "x" * 40_000})
        elif mode == "later" and is_call:
            self._put(202)
            server.later[session].put(_answer(message))
        elif mode == "plain-text":
            self._put(200, json.dumps(_answer(message)).encode(), {"Content-Type": "text/plain"})
        elif is_greeting and server.has_lost is ({"curious": False, "nosy": True}.get(mode)):
            server.has_lost = True
            self._stream({"jsonrpc": "2.0", "id": "q", "method": "ping"})
            assert server.answers.get(timeout=PATIENCE_S)["result"] == {}
            self.wfile.write(f"data: {json.dumps(_answer(message))}\n\n".encode())
        elif mode in {"broken", "polled", "gone"} and is_call:
            key = f"e{len(server.heard)}"
            server.unsent[key] = _answer(message)
            self._stream({"jsonrpc": "2.0", "method": "notifications/x"}, key)
        else:
            head = {"Mcp-Session-Id": session} if session else {}
            text = json.dumps(_answer(message), indent=1).encode()
            self._put(200, text, {"Content-Type": "application/json", **head})

    def _open_old(self) -> None:
        lines: queue.Queue[Any] = queue.Queue()
        self.server.old[str(id(lines))] = lines
        self._begin_stream()
        self.wfile.write(f"event: endpoint\ndata: /messages?id={id(lines)}\n\n".encode())
        while (message := lines.get()) is not None:
            self.wfile.write(f"data: {json.dumps(message)}\r\n\r\n".encode())

    def _stream(self, message: Any, key: str = "") -> None:
        self._begin_stream()
        named = f"id: {key}\nretry: 10\n" if key else ""
        self.wfile.write(f"{named}data: {json.dumps(message)}\n\n".encode())

    def _begin_stream(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()

    def _put(self, status: int, body: bytes = b"", headers: Any = None) -> None:
        self.send_response(status)
        for name, text in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)


def _answer(message: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "initialize": GREETING,
        "tools/list": {"tools": TOOLS},
        "tools/call": {"content": [{"type": "text", "text": "hello"}]},
    }
    result = found.get(message["method"])
    known = {"result": result} if result else {"error": {"code": -32601, "message": "no"}}
    return {"jsonrpc": "2.0", "id": message["id"], **known}


@contextmanager
def serve() -> Iterator[WebUpstream]:
    """A running stand-in."""
    server = WebUpstream()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.ended.set()
        for lines in (*server.old.values(), *server.later.values()):
            lines.put(None)
        server.shutdown()
        server.server_close()
