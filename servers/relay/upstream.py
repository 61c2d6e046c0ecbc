"""One session with the user's own server, for all clients: raw requests out, raw answers back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
from mcp.client.session import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.client.subscriptions import listen
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.dispatcher import CallOptions, Dispatcher
from mcp.shared.exceptions import MCPError
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher

from servers.host.tools.calls import current_call
from servers.host.tools.service import UpstreamError, UpstreamLostError
from servers.relay.child import Command, running
from servers.relay.dispatch import LineDispatch, UpstreamClosedError

_ANSWERS_WITHIN_S = 60.0
"""To `initialize`: a first `npx` or `uvx` downloads its package before it says anything."""

_CLOSED_BY_SDK = types.ErrorData(code=types.CONNECTION_CLOSED, message="Connection closed")


class Upstream:
    """The session, once connected."""

    def __init__(
        self,
        session: ClientSession,
        dispatcher: Dispatcher[Any],
    ) -> None:
        self._session = session
        self._dispatcher = dispatcher

    @property
    def capabilities(self) -> types.ServerCapabilities:
        """What it serves."""
        return self._session.server_capabilities or types.ServerCapabilities()

    @property
    def info(self) -> types.Implementation | None:
        """What it calls itself."""
        return self._session.server_info

    @property
    def instructions(self) -> str:
        """What it tells models about itself."""
        return self._session.instructions or ""

    @property
    def is_modern(self) -> bool:
        """Whether it speaks 2026-07-28."""
        return self._session.discover_result is not None

    async def ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The raw answer to a request; its progress goes to the running call.

        Raises:
            Refusal: it answered with an error.
            Lost: it is gone.
        """
        data: dict[str, Any] = {"method": method, "params": dict(params)}
        options: CallOptions = {}
        # The session's typed requests drop what this SDK does not know; the stamp adds what the
        # era wants around a raw one, and has no public name.
        self._session._stamp(data, options)
        call = current_call.get()
        if call:
            report = call.report

            async def on_progress(
                progress: float, total: float | None, message: str | None
            ) -> None:
                await report(progress, total, message or "")

            options["on_progress"] = on_progress
        try:
            return await self._dispatcher.send_raw_request(method, data.get("params"), options)
        except MCPError as refused:
            error = refused.error
            if isinstance(refused, UpstreamClosedError) or error == _CLOSED_BY_SDK:
                raise UpstreamLostError(error.message) from None
            raise UpstreamError(error.code, error.message, error.data) from None

    async def watch(self, uri: str, updated: Callable[[str], Awaitable[None]]) -> None:
        """Hear of changes of the resource at `uri`, until the session ends."""
        if self.is_modern:
            async with listen(self._session, resource_subscriptions=[uri]) as events:
                async for _ in events:
                    await updated(uri)
        else:
            await self.ask("resources/subscribe", {"uri": uri})

    async def listen_for_lists(self) -> None:
        """Ask a 2026-07-28 server to tell of changed lists; the others tell unasked."""
        async with listen(
            self._session,
            tools_list_changed=True,
            prompts_list_changed=True,
            resources_list_changed=True,
        ) as events:
            async for _ in events:
                continue


@asynccontextmanager
async def connected(
    dispatcher: Dispatcher[Any], heard: Callable[[types.ServerNotification], Awaitable[None]]
) -> AsyncIterator[Upstream]:
    """A session over `dispatcher`, of whichever era the other side speaks.

    Raises:
        Lost: it gave no usable answer.
    """

    async def on_message(message: Any) -> None:
        if not isinstance(message, Exception):
            await heard(message)

    client = types.Implementation(name="lou", version="1")
    session = ClientSession(dispatcher=dispatcher, message_handler=on_message, client_info=client)
    async with session:
        await _shake_hands(session)
        yield Upstream(session, dispatcher)


async def _shake_hands(session: ClientSession) -> None:
    """`initialize` first: some servers of that era end at any other first request."""
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN_S):
            try:
                await session.initialize()
            except MCPError as refused:
                if refused.error.code != types.UNSUPPORTED_PROTOCOL_VERSION:
                    raise
                await session.discover()
    except TimeoutError:
        raise UpstreamLostError(
            f"The server did not answer within {_ANSWERS_WITHIN_S:g} s."
        ) from None
    except MCPError as refused:
        raise UpstreamLostError(
            f"The server refused the handshake: {refused.error.message}"
        ) from None


@asynccontextmanager
async def over_stdio(
    command: Command, said: Callable[[str], None], ended: Callable[[str], None]
) -> AsyncIterator[Dispatcher[Any]]:
    """Lines of a child process; `said` hears its stderr, `ended` how it ended by itself."""
    async with running(command) as child:
        words = asyncio.create_task(child.words(said))
        try:
            yield LineDispatch(child, ended)
        finally:
            words.cancel()
            await asyncio.wait((words,))


@asynccontextmanager
async def over_http(url: str, headers: Mapping[str, str]) -> AsyncIterator[Dispatcher[Any]]:
    """Messages of a Streamable HTTP server."""
    async with (
        create_mcp_http_client(headers=dict(headers)) as client,
        streamable_http_client(url, http_client=client) as streams,
    ):
        yield JSONRPCDispatcher(streams[0], streams[1])
