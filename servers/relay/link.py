"""Holds one connection to the user's server.

In: a command or URL, requests. Out: answers and notifications, and the reason when it ends by
itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import mcp_types as types

from servers.host.logs import level_of
from servers.host.redact import redact
from servers.host.tools.service import StartRefusedError, UpstreamError, UpstreamLostError
from servers.relay.child import Command
from servers.relay.entry import WebAddress
from servers.relay.upstream import Upstream, connected, over_http, over_stdio

stderr = logging.getLogger("stderr")

_LONGEST_QUOTE = 500

Heard = Callable[[types.ServerNotification], Awaitable[None]]


class UpstreamLink:
    """`heard` gets notifications; `lost` gets the reason when the connection ends unasked."""

    def __init__(
        self, name: str, target: Command | WebAddress, heard: Heard, lost: Callable[[str], None]
    ) -> None:
        self._name = name
        self._target = target
        self._heard = heard
        self._lost = lost
        self._upstream: Upstream | None = None
        self._session_task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._last_stderr: deque[str] = deque(maxlen=3)
        self._end_reason = ""

    async def open(self) -> Upstream:
        """Connect.

        Raises:
            StartRefusedError: the command cannot be started.
            UpstreamLostError: the server did not come up.
        """
        try:
            return await self._open()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End the session and everything that was started for it."""
        self._closing.set()
        if self._session_task:
            if self._upstream is None:
                self._session_task.cancel()
            await asyncio.wait((self._session_task,))

    async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Pass a request on.

        Raises:
            UpstreamError: it is answered with an error, or not at all.
        """
        if self._upstream is None or self._closing.is_set():
            raise UpstreamError(
                types.INTERNAL_ERROR, f"The server {self._name} is being restarted."
            )
        try:
            return await self._upstream.ask(method, params)
        except UpstreamLostError:
            self._end("closed the connection")
            why = f"The server {self._name} went away while it worked on this. Try again soon."
            raise UpstreamError(types.INTERNAL_ERROR, why) from None

    async def _open(self) -> Upstream:
        answered: asyncio.Future[Upstream] = asyncio.get_running_loop().create_future()
        self._session_task = asyncio.create_task(self._run_session(answered))
        await asyncio.wait((answered, self._session_task), return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            await self._session_task
        self._upstream = answered.result()
        return self._upstream

    async def _run_session(self, answered: asyncio.Future[Upstream]) -> None:
        try:
            async with (
                self._dispatcher() as dispatcher,
                connected(dispatcher, self._heard) as session,
            ):
                answered.set_result(session)
                await self._closing.wait()
        except BaseExceptionGroup as failures:
            raise self._reason(failures) from None

    def _dispatcher(self) -> Any:
        if isinstance(self._target, WebAddress):
            return over_http(self._target.url, self._target.headers)
        return over_stdio(self._target, self._take_stderr, self._ended)

    def _reason(self, failures: BaseExceptionGroup[BaseException]) -> BaseException:
        """The failure inside the SDK's task groups; if the command ended, that is the reason."""
        failure: BaseException = failures
        while isinstance(failure, BaseExceptionGroup):
            failure = failure.exceptions[0]
        if isinstance(failure, StartRefusedError):
            return failure
        return UpstreamLostError(
            self._with_last_stderr(self._end_reason or f"could not be reached: {failure}")
        )

    def _take_stderr(self, line: str) -> None:
        self._last_stderr.append(redact(line))  # before it is cut: half a secret is not found
        stderr.log(level_of(line), "%s", line)

    def _ended(self, how: str) -> None:
        self._end_reason = how
        if self._upstream:
            self._end(how)

    def _end(self, how: str) -> None:
        if not self._closing.is_set():
            self._lost(self._with_last_stderr(self._end_reason or how))

    def _with_last_stderr(self, how: str) -> str:
        message = f"The server {self._name} {how.rstrip('. ')}."
        if self._last_stderr:
            message += f' It last wrote: "{" | ".join(self._last_stderr)[:_LONGEST_QUOTE]}".'
        return redact(message)
