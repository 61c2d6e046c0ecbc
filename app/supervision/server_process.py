"""One server process: what it is told, what it answers, and how it is brought to its end."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from app.errors import ServerError
from app.supervision.launch_command import MARKER, MARKER_VARIABLE, Launch
from app.supervision.line_reader import LineReader
from app.supervision.stderr_tail import LONGEST, StderrTail
from servers.contract import envelope, messages
from servers.contract.envelope import EnvelopeError, Error, Event, Message, Request, Response

if sys.platform == "win32":
    pass
else:
    from app.supervision.guard_client import GuardClient

log = logging.getLogger(__name__)

_STDIN, _STDOUT, _STDERR = range(3)
_UNREAD_LIMIT = 8 << 20
"""Bytes that may wait for a server that does not read its stdin."""
_OWES_S = 2.0
"""Seconds until lines that were left out are told of, when no other follows."""
_DRAIN = 1.0
"""Seconds for the pipes to end after the process did."""


@dataclass(frozen=True, slots=True)
class ServerCallbacks:
    """Where a child's news go. `exited` comes last, once, with the code and its last words."""

    event: Callable[[Event], None]
    stderr: Callable[[str], None]
    exited: Callable[[int | None, str], None]


class ServerProcess(asyncio.SubprocessProtocol):
    """One process under its leash. Made by `spawn`; gone when `Ears.exited` was called."""

    def __init__(self, ears: ServerCallbacks) -> None:
        self.pid: int | None = None
        self._ears = ears
        self._loop = asyncio.get_running_loop()
        self._leash = GuardClient()
        self._transport: asyncio.SubprocessTransport | None = None
        self._asked: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._ids = itertools.count(1)
        self._intakes: dict[int, LineReader] = {}
        self._words = StderrTail(ears.stderr)
        self._returncode: int | None = None
        self._stdin_open = True
        self._drain: asyncio.TimerHandle | None = None
        self._owed: asyncio.TimerHandle | None = None

    @classmethod
    async def spawn(cls, launch: Launch, instance: str, ears: ServerCallbacks) -> ServerProcess:
        """Start the process and hand it its configuration.

        Raises:
            OSError: there is no process, and `ears` hears nothing.
            EnvelopeError: the configuration is too long; the same.
        """
        configure = envelope.encode(Request("0", messages.CONFIGURE, dict(launch.configure)))
        child = cls(ears)
        argv = child._leash.command((*launch.argv, f"{MARKER}{instance}"))
        environment = {**launch.env, MARKER_VARIABLE: instance}
        try:
            await child._loop.subprocess_exec(
                lambda: child,
                *argv,
                env=environment,
                cwd=launch.cwd,
                **child._leash.options(),
            )
        except BaseException:
            child._leash.close()
            raise
        child._stdin().write(configure)
        return child

    @property
    def guard_pid(self) -> int:
        """The process that was started: the guard, or on Windows the server itself."""
        assert self._transport is not None
        return self._transport.get_pid()

    async def started(self) -> int:
        """Wait until the server itself runs; returns its pid.

        Raises:
            OSError: it ended before.
        """
        self.pid = await asyncio.shield(self._leash.started)
        return self.pid

    async def request(
        self, method: str, params: Mapping[str, Any], seconds: float
    ) -> dict[str, Any]:
        """Ask and wait for the answer; a call that is given up is cancelled in the server too.

        Raises:
            ServerError: it refused, did not answer in time, or ended.
        """
        id = f"{next(self._ids)}"  # noqa: A001 - the wire's word
        answer = self._loop.create_future()
        self._asked[id] = answer
        try:
            self._ask(Request(id, method, dict(params)))
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
            self._asked.pop(id, None)

    def ask_to_stop(self) -> None:
        """Say `stop` and close its stdin."""
        if self._stdin_open:
            self._send(Request(f"{next(self._ids)}", messages.STOP))
            self._stdin().close()
            self._stdin_open = False

    def terminate(self) -> None:
        """SIGTERM and SIGCONT to its group."""
        self._leash.terminate()

    def kill(self) -> None:
        """SIGKILL to its whole tree."""
        self._leash.kill()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._leash.attach(self._transport.get_pid())
        for fd, limit, take in (
            (_STDOUT, envelope.MAX_LINE, self._heard),
            (_STDERR, LONGEST, self._said),
        ):
            pipe = cast("asyncio.ReadTransport", self._transport.get_pipe_transport(fd))
            self._intakes[fd] = LineReader(pipe, limit, take)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._intakes[fd].feed(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == _STDIN:
            self._stdin_open = False
        else:
            self._intakes[fd].finish()

    def process_exited(self) -> None:
        assert self._transport is not None
        self._returncode = self._transport.get_returncode()
        self._drain = self._loop.call_later(_DRAIN, self._transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._drain is not None:
            self._drain.cancel()
        if self._transport is not None:
            self._transport.close()
        self._leash.close(self._returncode)
        if self._owed is not None:
            self._owed.cancel()
        self._words.finish()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(_gone())
        words = self._leash.refusal or self._words.verdict()
        self._ears.exited(self._leash.code, words)

    def _said(self, line: bytes) -> None:
        self._words.take(line)
        if self._words.owes and self._owed is None:
            self._owed = self._loop.call_later(_OWES_S, self._catch_up)

    def _catch_up(self) -> None:
        self._owed = None
        self._words.catch_up()

    def _heard(self, line: bytes) -> None:
        try:
            message = envelope.decode(line)
        except EnvelopeError:
            if line.strip():
                self._said(b"stdout: " + line[: LONGEST // 2])
            return
        self._take(message)

    def _take(self, message: Message) -> None:
        match message:
            case Event():
                self._ears.event(message)
            case Response(id, result):
                self._settle(id, result)
            case Error(id, code, text, data) if id is not None:
                refusal = ServerError(text, code=code)
                refusal.__notes__ = [str(data["stack_trace"])] if "stack_trace" in data else []
                self._settle(id, refusal)
            case _:
                log.debug("Left out a %s from a server", type(message).__name__)

    def _settle(self, id: str, outcome: dict[str, Any] | ServerError) -> None:  # noqa: A002
        answer = self._asked.get(id)
        if answer is None or answer.done():
            return
        if isinstance(outcome, ServerError):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    def _ask(self, request: Request) -> None:
        if not self._stdin_open:
            raise _gone()
        if self._stdin().get_write_buffer_size() > _UNREAD_LIMIT:
            raise ServerError(
                "The server does not read what it is sent.",
                "Restart it.",
                code=messages.TIMED_OUT,
            )
        try:
            self._send(request)
        except EnvelopeError as too_long:
            raise ServerError(
                f"The request is too long: {too_long.reason}.",
                "Send less at a time.",
                code=messages.BAD_PARAMS,
            ) from None

    def _cancel(self, id: str, method: str) -> None:  # noqa: A002
        if method == messages.CALL_TOOL and self._stdin_open:
            self._send(Request(f"{next(self._ids)}", messages.CANCEL, {"id": id}))

    def _send(self, request: Request) -> None:
        self._stdin().write(envelope.encode(request))

    def _stdin(self) -> asyncio.WriteTransport:
        assert self._transport is not None
        return cast("asyncio.WriteTransport", self._transport.get_pipe_transport(_STDIN))


def _gone() -> ServerError:
    return ServerError(
        "The server ended before it answered.",
        "It is started again; try once more.",
        code=messages.NOT_READY,
    )
