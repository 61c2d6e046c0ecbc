"""Says at the build which commands a wheel brings: shell scripts, or on Windows entry points.

An entry point obeys PYTHONPATH before its first line runs, so only Windows has them.
"""

from __future__ import annotations

import sys
import sysconfig
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

_IS_WINDOWS = sys.platform == "win32"
_SCRIPTS = ("lou", "lou-server", "lou-connect")
_ENTRY_POINTS = {"lou": "app.__main__:main", "lou-server": "servers.__main__:main"}


class EntryPoints(MetadataHookInterface):
    """Fills in `project.scripts`."""

    def update(self, metadata: dict[str, Any]) -> None:
        metadata["scripts"] = _ENTRY_POINTS if _IS_WINDOWS else {}


class Scripts(BuildHookInterface):
    """Adds the shell scripts; a wheel with entry points instead is one of Windows alone."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if _IS_WINDOWS:
            system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{system}"
        else:
            build_data["shared_scripts"] |= {f"packaging/{name}": name for name in _SCRIPTS}
