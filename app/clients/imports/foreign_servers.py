"""Finds the servers in any client's text: JSON with comments, TOML or YAML, under any known root.

In: the text of a whole file, or a part of one that a person pasted. Out: each server's name and
entry as written there, and whether the client has it switched off.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from app.clients import catalog, install_links
from app.formats import toml_reader
from app.formats.json_reader import blanked, page_of
from app.formats.spans import (
    TOO_DEEP,
    AmbiguousError,
    Layout,
    UnreadableError,
    refuse_depths,
)

_JSONC = Layout("jsonc", ("mcpServers",))
_LARGEST = 64 << 20
_MOST_SERVERS = 300
_LAUNCHES = frozenset(
    (
        *("command", "cmd", "url", "uri", "serverUrl", "httpUrl", "server_url", "sseUrl"),
        *("endpoint", "baseUrl", "base_url", "transport"),
    )
)
"""Every entry of a server has one of these keys."""
_TABLE = re.compile(r"^[ \t]*\[{1,2}[^\[\]\n]+\]{1,2}[ \t]*(?:#.*)?$", re.MULTILINE)
_MORE_ROOTS = (
    *("mcp.servers", "mcp.mcpServers", "amp.mcpServers", "cody.mcpServers", "mcp-servers"),
    "experimental.modelContextProtocolServers",
)
_SWITCHED_OFF = ("disabledMcpServers", "disabledMcpjsonServers", "disabled_mcp_servers")


@dataclass(frozen=True, slots=True)
class ForeignServer:
    """One server of another client: its name and entry there."""

    name: str
    entry: Any
    folder: str = ""
    """The folder of the project that the server belongs to, or empty."""
    is_off: bool = False
    """The client lists the server as switched off outside the entry."""


class _Object(dict[str, Any]):
    """A JSON object that keeps the keys that occurred twice."""

    duplicates: tuple[str, ...] = ()


def find(text: str) -> list[ForeignServer]:
    """The servers in `text`, those of the user before those of projects.

    Raises:
        FormatError: the text has no format of a client, or a key occurs twice.
    """
    document = value_of(text.removeprefix("\ufeff"))
    found = list(_servers(document))
    if len(found) > _MOST_SERVERS:
        raise UnreadableError(f"It holds more than {_MOST_SERVERS:,} servers.")
    return found


def as_text(servers: list[ForeignServer]) -> str:
    """The servers as a text that `find` reads, without the rest of the file."""
    items = [
        {"name": each.name, "entry": each.entry, "folder": each.folder, "is_off": each.is_off}
        for each in servers
    ]
    return json.dumps({_PACKED: items}, default=str)


_PACKED = "lou.servers"


def value_of(text: str) -> Any:
    """The value of `text` in any format, or of an install link; {} for an empty text.

    Raises:
        FormatError: the text has none of the formats.
    """
    if len(text) > _LARGEST:
        raise UnreadableError("It is too large for a file of settings.")
    if (linked := install_links.entry_of(text)) is not None:
        return linked
    start = blanked(text, _JSONC).lstrip() if "/" in text[:1_000_000] else text.lstrip()
    if start.startswith(("{", '"')) or (start.startswith("[") and not _TABLE.match(start)):
        return _json(text, start)
    if _TABLE.search(text) or re.search(r"^[\w.-]+ *= *", text, re.MULTILINE):
        return toml_reader.value_of(text)
    return _yaml(text)


def _json(text: str, start: str) -> Any:
    if start.startswith('"'):  # a part of a file, as instructions print it
        text = "{" + text.rstrip().rstrip(",") + "}"
    page = page_of(blanked(text, _JSONC), _JSONC)
    try:
        value = json.loads(page, object_pairs_hook=_object)
    except JSONDecodeError as broken:
        raise UnreadableError(f"{broken.msg}.", broken.lineno, broken.colno) from None
    except ValueError as broken:
        raise UnreadableError(f"{broken}.") from None
    except RecursionError:
        raise UnreadableError(TOO_DEEP, 1, 1) from None
    if isinstance(value, dict | list):
        refuse_depths(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        made.duplicates = tuple(name for name in made if counts[name] > 1)
    return made


def _yaml(text: str) -> Any:
    from app.formats.yaml_reader import plain_value  # noqa: PLC0415 - ruamel is loaded when needed

    value = plain_value(text)
    if value is not None and not isinstance(value, dict | list):
        raise UnreadableError("It is neither JSON nor TOML nor YAML of a client.", 1, 1)
    return value or {}


def _servers(document: Any) -> Iterator[ForeignServer]:
    if isinstance(document, dict) and _PACKED in document:
        yield from (ForeignServer(**item) for item in document[_PACKED])
        return
    found = list(_in_roots(document, ""))
    if isinstance(document, dict):
        _refuse_duplicates(document, set(_roots()))
        for folder, project in _maps(document.get("projects")):
            found += _in_roots(project, folder)
    yield from found or _bare(document)


@lru_cache(maxsize=1)
def _roots() -> Mapping[str, tuple[str, ...]]:
    """Every key under which a client keeps its servers, and its parts: a dot is for nesting."""
    known = (client.layout.root[0] for client in catalog.clients())
    return {root: tuple(root.split(".")) for root in (*known, *_MORE_ROOTS)}


def _in_roots(document: Any, folder: str) -> Iterator[ForeignServer]:
    if not isinstance(document, dict):
        return
    off = {name for key in _SWITCHED_OFF for name in strings_in(document.get(key))}
    gemini = document.get("mcp")
    off |= set(strings_in(gemini.get("excluded"))) if isinstance(gemini, dict) else set()
    for root, parts in _roots().items():
        if root not in document and parts[0] not in document:
            continue
        for name, entry in _entries(_at(document, root, parts), _is_lenient(root)):
            yield ForeignServer(name, entry, folder, name in off)


def _is_lenient(root: str) -> bool:
    """Whether all keys below it are servers, even malformed ones; `mcp` has other settings too."""
    return root not in {"mcp", "servers", "extensions"}


def _at(document: Mapping[str, Any], root: str, parts: Sequence[str]) -> Any:
    """The value at the key `root`, or at the nested keys `parts`."""
    if root in document:
        return document[root]
    found: Any = document
    for name in parts:
        if not isinstance(found, dict) or name not in found:
            return None
        if isinstance(found, _Object) and name in found.duplicates:
            raise AmbiguousError(f"`{name:.60}` is there twice.")
        found = found[name]
    return found


def _entries(root: Any, is_lenient: bool) -> Iterator[tuple[str, Any]]:
    if isinstance(root, dict):
        _refuse_duplicates(root, set(root))
        for name, entry in root.items():
            if _is_entry(entry) or (is_lenient and not str(name).startswith(("//", "_", "$"))):
                yield str(name), entry
    elif isinstance(root, list):
        for number, entry in enumerate(root, 1):
            if isinstance(entry, dict):
                name = entry.get("name") or entry.get("id") or name_of(entry)
                yield str(name or f"server-{number}"), entry


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and (not _LAUNCHES.isdisjoint(entry) or "source" in entry)


def _bare(document: Any) -> Iterator[ForeignServer]:
    """The servers in a part of a file: one entry, a list of entries, or entries by name."""
    if isinstance(document, list):
        yield from (ForeignServer(*each) for each in _entries(document, True))
    elif _is_entry(document) and not isinstance(document.get("command"), dict):
        yield ForeignServer(str(document.get("name") or name_of(document) or "server"), document)
    elif isinstance(document, dict):
        yield from (ForeignServer(*each) for each in _entries(document, False))


def name_of(entry: Mapping[str, Any]) -> str:
    """A name for an entry without one, from the program it starts; may be empty."""
    command = entry.get("command", entry.get("cmd", ""))
    words = command if isinstance(command, list) else [command, *strings_in(entry.get("args"))]
    for word in map(str, words):
        last = re.sub(r"(?<=.)@[^/@]*$", "", word).rstrip("/").rsplit("/", 1)[-1]
        plain = Path(last).stem if last.endswith((".py", ".js", ".mjs", ".exe", ".ts")) else last
        if plain and not plain.startswith("-") and plain not in _RUNNERS:
            return plain
    host = re.match(r"\w+://(?:[^/@]*@)?([^/:?#]+)", str(entry.get("url", "")))
    return host[1].replace(".", "-") if host else ""


_RUNNERS = frozenset(
    (
        *("npx", "npm", "node", "bunx", "bun", "deno", "uvx", "uv", "python", "python3", "pipx"),
        *("docker", "podman", "run", "exec", "cmd", "sh", "bash"),
    )
)


def _refuse_duplicates(found: Mapping[str, Any], names: set[str]) -> None:
    duplicates = found.duplicates if isinstance(found, _Object) else ()
    for name in duplicates:
        if name in names:
            raise AmbiguousError(f"`{name:.60}` is there twice.")


def _maps(found: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(found, dict):
        yield from ((str(name), value) for name, value in found.items())


def strings_in(found: Any) -> list[str]:
    """The texts in a list; empty for what is no list."""
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
