"""An .mcpb bundle for one server: Claude Desktop's other way in, made when it is asked for.

It holds no program and no secret, only a manifest that names the bridge where it is installed. So
it is made anew for each machine, and the same content always gives the same bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from app.clients.planning.entries import Bridge

_EPOCH = (1980, 1, 1, 0, 0, 0)
_README = "README.md"


def manifest(server: str, title: str, purpose: str, *, bridge: Bridge, version: str) -> str:
    """The manifest, of version 0.3: the newest that every Claude Desktop in use accepts."""
    environment = {"LOU_HOME": bridge.home} if bridge.home else {}
    found: Mapping[str, Any] = {
        "manifest_version": "0.3",
        "name": f"lou-{server}",
        "display_name": f"Lou: {title}",
        "version": version,
        "description": purpose or f"The server {server} of Lou.",
        "author": {"name": "Lou"},
        "server": {
            "type": "binary",
            "entry_point": _README,
            "mcp_config": {"command": bridge.command, "args": [server], "env": environment},
        },
        "tools_generated": True,
        "compatibility": {"platforms": ["darwin", "win32", "linux"]},
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def build(server: str, title: str, purpose: str, *, bridge: Bridge, version: str) -> bytes:
    """The bundle's bytes."""
    text = manifest(server, title, purpose, bridge=bridge, version=version)
    readme = f"Connects Claude Desktop to the server {server} of Lou on this computer.\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in (("manifest.json", text), (_README, readme)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, content)
    return packed.getvalue()
