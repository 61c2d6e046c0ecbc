"""The model of config.json: servers and settings. Pure.

In: the parsed document. Out: a `Config`, and the document after a change. Keys that Lou does not
know stay in the document.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from app.config import secret_values
from app.config import settings as choices
from app.config.settings import Settings
from app.errors import SettingsError
from app.views import APP
from servers.contract import harmless, manifest

NAME = re.compile(r"[a-z0-9_][a-z0-9_-]{0,31}")
REFERENCE = re.compile(r"\$\{keyring:([A-Za-z_][A-Za-z0-9_]{0,63})\}")
_BEGUN = "${keyring:"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_URL = re.compile(r"[\x00-\x20\x7f\\]")
_IS_WINDOWS = sys.platform == "win32"
"""There a log file of a server called `nul` would be written nowhere."""
EMBEDDED_COMMAND = "lou-server"


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """One entry of `mcpServers`."""

    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    required_tools: tuple[str, ...] = ()
    disabled: bool = False
    disabled_tools: tuple[str, ...] = ()

    def references(self) -> tuple[str, ...]:
        """The names of the keys that its environment, headers and URL refer to."""
        texts = (*self.env.values(), *self.headers.values(), self.url)
        return tuple(dict.fromkeys(name for text in texts for name in REFERENCE.findall(text)))


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of config.json."""

    servers: Mapping[str, ServerEntry] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)

    def with_server(self, name: str, entry: ServerEntry) -> Config:
        return replace(self, servers={**self.servers, name: entry})

    def without_server(self, name: str) -> Config:
        return replace(self, servers={n: e for n, e in self.servers.items() if n != name})

    def with_settings(self, **changes: Any) -> Config:
        """The same with some settings changed."""
        return replace(self, settings=replace(self.settings, **changes))

    def with_own(self, server: str, changes: Mapping[str, Any]) -> Config:
        """The same with some of the own settings of `server` changed."""
        own = {**self.settings.of(server), **changes}
        return self.with_settings(servers={**self.settings.servers, server: own}) if own else self


@dataclass(frozen=True, slots=True)
class InvalidPart:
    """A part of a document that is invalid: its path, and why, as sentences."""

    path: tuple[str, ...]
    words: str


def is_embedded(name: str, entry: ServerEntry) -> bool:
    """Whether the entry is the server of that name that comes with Lou."""
    return manifest.embedded(name) is not None and entry.command == EMBEDDED_COMMAND


def masked_words(entry: ServerEntry) -> list[str]:
    """The command line or the URL with its secrets masked, for a person."""
    if entry.url:
        return [secret_values.masked(entry.url, secret_values.spans_of("url", entry.url))]
    spans = secret_values.argument_spans(entry.args)
    shown = (secret_values.masked(text, at) for text, at in zip(entry.args, spans, strict=True))
    return [entry.command, *shown]


def plain_secrets(entry: ServerEntry) -> list[str]:
    named = [*entry.env.items(), *entry.headers.items(), ("url", entry.url)]
    found = [(text, secret_values.spans_of(name, text)) for name, text in named]
    found += zip(entry.args, secret_values.argument_spans(entry.args), strict=True)
    return [part for text, spans in found for part in secret_values.parts(text, spans)]


def defaults() -> dict[str, ServerEntry]:
    """The entries of the servers that come with Lou."""
    return {
        server.name: ServerEntry(
            EMBEDDED_COMMAND, (server.name,), required_tools=server.required_tools
        )
        for server in manifest.SERVERS
    }


def parse(
    document: Mapping[str, Any], in_force: Config | None = None
) -> tuple[Config, list[InvalidPart]]:
    """The configuration in `document`, and its invalid parts.

    An invalid part is replaced by the one `in_force`, so that a wrong edit stops no server.
    """
    before = in_force or Config(defaults())
    invalid_parts: list[InvalidPart] = []
    servers = defaults()
    for name, found in _part(document, "mcpServers").items():
        try:
            servers[name] = parse_entry(name, found)
        except SettingsError as refused:
            invalid_parts.append(InvalidPart(("mcpServers", name), str(refused)))
            if name in before.servers:
                servers[name] = before.servers[name]
    own = _part(document, "settings")
    settings, wrong = choices.parse(own, frozenset(servers), before.settings)
    invalid_parts += [InvalidPart(("settings", name), words) for name, words in wrong.items()]
    return Config(servers, settings), invalid_parts


def parse_entry(name: str, found: Any) -> ServerEntry:
    """The entry in `found`, in the format that clients use too; raises SettingsError if invalid."""
    if not NAME.fullmatch(name) or name == APP or (_IS_WINDOWS and harmless.is_device(name)):
        raise SettingsError(
            f"{name!r:.60} cannot be the name of a server.",
            "Use 1 to 32 of a-z, 0-9, - and _, not `-` first, not `lou`, and on Windows no device "
            "such as `con` or `nul`.",
            code="bad_name",
        )
    if not isinstance(found, Mapping):
        raise _bad(name, "is not an object")
    entry = ServerEntry(
        command=_text(name, found, "command"),
        args=_texts(name, found, "args"),
        env=_table(name, found, "env"),
        cwd=_text(name, found, "cwd"),
        url=_text(name, found, "url"),
        headers=_table(name, found, "headers"),
        required_tools=_texts(name, found, "requiredTools"),
        disabled=_switch(name, found, "disabled"),
        disabled_tools=_texts(name, found, "disabledTools"),
    )
    if bool(entry.command) == bool(entry.url):
        raise _bad(name, "needs either a `command` or a `url`")
    _check_texts(name, entry)
    _check_address(name, entry)
    return entry


