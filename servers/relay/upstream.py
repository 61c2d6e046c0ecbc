"""One session with the user's server, shared by all clients.

In: raw requests. Out: raw answers and notifications, over stdio or Streamable HTTP.
"""

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
"""Time for `initialize`: a first `npx` or `uvx` downloads its package before it answers."""

_CLOSED_BY_SDK = types.ErrorData(code=types.CONNECTION_CLOSED, message="Connection closed")


class Upstream:
    """A connected session."""

    def __init__(
        self,
        session: ClientSession,
        dispatcher: Dispatcher[Any],
    ) -> None:
        self._session = session
        self._dispatcher = dispatcher

    @property
    def capabilities(self) -> types.ServerCapabilities:
        """What the server offers."""
        return self._session.server_capabilities or types.ServerCapabilities()

    @property
    def info(self) -> types.Implementation | None:
        """The server's name and version."""
        return self._session.server_info

    @property
    def instructions(self) -> str:
        """The server's instructions for models."""
        return self._session.instructions or ""

    @property
    def is_modern(self) -> bool:
        """Whether the server speaks 2026-07-28."""
        return self._session.discover_result is not None

    async def ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The raw answer to a request; its progress goes to the running call.

        Raises:
            UpstreamError: it answered with an error.
            UpstreamLostError: it is gone.
        """
        data: dict[str, Any] = {"method": method, "params": dict(params)}
        options: CallOptions = {}
        # The session's typed requests drop members that this SDK does not know. `_stamp` adds what
        # the era requires to a raw request; it has no public name.
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
        """Call `updated` for each change of the resource at `uri`, until the session ends."""
        if self.is_modern:
            async with listen(self._session, resource_subscriptions=[uri]) as events:
                async for _ in events:
                    await updated(uri)
        else:
            await self.ask("resources/subscribe", {"uri": uri})

    async def listen_for_lists(self) -> None:
        """Subscribe to changed lists of a 2026-07-28 server; older servers report them unasked."""
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
    """A session over `dispatcher`, in the era that the other side speaks.

    Raises:
        UpstreamLostError: it gave no usable answer.
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
    """Send `initialize` first: some servers exit at any other first request."""
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
    command: Command, take_stderr: Callable[[str], None], ended: Callable[[str], None]
) -> AsyncIterator[Dispatcher[Any]]:
    """A dispatcher over a child process; `ended` gets the reason when it ends by itself."""
    async with running(command) as child:
        stderr = asyncio.create_task(child.stderr_lines(take_stderr))
        try:
            yield LineDispatch(child, ended)
        finally:
            stderr.cancel()
            await asyncio.wait((stderr,))


@asynccontextmanager
async def over_http(url: str, headers: Mapping[str, str]) -> AsyncIterator[Dispatcher[Any]]:
    """A dispatcher over Streamable HTTP."""
    async with (
        create_mcp_http_client(headers=dict(headers)) as client,
        streamable_http_client(url, http_client=client) as streams,
    ):
        yield JSONRPCDispatcher(streams[0], streams[1])
