"""Listens at a loopback port where there are no Unix sockets; both ends prove themselves first.

In: connections with a greeting, see `servers.contract.greeting`. Out: admitted connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import cast

from servers.contract import endpoint, file_sharing, greeting, refusal_log
from servers.contract.greeting import BridgeGreeting, GreetingError, ServerGreeting
from servers.host.transport.address import MAX_LINE, AddressInUseError, hand_over
from servers.host.transport.pending_connections import PendingConnections

log = logging.getLogger(__name__)

_BACKLOG = 1024


class LoopbackAddress:
    """A port that the system chooses, and the file at `path` that names it."""

    def __init__(self, path: str, instance: str) -> None:
        self.path = path
        self._instance = instance
        self._server: asyncio.Server | None = None
        self.pending = PendingConnections()

    async def open(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        folder = str(Path(self.path).parent)
        endpoint.make_private(folder)
        self._refuse_second()
        token = greeting.token(endpoint.state_folder())
        port = greeting.this_port(0, self._instance)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Greeting(self, ServerGreeting(token, port), protocol),
            "127.0.0.1",
            0,
            backlog=_BACKLOG,
        )
        port.port = self._server.sockets[0].getsockname()[1]
        greeting.write_port(self.path, port)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = greeting.read_port(self.path)
        client = BridgeGreeting(greeting.token(endpoint.state_folder()), port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port.port, limit=MAX_LINE)
        writer.write(client.hello())
        writer.write(client.answer(await reader.readline()))
        return reader, writer

    def close(self) -> None:
        if self._server:
            self._server.close()
            file_sharing.attempt(lambda: Path(self.path).unlink(missing_ok=True))

    def _refuse_second(self) -> None:
        with contextlib.suppress(FileNotFoundError, GreetingError):
            if greeting.read_port(self.path).is_of_live_process():
                raise AddressInUseError(
                    f"the process named in {self.path} already serves; stop it, then start this one"
                )


class _Greeting(asyncio.Protocol):
    """Handles the first two lines of a connection, then passes it to `protocol`."""

    def __init__(
        self,
        address: LoopbackAddress,
        greeting: ServerGreeting,
        protocol: Callable[[], asyncio.Protocol],
    ) -> None:
        self._address = address
        self._greeting = greeting
        self._protocol = protocol
        self._received = b""
        self._proved = False
        self._is_pending = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._address.pending.admit(self, self._transport)
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(greeting.DEADLINE_S, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        self._received += data
        try:
            while self._is_pending and b"\n" in self._received:
                line, _, self._received = self._received.partition(b"\n")
                self._greet(line)
        except GreetingError as error:
            refusal_log.warning(log, "A connection was refused: %s", error)
            self._transport.abort()
        if self._is_pending and len(self._received) > greeting.LONGEST_LINE:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def _greet(self, line: bytes) -> None:
        if not self._proved:
            self._transport.write(self._greeting.prove(line))
            self._proved = True
            return
        self._greeting.admit(line)
        self._leave()
        hand_over(self._transport, self._protocol(), self._received)

    def _leave(self) -> None:
        if self._is_pending:
            self._is_pending = False
            self._address.pending.forget(self)
            if self._deadline:
                self._deadline.cancel()
