"""A vault in the keyring of the operating system, called in a thread that may hang.

Only the named keyrings that encrypt are used, whatever is installed and whatever
PYTHON_KEYRING_BACKEND says. A new value is written to another slot and read back before the index
points to it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar, cast

from app.errors import VaultError
from app.keys.vault import VaultState, check_value, no_answer, not_open
from app.keys.vaults.keyring_process import KeyringProcess
from app.system import files
from app.system.listeners import Listeners
from app.system.worker_thread import WorkerThread
from servers.contract import ownership

log = logging.getLogger(__name__)

T = TypeVar("T")

_QUICK_S = {"darwin": 60.0, "win32": 20.0}.get(sys.platform, 4.0)
"""Seconds for a call. A server that waits for it is blocked within 5.5 s of the start of Lou; but
the Keychain asks the person itself, and a scanner of Windows looks into each file of the child."""
_WITH_A_PERSON_S = 120.0
_RESTS_AFTER_S = 20.0
"""Longer than the time between two probes of a closed keyring."""
_PART = 1_000
"""Characters of one item; Windows allows 1,280."""
_SLOTS = 16
"""A changed value gets the next slot; after the last comes the first."""
_SLOTS_ONCE = 64
"""Earlier versions used higher slots; they are used when the others are taken."""


@dataclass(frozen=True, slots=True)
class KeyLocation:
    """Where a value is stored. Each value gets a new slot, so the previous one stays intact."""

    slot: int
    parts: int = 1
    changed: float = 0.0


class KeyIndex:
    """Maps a name to its current slot. The file is replaced atomically.

    Raises:
        SettingsError: a change could not be saved; the index is as it was.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._locations: dict[str, KeyLocation] = {}
        self._load()

    def names(self) -> tuple[str, ...]:
        return tuple(self._locations)

    def location(self, name: str) -> KeyLocation | None:
        return self._locations.get(name)

    def point(self, name: str, slot: int, parts: int) -> None:
        self._save({**self._locations, name: KeyLocation(slot, parts, time.time())})

    def drop(self, name: str) -> None:
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
            content = ownership.read(str(self._path), follows_last=True, may_be_writable=True)
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


