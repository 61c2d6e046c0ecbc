"""The SDK's half of one connection: the protocol era, and every answer but those of tool calls.

In: one request or notification. Out: its result, and notifications through `notify`. The SDK's own
drivers read from a stream; this does the same for one message at a time, so that a session can
answer some messages without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import anyio
from mcp.server.connection import Connection, NotifyOnlyOutbound
from mcp.server.lowlevel.server import Server
from mcp.server.models import InitializationOptions
from mcp.server.runner import ServerRunner, aclose_shielded, serve_one
from mcp.shared.exceptions import MCPError, NoBackChannelError
from mcp.shared.inbound import InboundLadderRejection, InboundModernRoute, classify_inbound_request
from mcp.shared.jsonrpc_dispatcher import progress_token_from_params
from mcp.shared.transport_context import TransportContext
from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    INVALID_REQUEST,
    PROTOCOL_VERSION_META_KEY,
    UNSUPPORTED_PROTOCOL_VERSION,
)
from mcp_types.version import LATEST_MODERN_VERSION, MODERN_PROTOCOL_VERSIONS

Notify = Callable[[str, Mapping[str, Any] | None], None]

_TRANSPORT = TransportContext(kind="lines", can_send_request=False)
_NOTHING: dict[str, Any] = {}


class _Channel:
    """The SDK's way to the client: notifications only, no requests."""

    def __init__(self, notify: Notify) -> None:
        self._notify = notify

    async def send_raw_request(self, method: str, params: Any, opts: Any = None) -> dict[str, Any]:
        raise NoBackChannelError(method)

    async def notify(self, method: str, params: Any, opts: Any = None) -> None:
        self._notify(method, params)


class _InboundContext(_Channel):
    """One inbound message, in the shape that the SDK expects."""

    transport = _TRANSPORT
    can_send_request = False
    message_metadata = None

    def __init__(self, notify: Notify, id: Any, params: Mapping[str, Any]) -> None:
        super().__init__(notify)
        self.request_id = id
        self.cancel_requested = anyio.Event()
        self._token = progress_token_from_params(params)

    async def progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        if self._token is not None:
            self._notify(
                "notifications/progress", progress_params(self._token, progress, total, message)
            )


class SdkConnection:
    """One connection. `client` is the client's `clientInfo`, empty until it is known."""

    def __init__(
        self, server: Server[Any], init_options: InitializationOptions, notify: Notify
    ) -> None:
        self.client: Mapping[str, Any] = _NOTHING
        self.is_modern = False
        self._server = server
        self._init_options = init_options
        self._notify = notify
        self._outbound = NotifyOnlyOutbound(_Channel(notify))
        self._runner: ServerRunner[Any] | None = None
        self._envelope: Mapping[str, Any] | None = None

    @property
    def protocol(self) -> str:
        """The version that both sides speak."""
        if self._runner:
            return self._runner.connection.protocol_version
        return LATEST_MODERN_VERSION

    def choose_era(self, method: str, params: Mapping[str, Any]) -> None:
        """Let the first request decide the era of the whole connection; later ones do nothing."""
        if self.is_modern or self._runner:
            return
        self.is_modern = method != "initialize" and _has_envelope(params)
        if not self.is_modern:
            connection = Connection.for_loop(_Channel(self._notify))
            self._runner = ServerRunner(
                self._server, connection, {}, init_options=self._init_options
            )

    def admits_call(self, params: Mapping[str, Any]) -> bool:
        """Whether a `tools/call` with these params is valid, so that the SDK may be skipped."""
        arguments = params.get("arguments", _NOTHING)
        if not isinstance(params.get("name"), str) or not isinstance(arguments, dict):
            return False
        if not self._runner:
            return self._has_valid_envelope(params)
        return self._runner.connection.initialize_accepted and not _has_envelope(params)

    async def answer(self, id: Any, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Raises MCPError for a refused request, ValidationError for a malformed one."""
        context = _InboundContext(self._notify, id, params)
        if not self._runner:
            return await self._answer_modern(context, method, params)
        if method != "initialize" and _has_envelope(params):
            why = "this connection began with `initialize`; the 2026-07-28 envelope is refused"
            raise MCPError(INVALID_REQUEST, why)
        result = await self._runner.on_request(context, method, params)
        if method == "initialize":
            self.client = params["clientInfo"]
        return result

    async def take_notification(self, method: str, params: Mapping[str, Any]) -> None:
        """Pass a notification to the SDK; those of the 2026-07-28 era have no effect here."""
        if self._runner:
            await self._runner.on_notify(
                _InboundContext(self._notify, None, params), method, params
            )

    async def close(self) -> None:
        if self._runner:
            await aclose_shielded(self._runner.connection)

    async def _answer_modern(
        self, context: _InboundContext, method: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        route = self._route(method, params)
        connection = Connection.from_envelope(
            route.protocol_version,
            route.client_info,
            route.client_capabilities,
            outbound=self._outbound,
        )
        return await serve_one(
            self._server, context, method, params, connection=connection, lifespan_state={}
        )

    def _has_valid_envelope(self, params: Mapping[str, Any]) -> bool:
        """Whether the envelope of a 2026-07-28 request is valid; usually it equals the last one."""
        meta = params.get("_meta")
        if not isinstance(meta, dict):
            return False
        if self._envelope is None or any(
            meta.get(key) != value for key, value in self._envelope.items()
        ):
            try:
                self._route("tools/call", params)
            except MCPError:
                return False
        return True

    def _route(self, method: str, params: Mapping[str, Any]) -> InboundModernRoute:
        if method == "initialize":
            raise _handshake_refused(params)
        route = classify_inbound_request({"method": method, "params": params})
        if isinstance(route, InboundLadderRejection):
            raise MCPError(route.code, route.message, route.data)
        envelope = {
            PROTOCOL_VERSION_META_KEY: route.protocol_version,
            CLIENT_INFO_META_KEY: route.client_info,
            CLIENT_CAPABILITIES_META_KEY: route.client_capabilities,
        }
        if envelope != self._envelope:
            self._envelope = envelope
            self.client = route.client_info if isinstance(route.client_info, Mapping) else {}
        return route


def progress_params(
    token: str | int, done: float, total: float | None, message: str | None
) -> dict[str, Any]:
    params: dict[str, Any] = {"progressToken": token, "progress": done}
    if total is not None:
        params["total"] = total
    if message:
        params["message"] = message
    return params


def _has_envelope(params: Mapping[str, Any]) -> bool:
    meta = params.get("_meta")
    return isinstance(meta, dict) and PROTOCOL_VERSION_META_KEY in meta


def _handshake_refused(params: Mapping[str, Any]) -> MCPError:
    data: dict[str, Any] = {"supported": list(MODERN_PROTOCOL_VERSIONS)}
    if isinstance(params.get("protocolVersion"), str):
        data["requested"] = params["protocolVersion"]
    why = "this connection speaks 2026-07-28, which has no `initialize`"
    return MCPError(UNSUPPORTED_PROTOCOL_VERSION, why, data)
