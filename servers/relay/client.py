"""One MCP client of a relay: its lines, who it is, and how far it got.

In: bytes of its connection, and lines for it. Out: whole lines for the switchboard, and client
events for the app. It is not read while it does not read, or has many requests in work.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from servers.contract import messages
from servers.contract.line_reader import BoundedLineReader, LongLine
from servers.host.redact import excerpt
from servers.host.transport.address import MAX_LINE

if TYPE_CHECKING:
    from servers.relay.connection import UpstreamConnection
    from servers.relay.switchboard import Switchboard

OWN_CLIENT = "lou"
"""The client name in requests of Lou; the app is not told of these."""
_MOST_IN_FLIGHT = 256
_LONGEST_NAME = 100

_numbers = itertools.count(1)


class RelayClient:
    """A client; `send` takes whole lines without newline, `disconnect` ends its connection."""

    def __init__(self, board: Switchboard) -> None:
        self.id = f"{next(_numbers):x}"
        self.name = "unknown"
        self.version = ""
        self.protocol = ""
        self.is_modern = False
        self.connection: UpstreamConnection | None = None
        self.in_flight: dict[str, tuple[UpstreamConnection, int]] = {}
        """By id as it is written: where the request is in work, and its number there."""
        self.asked: dict[str, tuple[UpstreamConnection, str]] = {}
        """The server's requests that it has not answered: where from, and the id as written."""
        self.is_initialized = False
        self.malformed = 0
        self._info: Mapping[str, Any] | None = None
        self._capabilities: list[str] = []
        self._stage = ""
        self._board = board
        board.clients[self] = None

    def send(self, line: bytes) -> None:
        """Send one line to it."""
        raise NotImplementedError

    def disconnect(self) -> None:
        """End its connection; a bridge connects anew and repeats the client's handshake."""
        raise NotImplementedError

    def finished(self, id_token: str) -> None:
        """Take note that one of its requests was answered."""
        self.in_flight.pop(id_token, None)

    def introduce(self, info: Any, capabilities: Any, protocol: str) -> None:
        """Take its name and version from its handshake or from a request's envelope."""
        if info == self._info and self.protocol == protocol:
            return
        self._info = info
        info = info if isinstance(info, dict) else {}
        self.name = excerpt(info.get("name", "unknown"), _LONGEST_NAME)
        self.version = excerpt(info.get("version", ""), _LONGEST_NAME)
        self.protocol = excerpt(protocol, _LONGEST_NAME)
        names = capabilities if isinstance(capabilities, dict) else {}
        self._capabilities = [excerpt(name, _LONGEST_NAME) for name in list(names)[:20]]
        self._stage = ""

    def reach_stage(self, stage: str) -> None:
        """Tell the app how far the client got, when that is further than before."""
        if self._stage in {stage, "tools_listed"} or self._info is None:
            return
        self._stage = stage
        self._emit(messages.CLIENT_CONNECTED, stage=stage)

    def leave(self) -> None:
        """Take note that its connection ended."""
        if self in self._board.clients:
            self._board.client_left(self)
            if self._stage:
                self._emit(messages.CLIENT_LEFT, stage=self._stage)

    def _emit(self, event: str, stage: str) -> None:
        if self.name != OWN_CLIENT:
            known = {
                "session": self.id,
                "client": self.name,
                "version": self.version,
                "protocol": self.protocol,
                "stage": stage,
                "capabilities": self._capabilities,
            }
            self._board.client_event(event, known)


class SocketClient(RelayClient, asyncio.Protocol):
    """A client on a stream of lines."""

    def __init__(self, board: Switchboard) -> None:
        super().__init__(board)
        self._lines = BoundedLineReader(MAX_LINE)
        self._transport: asyncio.Transport | None = None
        self._waiting: list[bytes | LongLine] = []
        self._is_write_blocked = False
        self._is_reading = True

    def send(self, line: bytes) -> None:
        """Send one line to it."""
        if self._transport:
            self._transport.write(line + b"\n")

    def disconnect(self) -> None:
        """End its connection; a bridge connects anew and repeats the client's handshake."""
        if self._transport:
            self._transport.close()

    def finished(self, id_token: str) -> None:
        """Take note that one of its requests was answered, and read on if it had too many."""
        super().finished(id_token)
        if not self._is_reading:
            self._work(())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._work(self._lines.feed(data))

    def pause_writing(self) -> None:
        self._is_write_blocked = True

    def resume_writing(self) -> None:
        self._is_write_blocked = False
        self._work(())

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.leave()

    def _work(self, lines: Iterable[bytes | LongLine]) -> None:
        """Take what there is room for; while lines wait, the stream is not read."""
        self._waiting.extend(lines)
        while self._waiting and self._has_room:
            self._board.from_client(self, self._waiting.pop(0))
        reading = not self._waiting and not self._is_write_blocked
        if reading is not self._is_reading and self._transport:
            self._is_reading = reading
            if not self._transport.is_closing():
                (self._transport.resume_reading if reading else self._transport.pause_reading)()

    @property
    def _has_room(self) -> bool:
        return not self._is_write_blocked and len(self.in_flight) < _MOST_IN_FLIGHT
