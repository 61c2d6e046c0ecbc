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

to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True, slots=True)
class Outcome:
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
        """The result as the app's control channel tells it."""
        wire = self.wire()
        meta, blocks = wire.get("_meta"), wire["content"]
        failure = meta.get(FAILURE_KEY, {}) if isinstance(meta, dict) else {}
        blocks = blocks if isinstance(blocks, list) else []
        texts = [str(block.get("text", "")) for block in blocks if isinstance(block, dict)]
        return {
            "status": "failure" if self.is_error else "success",
            "data": wire.get("structuredContent", failure),
            "text": texts[0] if failure else "\n".join(texts),
            "is_error": self.is_error,
        }


def success(structured: bytes) -> Outcome:
    """What a tool returned: the object, and the same as text for clients that read text only."""
    text = structured.decode()
    return Outcome(f'[{{"type":"text","text":{to_json(text)}}}]', text)


def plain(text: str) -> Outcome:
    """A tool that returns a text: the model reads it as it is."""
    quoted = to_json(text)
    return Outcome(f'[{{"type":"text","text":{quoted}}}]', f'{{"result":{quoted}}}')


def failure(
    message: str,
    kind: str,
    data: Mapping[str, Any] | None = None,
    *,
    verdict: str = "error",
) -> Outcome:
    """A failure in words; the model also reads `data`, when there is any, as JSON."""
    texts = [message, to_json(data)] if data else [message]
    blocks = [{"type": "text", "text": redact(text)} for text in texts]
    meta = to_json({FAILURE_KEY: {"kind": kind, **(data or {})}})
    return Outcome(to_json(blocks), "", redact(meta), verdict, kind)
