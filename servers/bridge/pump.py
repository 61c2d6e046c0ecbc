"""Does the I/O of one client session: moves bytes between the client and a server's socket.

In: the client's stdin and the server's socket. Out: the client's stdout and the socket. `session`
decides which lines go where. Modules that are needed only while the server is away are imported
only then, since every import here delays the first answer.
"""

import _socket
import select
import sys
import time

from servers.bridge.client_streams import ClientStreams
from servers.bridge.connect import dial
from servers.bridge.line_reader import LONGEST_OF_SERVER, BridgeLineReader
from servers.bridge.session import Session
from servers.contract import endpoint

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from collections.abc import Callable

    from servers.bridge.reconnect import Reconnect

_CHUNK = 1 << 16
_ENOUGH = 1 << 20
"""Bytes that may wait for one side before reading from the other stops."""
_LAST_ANSWERS_S = 60.0
_END_WITHIN_S = 2.0

_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")


class ClientGoneError(Exception):
    """The client does not read its answers any more."""


class WriteBuffer:
    """A queue of bytes for one side; `write` takes a part, or raises BlockingIOError."""

    __slots__ = ("_blocks", "_write", "size")

    def __init__(self, write: "Callable[[bytes | memoryview], int]") -> None:
        self._write = write
        self._blocks: list[bytes | memoryview] = []
        self.size = 0
        """Bytes in the queue."""

    def take(self, blocks: list[bytes]) -> None:
        """Move all `blocks` into the queue and write what can be written now."""
        if blocks:
            block = blocks[0] if len(blocks) == 1 else b"".join(blocks)
            self._blocks.append(block)
            self.size += len(block)
            blocks.clear()
        if self.size:
            self._flush()

    def clear(self) -> None:
        """Empty the queue: the side is gone."""
        self._blocks.clear()
        self.size = 0

    def _flush(self) -> None:
        try:
            while self._blocks:
                block = self._blocks[0]
                sent = self._write(block)
                self.size -= sent
                if sent == len(block):
                    del self._blocks[0]
                else:
                    self._blocks[0] = memoryview(block)[sent:]
        except BlockingIOError:
            return


class Pump:
    """One client session with the server called `name`; `mark` is the client's id for Lou."""

    def __init__(self, name: str, client: ClientStreams, mark: str = "") -> None:
        self._name = name
        self._session = Session(name, mark)
        self._client = client
        self._from_client = BridgeLineReader()
        self._from_server = BridgeLineReader(LONGEST_OF_SERVER)
        self._to_client = WriteBuffer(client.write)
        self._to_server = WriteBuffer(self._send)
        self._server: _socket.socket | None = None
        self._reconnect: Reconnect | None = None  # set while the server is away
        self._client_left_at = 0.0
        self._end_by = 0.0
        self._is_new = True

    def run(self) -> None:
        """Serve until the client closed stdin; raises ClientGoneError if it left before that."""
        self._start()
        while not self._is_over():
            self._turn()
            self._flush()
            self._session.read_passed()
            self._flush()

    def _start(self) -> None:
        try:
            server = dial(endpoint.server_socket(self._name))
        except OSError:
            server = None  # `Reconnect` meets the same error and words it
        if server:
            self._use_server(server)
        else:
            self._lose_server()

    def _turn(self) -> None:
        """Wait for input, room to write, or time; then read and retry."""
        server = self._server
        to_read = [self._client.source] if self._reads_client() else []
        if server and self._to_client.size < _ENOUGH:
            to_read.append(server.fileno())
        to_write = [self._client.sink] if self._to_client.size else []
        if server and self._to_server.size:
            to_write.append(server.fileno())
        readable, _, _ = select.select(to_read, to_write, (), self._timeout())
        if server and server.fileno() in readable:
            self._read_server(server)
        if self._client.source in readable:
            self._read_client()
        if self._reconnect:
            self._retry(self._reconnect)
        if self._session.is_waiting:
            self._session.expire(time.monotonic())

    def _reads_client(self) -> bool:
        full = self._to_client if self._reconnect else self._to_server
        return not self._client_left_at and full.size < _ENOUGH

    def _timeout(self) -> float | None:
        if self._reconnect:
            return self._reconnect.wait_s(time.monotonic(), has_held=self._session.is_waiting)
        return _END_WITHIN_S / 4 if self._client_left_at or self._session.is_waiting else None

    def _read_client(self) -> None:
        try:
            data = self._client.read(_CHUNK)
        except BlockingIOError:
            return
        now = time.monotonic()
        if not data:
            self._client_left_at = now
            return
        if self._reconnect:
            self._ask_app(self._reconnect, now)
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
            self._lose_server()
            return
        for piece in self._from_server.feed(data):
            if isinstance(piece, bytes):
                self._session.from_server(piece)
            else:
                self._session.dropped(piece.id, piece.size, by_client=False)

    def _use_server(self, server: _socket.socket) -> None:
        server.setblocking(False)
        self._server, self._reconnect = server, None
        self._session.connected()

    def _lose_server(self) -> None:
        """The server is gone, or was not there at the start: begin to reconnect."""
        if self._server:
            self._server.close()
        self._server, self._from_server = None, BridgeLineReader(LONGEST_OF_SERVER)
        if self._end_by:
            return
        from servers.bridge.reconnect import Reconnect

        now = time.monotonic()
        self._to_server.clear()
        self._reconnect = Reconnect(self._name, now)
        self._session.answers = self._reconnect.answers
        self._session.lost(now)
        self._ask_app(self._reconnect, now, may_launch=self._is_new)
        self._is_new = False

    def _retry(self, reconnect: "Reconnect") -> None:
        server = reconnect.connect()
        if server:
            self._use_server(server)
            return
        if self._session.is_waiting:
            self._ask_app(reconnect, time.monotonic(), may_launch=True)

    def _ask_app(self, reconnect: "Reconnect", now: float, *, may_launch: bool = False) -> None:
        reconnect.ask(now)
        if may_launch:
            reconnect.launch(now)
        self._session.answers = reconnect.answers
        self._session.refuse(reconnect.refusal)

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
            return len(block)  # it is gone; the next read notices

    def _is_over(self) -> bool:
        """Whether the client closed its stdin and has its answers, or waited too long for them."""
        if not self._client_left_at:
            return False
        now = time.monotonic()
        if not self._end_by:
            late = now > self._client_left_at + _LAST_ANSWERS_S
            if not (self._session.is_idle or late):
                return False
            self._end_by = now + _END_WITHIN_S
            self._close_half()
        return self._server is None or now > self._end_by

    def _close_half(self) -> None:
        """Close the sending side of the server's socket."""
        if self._server:
            try:
                self._server.shutdown(_socket.SHUT_WR)
            except OSError:  # it closed first; the next read notices
                return


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= 32 and _NAME.issuperset(text) and not text.startswith("-")


def main(argv: list[str] | None = None) -> int:
    """Run the bridge to the server that `argv` names first; returns the exit code.

    The second word is the id of the client in whose file the command stands.
    """
    names = sys.argv[1:] if argv is None else argv
    if not 1 <= len(names) <= 2 or not all(map(_is_name, names)):
        sys.stderr.write("usage: lou-connect SERVER [CLIENT]   (see `lou status`)\n")
        return 2
    client = ClientStreams()
    try:
        Pump(names[0], client, "".join(names[1:])).run()
    except (ClientGoneError, KeyboardInterrupt):
        return 0
    finally:
        client.restore()
    return 0
