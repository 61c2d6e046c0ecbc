"""Which keys the entry of a server uses, and the values that stand in the entry itself.

In: an entry of config.json. Out: names, and values of keys that are not in the vault.
"""

from __future__ import annotations

from pathlib import Path

from app.config import config_model
from app.config.config_model import ServerEntry
from app.errors import ServerError
from servers.contract import manifest


def wanted_keys(name: str, entry: ServerEntry) -> dict[str, str]:
    """The keys that a server uses: the name that it uses, and the name in the vault."""
    if not config_model.is_embedded(name, entry):
        return {key: key for key in entry.references()}
    known = {key.name: key.name for key in manifest.keys_of(name)}
    for variable, text in entry.env.items():
        if reference := config_model.REFERENCE.fullmatch(text):
            known[variable] = reference[1]
    return known


def plain_keys(name: str, entry: ServerEntry) -> dict[str, str]:
    """Known keys whose value, or the path of a file with it, is in the entry itself.

    Raises:
        ServerError: that file cannot be read.
    """
    found: dict[str, str] = {}
    if config_model.is_embedded(name, entry):
        for key in manifest.keys_of(name):
            text = entry.env.get(key.name, "")
            path = entry.env.get(manifest.ALSO_READ.get(key.name, ""), "")
            if text and not config_model.REFERENCE.fullmatch(text):
                found[key.name] = text
            elif path and not text:
                found[key.name] = _read(name, path)
    return found


def _read(name: str, path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError) as failure:
        raise ServerError(
            f"{name} cannot read {path}.",
            "Give the path of a readable file, or take it out of config.json.",
            code="unreadable_key_file",
        ) from failure
