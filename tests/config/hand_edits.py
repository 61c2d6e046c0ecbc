"""Edits of config.json as hands make them, and what every switch of Lou's does to the file after.

An edit is the bytes that lie there afterwards (None: no file), or what else took the file's place.
"""

from __future__ import annotations

import contextlib
import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.config import custom_servers
from app.config.config_file import ConfigFile
from app.config.config_model import Config
from app.errors import AppError

OWN = {
    "command": "npx",
    "args": ["-y", "@scope/server"],
    "env": {"TOKEN": "${keyring:TOKEN}", "REGION": "eu"},
    "note": "mine",
    "disabled": False,
}
DOCUMENT: dict[str, Any] = {
    "ofSomebodyElse": [1, {"deep": 1.50}, None],
    "mcpServers": {
        "search": {"command": "lou-server", "args": ["search"], "disabled": False},
        "tracker": {"command": "lou-server", "args": ["tracker"]},
        "mine": OWN,
        "Bad Name": {"command": "x"},
    },
    "settings": {"theme": "dark", "search": {"chain": ["tavily"]}, "ofANewerLou": {"a": 1}},
}
Switch = Callable[[Config], Config]
WRONG: tuple[Any, ...] = (None, 5, "text", True, [], ["a"], {}, {"a": 1})


def _server(name: str, **changes: Any) -> Switch:
    def switch(config: Config) -> Config:
        if name not in config.servers:
            return config
        return config.with_server(name, replace(config.servers[name], **changes))

    return switch


SWITCHES: dict[str, Switch] = {
    "search off": _server("search", disabled=True),
    "tracker off": _server("tracker", disabled=True),
    "mine off": _server("mine", disabled=True),
    "a tool off": _server("search", disabled_tools=("web_search",)),
    "a tool of mine off": _server("mine", disabled_tools=("add",)),
    "theme": lambda config: config.with_settings(theme="light"),
    "log size": lambda config: config.with_settings(log_total_mb=300),
    "key store": lambda config: config.with_settings(key_store="file"),
    "chain": lambda config: config.with_settings(
        servers={**config.settings.servers, "search": {"chain": ["brave"]}}
    ),
    "add": lambda config: custom_servers.added(config, "another", {"command": "true"}),
    "add one of that name": lambda config: custom_servers.added(
        config, "mine", {"command": "true"}
    ),
    "remove another": lambda config: custom_servers.removed(config, "another"),
}
TOUCHED: dict[str, tuple[tuple[str, ...], ...]] = {
    "search off": (("mcpServers", "search"),),
    "tracker off": (("mcpServers", "tracker"),),
    "mine off": (("mcpServers", "mine"),),
    "a tool off": (("mcpServers", "search"),),
    "a tool of mine off": (("mcpServers", "mine"),),
    "theme": (("settings", "theme"),),
    "log size": (("settings", "log_total_mb"),),
    "key store": (("settings", "key_store"),),
    "chain": (("settings", "search"),),
    "add": (("mcpServers", "another"),),
    "add one of that name": (),
    "remove another": (("mcpServers", "another"),),
}
"""What each switch may write. Of an entry it may add members, and change `disabled` and tools."""
_SWITCHED = {"disabled", "disabledTools", "requiredTools"}


def edits(count: int, seed: int) -> Iterator[tuple[str, bytes | None]]:
    """`count` edits of all kinds, by name; the same for the same seed."""
    rng = random.Random(seed)
    kinds = (_broken, _doubled, _wrong_type, _layout, _gone, _encoded, _regrown)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        yield f"{kind.__name__} {number}", kind(rng)


def _text(rng: random.Random, document: Any = None) -> str:
    indent = rng.choice([None, 0, 1, 2, 4, "\t"])
    return json.dumps(DOCUMENT if document is None else document, indent=indent)


def _broken(rng: random.Random) -> bytes:
    text = _text(rng)
    at = rng.randrange(len(text))
    broken = rng.choice(
        [
            text[:at],
            text.replace("}", ",}", 1 + at % 3),
            text[:at] + rng.choice(["}", '"', ",", "// mine\n", "\0", "#", "'"]) + text[at:],
            text[:at] + text[at + rng.randrange(1, 9) :],
            text + rng.choice(["{}", "x", "\n<<<<<<< HEAD\n"]),
        ]
    )
    return broken.encode()


