"""One server process: its pipes, its requests and its end.

In: a `Launch`, then requests. Out: results, and events, stderr lines and the exit through
`ServerCallbacks`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from app.errors import ServerError
from app.supervision.launch_command import MARKER, MARKER_VARIABLE, Launch, own_arguments
from app.supervision.line_reader import LineReader
from app.supervision.stderr_tail import LONGEST, StderrTail
from servers.contract import envelope, messages
from servers.contract.envelope import EnvelopeError, Error, Event, Message, Request, Response

if sys.platform == "win32":
    from app.supervision.windows_job import WindowsJob as GuardClient
else:
    from app.supervision.guard_client import GuardClient

log = logging.getLogger(__name__)

_STDIN, _STDOUT, _STDERR = range(3)
_UNREAD_LIMIT = 8 << 20
"""Bytes that are buffered for a server that does not read its stdin."""
_REPORT_DROPPED_S = 2.0
"""Seconds after which dropped stderr lines are reported, when no line follows."""
_DRAIN_S = 1.0
"""Seconds that the pipes may stay open after the process ended."""


@dataclass(frozen=True, slots=True)
class ServerCallbacks:
    """What a process calls. `exited` comes last and once, with the exit code and the last output.

    The code is None when the guard itself was killed.
    """

    event: Callable[[Event], None]
    stderr: Callable[[str], None]
    exited: Callable[[int | None, str], object]


class ForkStarter(Protocol):
    """What starts Lou's own servers as forks, where the system can."""

    async def start(self, launch: Launch, protocol: ServerProcess, guard: GuardClient) -> None:
        """Start one and connect `protocol` with it.

        Raises:
            OSError: it could not be forked. `guard` cannot be used any more.
        """

    def close(self) -> None:
        """End what forks; the servers live on."""


