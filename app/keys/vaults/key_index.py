"""Which keys have a value and where it is: names and slots in a file, never a value."""

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
    """Where a value is kept: a slot is written once, so the one before stays whole."""

    slot: int
    parts: int = 1
    changed: float = 0.0


class KeyIndex:
    """The pointer from a name to its current slot; replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, KeyLocation] = {}
        self._load()

    def names(self) -> tuple[str, ...]:
        """The keys that have a value."""
        return tuple(self._places)

    def place(self, name: str) -> KeyLocation | None:
        """Where the value of `name` is."""
        return self._places.get(name)

    def point(self, name: str, slot: int, parts: int) -> None:
        """From now on the value of `name` is in `slot`.

        Raises:
            SettingsError: it could not be saved; the pointer is as it was.
        """
        self._save({**self._places, name: KeyLocation(slot, parts, time.time())})

    def drop(self, name: str) -> None:
        """The key has no value any more.

        Raises:
            SettingsError: it could not be saved; the pointer is as it was.
        """
        self._save({known: place for known, place in self._places.items() if known != name})

    def _save(self, places: dict[str, KeyLocation]) -> None:
        document = {"version": 1, "keys": {name: asdict(place) for name, place in places.items()}}
        files.write_atomic(self._path, json.dumps(document, indent=2).encode() + b"\n")
        self._places = places

    def _load(self) -> None:
        try:
            content = ownership.read(str(self._path), follows_last=True, heals=True)
            found = json.loads(content)
            self._places = {name: KeyLocation(**place) for name, place in found["keys"].items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            if self._path.exists():
                aside = files.set_aside(self._path, "broken")
                log.warning("The index of keys was broken and kept as %s", aside.name)
