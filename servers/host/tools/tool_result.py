"""What one tool call came to, already in the words of the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servers.host.redact import redact

MOST_BYTES = 1_000_000
"""Of one result. Claude Desktop refuses more than 1 MB."""

FAILURE_KEY = "lou/failure"
"""In `_meta` of a failed result: `{"kind": ..., ...data}` for programs. It is not in
`structuredContent`, which some clients hold against the tool's output schema even then."""

_BASE64 = ("data", "blob")
"""Where the bytes of an image, a sound or a resource are."""
_MOST_BASE64 = 500_000
"""Characters of them that the app is told; a client gets them all."""

to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True, slots=True)
class ToolResult:
    """`content`, `structured` and `meta` are JSON; the last two may be empty.

    `verdict` is one of `messages.OUTCOMES`, `kind` one word for what went wrong.
    """

    content: str
    structured: str = ""
    meta: str = ""
    verdict: str = "ok"
    kind: str = ""

    @property
    def is_error(self) -> bool:
        """Whether the model reads a failure."""
        return self.verdict != "ok"

    @property
    def size(self) -> int:
        """Bytes on the wire, nearly."""
        return sum(
            len(part) if part.isascii() else len(part.encode("utf-8", "surrogatepass"))
            for part in (self.content, self.structured, self.meta)
        )

    def members(self) -> str:
        """The members of a `tools/call` result, but `_meta`."""
        said = f'"content":{self.content},"isError":{"true" if self.is_error else "false"}'
        if self.structured:
            said += f',"structuredContent":{self.structured}'
        return said

    def wire(self) -> dict[str, Any]:
        """The result as an object."""
        meta = f',"_meta":{self.meta}' if self.meta else ""
        found: dict[str, Any] = json.loads("{" + self.members() + meta + "}")
        return found

    def for_app(self) -> dict[str, Any]:
        """The result as the app's control channel tells it.

        `text` is all of it that a person can read; `content` is there when some of it is no text.
        """
        wire = self.wire()
        meta, blocks = wire.get("_meta"), wire["content"]
        failure = meta.get(FAILURE_KEY, {}) if isinstance(meta, dict) else {}
        blocks = blocks if isinstance(blocks, list) else []
        blocks = [each for each in blocks if isinstance(each, dict)]
        texts = [_told(block) for block in blocks]
        found = {
            "status": "failure" if self.is_error else "success",
            "data": wire.get("structuredContent", failure or None),
            "text": texts[0] if failure else "\n".join(texts),
            "is_error": self.is_error,
        }
        if any(block.get("type") != "text" for block in blocks):
            found["content"] = [_bounded(block) for block in blocks]
        return found


def _told(block: Mapping[str, Any]) -> str:
    """One part of a result in words: texts as they are, of the rest what and where it is."""
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
    """The part, without bytes that are too many for one message."""
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
    """What a tool returned: the object, and the same as text for clients that read text only."""
    text = structured.decode()
    return ToolResult(f'[{{"type":"text","text":{to_json(text)}}}]', text)


def plain(text: str) -> ToolResult:
    """A tool that returns a text: the model reads it as it is."""
    quoted = to_json(text)
    return ToolResult(f'[{{"type":"text","text":{quoted}}}]', f'{{"result":{quoted}}}')


def failure(
    message: str,
    kind: str,
    data: Mapping[str, Any] | None = None,
    *,
    verdict: str = "error",
) -> ToolResult:
    """A failure in words; the model also reads `data`, when there is any, as JSON."""
    texts = [message, to_json(data)] if data else [message]
    blocks = [{"type": "text", "text": redact(text)} for text in texts]
    meta = to_json({FAILURE_KEY: {"kind": kind, **(data or {})}})
    return ToolResult(to_json(blocks), "", redact(meta), verdict, kind)