class ServerProcess(asyncio.SubprocessProtocol):
    """One process under its guard. `spawn` makes it; after `ServerCallbacks.exited` it is gone."""

    def __init__(self, callbacks: ServerCallbacks) -> None:
        self.pid: int | None = None
        self._callbacks = callbacks
        self._loop = asyncio.get_running_loop()
        self._guard = GuardClient()
        self._transport: asyncio.SubprocessTransport | None = None
        self._pending: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._ids = itertools.count(1)
        self._readers: dict[int, LineReader] = {}
        self._stderr = StderrTail(callbacks.stderr)
        self._returncode: int | None = None
        self._stdin_open = True
        self._drain_timer: asyncio.TimerHandle | None = None
        self._report_timer: asyncio.TimerHandle | None = None

    @classmethod
    async def spawn(
        cls,
        launch: Launch,
        instance: str,
        callbacks: ServerCallbacks,
        forks: ForkStarter | None = None,
    ) -> ServerProcess:
        """Start the process and send its configuration; `forks` starts Lou's own servers.

        Raises:
            OSError: no process was started; no callback is called.
            EnvelopeError: the configuration is too long; no callback is called.
        """
        configure = envelope.encode(Request("0", messages.CONFIGURE, dict(launch.configure)))
        child = cls(callbacks)
        argv = (*launch.argv, f"{MARKER}{instance}")
        marked = replace(launch, argv=argv, env={**launch.env, MARKER_VARIABLE: instance})
        try:
            await child._start(marked, forks if own_arguments(argv) else None)
        except BaseException:
            child._guard.close()
            raise
        child._stdin().write(configure)
        return child

    async def _start(self, launch: Launch, forks: ForkStarter | None) -> None:
        if forks is not None:
            try:
                await forks.start(launch, self, self._guard)
                return
            except OSError as refused:
                log.warning("A server is started by itself, as it could not be forked: %s", refused)
                self._guard = GuardClient()
        await self._loop.subprocess_exec(
            lambda: self,
            *self._guard.command(launch.argv),
            env=launch.env,
            cwd=launch.cwd,
            **self._guard.options(),
        )

    @property
    def guard_pid(self) -> int:
        """The pid of the guard; on Windows, of the server itself."""
        assert self._transport is not None
        return self._transport.get_pid()

    async def started(self) -> int:
        """Wait until the server itself runs; returns its pid, or raises OSError if it ended."""
        self.pid = await asyncio.shield(self._guard.started)
        return self.pid

    async def request(
        self, method: str, params: Mapping[str, Any], seconds: float
    ) -> dict[str, Any]:
        """Send a request and wait for its result; on a timeout the server cancels the call too.

        Raises:
            ServerError: it refused, did not answer in time, or ended.
        """
        id = f"{next(self._ids)}"
        answer = self._loop.create_future()
        self._pending[id] = answer
        try:
            self._write_request(Request(id, method, dict(params)))
            return await asyncio.wait_for(answer, seconds)
        except TimeoutError:
            self._cancel(id, method)
            raise ServerError(
                f"The server did not answer within {seconds:g} s.",
                "Try again; if this goes on, restart the server.",
                code=messages.TIMED_OUT,
            ) from None
        except asyncio.CancelledError:
            self._cancel(id, method)
            raise
        finally:
            self._pending.pop(id, None)

    def ping_later(self, seconds: float, ping: Callable[[], None]) -> bool:
        """Call `ping` in `seconds`, or when the server's loop hangs; False if it cannot tell."""
        return self._guard.ping_later(seconds, ping)

    def ask_to_stop(self) -> None:
        """Send `stop` and close the stdin of the server."""
        if self._stdin_open:
            self._send(Request(f"{next(self._ids)}", messages.STOP))
            self._stdin().close()
            self._stdin_open = False

    def terminate(self) -> None:
        """Send SIGTERM and SIGCONT to its process group."""
        self._guard.terminate()

    def kill(self) -> None:
        """Send SIGKILL to its whole process tree."""
        self._guard.kill()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._guard.attach(self._transport.get_pid())
        for fd, limit, take in (
            (_STDOUT, envelope.MAX_LINE, self._read_stdout),
            (_STDERR, LONGEST, self._read_stderr),
        ):
            pipe = cast("asyncio.ReadTransport", self._transport.get_pipe_transport(fd))
            self._readers[fd] = LineReader(pipe, limit, take)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._readers[fd].feed(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == _STDIN:
            self._stdin_open = False
        else:
            self._readers[fd].finish()

    def process_exited(self) -> None:
        assert self._transport is not None
        self._returncode = self._transport.get_returncode()
        self._drain_timer = self._loop.call_later(_DRAIN_S, self._transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._drain_timer is not None:
            self._drain_timer.cancel()
        if self._transport is not None:
            self._transport.close()
        self._guard.close(self._returncode)
        if self._report_timer is not None:
            self._report_timer.cancel()
        self._stderr.finish()
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(_ended_error())
        words = self._guard.refusal or self._stderr.last_words()
        self._callbacks.exited(self._guard.code, words)

    def _read_stderr(self, line: bytes) -> None:
        self._stderr.take(line)
        if self._stderr.has_dropped and self._report_timer is None:
            self._report_timer = self._loop.call_later(_REPORT_DROPPED_S, self._report_dropped)

    def _report_dropped(self) -> None:
        self._report_timer = None
        self._stderr.report_dropped()

    def _read_stdout(self, line: bytes) -> None:
        try:
            message = envelope.decode(line)
        except EnvelopeError:
            if line.strip():
                self._read_stderr(b"stdout: " + line[: LONGEST // 2])
            return
        self._handle(message)

    def _handle(self, message: Message) -> None:
        match message:
            case Event():
                self._callbacks.event(message)
            case Response(id, result):
                self._settle(id, result)
            case Error(id, code, text, data) if id is not None:
                refusal = ServerError(text, code=code)
                refusal.__notes__ = [str(data["stack_trace"])] if "stack_trace" in data else []
                self._settle(id, refusal)
            case _:
                log.debug("Left out a %s from a server", type(message).__name__)

    def _settle(self, id: str, outcome: dict[str, Any] | ServerError) -> None:
        answer = self._pending.get(id)
        if answer is None or answer.done():
            return
        if isinstance(outcome, ServerError):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    def _write_request(self, request: Request) -> None:
        if not self._stdin_open:
            raise _ended_error()
        if self._stdin().get_write_buffer_size() > _UNREAD_LIMIT:
            raise ServerError(
                "The server does not read what it is sent.", "Restart it.", code=messages.TIMED_OUT
            )
        try:
            self._send(request)
        except EnvelopeError as too_long:
            raise ServerError(
                f"The request is too long: {too_long.reason}.",
                "Send less at a time.",
                code=messages.BAD_PARAMS,
            ) from None

    def _cancel(self, id: str, method: str) -> None:
        if method == messages.CALL_TOOL and self._stdin_open:
            self._send(Request(f"{next(self._ids)}", messages.CANCEL, {"id": id}))

    def _send(self, request: Request) -> None:
        self._stdin().write(envelope.encode(request))

    def _stdin(self) -> asyncio.WriteTransport:
        assert self._transport is not None
        return cast("asyncio.WriteTransport", self._transport.get_pipe_transport(_STDIN))


def _ended_error() -> ServerError:
    return ServerError(
        "The server ended before it answered.",
        "It is started again; try once more.",
        code=messages.NOT_READY,
    )
