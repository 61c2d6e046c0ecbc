"""Histories of the tracker's key: what a keyring, a file and an index can go through in any order.

The code under test is the real one. Only the keyring's process is replaced, by one that keeps what
it is given, locks, is absent, and can be cut off at any call, as a killed process would be.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.config.config_model import Config
from app.errors import AppError
from app.keys import key_list
from app.keys.sealing_key import NAME, TrackerKeyFile
from app.keys.service import Keys
from app.keys.store import KeyStore
from app.keys.vault import VaultState
from app.keys.vaults import sealed_file, system_keyring
from app.system import files, paths
from servers.contract.redaction import Redactor

PASSPHRASE = "a long enough passphrase"
STATES = (VaultState.OPEN, VaultState.OPEN, VaultState.LOCKED, VaultState.ABSENT)


class KilledError(Exception):
    """The process ends here."""


@dataclass
class World:
    """What outlives a process: the keyring's items. `left` is how long this process lives."""

    items: dict[str, str] = field(default_factory=dict)
    state: VaultState = VaultState.OPEN
    left: int | None = None

    def step(self) -> None:
        """One more thing that is written."""
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KilledError


class KeyringInMemory:
    """The calls of KeyringProcess."""

    def __init__(self, world: World) -> None:
        self._world = world

    def look(self) -> VaultState:
        return self._world.state

    def unlock(self) -> VaultState:
        return self._world.state

    def get(self, item: str) -> str | None:
        return self._world.items.get(item)

    def set(self, item: str, value: str) -> None:
        self._world.step()
        self._world.items[item] = value
        self._world.step()

    def delete(self, item: str) -> None:
        self._world.step()
        self._world.items.pop(item, None)
        self._world.step()

    def rest(self) -> None:
        pass


@contextlib.contextmanager
def in_memory(patch: pytest.MonkeyPatch) -> Iterator[Callable[[World], None]]:
    """Let vaults use the keyring of the world that is chosen, and files be cut off with it."""
    present = [World()]
    patch.setattr(system_keyring, "KeyringProcess", lambda profile: KeyringInMemory(present[0]))
    patch.setattr(sealed_file, "_COST", {"n": 2, "r": 1, "p": 1})
    patch.setattr(os, "fsync", lambda _: None)  # no power is cut here
    write = files.write_atomic

    def write_atomic(path: Path, content: bytes, *, mode: int = files.PRIVATE) -> None:
        present[0].step()
        write(path, content, mode=mode)
        present[0].step()

    patch.setattr(files, "write_atomic", write_atomic)
    yield lambda world: present.__setitem__(0, world)


