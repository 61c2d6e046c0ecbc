"""Translates a server's entry of any client into Lou's terms. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.clients.imports import placeholders
from app.clients.imports.foreign_servers import ForeignServer, strings_in
from app.config import secret_values

_URLS = (
    "url", "serverUrl", "httpUrl", "uri", "server_url", "sseUrl", "endpoint", "baseUrl", "base_url",
)  # fmt: skip
_ENVIRONMENTS = ("env", "environment", "envs", "env_vars")
_FOLDERS = ("cwd", "workingDirectory", "working_directory", "workdir", "working_dir")
_OFF = ("disabled", "is_disabled", "isDisabled", "off", "paused", "inactive")
_ON = ("enabled", "is_enabled", "isEnabled", "enable", "active", "isActive", "is_active")
_OFF_WORDS = frozenset({"disabled", "off", "inactive", "paused", "stopped"})
_TOOLS_OFF = ("disabledTools", "disabled_tools", "excludeTools", "exclude_tools")
_REMOTE = frozenset(
    (
        *("http", "https", "sse", "remote", "streamable-http", "streamable_http"),
        *("streamablehttp", "streamable", "http-stream", "http_stream", "url"),
    )
)
_LOCAL = frozenset({"stdio", "local", "command", "process", "custom"})
_INSIDE = frozenset({"builtin", "platform", "frontend", "inline_python", "extension", "inmemory"})
_CONTAINERS = frozenset({"docker", "podman", "nerdctl"})
_REMOTE_HEADER = re.compile(r"([A-Za-z0-9-]+)(?::\s*|=)(.*)", re.DOTALL)
_LONGEST = 16_384
"""Characters of an argument, a variable or a header."""
_MOST = 1_000
"""Arguments, variables, headers and names of tools of one server."""


class NoServerError(ValueError):
    """Lou cannot start such an entry; the text says why."""


@dataclass(slots=True)
class PlainEntry:
    """An entry in Lou's terms, still with its placeholders and secrets."""

    command: str = ""
    args: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    cwd: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    disabled_tools: list[str] = field(default_factory=list)
    is_off: bool = False
    missing: list[str] = field(default_factory=list)
    """What the client keeps outside the entry, as sentences; the entry stays off."""

    def words(self) -> list[str]:
        return [self.command, *self.args]


def plain(server: ForeignServer) -> PlainEntry:
    """The entry in Lou's terms; raises NoServerError when Lou cannot start it."""
    entry = server.entry
    if not isinstance(entry, Mapping):
        raise NoServerError("It is not an object.")
    if isinstance(entry.get("transport"), Mapping):
        entry = {**entry, **entry["transport"]}
    made = PlainEntry(is_off=server.is_off or is_switched_off(entry))
    kind = _kind(entry)
    if kind in _INSIDE and not entry.get("command"):
        raise NoServerError("It is a part of the client itself.")
    address = next((entry[key] for key in _URLS if entry.get(key)), "")
    if address and (kind in _REMOTE or not _command_of(entry)):
        _remote(made, entry, address)
    elif _command_of(entry) and (kind in _LOCAL or not kind or not address):
        _local(made, entry)
    else:
        raise NoServerError("It needs either a command or a url.")
    made.cwd = next((str(entry[key]) for key in _FOLDERS if entry.get(key)), "")
    made.disabled_tools = [name for key in _TOOLS_OFF for name in strings_in(entry.get(key))]
    _elsewhere(made, entry)
    texts = (*made.words(), *made.env.values(), *made.headers.values(), *made.disabled_tools)
    if len(texts) > _MOST:
        raise NoServerError(f"It has more than {_MOST:,} arguments and variables.")
    if any(len(text) > _LONGEST for text in (*texts, made.url, made.cwd)):
        raise NoServerError(f"A text in it is longer than {_LONGEST:,} characters.")
    return made


def is_switched_off(entry: Mapping[str, Any]) -> bool:
    """Whether the entry switches the server off, by the name of any client for that.

    A value that is neither true nor false counts as off.
    """
    off = [_boolean(entry[key]) for key in _OFF if entry.get(key) is not None]
    on = [_boolean(entry[key]) for key in _ON if entry.get(key) is not None]
    states = (str(entry.get(key, "")).lower() for key in ("status", "state"))
    return (
        any(each is not False for each in off)
        or any(each is not True for each in on)
        or any(state in _OFF_WORDS for state in states)
    )


def _boolean(value: Any) -> bool | None:
    words = {"true": True, "yes": True, "on": True, "1": True}
    words |= {"false": False, "no": False, "off": False, "0": False}
    return words.get(str(value).strip().lower())


def _kind(entry: Mapping[str, Any]) -> str:
    for key in ("type", "transport", "transportType", "transport_type"):
        if isinstance(entry.get(key), str):
            return str(entry[key]).strip().lower()
    return "extension" if entry.get("source") == "extension" else ""


def _command_of(entry: Mapping[str, Any]) -> Any:
    return entry.get("command") or entry.get("cmd")


