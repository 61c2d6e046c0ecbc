"""Collects the answers to a client's first requests, for the bridge while the server is away.

In: a started host. Out: the content of the answers file. The answers come from sessions that this
process opens with itself.
"""

from __future__ import annotations

import json
from typing import Any

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION
from mcp_types.version import LATEST_MODERN_VERSION as MODERN

from servers.contract import messages
from servers.host.host import Host
from servers.host.served import read_only
from servers.host.session import ClientSession

_OWN_CLIENT = {"name": messages.OWN_CLIENT, "version": ""}
_ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": _OWN_CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}
_ANSWERED_WITHIN_S = 5.0


def initialize(version: str) -> dict[str, Any]:
    """The params of the request that opens a handshake-era session."""
    return {"protocolVersion": version, "capabilities": {}, "clientInfo": _OWN_CLIENT}


async def collect(host: Host) -> dict[str, Any]:
    first = {
        version: (await _ask(host, [("initialize", initialize(version))]))[0]
        for version in HANDSHAKE_PROTOCOL_VERSIONS
    }
    opening = ("initialize", initialize(LATEST_HANDSHAKE_VERSION))
    _, tools = await _ask(host, [opening, ("tools/list", {})])
    discover, modern = await _ask(
        host, [("server/discover", {"_meta": _ENVELOPE}), ("tools/list", {"_meta": _ENVELOPE})]
    )
    return {
        "version": 1,
        "server": host.service.name,
        "initialize": first,
        "discover": discover,
        "tools": tools,
        "tools_modern": modern,
        "read_only_tools": read_only(tool.listing for tool in host.toolbox.listed()),
    }


async def _ask(host: Host, requests: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The results of `requests`, sent one after the other in one session."""
    lines: list[bytes] = []
    session = ClientSession(host, lines.append)
    try:
        for number, (method, params) in enumerate(requests):
            request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            session.receive([json.dumps(request).encode()])
            await session.drain(_ANSWERED_WITHIN_S)
    finally:
        await session.close()
    answers = map(json.loads, lines)
    return [answer["result"] for answer in answers if "result" in answer]
