"""How a server is started from its entry: the command, and its configuration. Pure.

In: the entry, the settings, the values of its keys. Out: a `Launch`, or the params of `configure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.config import config_model
from app.config.config_model import ServerEntry
from app.config.settings import Settings
from app.errors import ServerError
from app.supervision.launch_command import Launch, proxies, server_argv, server_environment
from app.system import paths
from servers.contract import manifest, ownership

_MEMORY = 512 << 20
"""Bytes for each of Lou's own servers. A server of the user, say a browser, has no limit."""
_FIRST_START_S = 75.0
"""A first `npx` or `uvx` downloads its package; the relay itself reports that after 60 s."""


def launch(name: str, entry: ServerEntry, settings: Settings, keys: Mapping[str, str]) -> Launch:
    """The launch of a server; raises ServerError if the command in its entry is wrong."""
    params = configuration(name, entry, settings, keys)
    if config_model.is_embedded(name, entry):
        variables = {key: text for key, text in entry.env.items() if not _is_for_a_key(key, text)}
        environment = server_environment(variables)
        argv, budget, start_timeout = server_argv(name), _MEMORY, 0.0
    elif entry.command == config_model.EMBEDDED_COMMAND:
        raise ServerError(
            f"The entry of {name} starts {entry.command}, but no such server comes with Lou.",
            "Name the server `search` or `tracker`, or give another command.",
            code="bad_entry",
        )
    else:
        environment = server_environment(proxies() if entry.url else None)
        argv, budget, start_timeout = server_argv("relay", name), 0, _FIRST_START_S
    return Launch(
        argv,
        environment,
        configure=params,
        required_tools=entry.required_tools,
        start_timeout=start_timeout,
        memory_budget=budget,
    )


def configuration(
    name: str, entry: ServerEntry, settings: Settings, keys: Mapping[str, str]
) -> dict[str, Any]:
    """The params of `configure`: keys, settings, disabled tools."""
    own = settings.of(name)
    own["folders"] = {"data": str(paths.data_folder()), "cache": str(paths.cache_folder())}
    if not config_model.is_embedded(name, entry):
        own["upstream"] = _upstream(entry)
    return {
        "keys": dict(keys),
        "settings": own,
        "disabled_tools": list(entry.disabled_tools),
        "debug": settings.debug,
        "keep_calls": settings.keep_calls,
    }


def needs_restart(name: str, before: ServerEntry, after: ServerEntry) -> bool:
    """Whether a running server must be restarted to apply the change of its entry.

    A relay compares its own part and restarts its upstream itself.
    """
    if config_model.is_embedded(name, before) != config_model.is_embedded(name, after):
        return True
    is_own = config_model.is_embedded(name, after)
    return is_own and (before.env, before.required_tools) != (after.env, after.required_tools)


def _upstream(entry: ServerEntry) -> dict[str, Any]:
    if entry.url:
        return {"url": entry.url, "headers": dict(entry.headers)}
    found: dict[str, Any] = {
        "command": entry.command,
        "args": list(entry.args),
        "env": dict(entry.env),
        "cwd": entry.cwd,
    }
    umask = ownership.users_umask()
    return {**found, "umask": umask} if umask >= 0 else found


def _is_for_a_key(variable: str, text: str) -> bool:
    names = {key.name for key in manifest.KEYS} | set(manifest.ALSO_READ.values())
    return variable in names or bool(config_model.REFERENCE.search(text))
