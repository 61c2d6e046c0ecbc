"""Writes docs/clients.md, docs/keys.md, and the modules of docs/architecture.md: `make docs`."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from servers.contract import manifest  # noqa: E402 - the line before finds it

_NO_FILE = "By its own command, or by hand.\n"
_SYSTEMS = (("linux", "Linux"), ("macos", "macOS"), ("windows", "Windows"))
_CLIENTS = """# Clients

Lou knows these MCP clients. `lou clients list` shows which of them are on this machine,
`lou clients diff CLIENT` what would be written, `lou clients connect CLIENT` writes it, and
`lou clients undo CLIENT` brings the bytes back. For any other client
`lou clients by-hand claude-desktop` prints an entry to paste. `make docs` writes this page.

| client | name for `lou clients` | after a change |
|---|---|---|
{rows}
## Files

Where each client's file is. `~` is your home; a name in `${{...}}` is a variable, and what stands
after `:-` holds without it.

{files}"""
_MODULES = """## All modules

The first sentence of each; `make docs` writes this list.
"""
_FOLDERS = {
    "packaging": "What Lou needs to run from its source, and what is made from the source.",
    "packaging/dist": "What is shipped: `make dist`.",
    "tests": "What tests of several folders use. A folder has the name of the room it tests.",
    "tests/bench": "The figures of `make bench`, each with its bound.",
    "tests/e2e": "The whole application.",
    "tests/install": "What is shipped, installed and removed as people do.",
    "tests/rules": "The rules of this house.",
    "tests/search/standins": "Services that answer on this machine, for tests.",
    "tests/windows": "A Windows under Wine.",
    "tests/windows/inside": "The tests that run in that Windows.",
}
"""What folders hold that are no packages, where their names do not tell."""
_KEYS = """# Keys

Each key is optional; a provider that needs one is not asked without it. `lou keys set NAME` takes
the value from a prompt or a pipe, `lou keys test NAME` tries it with its provider, and *Keys...* in
the tray does both. `make docs` writes this page.

{keys}"""


def clients_page() -> str:
    """The text of docs/clients.md."""
    rows = json.loads((ROOT / "resources" / "clients.json").read_text("utf-8"))["clients"]
    ranked = sorted(rows, key=lambda row: (row["tier"], row["name"].lower()))
    table = "".join(
        f"| {row['name']} | `{row['id']}` | {row.get('reload_words', '')} |\n" for row in ranked
    )
    return _CLIENTS.format(rows=table, files="\n".join(map(_files, ranked)))


def _files(row: dict[str, Any]) -> str:
    lines = [
        f"* {title}: `{path}`\n"
        for system, title in _SYSTEMS
        for path in row.get("files", {}).get(system, ())
    ]
    return f"### {row['name']}\n\n{''.join(lines) or _NO_FILE}"


def architecture_page() -> str:
    """The text of docs/architecture.md: as it is, with the list of modules made again."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    tops = ("app", "servers", "packaging", "tests")
    folders = [each for top in tops for each in _folders(ROOT / top)]
    return text[: text.index(_MODULES)] + _MODULES + "".join(map(_modules, folders))


def _folders(top: Path) -> list[Path]:
    return sorted({path.parent for path in top.rglob("*.py")})


def _modules(folder: Path) -> str:
    lines = [
        f"* `{path.name}`: {_role(path)}\n"
        for path in sorted(folder.glob("*.py"))
        if path.name != "__init__.py"
    ]
    name = folder.relative_to(ROOT).as_posix()
    role = _FOLDERS.get(name, "") or _role(folder / "__init__.py")
    return f"\n### `{name}`\n\n{role}\n\n{''.join(lines)}".replace("\n\n\n", "\n")


def _role(path: Path) -> str:
    text = path.read_text("utf-8") if path.exists() else ""
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n\n")[0].replace("\n", " ")


def keys_page() -> str:
    """The text of docs/keys.md."""
    return _KEYS.format(keys="\n".join(map(_key, manifest.KEYS)))


def _key(key: manifest.Key) -> str:
    users = " and ".join(key.servers)
    lines = [f"## {key.title}", "", f"`{key.name}`, for {users}. {key.purpose}", ""]
    if key.url:
        lines += [f"1. Make it at [{key.url.split('/')[2]}]({key.url}).", ""]
        lines += [f"2. `lou keys set {key.name}`, and paste it.", ""]
    if key.can_be_tested:
        lines += [f"3. `lou keys test {key.name}` says whether it works.", ""]
    lines += list(_MORE.get(key.name, ()))
    return "\n".join(lines)


_MORE: dict[str, Iterable[str]] = {
    "FIREBASE_CREDENTIALS": (
        "The value is the whole JSON file of the service account. Where pip, pipx or uv installed",
        "Lou, add the packages first: `lou install firestore`. The database needs the indexes of",
        "`servers/tracker/stores/firestore/firestore.indexes.json`. Everybody in the team needs",
        "the same `ENCRYPTION_KEY`.",
        "",
    ),
    "ENCRYPTION_KEY": (
        "`lou keys export ENCRYPTION_KEY FILE` writes a recovery key;",
        "`lou keys rotate ENCRYPTION_KEY` makes a new one in front of it. Whoever loses all of",
        "them loses what they sealed.",
        "",
    ),
}

if __name__ == "__main__":
    for name, made in {
        "architecture": architecture_page(),
        "clients": clients_page(),
        "keys": keys_page(),
    }.items():
        (ROOT / "docs" / f"{name}.md").write_text(made, "utf-8")
