"""Delays the parts of the SDK that a server does not use, to start faster.

`import mcp.server.lowlevel` first runs `mcp/__init__.py` and `mcp/server/__init__.py`, which import
the client, the HTTP client and `MCPServer`: a quarter of a server's start. With `import_sdk` the
two files run only when a name in them is first used.

`mcp.server.lowlevel.server` in turn imports all that its HTTP side needs, uvicorn and OAuth among
it: two fifths of what is left. Stand-ins keep these places until `load_http`.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from importlib import import_module
from importlib.abc import Loader
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, NamedTuple

_FACADES = ("mcp", "mcp.server")
_SERVER = "mcp.server.lowlevel.server"
_HTTP = (
    "starlette.applications", "starlette.middleware", "starlette.middleware.authentication",
    "starlette.routing", "mcp.server.auth.middleware.auth_context",
    "mcp.server.auth.middleware.bearer_auth", "mcp.server.auth.provider", "mcp.server.auth.routes",
    "mcp.server.auth.settings", "mcp.server.streamable_http", "mcp.server.streamable_http_manager",
    "mcp.server.transport_security",
)  # fmt: skip
"""What `_SERVER` imports for HTTP alone."""


class _Delayed(NamedTuple):
    """Stands for a name of a module that is not imported."""

    module: str
    name: str


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> _Delayed:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Delayed(self.__name__, name)


def import_sdk() -> None:
    """Import the SDK's server without its facades and its HTTP side.

    Also keeps pydantic from searching every installed package for plugins.
    """
    if _SERVER in sys.modules:
        return
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for name in _FACADES:
        spec = find_spec(name)
        if spec is None or spec.loader is None:
            raise ImportError(f"{name} is not installed", name=name)
        module = module_from_spec(spec)
        module.__getattr__ = partial(_run_front, module, spec.loader)  # type: ignore[method-assign]
        sys.modules[name] = module
        package, _, child = name.rpartition(".")
        if package:
            setattr(sys.modules[package], child, module)
    stand_ins = {name: _StandIn(name) for name in _HTTP if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        import_module(_SERVER)
    finally:
        for name in stand_ins:
            del sys.modules[name]


def load_http() -> None:
    """Import the HTTP side; the SDK's `streamable_http_app` works from now on."""
    server = sys.modules[_SERVER]
    for place in (vars(server), server.Server.streamable_http_app.__kwdefaults__):
        for name, value in tuple(place.items()):
            if isinstance(value, _Delayed):
                place[name] = getattr(import_module(value.module), value.name)


def _run_front(module: ModuleType, loader: Loader, name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    del module.__getattr__
    loader.exec_module(module)
    return getattr(module, name)
