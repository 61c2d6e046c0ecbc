"""A client of a relay on a stream of lines.

In: bytes of its connection, and lines for it. Out: whole lines for the switchboard. It is not read
while it does not read, has many requests in work, or sends more than the server reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import cast

from servers.contract.line_reader import BoundedLineReader, LongLine, limit_reads
from servers.host.transport.address import MAX_LINE
from servers.host.transport.direct_reads import read_directly
from servers.relay.back_pressure import MOST_UNREAD
from servers.relay.connection import ClientBoard, RelayClient

_MOST_BEHIND, _MOST_IN_FLIGHT = 256, 2_048
"""Requests in work with a server that is behind with reading, and with one that is not."""


class SocketClient(RelayClient, asyncio.Protocol):
    """A client on a stream of lines."""

    def __init__(self, board: ClientBoard) -> None:
        super().__init__(board)
        self._lines = BoundedLineReader(MAX_LINE)
        self._transport: asyncio.Transport | None = None
        self._waiting: list[bytes | LongLine] = []
        self._is_write_blocked = False
        self._is_reading = True

    def send(self, line: bytes) -> None:
        if self._transport:
            self._transport.write(line + b"\n")
            if self._is_write_blocked and self._transport.get_write_buffer_size() > MOST_UNREAD:
                self.note_unread(True)

    def disconnect(self) -> None:
        if self._transport:
            self._transport.close()

    def cut(self) -> None:
        if self._transport:
            self._transport.abort()

    def finished(self, id_token: str) -> None:
        self.in_flight.pop(id_token, None)
        if not self._is_reading:
            self._work(())

    def proceed(self) -> None:
        if not self._is_reading:
            self._work(())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        limit_reads(transport)
        self._stop_reading = read_directly(transport, self.data_received)

    def data_received(self, data: bytes) -> None:
        lines = self._lines.feed(data)
        if len(lines) == 1 and not self._waiting and self._has_room:
            self.board.from_client(self, lines[0])
        else:
            self._work(lines)

    def pause_writing(self) -> None:
        self._is_write_blocked = True

    def resume_writing(self) -> None:
        self._is_write_blocked = False
        self.note_unread(False)
        self._work(())

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_reading()
        self._transport = None
        self.leave()

    def _work(self, lines: Iterable[bytes | LongLine]) -> None:
        """Take what there is room for; while lines wait, the stream is not read."""
        self._waiting.extend(lines)
        while self._waiting and self._has_room:
            self.board.from_client(self, self._waiting.pop(0))
        reading = not self._waiting and not self._is_write_blocked
        if reading is not self._is_reading and self._transport:
            self._is_reading = reading
            if not self._transport.is_closing():
                (self._transport.resume_reading if reading else self._transport.pause_reading)()

    @property
    def _has_room(self) -> bool:
        connection = self.connection
        most = _MOST_BEHIND if connection and connection.waiting else _MOST_IN_FLIGHT
        if self._is_write_blocked or len(self.in_flight) >= most:
            return False
        return connection is None or not connection.is_full
