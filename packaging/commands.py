"""Says at the build which commands a wheel brings, and how an index page shows the README.

The commands are shell scripts, or on Windows entry points: an entry point obeys PYTHONPATH before
its first line runs. The links and pictures of the README are relative; an index page has neither.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

_IS_WINDOWS = sys.platform == "win32"
_SCRIPTS = ("lou", "lou-server", "lou-connect")
_ENTRY_POINTS = {"lou": "app.__main__:main", "lou-server": "servers.__main__:main"}


_LINK = re.compile(r"""(\]\(|src="|srcset=")(?![a-z]+:|#)([^)"]+)""")


class EntryPoints(MetadataHookInterface):
    """Fills in `project.scripts` and `project.readme`."""

    def update(self, metadata: dict[str, Any]) -> None:
        metadata["scripts"] = _ENTRY_POINTS if _IS_WINDOWS else {}
        text = (Path(self.root) / "README.md").read_text("utf-8")
        shown = with_full_links(text, metadata["urls"]["Homepage"])
        metadata["readme"] = {"content-type": "text/markdown", "text": shown}


def with_full_links(text: str, homepage: str) -> str:
    """The README with the whole address of each page and picture that it names by its path."""

    def full(found: re.Match[str]) -> str:
        kind = "raw" if found[2].startswith("docs/screenshots/") else "blob"
        return f"{found[1]}{homepage}/{kind}/main/{found[2]}"

    return _LINK.sub(full, text)


class Scripts(BuildHookInterface):
    """Adds the shell scripts; a wheel with entry points instead is one of Windows alone."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if _IS_WINDOWS:
            system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{system}"
        else:
            build_data["shared_scripts"] |= {f"packaging/{name}": name for name in _SCRIPTS}
