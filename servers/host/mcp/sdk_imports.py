"""The SDK without the parts that a server never uses.

`import mcp.server.lowlevel` runs the fronts of the packages `mcp` and `mcp.server` first, and these
import the client, the HTTP client and `MCPServer`: a quarter of what a server does until it is
ready. Here a front runs only when somebody asks it for a name.
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
    """Make the packages importable from within; call this before anything of the SDK is imported.

    Also keeps pydantic from looking through every installed package for plugins.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for name in _FRONTS:
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
