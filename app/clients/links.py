"""The second ways into a client: its install link, its own command line, and an .mcpb bundle.

None of them reports back; that the entry arrived is read from the client's file, or seen when the
client opens its first session.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from app.clients.catalog import Client
from app.errors import ClientConfigError

_SAFE_NAME = re.compile(r"[\w\-. ]+")
_PLACEHOLDER = re.compile(r"<([a-z-]+):(url|base64)>")
_SCRIPTS = {".cmd", ".bat", ".ps1"}
_PATIENCE_S = 30.0
_OPENERS: Mapping[str, tuple[str, ...]] = {
    "darwin": ("open",),
    "win32": ("rundll32.exe", "url.dll,FileProtocolHandler"),
}


def link(client: Client, name: str, entry: Mapping[str, Any]) -> str:
    """The link that asks the client to add the entry; empty when it has none."""
    _check_name(name)
    words = {
        "name": name,
        "entry": json.dumps(entry, ensure_ascii=False),
        "named-entry": json.dumps({"name": name, **entry}, ensure_ascii=False),
    }

    def fill(match: re.Match[str]) -> str:
        word = words[match[1]]
        if match[2] == "base64":
            return quote(base64.b64encode(word.encode()).decode(), safe="")
        return quote(word, safe="")

    return _PLACEHOLDER.sub(fill, client.link)


def command(client: Client, verb: str, name: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The client's own command for `add` or `remove`; empty when it has none."""
    _check_name(name)
    launch, *words = _launch(entry)
    filled = {
        "<name>": name,
        "<entry>": json.dumps(entry, ensure_ascii=False),
        "<named-entry>": json.dumps({"name": name, **entry}, ensure_ascii=False),
        "<command>": launch,
        "<server>": words[0] if words else "",
    }
    return tuple(filled.get(word, word) for word in client.cli.get(verb, ()))


async def run(argv: tuple[str, ...]) -> str:
    """Run a client's own command, by its words and never through a shell; what it printed.

    Raises:
        ClientConfigError: it is not there, is a script that a shell would read, or failed.
    """
    program = shutil.which(argv[0])
    if program is None:
        raise ClientConfigError(
            f"`{argv[0]}` is not on the search path.", "Connect through the file instead."
        )
    if Path(program).suffix.lower() in _SCRIPTS:
        raise ClientConfigError(
            f"{program} is a script, which would read the entry's quotes as its own.",
            "Connect through the file instead.",
        )
    process = await asyncio.create_subprocess_exec(
        program,
        *argv[1:],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise ClientConfigError(
            f"`{argv[0]}` did not finish within {_PATIENCE_S:.0f} s.",
            "Connect through the file instead.",
        ) from None
    said = output.decode("utf-8", "replace").strip()
    if process.returncode:
        raise ClientConfigError(f"`{argv[0]}` refused: {said[:500]}", "Connect through the file.")
    return said


async def open_link(address: str) -> None:
    """Have the system open a link or a bundle; the client asks the user.

    Raises:
        ClientConfigError: the system has nothing to open it with.
    """
    opener = _OPENERS.get(sys.platform, ("xdg-open",))
    try:
        await asyncio.create_subprocess_exec(
            *opener,
            address,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as failure:
        raise ClientConfigError(
            f"The link could not be opened: {failure.strerror}.",
            "Copy it into the client by hand.",
        ) from failure


def _launch(entry: Mapping[str, Any]) -> tuple[str, ...]:
    found = entry.get("command", entry.get("cmd", ""))
    if isinstance(found, list):
        return tuple(found)
    return (found, *entry.get("args", ()))


def _check_name(name: str) -> None:
    if not _SAFE_NAME.fullmatch(name) or name.startswith("-"):
        raise ClientConfigError(
            f"{name!r:.60} cannot be part of a link.", "Rename the server.", code="bad_name"
        )