def _remote(made: PlainEntry, entry: Mapping[str, Any], address: Any) -> None:
    made.url = str(address).strip()
    if not made.url.lower().startswith(("http://", "https://", "${", "{{", "<", "{env:")):
        raise NoServerError("Its address does not begin with http:// or https://.")
    for key in ("headers", "http_headers", "httpHeaders"):
        made.headers |= _table(entry.get(key))
    for key in ("requestInit", "requestOptions", "request_options"):
        inner = entry.get(key)
        made.headers |= _table(inner.get("headers")) if isinstance(inner, Mapping) else {}
    made.headers |= _authorization(entry)


def _authorization(entry: Mapping[str, Any]) -> dict[str, str]:
    """Headers that the entry gives as a token, or as the variable that holds one."""
    found = {
        name: f"${{{variable}}}" for name, variable in _table(entry.get("env_http_headers")).items()
    }
    for key in ("bearer_token", "bearerToken", "authToken", "authorization_token"):
        if isinstance(entry.get(key), str):
            found["Authorization"] = f"Bearer {entry[key]}"
    if isinstance(variable := entry.get("bearer_token_env_var"), str):
        found["Authorization"] = f"Bearer ${{{variable}}}"
    return found


def _local(made: PlainEntry, entry: Mapping[str, Any]) -> None:
    command = _command_of(entry)
    arguments = entry.get("args", entry.get("arguments"))
    if isinstance(command, Mapping):  # older Zed: the whole launch in one object
        arguments = command.get("args", arguments)
        made.env |= _table(command.get("env"))
        command = command.get("path") or command.get("command") or ""
    words = _words(arguments)
    if isinstance(command, list):
        command, *first = [str(word) for word in command] or [""]
        words = [*first, *words]
    elif not words and _is_line(str(command)):
        command, *words = _split(str(command))
    made.command, made.args = str(command), words
    for key in _ENVIRONMENTS:
        made.env |= _table(entry.get(key))
    if not made.command:
        raise NoServerError("It needs either a command or a url.")


def _is_line(command: str) -> bool:
    """Whether this is a command line, and not a path with a space in it."""
    first = command.split()[:1]
    return len(command.split()) > 1 and not any(mark in first[0] for mark in "/\\:")


def _elsewhere(made: PlainEntry, entry: Mapping[str, Any]) -> None:
    """What the client keeps in other places than the entry."""
    for key in ("env_vars", "env_keys"):
        for name in strings_in(entry.get(key)):
            made.env.setdefault(name, f"${{{name}}}")
    for key in ("envFile", "env_file"):
        if entry.get(key):
            made.missing.append(f"more variables are in the file {entry[key]}")


def _words(found: Any) -> list[str]:
    if isinstance(found, str):
        return _split(found)
    if found is None:
        return []
    if not isinstance(found, list):
        raise NoServerError("Its arguments are no list.")
    return [_text(each) for each in found if each is not None]


def _split(line: str) -> list[str]:
    if len(line) > _LONGEST or len(line.split()) > _MOST:
        raise NoServerError("Its command line is too long to be one.")
    try:
        return shlex.split(line)
    except ValueError as odd:
        raise NoServerError(f"Its command cannot be read: {odd}.") from None


def _table(found: Any) -> dict[str, str]:
    if isinstance(found, list):  # NAME=value, as docker takes them; names alone say no value
        pairs = (each.partition("=") for each in strings_in(found) if "=" in each)
        return {name: value for name, _, value in pairs}
    if not isinstance(found, Mapping):
        return {}
    return {str(name): _text(value) for name, value in found.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list):
        raise NoServerError("It has a value that is no text.")
    return str(value)


def remote_at(made: PlainEntry) -> int:
    """The index of the arguments of `mcp-remote`, which fills in its headers itself."""
    for at, word in enumerate(made.words()):
        if re.match(r"(?:.*[\\/])?mcp-remote(?:@.*)?$", word):
            return at + 1
    return 0


def into_environment(made: PlainEntry) -> None:
    """Move secrets from arguments to variables, for programs that read either."""
    program = re.split(r"[\\/]", made.command)[-1].removesuffix(".exe")
    is_remote = bool(remote_at(made))
    for at, word in enumerate(made.args):
        before = made.args[at - 1] if at else ""
        if program in _CONTAINERS and before in {"-e", "--env"}:
            made.args[at] = _container_variable(made, word)
        elif program in _CONTAINERS and word.startswith("--env="):
            made.args[at] = "--env=" + _container_variable(made, word.removeprefix("--env="))
        elif is_remote and before == "--header":
            made.args[at] = _remote_header(made, word)


def _container_variable(made: PlainEntry, word: str) -> str:
    name, sign, value = word.partition("=")
    is_moved = placeholders.names_in(value) or secret_values.spans_of(name, value)
    if not sign or not is_moved or made.env.get(name, value) != value:
        return word
    made.env[name] = value
    return name


def _remote_header(made: PlainEntry, word: str) -> str:
    header = _REMOTE_HEADER.fullmatch(word)
    if not header:
        return word
    for name in placeholders.names_in(header[2]):
        if re.fullmatch(r"\w+", name):
            made.env.setdefault(name, f"${{{name}}}")
    if not secret_values.spans_of(header[1], header[2]) or placeholders.names_in(header[2]):
        return word
    variable = re.sub(r"\W", "_", header[1]).upper()
    if made.env.get(variable, header[2]) != header[2]:
        return word
    made.env[variable] = header[2]
    return f"{header[1]}:${{{variable}}}"
