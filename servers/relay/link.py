"""One connection to the user's server, from its start to its certain end."""

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

_LONGEST_WORDS = 500

Heard = Callable[[types.ServerNotification], Awaitable[None]]


class UpstreamLink:
    """`lost` hears why, when the connection ends and nobody closed it."""

    def __init__(
        self, name: str, target: Command | WebAddress, heard: Heard, lost: Callable[[str], None]
    ) -> None:
        self._name = name
        self._target = target
        self._heard = heard
        self._lost = lost
        self._upstream: Upstream | None = None
        self._life: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._last_words: deque[str] = deque(maxlen=3)
        self._how = ""

    async def open(self) -> Upstream:
        """Connect.

        Raises:
            StartRefused: there is nothing to start.
            Lost: it did not come up.
        """
        try:
            return await self._open()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End the session and everything that was started for it."""
        self._closing.set()
        if self._life:
            if self._upstream is None:
                self._life.cancel()
            await asyncio.wait((self._life,))

    async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Pass a request on.

        Raises:
            Refusal: it is answered with an error, or not at all.
        """
        if self._upstream is None or self._closing.is_set():
            raise UpstreamError(
                types.INTERNAL_ERROR, f"The server {self._name} is being restarted."
            )
        try:
            return await self._upstream.ask(method, params)
        except UpstreamLostError:
            self._end("closed the connection")
            said = f"The server {self._name} went away while it worked on this. Try again soon."
            raise UpstreamError(types.INTERNAL_ERROR, said) from None

    async def _open(self) -> Upstream:
        answered: asyncio.Future[Upstream] = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live(answered))
        await asyncio.wait((answered, self._life), return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            await self._life
        self._upstream = answered.result()
        return self._upstream

    async def _live(self, answered: asyncio.Future[Upstream]) -> None:
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
        return over_stdio(self._target, self._said, self._ended)

    def _reason(self, failures: BaseExceptionGroup[BaseException]) -> BaseException:
        """The one failure that the SDK's task groups wrap; an ended command explains them all."""
        failure: BaseException = failures
        while isinstance(failure, BaseExceptionGroup):
            failure = failure.exceptions[0]
        if isinstance(failure, StartRefusedError):
            return failure
        return UpstreamLostError(self._epitaph(self._how or f"could not be reached: {failure}"))

    def _said(self, words: str) -> None:
        self._last_words.append(redact(words))  # before it is cut: half a secret is not found
        stderr.log(level_of(words), "%s", words)

    def _ended(self, how: str) -> None:
        self._how = how
        if self._upstream:
            self._end(how)

    def _end(self, how: str) -> None:
        if not self._closing.is_set():
            self._lost(self._epitaph(self._how or how))

    def _epitaph(self, how: str) -> str:
        said = f"The server {self._name} {how.rstrip('. ')}."
        if self._last_words:
            said += f' It last wrote: "{" | ".join(self._last_words)[:_LONGEST_WORDS]}".'
        return redact(said)
