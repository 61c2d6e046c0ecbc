"""What becomes of an answer of the user's server on its way to a client.

In: the request and the answer. Out: the line for the client. It is the line that came, with the
client's own id, unless it is no JSON-RPC that a client accepts, lists a tool that is switched off
or an entry that is odd, or is longer than this client takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from servers.host.tools.tool_result import too_large
from servers.relay import listed_entries
from servers.relay.connection import LISTEN, SUBSCRIPTION_KEY, PendingRequest
from servers.relay.wire_message import INTERNAL_ERROR, WireMessage, dumps

_LIMITS = {"claude-ai": ("Claude Desktop", 1_000_000)}
"""By the name that a client gives itself: its title, and the most bytes of a result it takes."""
HANDSHAKE_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
_NEWEST = HANDSHAKE_VERSIONS[-1]
_ENDS = 400
_UNREAD = "The list cannot be read, and holds tools that are switched off in Lou."
_ABSENT = frozenset(("instructions", "_meta"))
"""The members of a greeting that are left out rather than null."""
_UNNAMED = {"name": "unnamed", "version": "0"}

Report = Callable[[str, list[tuple[str, str]]], None]
"""Receives the kind of a list and its odd entries, each as (name, why)."""


def line_for(
    pending: PendingRequest, answer: WireMessage, disabled: frozenset[str], report: Report
) -> bytes:
    token = pending.message.id_token
    fields = _valid(answer)
    kind = listed_entries.LISTS.get(pending.method)
    if answer.is_partial and kind == "tools" and disabled:
        fields = {"error": {"code": INTERNAL_ERROR, "message": _UNREAD}}
    elif kind and not answer.is_partial and isinstance(result := answer.fields.get("result"), dict):
        fields = _listed(kind, result, disabled, report) or fields
    elif pending.method == "tools/call":
        fields = _too_large(pending, answer) or fields
    if fields is None and pending.method == LISTEN:
        named = answer.span("result", "_meta", SUBSCRIPTION_KEY)
        return answer.line((answer.id_span, token), (named, token))
    if fields is None:
        return answer.line_as(token)
    body = ",".join(f"{dumps(name)}:{dumps(value)}" for name, value in fields.items())
    return f'{{"jsonrpc":"2.0","id":{token},{body}}}'.encode()


def outcome(answer: WireMessage) -> tuple[str, str]:
    """The verdict on a tool call, and the kind of its failure."""
    if answer.fields.get("error"):
        return "error", "refused"
    result = answer.fields.get("result")
    if not isinstance(result, dict):
        return "error", "refused"
    ends = answer.text[:_ENDS] + answer.text[-_ENDS:] if answer.is_partial else ""
    failed = result.get("isError") is True or '"isError":true' in ends.replace(" ", "")
    return ("error", "failed") if failed else ("ok", "")


def greeting(result: Mapping[str, Any], wanted: object) -> dict[str, Any]:
    """The result of `initialize` for a client that wants the version `wanted`.

    A server that speaks a newer version speaks the older ones, too. What a client requires and the
    server left out is added.
    """
    offered = result.get("protocolVersion")
    version = offered if isinstance(offered, str) else _NEWEST
    if wanted in HANDSHAKE_VERSIONS and version in HANDSHAKE_VERSIONS:
        version = min(str(wanted), version)
    dropped = {name for name in _ABSENT if result.get(name) is None}
    known = {name: value for name, value in result.items() if name not in dropped}
    required = {"capabilities": {}, "serverInfo": _UNNAMED}
    return {**known, "protocolVersion": version} | {
        name: value for name, value in required.items() if not isinstance(known.get(name), dict)
    }


def greetings(result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What `greeting` returns, by every version that a client may want."""
    return {version: greeting(result, version) for version in HANDSHAKE_VERSIONS}


def _valid(answer: WireMessage) -> dict[str, Any] | None:
    """The members of the answer if clients would not accept them as they are; None if they do."""
    fields = answer.fields
    result, error = fields.get("result"), fields.get("error")
    is_plain = fields.get("jsonrpc") == "2.0" and "method" not in fields
    if isinstance(error, dict):
        code, text = error.get("code"), error.get("message")
        is_whole = type(code) is int or (isinstance(code, float) and code.is_integer())
        if is_plain and "result" not in fields and is_whole and isinstance(text, str):
            return None
        known = {"code": int(code) if is_whole else INTERNAL_ERROR, "message": str(text or "")}  # type: ignore[arg-type]
        return {"error": {**error, **known}}
    if error is not None:
        return {"error": {"code": INTERNAL_ERROR, "message": str(error)}}
    if not isinstance(result, dict):
        return {"error": {"code": INTERNAL_ERROR, "message": "its answer holds no result"}}
    return None if is_plain and "error" not in fields else {"result": result}


def _listed(
    kind: str, result: dict[str, Any], disabled: frozenset[str], report: Report
) -> dict[str, Any] | None:
    if kind not in result and result.get("resultType", "complete") != "complete":
        return None  # the list comes later
    checked = listed_entries.check(kind, result.get(kind), is_modern="resultType" in result)
    if checked.faults:
        report(kind, checked.faults)
    kept = checked.entries
    if kind == "tools" and disabled:
        kept = [tool for tool in kept if tool["name"] not in disabled]
    if not checked.is_mended and len(kept) == len(result.get(kind, [])):
        return None
    return {"result": {**result, kind: kept}}


def _too_large(pending: PendingRequest, answer: WireMessage) -> dict[str, Any] | None:
    title, most = _LIMITS.get(pending.client.name if pending.client else "", ("", 0))
    if not most or len(answer.text) <= most:
        return None
    size = len(answer.text.encode())
    return {"result": too_large(pending.tool, size, f"{title} takes", most).wire()}
