"""PDF files, office documents and books as text: which pages, read by a process for how long.

In: the bytes and which pages. Out: their text, each page under its number. The process has no keys,
little memory, little time, and writes nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from servers.outbound.failure import Kind, OutboundError

_PROGRAM = "servers.search.pages.document_program"
_NEEDED = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "LD_LIBRARY_PATH")
_AT_ONCE = 2
_MOST_SECONDS = 30.0
MOST_PAGES = 50
"""Of one call."""
_USUAL = 10
_RANGE = re.compile(r"(\d{1,6})(?: ?(-) ?(\d{1,6})?)?")


class PageRangeError(ValueError):
    """What a client said about pages is no range of them."""


@dataclass(frozen=True, slots=True)
class DocumentText:
    """The text of some pages; `note` says which pages of how many."""

    title: str
    text: str
    note: str


def pages_of(text: str) -> tuple[int, int]:
    """The first and the last page that `text` asks for: `3`, `3-7`, `3-`; empty for the usual.

    Raises:
        PageRangeError: it is none of these.
    """
    if not text.strip():
        return 1, _USUAL
    found = _RANGE.fullmatch(text.strip())
    first = int(found[1]) if found else 0
    if not found or first < 1 or (found[3] and int(found[3]) < first):
        raise PageRangeError(text)
    last = int(found[3]) if found[3] else first + _USUAL - 1 if found[2] else first
    return first, min(last, first + MOST_PAGES - 1)


class DocumentReader:
    """Reads documents, a few at a time."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def read(self, content: bytes, pages: tuple[int, int], *, marked: bool) -> DocumentText:
        """The text of the `pages` (first, last) of the document; `marked` as Markdown.

        Raises:
            OutboundError: UNSUPPORTED, with the reason in words.
        """
        async with self._places:
            answer = await _asked(content, pages)
        if "error" in answer:
            raise OutboundError(Kind.UNSUPPORTED, f"the document is not read: {answer['error']}")
        total, parts = answer["total"], answer["parts"]
        if pages[0] > total:
            raise OutboundError(
                Kind.BAD_REQUEST, f"it has {total} pages, none has the number {pages[0]}"
            )
        if not any(text.strip() for _, text in parts):
            raise OutboundError(
                Kind.UNSUPPORTED, "its pages hold no text; they may be pictures of paper"
            )
        mark = "## Page " if marked else "Page "
        texts = [f"{mark}{number}\n\n{text.strip()}" for number, text in parts]
        if total == 1:
            return DocumentText(answer["title"], parts[0][1].strip(), "")
        return DocumentText(
            answer["title"], "\n\n".join(texts), _note(parts[0][0], parts[-1][0], total)
        )


def _note(first: int, last: int, total: int) -> str:
    said = f"Page {first} of {total}." if first == last else f"Pages {first} to {last} of {total}."
    if last == total:
        return said
    return f"{said} Ask with pages='{last + 1}-{min(total, last + _USUAL)}' for more."


async def _asked(content: bytes, pages: tuple[int, int]) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", _PROGRAM, *map(str, pages)),
        env={name: os.environ[name] for name in _NEEDED if name in os.environ},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        **_hidden(),
    )
    try:
        async with asyncio.timeout(_MOST_SECONDS):
            said, _ = await process.communicate(content)
    except TimeoutError:
        return {"error": "it takes too long"}
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    try:
        answer: dict[str, Any] = json.loads(said)
    except ValueError:  # the system ended it
        return {"error": "it takes too much memory or time"}
    return answer


def _hidden() -> dict[str, Any]:
    """On Windows a program of the console would show a window."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    return {}
