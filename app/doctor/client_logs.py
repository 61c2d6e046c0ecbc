"""Reads what a client itself logged about Lou's entries, where it is known to keep such a log."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from app.system import files
from servers.contract import harmless

_FOLDERS = {
    "claude-desktop": {
        "linux": "~/.config/Claude/logs",
        "darwin": "~/Library/Logs/Claude",
        "win32": "${APPDATA}/Claude/logs",
    }
}
"""By client, then by `sys.platform`: the folder of its `mcp*.log` files."""
_LAST_BYTES = 64_000
_MOST = 5
_LONGEST = 300
_BAD = re.compile(r"error|fail|cannot|ENOENT|not found|disconnect|timed? out", re.IGNORECASE)


def folder(client: str) -> Path | None:
    """The folder of the client's own logs; None where Lou knows none."""
    place = _FOLDERS.get(client, {}).get(sys.platform, "")
    return Path(os.path.expandvars(place)).expanduser() if place else None


def complaints(client: str, redact: Callable[[str], str]) -> list[str]:
    """The latest lines about Lou that sound like trouble, oldest first, at most five; redacted."""
    place = folder(client)
    found: list[str] = []
    for path in sorted(place.glob("mcp*.log")) if place and place.is_dir() else ():
        is_about_lou = "lou" in path.stem.lower()
        found += (
            harmless.one_line(redact(line), _LONGEST)
            for line in _last_lines(path)
            if _BAD.search(line) and (is_about_lou or "lou-" in line)
        )
    return found[-_MOST:]


def _last_lines(path: Path) -> list[str]:
    try:
        return files.tail(path, _LAST_BYTES).splitlines()
    except OSError:
        return []