class SystemVault:
    """The Secret Service, the macOS keychain or the Windows credential store."""

    def __init__(
        self,
        index_file: Path,
        *,
        profile: str = "",
        changed: Listeners[str] | None = None,
        state_changed: Listeners[VaultState] | None = None,
        quick_s: float = _QUICK_S,
        rests_after_s: float = _RESTS_AFTER_S,
    ) -> None:
        self.changed = changed or Listeners()
        self.state_changed = state_changed or Listeners()
        self._index = KeyIndex(index_file)
        self._keyring = KeyringProcess(profile)
        self._thread = WorkerThread("keyring", rest=self._keyring.rest, rest_after_s=rests_after_s)
        self._thread.came_back = self._probe_again
        self._state = VaultState.UNKNOWN
        self._quick_s = quick_s
        self._probe_task: asyncio.Task[VaultState] | None = None

    def state(self) -> VaultState:
        return self._state

    def names(self) -> tuple[str, ...]:
        return self._index.names()

    def changed_at(self, name: str) -> float:
        location = self._index.location(name)
        return location.changed if location else 0.0

    async def get(self, name: str) -> str | None:
        return (await self.get_all([name])).get(name)

    async def get_all(self, names: Iterable[str]) -> dict[str, str]:
        locations = {name: location for name in names if (location := self._index.location(name))}
        if not locations:
            return {}
        return await self._when_open(lambda: self._read_all(locations))

    async def set(self, name: str, value: str) -> None:
        """Store `value`; asks a person to unlock if needed."""
        kept = check_value(name, value)
        await self.require_open()
        await self._when_open(lambda: self._replace(name, kept))
        self.changed.notify(name)

    async def unset(self, name: str) -> None:
        """Delete the value; asks a person to unlock if needed."""
        location = self._index.location(name)
        if location is None:
            return
        await self.require_open()
        await self._when_open(lambda: self._drop(name, location))
        self.changed.notify(name)

    async def recover(self, name: str) -> bool:
        """Add a value to the index that a lost index had; returns whether there is one."""
        return await self._when_open(lambda: self._find(name))

    async def others(self, name: str) -> tuple[str, ...]:
        """The values in slots that the index does not point to."""
        return await self._when_open(lambda: tuple(self._other_values(name).values()))

    async def drop_others(self, name: str, values: Collection[str]) -> None:
        """Empty the slots of `values`, unless the index points to them."""
        if values:
            await self._when_open(lambda: self._delete_others(name, values))

    async def unlock(self, passphrase: str = "") -> None:
        """Let the keyring ask the person; Lou does not get the passphrase."""
        del passphrase
        await self.require_open()

    async def probe(self) -> VaultState:
        if self._thread.abandoned:
            return self._set_state(VaultState.HUNG)
        try:
            return self._set_state(await self._thread.run(self._keyring.look, self._quick_s))
        except (TimeoutError, VaultError):
            return self._set_state(VaultState.HUNG)

    async def close(self) -> None:
        """Release the thread, even if it hangs."""
        self._thread.close()

    async def require_open(self) -> None:
        if await self.probe() is VaultState.LOCKED:
            try:
                found = await self._thread.run(self._keyring.unlock, _WITH_A_PERSON_S)
                self._set_state(found)
            except TimeoutError:
                self._set_state(VaultState.HUNG)
        if self._state is not VaultState.OPEN:
            raise not_open(self._state)

    async def _when_open(self, work: Callable[[], T]) -> T:
        """The result of `work` if the keyring is open; asks nobody to open it."""
        if self._thread.abandoned:
            raise not_open(self._set_state(VaultState.HUNG))

        def look_then_work() -> tuple[VaultState, T | None]:
            state = self._keyring.look()
            return state, work() if state is VaultState.OPEN else None

        try:
            state, result = await self._thread.run(look_then_work, self._quick_s)
        except TimeoutError:
            self._set_state(VaultState.HUNG)
            raise no_answer(self._quick_s) from None
        if self._set_state(state) is not VaultState.OPEN:
            raise not_open(state)
        return cast("T", result)

    def _set_state(self, state: VaultState) -> VaultState:
        if state is not self._state:
            log.info("The keyring is %s", state)
            self._state = state
            self.state_changed.notify(state)
        return state

    def _probe_again(self) -> None:
        self._probe_task = asyncio.ensure_future(self.probe())

    def _read_all(self, locations: dict[str, KeyLocation]) -> dict[str, str]:
        found = {name: self._read(name, location) for name, location in locations.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _read(self, name: str, location: KeyLocation) -> str | None:
        parts = [
            self._keyring.get(_item(name, location.slot, part)) for part in range(location.parts)
        ]
        if any(part is None for part in parts):
            log.warning("The keyring lost the key %s", name)
            return None
        return "".join(part for part in parts if part)

    def _replace(self, name: str, value: str) -> None:
        before = self._index.location(name)
        location = KeyLocation(self._free_slot(name, before), -(-len(value) // _PART))
        self._write(name, location, value)
        if self._read(name, location) != value:
            self._delete(name, location)
            raise VaultError(
                f"The keyring did not keep {name}: it gave back something else.",
                "The value before is untouched. Try again.",
                code="not_kept",
            )
        self._index.point(name, location.slot, location.parts)
        if before:
            self._delete(name, before)

    def _free_slot(self, name: str, before: KeyLocation | None) -> int:
        start = before.slot if before else 0
        slots: list[int] = [(start + step) % _SLOTS + 1 for step in range(_SLOTS)]
        slots += range(_SLOTS + 1, _SLOTS_ONCE + 1)
        for slot in slots:
            is_in_use = before is not None and slot == before.slot
            if not is_in_use and self._keyring.get(_item(name, slot, 0)) is None:
                return slot
        raise VaultError(
            f"The keyring has no room for another value of {name}.",
            "Remove old ones called lou in the keyring of your desktop.",
            code="not_kept",
        )

    def _write(self, name: str, location: KeyLocation, value: str) -> None:
        """Write the first part last, so that a slot with a first part is complete."""
        left = location.parts
        while self._keyring.get(_item(name, location.slot, left)) is not None:
            self._keyring.delete(_item(name, location.slot, left))
            left += 1
        for part in reversed(range(location.parts)):
            text = value[part * _PART : (part + 1) * _PART]
            self._keyring.set(_item(name, location.slot, part), text)

    def _drop(self, name: str, location: KeyLocation) -> None:
        self._index.drop(name)
        self._delete(name, location)

    def _delete(self, name: str, location: KeyLocation) -> None:
        for part in range(location.parts):
            self._keyring.delete(_item(name, location.slot, part))

    def _find(self, name: str) -> bool:
        location = self._index.location(name)
        if location and self._read(name, location) is not None:
            return True
        found = self._locations(name, _SLOTS_ONCE)
        if not found:
            return False
        self._index.point(name, found[0].slot, found[0].parts)
        log.warning("Found %s in the keyring, which the index did not know", name)
        return True

    def _locations(self, name: str, slots: int = _SLOTS) -> list[KeyLocation]:
        """Every slot that has a value, the highest first, without the index."""
        found: list[KeyLocation] = []
        for slot in range(slots, 0, -1):
            parts = 0
            while self._keyring.get(_item(name, slot, parts)) is not None:
                parts += 1
            if parts:
                found.append(KeyLocation(slot, parts))
        return found

    def _other_values(self, name: str) -> dict[KeyLocation, str]:
        """The values in slots that the index does not point at."""
        present = self._index.location(name)
        found = {
            location: self._read(name, location)
            for location in self._locations(name)
            if present is None or location.slot != present.slot
        }
        return {location: value for location, value in found.items() if value is not None}

    def _delete_others(self, name: str, values: Collection[str]) -> None:
        for location, value in self._other_values(name).items():
            if value in values:
                self._delete(name, location)


def _item(name: str, slot: int, part: int) -> str:
    return f"{name}/{slot}" if part == 0 else f"{name}/{slot}/{part}"
