"""The control socket, on which the command line, bridges and a second start ask a running Lou.

In: Lou messages, one a line, from many clients of this user at once. Out: responses, and log lines
as events. A malformed line gets an error; a client that does not read delays only itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import traceback
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from app.control.handlers import InvalidParamsError, Method
from app.errors import AppError
from app.logs.logbook import is_at_least
from app.services import Services
from servers.contract import endpoint, envelope, file_sharing, greeting, messages
from servers.contract.envelope import (
    MAX_LINE,
    EnvelopeError,
    Error,
    Event,
    Message,
    Request,
    Response,
)
from servers.contract.line_reader import BoundedLineReader, LongLine

if sys.platform != "win32":
    from app.control.unix_listener import UnixListener

log = logging.getLogger(__name__)

_CHUNK = 1 << 16
_MOST_CLIENTS = 512
_MOST_IN_FLIGHT = 64
_FOLLOW_EVERY_S = 0.1


class Closable(Protocol):
    """What listens."""

    def close(self) -> None: ...


class ControlSocket:
    """Listens for as long as Lou runs."""

    def __init__(self, services: Services, methods: Mapping[str, Method]) -> None:
        self._services = services
        self._methods = methods
        self._path = Path(endpoint.control_socket())
        self._server: Closable | None = None
        self._clients: dict[asyncio.Task[None], _Client | None] = {}
        self._most_connections = _most_clients()
        self._port: greeting.Port | None = None
        self._own_identity: tuple[int, int] | None = None

    @property
    def is_gone(self) -> bool:
        return self._identity() is None

    @property
    def is_taken(self) -> bool:
        """Whether another Lou made a socket in its place."""
        return self._identity() not in {None, self._own_identity}

    async def start(self) -> None:
        """Listen. The socket of a dead process is replaced; the instance lock excludes a live one.

        Raises:
            AppError: the folder cannot be used.
        """
        try:
            endpoint.make_private(str(self._path.parent))
            file_sharing.attempt(lambda: self._path.unlink(missing_ok=True))
            if endpoint.uses_tcp():
                await self._listen_tcp()
            elif sys.platform != "win32":
                self._server = UnixListener(self._path, self._accept_unix)
            self._own_identity = self._identity()
        except OSError as failure:
            raise AppError(
                f"Lou cannot listen at {self._path}: {failure.strerror or failure}.",
                "Remove what is there, and start Lou again.",
                code="no_control_socket",
            ) from failure

    async def start_again(self) -> None:
        """Make a new socket for later connections; raises as `start` does."""
        if self._server:
            self._server.close()
        await self.start()

    async def stop(self) -> None:
        """Close all connections and delete the socket."""
        if self._server:
            self._server.close()
        for client in tuple(self._clients):
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        if not self.is_taken:
            file_sharing.attempt(lambda: self._path.unlink(missing_ok=True))

    def _identity(self) -> tuple[int, int] | None:
        """Device and inode of the socket now; no other file has them while this one exists."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _accept_unix(self, connection: socket.socket) -> None:
        async def serve() -> None:
            if sys.platform == "win32":
                raise NotImplementedError
            await self._accept(*await asyncio.open_unix_connection(sock=connection))

        self._clients[asyncio.get_running_loop().create_task(serve())] = None

    async def _listen_tcp(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        number = self._server.sockets[0].getsockname()[1]
        self._port = greeting.this_port(number, f"app-{os.getpid()}")
        greeting.write_port(str(self._path), self._port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        client = self._clients[task] = _Client(self._services, self._methods, writer)
        client.is_known = self._port is None  # the system vouches for the peer of a Unix socket
        self._make_room()
        try:
            if self._port:
                await self._greet(reader, writer, self._port)
                client.is_known = True
            await client.serve(reader)
        except (OSError, greeting.GreetingError, EOFError, ValueError, asyncio.CancelledError):
            pass  # the client left, or was no client, or Lou ends
        finally:
            self._clients.pop(task, None)
            writer.close()

    def _make_room(self) -> None:
        """Close the connection that was idle longest when there are too many for this process.

        Connections that proved nothing are closed first, so a flood of them excludes nobody.
        """
        if len(self._clients) <= self._most_connections:
            return
        clients = [(task, client) for task, client in self._clients.items() if client]
        unknown = (task for task, client in clients if not client.is_known)
        silent = (task for task, client in clients if client.is_idle)
        longest = next(unknown, None) or next(silent, None)
        if longest:
            del self._clients[longest]
            longest.cancel()

    @staticmethod
    async def _greet(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: greeting.Port
    ) -> None:
        """Let both sides prove that they belong to this user."""
        proof = greeting.ServerGreeting(greeting.token(endpoint.state_folder()), port)
        async with asyncio.timeout(greeting.DEADLINE_S):
            writer.write(proof.prove(await reader.readline()))
            proof.admit(await reader.readline())


class _Client:
    """One connection. Its requests run concurrently and are cancelled when it ends."""

    def __init__(
        self, services: Services, methods: Mapping[str, Method], writer: asyncio.StreamWriter
    ) -> None:
        self._services = services
        self._methods = methods
        self._writer = writer
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.is_known = False
        """It proved that it belongs to this user, or the system did."""

    @property
    def is_idle(self) -> bool:
        return not self._tasks

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Answer requests until the client disconnects."""
        try:
            async for line in _lines(reader):
                await self._receive(line)
        finally:
            for task in tuple(self._tasks.values()):
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _receive(self, line: bytes | LongLine) -> None:
        try:
            message = _decoded(line)
        except EnvelopeError as broken:
            await self._send(Error(broken.id, messages.BAD_MESSAGE, broken.reason))
            return
        if not isinstance(message, Request):
            return
        if message.method == messages.CANCEL:
            await self._cancel(message)
        elif len(self._tasks) >= _MOST_IN_FLIGHT or message.id in self._tasks:
            reason = "too many requests are under way, or this id is"
            await self._send(Error(message.id, messages.BAD_MESSAGE, reason))
        else:
            task = asyncio.get_running_loop().create_task(self._answer(message))
            self._tasks[message.id] = task
            task.add_done_callback(lambda _: self._tasks.pop(message.id, None))

    async def _cancel(self, request: Request) -> None:
        task = self._tasks.get(str(request.params.get("id")))
        await self._send(Response(request.id, {"cancelled": bool(task and task.cancel())}))

    async def _answer(self, request: Request) -> None:
        self._services.heartbeat.look()
        try:
            await self._send(await self._outcome(request))
            if request.method == "logs" and request.params.get("follow"):
                await self._follow(request.params)
        except OSError:
            pass  # the client left

    async def _outcome(self, request: Request) -> Message:
        method = self._methods.get(request.method)
        try:
            if method is None:
                known = ", ".join(sorted(self._methods))
                reason = f"no method is called {request.method!r:.60}; there are: {known}"
                return Error(request.id, messages.UNKNOWN_METHOD, reason)
            return Response(request.id, await method(request.params))
        except InvalidParamsError as bad:
            return Error(request.id, messages.BAD_PARAMS, str(bad))
        except AppError as refused:
            return Error(request.id, refused.code, refused.title, {"hint": refused.hint})
        except Exception:
            log.exception("The request %s failed unexpectedly", request.method)
            return Error(
                request.id, messages.INTERNAL, "Internal error; see `lou logs lou`.", self._trace()
            )

    def _trace(self) -> dict[str, Any]:
        if not self._services.settings.config.settings.debug:
            return {}
        return {"stack_trace": self._services.redactor(traceback.format_exc())}

    async def _follow(self, params: dict[str, Any]) -> None:
        """Send new log lines until the client leaves; a slow one may miss some."""
        logbook = self._services.logbook
        server, level = params.get("server") or None, str(params.get("level") or "")
        seen = logbook.newest
        while True:
            await asyncio.sleep(_FOLLOW_EVERY_S)
            for line in logbook.since(seen, server):
                seen = line.n
                if is_at_least(line.level, level):
                    await self._send(Event("log", asdict(line.stored())))

    async def _send(self, message: Message) -> None:
        try:
            line = envelope.encode(message)
        except EnvelopeError as unfit:
            assert isinstance(message, Response)
            line = envelope.encode(Error(message.id, "too_large", f"The answer is {unfit.reason}."))
        self._writer.write(line)
        await self._writer.drain()


def _most_clients() -> int:
    """Half of the descriptors of this process, because servers and files need the others."""
    if sys.platform == "win32":
        return _MOST_CLIENTS
    import resource  # noqa: PLC0415 - not on Windows

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_CLIENTS if soft < 0 else min(_MOST_CLIENTS, soft // 2)


def _decoded(line: bytes | LongLine) -> Message:
    if isinstance(line, LongLine):
        raise EnvelopeError(f"a line of more than {MAX_LINE} bytes")
    return envelope.decode(line)


async def _lines(reader: asyncio.StreamReader) -> AsyncIterator[bytes | LongLine]:
    lines = BoundedLineReader(MAX_LINE - 1)
    while chunk := await reader.read(_CHUNK):
        for line in lines.feed(chunk):
            yield line
