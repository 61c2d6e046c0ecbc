"""The result of one tool call, already encoded as JSON.

In: what a tool returned, or why it failed. Out: the members of an MCP result, and the same for the
app.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servers.host.redact import redact

MOST_BYTES = 1_000_000
"""Bytes of one result. Claude Desktop refuses more than 1 MB."""

FAILURE_KEY = "lou/failure"
"""In `_meta` of a failed result: `{"kind": ..., ...data}` for programs. It is not in
`structuredContent`: some clients check that against the tool's output schema even on failure."""

_BASE64 = ("data", "blob")
"""The members that hold the bytes of an image, a sound or a resource."""
_MOST_BASE64 = 500_000
"""Characters of one such member that are sent to the app; a client gets all."""

to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True, slots=True)
class ToolResult:
    """`content`, `structured` and `meta` are JSON; the last two may be empty.

    `verdict` is one of `messages.OUTCOMES`; `kind` is one word for the kind of failure.
    """

    content: str
    structured: str = ""
    meta: str = ""
    verdict: str = "ok"
    kind: str = ""

    @property
    def is_error(self) -> bool:
        return self.verdict != "ok"

    @property
    def size(self) -> int:
        """Approximate size of the encoded result in bytes."""
        return sum(
            len(part) if part.isascii() else len(part.encode("utf-8", "surrogatepass"))
            for part in (self.content, self.structured, self.meta)
        )

    def members(self) -> str:
        """The members of a `tools/call` result as JSON, without `_meta`."""
        members = f'"content":{self.content},"isError":{"true" if self.is_error else "false"}'
        if self.structured:
            members += f',"structuredContent":{self.structured}'
        return members

    def wire(self) -> dict[str, Any]:
        """The result as an object with all members."""
        meta = f',"_meta":{self.meta}' if self.meta else ""
        wire: dict[str, Any] = json.loads("{" + self.members() + meta + "}")
        return wire

    def kept(self) -> dict[str, Any]:
        """The result for the list of calls: its data, or its content where there is no data."""
        wire = self.wire()
        if self.structured:
            del wire["content"]  # the same as text, for clients that read only text
        return wire

    def for_app(self) -> dict[str, Any]:
        """The result as the control channel sends it to the app.

        `text` is what a person can read of it. `content` is there if a part is not text.
        """
        wire = self.wire()
        meta, blocks = wire.get("_meta"), wire["content"]
        failure = meta.get(FAILURE_KEY, {}) if isinstance(meta, dict) else {}
        blocks = blocks if isinstance(blocks, list) else []
        blocks = [each for each in blocks if isinstance(each, dict)]
        texts = [_readable(block) for block in blocks]
        answer = {
            "status": "failure" if self.is_error else "success",
            "data": wire.get("structuredContent", failure or None),
            "text": texts[0] if failure else "\n".join(texts),
            "is_error": self.is_error,
        }
        if any(block.get("type") != "text" for block in blocks):
            answer["content"] = [_bounded(block) for block in blocks]
        return answer


def _readable(block: Mapping[str, Any]) -> str:
    """One part of a result for a person: a text as it is, any other part by kind and place."""
    kind, inner = str(block.get("type", "part")), block.get("resource")
    if isinstance(block.get("text"), str):
        return str(block["text"])
    source = {**block, **inner} if isinstance(inner, dict) else block
    if isinstance(source.get("text"), str):
        return f"[{kind} {source.get('uri', '')}]\n{source['text']}"
    size = next(
        (len(str(source[key]).rstrip("=")) * 3 // 4 for key in _BASE64 if key in source), None
    )
    words = (kind, source.get("title") or source.get("name"), source.get("uri"))
    facts = (*words, source.get("mimeType"), None if size is None else f"{size:,} bytes")
    return f"[{', '.join(str(fact) for fact in facts if fact)}]"


def _bounded(block: dict[str, Any]) -> dict[str, Any]:
    """The part without base64 that is too long for one message."""
    inner = block.get("resource")
    if isinstance(inner, dict):
        block = {**block, "resource": _bounded(inner)}
    return {
        key: f"({len(value):,} characters of base64 left out)"
        if key in _BASE64 and len(str(value)) > _MOST_BASE64
        else value
        for key, value in block.items()
    }


def success(structured: bytes) -> ToolResult:
    """A successful result: the object, and its JSON as text for clients that read only text."""
    text = structured.decode()
    return ToolResult(f'[{{"type":"text","text":{to_json(text)}}}]', text)


def plain(text: str) -> ToolResult:
    quoted = to_json(text)
    return ToolResult(f'[{{"type":"text","text":{quoted}}}]', f'{{"result":{quoted}}}')


def switched_off(tool: str) -> ToolResult:
    message = f"The tool {tool} is switched off in Lou. It can be switched on there."
    return failure(message, "switched_off", verdict="refused")


def timed_out(tool: str, seconds: float) -> ToolResult:
    message = f"{tool} did not finish within {seconds:g} s and was stopped."
    return failure(message, "timeout", verdict="timeout")


def too_large(tool: str, size: int, taker: str, most: int) -> ToolResult:
    """The failure of a result of `size` bytes, of which `taker` ("clients take") `most`."""
    message = (
        f"The result of {tool} has {size:,} bytes and {taker} at most {most:,}. "
        "Ask for less: a smaller limit, a narrower query, or one page at a time."
    )
    return failure(message, "too_large")


def failure(
    message: str, kind: str, data: Mapping[str, Any] | None = None, *, verdict: str = "error"
) -> ToolResult:
    """A failed result; the model reads `message`, and `data` as JSON if there is any."""
    texts = [message, to_json(data)] if data else [message]
    blocks = [{"type": "text", "text": redact(text)} for text in texts]
    meta = to_json({FAILURE_KEY: {"kind": kind, **(data or {})}})
    return ToolResult(to_json(blocks), "", redact(meta), verdict, kind)
