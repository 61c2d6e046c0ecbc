"""Delays the parts of the SDK that a server does not use, to start faster.

`import mcp.server.lowlevel` first runs `mcp/__init__.py` and `mcp/server/__init__.py`, which import
the client, the HTTP client and `MCPServer`: a quarter of a server's start. With `delay_fronts` the
two files run only when a name in them is first used.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from importlib.abc import Loader
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

_FRONTS = ("mcp", "mcp.server")


def delay_fronts() -> None:
    """Delay the two `__init__` files, unless the SDK is imported already.

    Also keeps pydantic from searching every installed package for plugins.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for name in _FRONTS:
        if name in sys.modules:
            continue
        spec = find_spec(name)
        if spec is None or spec.loader is None:
            raise ImportError(f"{name} is not installed", name=name)
        module = module_from_spec(spec)
        module.__getattr__ = partial(_run_front, module, spec.loader)  # type: ignore[method-assign]
        sys.modules[name] = module
        package, _, child = name.rpartition(".")
        if package:
            setattr(sys.modules[package], child, module)


def _run_front(module: ModuleType, loader: Loader, name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    del module.__getattr__
    loader.exec_module(module)
    return getattr(module, name)
