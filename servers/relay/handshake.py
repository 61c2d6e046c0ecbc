"""The handshake of Lou itself with the user's server, in the era that the server speaks.

In: a connection. Out: its greeting, and the tools that it lists.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from servers.contract.messages import OWN_CLIENT
from servers.host.redact import excerpt, redact
from servers.host.tools.service import UpstreamLostError
from servers.relay.answers import HANDSHAKE_VERSIONS
from servers.relay.connection import LISTEN, UpstreamConnection
from servers.relay.wire_message import NotJsonError, WireMessage, of_fields, parse

log = logging.getLogger(__name__)

PING = of_fields({"jsonrpc": "2.0", "id": 0, "method": "ping"})
"""Tells whether a server takes requests; nobody waits for its answer."""
_GREETED_WITHIN_S = 60.0
"""A first `npx` or `uvx` downloads its package before it answers."""
_DISCOVERED_WITHIN_S = 10.0
_ASKED_VERSION = "2025-11-25"
_ALL_QUESTIONS = {"roots": {"listChanged": True}, "sampling": {}, "elicitation": {}}
"""What Lou declares for clients that share one process by the user's wish."""
_LISTENED = ("toolsListChanged", "promptsListChanged", "resourcesListChanged")


async def greet(base: UpstreamConnection, name: str, *, is_shared: bool) -> None:
    """Send `initialize` first: some servers exit at any other first request.

    Raises:
        UpstreamLostError: it speaks neither era.
        ConnectionError: it ended.
    """
    params = {
        "protocolVersion": _ASKED_VERSION,
        "capabilities": _ALL_QUESTIONS if is_shared else {},
        "clientInfo": {"name": OWN_CLIENT, "version": "1"},
    }
    answer = await _asked(base, "initialize", params, _GREETED_WITHIN_S)
    if older := _version_instead(answer):
        older_params = {**params, "protocolVersion": older}
        answer = await _asked(base, "initialize", older_params, _GREETED_WITHIN_S)
    if answer and isinstance(answer.fields.get("result"), dict):
        base.greeting = answer
        base.notify("notifications/initialized")
        return
    base.is_modern = True
    found = await _asked(base, "server/discover", {}, _DISCOVERED_WITHIN_S)
    if not found or not isinstance(found.fields.get("result"), dict):
        raise UpstreamLostError(_refusal(name, answer))
    base.greeting = found
    listened = {"notifications": dict.fromkeys(_LISTENED, True)}
    base.ask_in_background(LISTEN, listened)


async def list_tools(base: UpstreamConnection, name: str) -> list[Any]:
    """All its tools, if it says that it has any; raises ConnectionError if it ended."""
    assert base.greeting is not None
    offered = base.greeting.fields["result"].get("capabilities")
    if not isinstance(offered, dict) or "tools" not in offered:
        return []
    listed, refusal = await base.list_tools()
    if refusal:
        log.warning("%s does not list its tools: %s", name, excerpt(refusal, 200))
    return listed


def version_in(answer: bytes) -> str:
    """The version that an answer to `initialize` names; empty if it names none."""
    with contextlib.suppress(NotJsonError):
        for message in parse(answer):
            if isinstance(result := message.fields.get("result"), dict):
                return str(result.get("protocolVersion") or "")
    return ""


async def _asked(
    base: UpstreamConnection, method: str, params: dict[str, Any], seconds: float
) -> WireMessage | None:
    try:
        return await base.ask(method, params, seconds)
    except TimeoutError:
        return None


def _version_instead(answer: WireMessage | None) -> str:
    """What a server speaks that refuses the version it was asked for; empty if it does not say."""
    error = answer.fields.get("error") if answer else None
    data = error.get("data") if isinstance(error, dict) else None
    named = data.get("supported") if isinstance(data, dict) else None
    known = [each for each in HANDSHAKE_VERSIONS if isinstance(named, list) and each in named]
    return max(known, default="")


def _refusal(name: str, answer: WireMessage | None) -> str:
    if answer is None:
        return f"The server {name} did not answer within {_GREETED_WITHIN_S:g} s."
    error = answer.fields.get("error")
    why = error.get("message") if isinstance(error, dict) else "its answer holds no result"
    return redact(f"The server {name} refused the handshake: {why}")