class History:
    """One random sequence of events in one home."""

    def __init__(self, seed: int, choose: Callable[[World], None]) -> None:
        self._rng = random.Random(seed)
        self._world = World()
        choose(self._world)
        self._kind = "system"
        self._told: list[str] = []
        self.events: list[str] = []
        self.known: set[str] = set()
        """Every key that was ever anywhere."""
        self._indexes: list[bytes] = []
        self._files: list[str] = []
        self._index = paths.data_folder("keys.json")
        self._file = paths.data_folder("tracker.key")
        self._index.parent.mkdir(parents=True, exist_ok=True)

    async def run(self, steps: int) -> None:
        """Let `steps` events happen; nothing may be lost in any."""
        for _ in range(steps):
            event = self._rng.choice(EVENTS)
            self.events.append(f"{event} ({self._world.state})")
            await getattr(self, f"_{event}")()
            self._remember()
            lost = self.known - self.present()
            assert not lost, f"lost {len(lost)} of {len(self.known)}: {self.events}"

    async def end(self) -> int:
        """Open everything; how many of the keys that ever were are not in use then."""
        self._world.state, self._world.left = VaultState.OPEN, None
        async with self._session() as (store, keys):
            if store.is_made("file"):
                await store.use("file", PASSPHRASE)
            await store.use("system", "")
            await keys.encryption_key()
            value = await store.vault.get(NAME) or ""
        self._kind = "system"
        return len(self.known - set(key_list.keys_in(value)))

    def present(self) -> set[str]:
        """Every key that is anywhere now."""
        texts = [value for item, value in self._world.items.items() if NAME in item]
        texts += [path.read_text() for path in self._file.parent.glob("tracker.key*")]
        for path in self._file.parent.glob("keys.sealed.json*"):
            texts += _opened(path)
        return {key for text in texts for key in key_list.keys_in(text)}

    def _remember(self) -> None:
        self.known |= self.present()
        if self._index.exists():
            self._indexes.append(self._index.read_bytes())
        if self._file.exists():
            self._files.append(self._file.read_text())

    @contextlib.asynccontextmanager
    async def _session(self):  # type: ignore[no-untyped-def]
        """A process of Lou; one that is killed leaves what it had done."""
        store = KeyStore(self._kind)
        keys = Keys(store, Config, Redactor(), TrackerKeyFile(self._file))
        try:
            if self._kind == "file":
                await store.vault.unlock(PASSPHRASE)
            yield store, keys
        finally:
            await store.vault.close()

    async def _work(self, work) -> None:  # type: ignore[no-untyped-def]
        with contextlib.suppress(AppError, KilledError):
            async with self._session() as (store, keys):
                await work(store, keys)
        self._world.left = None

    async def _start(self) -> None:
        async def start(store: KeyStore, keys: Keys) -> None:
            found = await keys.encryption_key()
            value = found.get(NAME) or await store.vault.get(NAME)
            assert value, self.events

        await self._work(start)

    async def _killed(self) -> None:
        self._world.left = self._rng.randrange(8)
        event = self._rng.choice(("start", "rotate", "go_back", "other_store"))
        self.events.append(f"killed in {event} after {self._world.left}")
        await getattr(self, f"_{event}")()

    async def _rotate(self) -> None:
        await self._work(lambda store, keys: keys.rotate(NAME))

    async def _go_back(self) -> None:
        """The user puts a recovery key back."""
        saved = self._rng.choice(sorted(self.known) or [Fernet.generate_key().decode()])
        await self._work(lambda store, keys: keys.set(NAME, saved))

    async def _other_store(self) -> None:
        kind = "file" if self._kind == "system" else "system"

        async def use(store: KeyStore, keys: Keys) -> None:
            await store.use(kind, PASSPHRASE)
            self._kind = kind
            await keys.gather_sealing_keys()

        await self._work(use)

    async def _keyring_changes(self) -> None:
        self._world.state = self._rng.choice(STATES)

    async def _index_lost(self) -> None:
        self._index.unlink(missing_ok=True)

    async def _index_restored(self) -> None:
        if self._indexes:
            self._index.write_bytes(self._rng.choice(self._indexes))

    async def _other_key_inside(self) -> None:
        """What an earlier Lou of this home left in the keyring."""
        prefix = f"{NAME}/"
        free = [n for n in range(1, 17) if f"{prefix}{n}" not in self._world.items]
        if free:
            slot = self._rng.choice(free)
            self._world.items[f"{prefix}{slot}"] = Fernet.generate_key().decode()

    async def _file_there(self) -> None:
        """What a time without a keyring left."""
        if not self._file.exists():
            self._file.write_text(Fernet.generate_key().decode() + "\n")

    async def _file_restored(self) -> None:
        if self._files and not self._file.exists():
            self._file.write_text(self._rng.choice(self._files))


EVENTS = (
    "start",
    "start",
    "start",
    "killed",
    "killed",
    "rotate",
    "go_back",
    "other_store",
    "keyring_changes",
    "keyring_changes",
    "index_lost",
    "index_restored",
    "other_key_inside",
    "file_there",
    "file_restored",
)


def _opened(path: Path) -> list[str]:
    vault = sealed_file.FileVault(path)
    document = sealed_file._read(path)
    if not document:
        return []
    vault._open(PASSPHRASE)
    vault._thread.close()
    return [value for name, value in vault._values.items() if name == NAME]


async def lost_keys(home: Path, seeds: range, patch: pytest.MonkeyPatch) -> int:
    """How many keys are lost over the histories of `seeds`."""
    lost = 0
    with in_memory(patch) as choose:
        for seed in seeds:
            patch.setenv("LOU_HOME", str(home / str(seed)))
            history = History(seed, choose)
            await history.run(12)
            count = await history.end()
            assert not count, f"history {seed}: {count} not in use: {history.events}"
            lost += count
    return lost
