"""How a server is started from its entry: the command, and all it is told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.config import config_model
from app.config.config_model import ServerEntry
from app.config.settings import Settings
from app.errors import ServerError
from app.supervision.launch_command import Launch, server_argv, server_environment
from app.system import paths
from servers.contract import manifest, ownership

_MEMORY = 512 << 20
"""Bytes that Lou's own servers promise. What a user's server needs, a browser say, is not ours."""
_FIRST_START_S = 75.0
"""A first `npx` or `uvx` downloads its package: the relay waits 60 s for it, and says so itself."""


def launch(name: str, entry: ServerEntry, settings: Settings, keys: Mapping[str, str]) -> Launch:
    """How to start the server now.

    Raises:
        ServerError: its entry cannot be started.
    """
    told = configuration(name, entry, settings, keys)
    if config_model.is_embedded(name, entry):
        plain = {key: text for key, text in entry.env.items() if not _is_for_a_key(key, text)}
        environment = server_environment(plain)
        argv, budget, patience = server_argv(name), _MEMORY, 0.0
    elif entry.command == config_model.EMBEDDED_COMMAND:
        raise ServerError(
            f"The entry of {name} starts {entry.command}, but no such server comes with Lou.",
            "Name the server `search` or `tracker`, or give another command.",
            code="bad_entry",
        )
    else:
        environment = server_environment()
        argv, budget, patience = server_argv("relay", name), 0, _FIRST_START_S
    return Launch(
        argv,
        environment,
        configure=told,
        required_tools=entry.required_tools,
        start_timeout=patience,
        memory_budget=budget,
    )


def configuration(
    name: str, entry: ServerEntry, settings: Settings, keys: Mapping[str, str]
) -> dict[str, Any]:
    """The params of `configure`: what the server works with from now on."""
    own = settings.of(name)
    own["folders"] = {"data": str(paths.data_folder()), "cache": str(paths.cache_folder())}
    if not config_model.is_embedded(name, entry):
        own["upstream"] = _upstream(entry)
    return {
        "keys": dict(keys),
        "settings": own,
        "disabled_tools": list(entry.disabled_tools),
        "debug": settings.debug,
    }


def needs_restart(name: str, before: ServerEntry, after: ServerEntry) -> bool:
    """Whether a running server has to be started anew to follow the change of its entry.

    A relay looks at its own part and starts its upstream anew by itself.
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
