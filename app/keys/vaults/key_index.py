"""The index of the keyring: a file with names and slots, without values."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from app.system import files
from servers.contract import ownership

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyLocation:
    """Where a value is stored. Each value gets a new slot, so the previous one stays intact."""

    slot: int
    parts: int = 1
    changed: float = 0.0


class KeyIndex:
    """Maps a name to its current slot. The file is replaced atomically."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._locations: dict[str, KeyLocation] = {}
        self._load()

    def names(self) -> tuple[str, ...]:
        """The keys that have a value."""
        return tuple(self._locations)

    def location(self, name: str) -> KeyLocation | None:
        """Where the value of `name` is."""
        return self._locations.get(name)

    def point(self, name: str, slot: int, parts: int) -> None:
        """Set the slot of `name`.

        Raises:
            SettingsError: it could not be saved; the index is unchanged.
        """
        self._save({**self._locations, name: KeyLocation(slot, parts, time.time())})

    def drop(self, name: str) -> None:
        """Remove `name`.

        Raises:
            SettingsError: it could not be saved; the index is unchanged.
        """
        self._save(
            {known: location for known, location in self._locations.items() if known != name}
        )

    def _save(self, locations: dict[str, KeyLocation]) -> None:
        document = {
            "version": 1,
            "keys": {name: asdict(location) for name, location in locations.items()},
        }
        files.write_atomic(self._path, json.dumps(document, indent=2).encode() + b"\n")
        self._locations = locations

    def _load(self) -> None:
        try:
            content = ownership.read(str(self._path), follows_last=True, heals=True)
            found = json.loads(content)
            self._locations = {
                name: KeyLocation(**location) for name, location in found["keys"].items()
            }
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            if self._path.exists():
                aside = files.set_aside(self._path, "broken")
                log.warning("The index of keys was broken and kept as %s", aside.name)
