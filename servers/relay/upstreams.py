"""Starts what a connection speaks through: a process of the user's command, or a web address.

In: connections to open. Out: lines of the server for the switchboard, its stderr in the log, and
the reason, in words, when a connection ends by itself.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from servers.host.logs import level_of
from servers.host.redact import redact
from servers.host.tools.service import StartRefusedError, UpstreamLostError
from servers.relay.child import Child, Command
from servers.relay.entry import WebAddress

if TYPE_CHECKING:
    from servers.relay.back_pressure import Transport
    from servers.relay.connection import UpstreamConnection
    from servers.relay.switchboard import Switchboard

log = logging.getLogger(__name__)
stderr = logging.getLogger("stderr")

_LONGEST_QUOTE = 500
_FAILURES_WITHIN_S = 10.0
_LONGEST_PAUSE_S = 5.0


class StdioTransport(Child):
    """One process of the user's command; see `Transport`."""

    def __init__(
        self,
        name: str,
        take: Callable[[bytes], None],
        ended: Callable[[UpstreamLostError], None],
        drained: Callable[[], None],
    ) -> None:
        super().__init__(take, self._take_stderr, lambda how: ended(self._lost(how)), drained)
        self._name = name
        self._last_stderr: deque[str] = deque(maxlen=3)

    def abandon(self, number: int) -> None:
        """Do nothing: the server was told."""

    def _lost(self, how: str) -> UpstreamLostError:
        """The reason of the end, with the last lines of stderr."""
        quote = " | ".join(self._last_stderr)[:_LONGEST_QUOTE]
        words = f' It last wrote: "{quote}".' if quote else ""
        return UpstreamLostError(f"The server {self._name} {how.rstrip('. ')}." + words)

    def _take_stderr(self, line: str) -> None:
        self._last_stderr.append(redact(line))  # before it is cut: half a secret is not found
        stderr.log(level_of(line), "%s", line)


class Upstreams:
    """Opens and closes the connections of one relay to its `target`.

    `lost(connection, why)` is called when a connection ends unasked.
    """

    def __init__(
        self,
        board: Switchboard,
        target: Command | WebAddress,
        lost: Callable[[UpstreamConnection, UpstreamLostError], None],
        schema_of: Callable[[str], Mapping[str, Any]],
    ) -> None:
        self._board = board
        self._target = target
        self._lost = lost
        self._schema_of = schema_of
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: deque[float] = deque(maxlen=8)

    def open(self, connection: UpstreamConnection) -> None:
        """Open a connection in the background; what is sent on it waits until then."""
        self._run(self._open_guarded(connection))

    async def connect(self, connection: UpstreamConnection) -> None:
        """Open a connection; raises StartRefusedError if the command cannot be started."""
        take = functools.partial(self._board.from_server, connection)

        def ended(lost: UpstreamLostError) -> None:
            self._ended(connection, lost)

        transport: Transport
        if isinstance(self._target, WebAddress):
            from servers.relay.web_transport import WebTransport  # noqa: PLC0415 - imports aiohttp

            transport = WebTransport(
                self._target, connection, take, ended=ended, schema_of=self._schema_of
            )
        else:
            transport = child = StdioTransport(self._board.name, take, ended, connection.drained)
            await child.start(self._target)
        if connection.is_closed:
            await transport.close()
        else:
            connection.use(transport)

    def close(self, connection: UpstreamConnection) -> None:
        self._board.notifications.forget(connection)
        self._run(connection.close())

    async def finish(self) -> None:
        """Wait for what is being opened and closed."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    async def _open_guarded(self, connection: UpstreamConnection) -> None:
        now = asyncio.get_running_loop().time()
        recent = sum(now - failure < _FAILURES_WITHIN_S for failure in self._failures)
        if recent > 1:  # a server that ends at once would be started without a pause
            await asyncio.sleep(min(0.1 * 2**recent, _LONGEST_PAUSE_S))
        try:
            if not connection.is_closed:
                await self.connect(connection)
        except StartRefusedError as refused:
            self._ended(connection, UpstreamLostError(f"{refused.message} {refused.hint}"))

    def _ended(self, connection: UpstreamConnection, lost: UpstreamLostError) -> None:
        if connection.is_closed:
            return
        self._failures.append(asyncio.get_running_loop().time())
        self._lost(connection, lost)
        self._run(connection.close())  # what its process left behind ends, too

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
