"""The values of a launch: program, environment and first configuration.

A server starts with an absolute program, a short list of environment variables and nothing secret:
keys travel in `configure` on its stdin, because an environment can be read by every process of the
same user and an argument list by everybody.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from servers.contract import system_variables

MARKER = "--lou-instance="
"""The beginning of the argument that marks the processes of one start of one app."""
MARKER_VARIABLE = "LOU_INSTANCE"
"""The variable with the same mark, which daemonised grandchildren inherit."""

_PASSED = frozenset(
    {
        *("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("LOU_HOME", "LOU_TRANSPORT", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"),
        "XDG_STATE_HOME",
        *system_variables.WINDOWS,
    }
)

_PROXIES = frozenset(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"))


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a server. `env` is its whole environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str | None = None
    """None means the run folder; the current folder of the app is never used."""
    configure: Mapping[str, Any] = field(default_factory=dict)
    """The params of the first message: keys, settings, disabled_tools, debug."""
    required_tools: tuple[str, ...] = ()
    start_timeout: float = 0.0
    """Seconds until it must be ready; 0 means the limit of the policy."""
    memory_budget: int = 0
    """Bytes of the process tree; more than twice as much for a minute is a failure. 0: no limit."""


def server_argv(*arguments: str) -> tuple[str, ...]:
    """The command that starts one of Lou's own servers: `server_argv("search")`."""
    if getattr(sys, "frozen", False):
        suffix = ".exe" if sys.platform == "win32" else ""
        return (os.path.join(os.path.dirname(sys.executable), f"lou-server{suffix}"), *arguments)  # noqa: PTH118, PTH120
    return (sys.executable, "-I", "-m", "servers", *arguments)


def own_arguments(argv: Sequence[str]) -> tuple[str, ...]:
    """What `server_argv` was given, if it made this command; else nothing."""
    own = server_argv()
    return tuple(argv[len(own) :]) if tuple(argv[: len(own)]) == own else ()


def proxies() -> dict[str, str]:
    """The variables of this process that name a proxy, for a server that asks an address."""
    return {name: value for name, value in os.environ.items() if name.upper() in _PROXIES}


def server_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of this process that a server may have, with `extra` added."""
    passed = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _PASSED or name.startswith("LC_")
    }
    return {**passed, **(extra or {})}
