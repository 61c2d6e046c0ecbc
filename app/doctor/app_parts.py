"""The late imports of the app without Qt, each used once. `lou self-test core` runs them."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from app.doctor.self_tests import run
from app.formats import text_edits
from app.formats.spans import Layout
from app.keys.vaults.keyring_backend import Keyring
from app.keys.vaults.sealed_file import FileVault
from servers.contract.self_test import Part

_ENTRY = {"lou-search": {"command": "lou-connect", "args": ["search"]}}


def _edit(layout: Layout, text: str) -> None:
    edit = text_edits.add(text, layout, _ENTRY)
    found = text_edits.read(edit.apply(text), layout).servers
    if set(found) != {"other", *_ENTRY}:
        raise ValueError(f"the file then has {', '.join(found)}")


async def _keep_in_a_file() -> None:
    with tempfile.TemporaryDirectory(prefix="lou-self-test-") as folder:
        vault = FileVault(Path(folder) / "keys.sealed")
        await vault.unlock("self test passphrase")
        await vault.set("SELF_TEST", "value")
        again = FileVault(Path(folder) / "keys.sealed")
        await again.unlock("self test passphrase")
        found = await again.get("SELF_TEST")
        await vault.close()
        await again.close()
    if found != "value":
        raise ValueError("the key came back changed")


_YAML = (Layout("yaml", ("mcpServers",)), "mcpServers:\n  other:\n    command: other\n")
_TOML = (Layout("toml", ("mcp_servers",)), '[mcp_servers.other]\ncommand = "other"\n')
PARTS = {
    "yaml": Part("Editing a client's YAML file", lambda: _edit(*_YAML)),
    "toml": Part("Editing a client's TOML file", lambda: _edit(*_TOML)),
    "key_file": Part("Keeping keys in a sealed file", lambda: asyncio.run(_keep_in_a_file())),
    "keyring": Part("Speaking to the keyring", lambda: Keyring("self-test").load()),
}


def main() -> int:
    """Use all of them; returns the exit code."""
    return run(PARTS)


if __name__ == "__main__":
    sys.exit(main())