def _check_texts(name: str, entry: ServerEntry) -> None:
    """Refuse texts that a process cannot receive, or would receive changed."""
    open_to_all = (entry.command, *entry.args, entry.cwd)
    texts = (*open_to_all, *entry.env, *entry.env.values(), entry.url, *entry.headers.values())
    if any("\0" in text for text in texts):
        raise _bad(name, "has a NUL character in it")
    if not all(map(_can_be_passed, texts)):
        raise _bad(name, "has a text that is cut within a character")
    if any(not variable or "=" in variable for variable in entry.env):
        raise _bad(name, "has an `env` with a name that no variable can have")
    if any(_BEGUN in text for text in open_to_all):
        raise _bad(name, f"has a key ({_BEGUN}...}}) where everybody could read it; use `env`")
    if any(text.count(_BEGUN) != len(REFERENCE.findall(text)) for text in texts):
        raise _bad(name, f"has a key that is not written {_BEGUN}NAME}}")


def _check_address(name: str, entry: ServerEntry) -> None:
    """Refuse an address and headers that no request can have."""
    if not all(map(_HEADER_NAME.fullmatch, entry.headers)):
        raise _bad(name, "has a header with a name that none can have")
    if any("\r" in text or "\n" in text for text in entry.headers.values()):
        raise _bad(name, "has a header with a line break in it")
    if entry.url and not _is_url(REFERENCE.sub("x", entry.url)):
        raise _bad(name, "has a `url` that is no address of a server")


def _can_be_passed(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def _is_url(text: str) -> bool:
    """Whether `text` names a host, and holds no space or line break."""
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and (parts.port or 1) > 0 and not _NO_URL.search(text)
    except ValueError:
        return False


def merge(document: Mapping[str, Any], config: Config, before: Config) -> dict[str, Any]:
    """`document` with all changes from `before` to `config`; the rest is unchanged.

    Raises:
        SettingsError: a setting has an invalid value, or the change would overwrite an invalid
            part.
    """
    merged = dict(document)
    found = _part(document, "mcpServers")
    gone = before.servers.keys() - config.servers.keys()
    entries = {name: entry for name, entry in found.items() if name not in gone}
    for name, entry in config.servers.items():
        if name not in entries or entry != before.servers.get(name):
            if name in entries:
                parse_entry(name, entries[name])
            entries[name] = _merge_entry(entries.get(name, {}), entry)
    merged["mcpServers"] = entries
    own = _part(document, "settings")
    merged["settings"] = choices.merge(own, config.settings, before.settings)
    return merged


def _merge_entry(found: Mapping[str, Any], entry: ServerEntry) -> dict[str, Any]:
    merged = dict(found)
    values: dict[str, Any] = {
        "command": entry.command,
        "args": list(entry.args),
        "env": dict(entry.env),
        "cwd": entry.cwd,
        "url": entry.url,
        "headers": dict(entry.headers),
        "requiredTools": list(entry.required_tools),
        "disabled": entry.disabled,
        "disabledTools": list(entry.disabled_tools),
    }
    for key, value in values.items():
        if key in merged or value or key in _ALWAYS_WRITTEN:
            merged[key] = value
    return {key: value for key, value in merged.items() if value or key not in _NEVER_EMPTY}


_ALWAYS_WRITTEN = {"requiredTools", "disabled", "disabledTools"}
_NEVER_EMPTY = {"command", "url", "cwd", "headers"}


def _part(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """`mcpServers` or `settings`; an empty object when the document has none."""
    part: Mapping[str, Any] = document.get(key, {})
    return part


def _bad(name: str, why: str) -> SettingsError:
    return SettingsError(
        f"The server {name!r} in config.json {why}.", "Mend the entry.", code="bad_entry"
    )


def _text(name: str, found: Mapping[str, Any], key: str) -> str:
    value = found.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _bad(name, f"has a `{key}` that is not a text")
    return value


def _switch(name: str, found: Mapping[str, Any], key: str) -> bool:
    value = found.get(key, False)
    if not isinstance(value, bool):
        raise _bad(name, f"has a `{key}` that is neither true nor false")
    return value


def _texts(name: str, found: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = found.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _bad(name, f"has `{key}` that is not a list of texts")
    return tuple(value)


def _table(name: str, found: Mapping[str, Any], key: str) -> dict[str, str]:
    value = found.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
        raise _bad(name, f"has `{key}` that does not map names to texts")
    return dict(value)
