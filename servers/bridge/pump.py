"""Moves the bytes of one client session between the client and a server's socket.

It waits, reads and writes; what is said to whom is decided in `session`. What is needed only while
the server is away is loaded only then: everything imported here stands before the first answer.
"""

from __future__ import annotations

import _socket
import select
import sys
import time

from servers.bridge.client_streams import ClientStreams
from servers.bridge.connect import dial
from servers.bridge.line_reader import BridgeLineReader
from servers.bridge.session import Session
from servers.bridge.write_buffer import WriteBuffer
from servers.contract import endpoint

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from servers.bridge.reconnect import Reconnect

_CHUNK = 1 << 16
_ENOUGH = 1 << 20
"""Bytes that may wait for one side before the other is read no further."""
_LAST_ANSWERS_S = 60.0
_FAREWELL_S = 2.0

_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")


class ClientGoneError(Exception):
    """Nobody reads the answers any more."""


class Pump:
    """One client session with the server called `name`."""

    def __init__(self, name: str, client: ClientStreams) -> None:
        self._name = name
        self._session = Session(name)
        self._client = client
        self._from_client, self._from_server = BridgeLineReader(), BridgeLineReader()
        self._to_client = WriteBuffer(client.write)
        self._to_server = WriteBuffer(self._send)
        self._server: _socket.socket | None = None
        self._absence: Reconnect | None = None
        self._client_left_at = 0.0
        self._farewell_at = 0.0
        self._is_new = True

    def run(self) -> None:
        """Go on until the client is gone and has had its answers.

        Raises:
            ClientGone: it stopped reading before.
        """
        self._begin()
        while not self._is_over():
            self._turn()
            self._flush()
            self._session.look()
            self._flush()

    def _begin(self) -> None:
        try:
            found = dial(endpoint.server_socket(self._name))
        except OSError:
            found = None  # the absence finds the words for it
        if found:
            self._meet(found)
        else:
            self._miss()

    def _turn(self) -> None:
        """Wait until there is something to do, and do it."""
        server = self._server
        wanted = [self._client.source] if self._reads_client() else []
        if server and self._to_client.size < _ENOUGH:
            wanted.append(server.fileno())
        blocked = [self._client.sink] if self._to_client.size else []
        if server and self._to_server.size:
            blocked.append(server.fileno())
        readable, _, _ = select.select(wanted, blocked, (), self._patience())
        if server and server.fileno() in readable:
            self._read_server(server)
        if self._client.source in readable:
            self._read_client()
        if self._absence:
            self._seek(self._absence)
        if self._session.is_waiting:
            self._session.expire(time.monotonic())

    def _reads_client(self) -> bool:
        full = self._to_client if self._absence else self._to_server
        return not self._client_left_at and full.size < _ENOUGH

    def _patience(self) -> float | None:
        if self._absence:
            return self._absence.wait_s(time.monotonic(), is_asked=self._session.is_waiting)
        return _FAREWELL_S / 4 if self._client_left_at or self._session.is_waiting else None

    def _read_client(self) -> None:
        try:
            data = self._client.read(_CHUNK)
        except BlockingIOError:
            return
        now = time.monotonic()
        if not data:
            self._client_left_at = now
            return
        if self._absence:
            self._ask(self._absence, now)
        for piece in self._from_client.feed(data):
            if isinstance(piece, bytes):
                self._session.from_client(piece, now)
            else:
                self._session.dropped(piece.id, piece.size, by_client=True)

    def _read_server(self, server: _socket.socket) -> None:
        try:
            data = server.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._miss()
            return
        for piece in self._from_server.feed(data):
            if isinstance(piece, bytes):
                self._session.from_server(piece)
            else:
                self._session.dropped(piece.id, piece.size, by_client=False)

    def _meet(self, server: _socket.socket) -> None:
        """The server is there."""
        server.setblocking(False)
        self._server, self._absence = server, None
        self._session.connected()

    def _miss(self) -> None:
        """The server is gone, or has not come yet."""
        if self._server:
            self._server.close()
        self._server, self._from_server = None, BridgeLineReader()
        if self._farewell_at:
            return
        from servers.bridge.reconnect import Reconnect

        now = time.monotonic()
        self._to_server.clear()
        self._absence = Reconnect(self._name, now)
        self._session.answers = self._absence.answers
        self._session.lost(now)
        self._ask(self._absence, now, may_launch=self._is_new)
        self._is_new = False

    def _seek(self, absence: Reconnect) -> None:
        found = absence.knock()
        if found:
            self._meet(found)
            return
        if self._session.is_waiting:
            self._ask(absence, time.monotonic(), may_launch=True)

    def _ask(self, absence: Reconnect, now: float, *, may_launch: bool = False) -> None:
        absence.ask(now)
        if may_launch:
            absence.launch(now)
        self._session.answers = absence.answers
        self._session.refuse(absence.refusal)

    def _flush(self) -> None:
        try:
            self._to_client.take(self._session.to_client)
        except OSError as gone:
            raise ClientGoneError from gone
        self._to_server.take(self._session.to_server)

    def _send(self, block: bytes | memoryview) -> int:
        assert self._server is not None
        try:
            return self._server.send(block)
        except BlockingIOError:
            raise
        except OSError:
            return len(block)  # it is gone, and reading it will say so

    def _is_over(self) -> bool:
        """After the client's last line: whether it has its answers, or need not wait for them."""
        if not self._client_left_at:
            return False
        now = time.monotonic()
        if not self._farewell_at:
            late = now > self._client_left_at + _LAST_ANSWERS_S
            if not (self._session.is_idle or late):
                return False
            self._farewell_at = now + _FAREWELL_S
            self._close_half()
        return self._server is None or now > self._farewell_at

    def _close_half(self) -> None:
        """Tell the server that nothing more will come."""
        if self._server:
            try:
                self._server.shutdown(_socket.SHUT_WR)
            except OSError:  # it left first, and reading it will say so
                return


def _is_name(word: str) -> bool:
    return 1 <= len(word) <= 32 and _NAME.issuperset(word) and not word.startswith("-")


def main(argv: list[str] | None = None) -> int:
    """Be the bridge to the server that `argv` names."""
    names = sys.argv[1:] if argv is None else argv
    if len(names) != 1 or not _is_name(names[0]):
        sys.stderr.write("usage: lou-connect SERVER   (see `lou status` for the servers)\n")
        return 2
    client = ClientStreams()
    try:
        Pump(names[0], client).run()
    except (ClientGoneError, KeyboardInterrupt):
        return 0
    finally:
        client.leave()
    return 0
