"""Reduces the memory of the tray process: Qt's import, and glibc's heaps.

Imports no Qt, because `load_qt` must run before anything else of Qt is imported.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import sys
from importlib import import_module

_M_ARENA_MAX = -8


def load_qt() -> None:
    """Import PySide6.QtCore without the hook that it puts into every later import.

    The hook looks for PySide6's `__feature__`, which Lou does not use, by reading the source of
    each imported module; the standard library caches those texts, 9 MB of them.
    """
    plain_import = builtins.__import__
    import_module("PySide6.QtCore")
    builtins.__import__ = plain_import


def load_asyncio() -> None:
    """Import asyncio without TLS, which this process never speaks; OpenSSL would take 1 MB.

    A later import of `ssl` by others gets it as always.
    """
    if "asyncio" not in sys.modules and "ssl" not in sys.modules:
        sys.modules["ssl"] = None  # type: ignore[assignment] # asyncio goes without, then
        import_module("asyncio")
        del sys.modules["ssl"]


def share_one_heap() -> None:
    """Make all threads share one glibc heap; a heap for each thread would stay half empty."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # other C libraries lack mallopt
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
