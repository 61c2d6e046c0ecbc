"""Qt without the hook that PySide6 puts into every later import.

The hook looks for PySide6's `__feature__`, which Lou does not use, by reading the source of each
module that is imported; the standard library keeps those texts, 9 MB of them.
"""

from __future__ import annotations

import builtins
from importlib import import_module


def load_qt() -> None:
    """Import Qt's ground, and leave `import` as it was."""
    plain = builtins.__import__
    import_module("PySide6.QtCore")
    builtins.__import__ = plain
