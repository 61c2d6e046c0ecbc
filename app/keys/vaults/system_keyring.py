"""Keys in the keyring of the operating system, reached in a thread that may hang without harm.

Only keyrings that encrypt are used, named here one by one: what happens to be installed, and
PYTHON_KEYRING_BACKEND, change nothing. A new value is written beside the old one and read back
before the pointer moves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TypeVar, cast

from app.errors import VaultError
from app.keys.vault import VaultState, check_value, no_answer, not_open
from app.keys.vaults.key_index import KeyIndex, KeyLocation
from app.keys.vaults.keyring_process import KeyringProcess
from app.system.listeners import Listeners
from app.system.worker_thread import WorkerThread

log = logging.getLogger(__name__)

T = TypeVar("T")

_QUICK_S = 4.0
"""A server that must wait for this long is blocked 5.5 s after Lou started, at the latest."""
_WITH_A_PERSON_S = 120.0
_RESTS_AFTER_S = 20.0
"""Longer than the time between two looks at a closed keyring."""
_PART = 1_000
"""Characters of one item; Windows takes 1,280."""
_SLOTS = 16
"""A value moves to the next slot when it changes, and after the last one to the first."""
_SLOTS_ONCE = 64
"""Earlier versions went on to higher ones, and so does a value where the usual ones are taken."""


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
        self._thread.came_back = self._look_again
        self._state = VaultState.UNKNOWN
        self._quick_s = quick_s
        self._looking: asyncio.Task[VaultState] | None = None

    def state(self) -> VaultState:
        """As last seen."""
        return self._state

    def names(self) -> tuple[str, ...]:
        """The keys that have a value."""
        return self._index.names()

    def changed_at(self, name: str) -> float:
        """When the value was set; 0 when it has none."""
        place = self._index.place(name)
        return place.changed if place else 0.0

    async def get(self, name: str) -> str | None:
        """The value, or None when there is none."""
        return (await self.get_all([name])).get(name)

    async def get_all(self, names: Iterable[str]) -> dict[str, str]:
        """The values of those that have one, within one deadline."""
        places = {name: place for name in names if (place := self._index.place(name))}
        if not places:
            return {}
        return await self._when_open(lambda: self._read_all(places))

    async def set(self, name: str, value: str) -> None:
        """Keep `value`; asks a person to unlock when that is needed."""
        kept = check_value(name, value)
        await self.require_open()
        await self._when_open(lambda: self._replace(name, kept))
        self.changed.tell(name)

    async def unset(self, name: str) -> None:
        """Forget the value; asks a person to unlock when that is needed."""
        place = self._index.place(name)
        if place is None:
            return
        await self.require_open()
        await self._when_open(lambda: self._drop(name, place))
        self.changed.tell(name)

    async def recover(self, name: str) -> bool:
        """Point at a value that an index which was lost had; true when there is one."""
        return await self._when_open(lambda: self._find(name))

    async def others(self, name: str) -> tuple[str, ...]:
        """The values in slots that the index does not point at."""
        return await self._when_open(lambda: tuple(self._beside(name).values()))

    async def drop_others(self, name: str, values: Collection[str]) -> None:
        """Empty the slots of `values`, unless the index points at them."""
        if values:
            await self._when_open(lambda: self._drop_beside(name, values))

    async def unlock(self, passphrase: str = "") -> None:
        """Let the keyring ask the person; a passphrase is not for us to know."""
        del passphrase
        await self.require_open()

    async def probe(self) -> VaultState:
        """Look whether it is open now, without asking a person."""
        if self._thread.abandoned:
            return self._see(VaultState.HUNG)
        try:
            return self._see(await self._thread.run(self._keyring.look, self._quick_s))
        except (TimeoutError, VaultError):
            return self._see(VaultState.HUNG)

    async def close(self) -> None:
        """Let go of the thread; one that hangs is left behind."""
        self._thread.close()

    async def require_open(self) -> None:
        """Make sure that it is open; the system's own prompt asks a person."""
        if await self.probe() is VaultState.LOCKED:
            try:
                found = await self._thread.run(self._keyring.unlock, _WITH_A_PERSON_S)
                self._see(found)
            except TimeoutError:
                self._see(VaultState.HUNG)
        if self._state is not VaultState.OPEN:
            raise not_open(self._state)

    async def _when_open(self, work: Callable[[], T]) -> T:
        """What `work` brings from an open keyring; asks nobody to open it."""
        if self._thread.abandoned:
            raise not_open(self._see(VaultState.HUNG))

        def look_then_work() -> tuple[VaultState, T | None]:
            state = self._keyring.look()
            return state, work() if state is VaultState.OPEN else None

        try:
            state, result = await self._thread.run(look_then_work, self._quick_s)
        except TimeoutError:
            self._see(VaultState.HUNG)
            raise no_answer(self._quick_s) from None
        if self._see(state) is not VaultState.OPEN:
            raise not_open(state)
        return cast("T", result)

    def _see(self, state: VaultState) -> VaultState:
        if state is not self._state:
            log.info("The keyring is %s", state)
            self._state = state
            self.state_changed.tell(state)
        return state

    def _look_again(self) -> None:
        self._looking = asyncio.ensure_future(self.probe())

    def _read_all(self, places: dict[str, KeyLocation]) -> dict[str, str]:
        found = {name: self._read(name, place) for name, place in places.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _read(self, name: str, place: KeyLocation) -> str | None:
        parts = [self._keyring.get(_item(name, place.slot, part)) for part in range(place.parts)]
        if any(part is None for part in parts):
            log.warning("The keyring lost the key %s", name)
            return None
        return "".join(part for part in parts if part)

    def _replace(self, name: str, value: str) -> None:
        before = self._index.place(name)
        place = KeyLocation(self._free_slot(name, before), -(-len(value) // _PART))
        self._write(name, place, value)
        if self._read(name, place) != value:
            self._delete(name, place)
            raise VaultError(
                f"The keyring did not keep {name}: it gave back something else.",
                "The value before is untouched. Try again.",
                code="not_kept",
            )
        self._index.point(name, place.slot, place.parts)
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

    def _write(self, name: str, place: KeyLocation, value: str) -> None:
        """Write the first part last: where it is, the value is whole."""
        left = place.parts
        while self._keyring.get(_item(name, place.slot, left)) is not None:
            self._keyring.delete(_item(name, place.slot, left))
            left += 1
        for part in reversed(range(place.parts)):
            text = value[part * _PART : (part + 1) * _PART]
            self._keyring.set(_item(name, place.slot, part), text)

    def _drop(self, name: str, place: KeyLocation) -> None:
        self._index.drop(name)
        self._delete(name, place)

    def _delete(self, name: str, place: KeyLocation) -> None:
        for part in range(place.parts):
            self._keyring.delete(_item(name, place.slot, part))

    def _find(self, name: str) -> bool:
        place = self._index.place(name)
        if place and self._read(name, place) is not None:
            return True
        found = self._places(name, _SLOTS_ONCE)
        if not found:
            return False
        self._index.point(name, found[0].slot, found[0].parts)
        log.warning("Found %s in the keyring, which the index did not know", name)
        return True

    def _places(self, name: str, slots: int = _SLOTS) -> list[KeyLocation]:
        """Every slot that has a value, the highest first, whatever the index says."""
        found: list[KeyLocation] = []
        for slot in range(slots, 0, -1):
            parts = 0
            while self._keyring.get(_item(name, slot, parts)) is not None:
                parts += 1
            if parts:
                found.append(KeyLocation(slot, parts))
        return found

    def _beside(self, name: str) -> dict[KeyLocation, str]:
        """The values in slots that the index does not point at."""
        present = self._index.place(name)
        found = {
            place: self._read(name, place)
            for place in self._places(name)
            if present is None or place.slot != present.slot
        }
        return {place: value for place, value in found.items() if value is not None}

    def _drop_beside(self, name: str, values: Collection[str]) -> None:
        for place, value in self._beside(name).items():
            if value in values:
                self._delete(name, place)


def _item(name: str, slot: int, part: int) -> str:
    return f"{name}/{slot}" if part == 0 else f"{name}/{slot}/{part}"