def _places(found: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, value in found.items() if isinstance(found, dict) else ():
        yield (*path, key)
        yield from _places(value, (*path, key))


def _doubled(rng: random.Random) -> bytes:
    path = rng.choice(list(_places(DOCUMENT)))
    key, twin = json.dumps(path[-1]), json.dumps(rng.choice(WRONG))
    text = _text(rng)
    at = text.index(f"{key}:")
    return f"{text[:at]}{key}: {twin}, {text[at:]}".encode()


def _wrong_type(rng: random.Random) -> bytes:
    document = copy.deepcopy(DOCUMENT)
    for _ in range(rng.randrange(1, 4)):
        *path, key = rng.choice(list(_places(document)))
        holder = document
        for step in path:
            holder = holder[step]
        holder[key] = rng.choice(WRONG)
    return _text(rng, document).encode()


def _layout(rng: random.Random) -> bytes:
    text = _text(rng).replace("\n", rng.choice(["\n", "\r\n"]))
    text = text.replace(":", rng.choice([":", " : ", ":\t"]), 3)
    return (rng.choice(["", "\ufeff"]) + text + rng.choice(["", "\n", "\r\n\r\n"])).encode()


def _gone(rng: random.Random) -> bytes | None:
    return rng.choice([None, b"", b"\n", b"{}", b"[]"])


def _encoded(rng: random.Random) -> bytes:
    return _text(rng).encode(
        rng.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
    )


def _regrown(rng: random.Random) -> bytes:
    document = copy.deepcopy(DOCUMENT)
    for number in range(rng.randrange(1, 5)):
        name = rng.choice(["mine", f"new{number}", "Ünsinn"])
        document["mcpServers"][name] = {**OWN, "args": [rng.choice(["ä", "\ud83d", "x" * 99])]}
        document[f"extra{number}"] = rng.choice(WRONG)
    return _text(rng, document).encode("utf-8", "surrogatepass")


def lost(
    home: Path, name: str, content: bytes | None, *, at_start: bool, read_only: bool
) -> list[str]:
    """What of the user's is gone or changed after each switch of a Lou that finds the edit."""
    path = home / "config.json"
    found: list[str] = []
    for switch, change in SWITCHES.items():
        file = ConfigFile(path)
        with contextlib.suppress(FileNotFoundError):
            path.chmod(0o600)
        path.unlink(missing_ok=True)
        if not at_start:
            path.write_text(json.dumps(DOCUMENT))
            file.load()
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
            path.chmod(0o400 if read_only else 0o600)
        file.load() if at_start else file.refresh()
        running = file.config
        try:
            file.update(change)
            is_refused = False
        except AppError:
            is_refused = True
        where = f"{name}, {switch}"
        found += [
            f"{where}: {each}" for each in _lost(path, content, switch, is_refused, read_only)
        ]
        if is_refused and file.config != running:
            found.append(f"{where}: refused, and something else is in force")
        if not at_start and content is None and "mine" not in file.config.servers:
            found.append(f"{where}: a server is gone")
    return found


def _lost(
    path: Path, content: bytes | None, switch: str, is_refused: bool, read_only: bool
) -> Iterator[str]:
    after = path.read_bytes() if path.exists() else None
    if content is None:
        return
    if after is None:
        yield "the file is gone"
    elif is_refused or read_only:
        if after != content:
            yield "the file was changed although the switch was refused"
    else:
        yield from _differences(json.loads(content.decode("utf-8-sig")), after, switch)
        if content.startswith(b"\xef\xbb\xbf") != after.startswith(b"\xef\xbb\xbf"):
            yield "the byte order mark"
        if b"\r\n" in content and not _bare(content) and _bare(after):
            yield "the line ends"


def _differences(before: Any, after: bytes, switch: str) -> Iterator[str]:
    now = json.loads(after.decode("utf-8-sig"))
    for path in _places(before):
        if any(path == touched for touched in TOUCHED[switch] if touched[0] == "settings"):
            continue
        if path[:2] in TOUCHED[switch] and (path[0] == "settings" or path[-1] in _SWITCHED):
            continue
        old, new = _at(before, path), _at(now, path)
        if not (isinstance(old, dict) and isinstance(new, dict)) and old != new:
            yield f"{path} was {old!r} and is {new!r}"


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document.get(key, "nothing") if isinstance(document, dict) else "nothing"
    return document


def _bare(content: bytes) -> bool:
    """Whether a line ends as on Unix."""
    return b"\n" in content.replace(b"\r\n", b"")
