"""The sealing key of the tracker: found, made, rotated, exported, and never lost.

It may be in the vault, in slots of the keyring that the index lost, and in `tracker.key` from a
time without a keyring. All are merged into one list in the vault, the newest first. Nothing is
deleted before the vault gave back the list that contains it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from app.errors import SettingsError, VaultError
from app.keys import key_list
from app.keys.store import KeyStore
from app.keys.vault import Vault, VaultState, not_open
from app.system import files
from servers.contract import manifest, ownership

log = logging.getLogger(__name__)

NAME = manifest.ENCRYPTION_KEY


class TrackerKeyFile:
    """Reads, writes and deletes the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> str:
        """The key, or an empty text without one; raises VaultError if it cannot be read."""
        try:
            return ownership.read(str(self.path)).decode("ascii").strip()
        except FileNotFoundError:
            return ""
        except ownership.ForeignError as foreign:
            raise VaultError(f"{foreign.what}.", foreign.remedy, code="foreign") from foreign
        except (OSError, ValueError) as failure:
            raise VaultError(
                f"The tracker's key in {self.path} cannot be read.",
                "Make the file yours again, or put a copy of it back.",
                code="key_file_unreadable",
            ) from failure

    def is_there(self) -> bool:
        """Whether the file exists, or anything else of this name."""
        return os.path.lexists(self.path)

    def changed_at(self) -> float:
        """When it was written, in seconds since the epoch; 0 when it does not exist."""
        try:
            return self.path.stat().st_mtime
        except OSError:
            return 0.0

    def write(self, value: str) -> None:
        """Raises SettingsError if the key is not written, VaultError if it is not read back so."""
        files.write_atomic(self.path, f"{value}\n".encode())
        if self.read() != value:
            raise VaultError(
                f"{self.path} does not hold what was written to it.",
                "Check the disk, then try again.",
                code="not_kept",
            )

    def remove(self, value: str) -> None:
        """Delete the file if it contains `value`, which the vault has now."""
        with contextlib.suppress(OSError, VaultError):
            if self.read() == value:
                self.path.unlink()


@dataclass(frozen=True, slots=True)
class FoundKeys:
    """The keys in each place: the vault, further values of the vault, the file."""

    stored: str = ""
    others: tuple[str, ...] = ()
    waiting: str = ""
    is_waiting_newer: bool = False

    def joined(self) -> str:
        """All of them as one list, the newest first."""
        if self.is_waiting_newer:
            return key_list.joined([self.waiting, self.stored, *self.others])
        return key_list.joined([self.stored, *self.others, self.waiting])


class SealingKey:
    """Finds, makes, rotates, replaces and exports the tracker's key.

    Raises:
        VaultError: the keyring is closed or failed, or lost the key; nothing was changed.
        SettingsError: the file with the key, or that of an export, could not be written.
    """

    def __init__(self, store: KeyStore, key_file: TrackerKeyFile) -> None:
        self._store = store
        self._file = key_file
        self._turn = asyncio.Lock()
        self._gathered: Vault | None = None
        """The vault into which this process merged all keys."""

    async def in_file(self) -> str:
        """The key from its file if it is not in the vault; empty when the vault has it.

        A new key is made only if there is certainly none, never while a keyring is closed.
        """
        async with self._turn:
            vault = self._store.vault
            is_known = NAME in vault.names()
            if is_known and vault is self._gathered and not self._file.is_there():
                return ""
            if not is_known and self._store.is_elsewhere(NAME):
                raise _left_behind()
            state = await vault.probe()
            if state is VaultState.OPEN:
                await self._gather(vault)
                return ""
            if is_known:
                return ""  # the read of the value raises the error
            if state is not VaultState.ABSENT:
                raise not_open(state)
            return self._file.read() or await self._make_in_file()

    async def gather(self) -> bool:
        """Merge every key into the vault, if it is open; returns whether its value changed."""
        async with self._turn:
            vault = self._store.vault
            is_left_behind = NAME not in vault.names() and self._store.is_elsewhere(NAME)
            if is_left_behind or await vault.probe() is not VaultState.OPEN:
                return False
            return await self._gather(vault)

    async def set(self, value: str) -> None:
        """Put `value` in front of the stored keys, which still open what they sealed."""
        if not key_list.is_list(value):
            raise VaultError(
                f"This is not an {NAME}.",
                "Use the recovery key that Lou saved: 44 letters, digits, - or _, and = at the "
                "end of each key.",
                code="not_a_key",
            )
        async with self._open_vault() as vault:
            found = await self._look(vault)
            await self._keep(vault, found, key_list.joined([value, found.joined()]))

    async def rotate(self) -> None:
        """Put a new key in front of the stored ones, which still open what they sealed."""
        async with self._open_vault() as vault:
            found = await self._look(vault)
            self._require(vault, found)
            await self._keep(vault, found, key_list.joined([_new_key(), found.joined()]))

    async def unset(self) -> None:
        """Delete every key in the vault."""
        async with self._open_vault() as vault:
            others = await vault.others(NAME)
            await vault.unset(NAME)
            await vault.drop_others(NAME, others)

    async def export(self, path: Path) -> None:
        """Write every key to a new private file at `path`, never over another: a recovery key."""
        async with self._turn:
            vault = self._store.vault
            if NAME in vault.names() or await vault.probe() is VaultState.OPEN:
                found = await self._look(vault)
            else:
                found = FoundKeys(waiting=self._file.read())
            value = found.joined() or found.stored or found.waiting
        if not value:
            raise VaultError(
                f"There is no {NAME} yet.", "Lou makes it when the tracker starts.", code="no_key"
            )
        await asyncio.to_thread(_write_new, path, value)

    @contextlib.asynccontextmanager
    async def _open_vault(self) -> AsyncIterator[Vault]:
        """The vault, which is open, for one change at a time."""
        async with self._turn:
            await self._store.vault.require_open()
            yield self._store.vault

    async def _look(self, vault: Vault) -> FoundKeys:
        """What there is in an open vault and in the file."""
        changed = vault.changed_at(NAME)  # of the index, before it is mended
        stored = (await vault.get(NAME) or "") if await vault.recover(NAME) else ""
        others = await vault.others(NAME)
        waiting = self._waiting(has_other=bool(stored))
        return FoundKeys(stored, others, waiting, self._file.changed_at() > changed)

    def _waiting(self, *, has_other: bool) -> str:
        """What is in the file; a broken one does not stop those who have a key."""
        try:
            return self._file.read()
        except VaultError as broken:
            if not has_other:
                raise
            log.warning("%s", broken)
            return ""

    async def _gather(self, vault: Vault) -> bool:
        found = await self._look(vault)
        if found.stored and not key_list.is_list(found.stored):
            return False  # the stored value is no key; the tracker reports that
        whole = found.joined()
        if not whole and found.waiting:
            raise _unusable_file(self._file.path)
        if not whole:
            self._require(vault, found)
            await self._require_nowhere_else()
            whole = _new_key()
            log.info("The key that seals the tracker's addresses is in the keyring now")
        is_new = whole != found.stored
        await self._keep(vault, found, whole)
        self._gathered = vault
        return is_new

    async def _keep(self, vault: Vault, found: FoundKeys, whole: str) -> None:
        """Store `whole`, read it back, and only then delete other copies of its keys."""
        if whole != found.stored:
            await vault.set(NAME, whole)
        if await vault.get(NAME) != whole:
            raise VaultError(
                f"The keyring did not keep {NAME}: it gave back something else.",
                "Nothing was removed. Try again.",
                code="not_kept",
            )
        await vault.drop_others(NAME, [one for one in found.others if key_list.holds(whole, one)])
        if key_list.holds(whole, found.waiting):
            self._file.remove(found.waiting)

    @staticmethod
    def _require(vault: Vault, found: FoundKeys) -> None:
        """Check that the keyring did not lose a key that is in the index."""
        if NAME in vault.names() and not found.joined():
            raise VaultError(
                "The keyring no longer has the key that seals the tracker's addresses.",
                f"Put the recovery key back: lou keys set {NAME} --yes < FILE. Or begin with a "
                f"new one, without the old entries: lou keys unset {NAME} --yes.",
                code="key_gone",
            )

    async def _require_nowhere_else(self) -> None:
        """Check that the vault which is not in use has no key that its index lost."""
        if await self._store.has_elsewhere(NAME):
            raise _left_behind()

    async def _make_in_file(self) -> str:
        await self._require_nowhere_else()
        fresh = _new_key()
        self._file.write(fresh)
        log.warning("There is no keyring: the tracker's key is in %s", self._file.path)
        return fresh


def is_made_by_lou(name: str) -> bool:
    """Whether Lou itself makes the key called `name`."""
    return any(key.name == name and key.generated for key in manifest.KEYS)


def _new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def _write_new(path: Path, value: str) -> None:
    """Create `path` with `value`, and read it back."""
    try:
        files.write_new(path, f"{value}\n".encode())
        kept = path.read_text("ascii").strip()
    except FileExistsError:
        raise SettingsError(
            f"{path} is there already.", "Choose another name.", code="exists"
        ) from None
    except OSError as failure:
        raise files.not_written(path, failure) from failure
    if kept != value:
        raise SettingsError(
            f"{path.name} does not hold what was written.", "Try another place.", code="not_kept"
        )


def _left_behind() -> VaultError:
    return VaultError(
        "The tracker's key stayed in the store of keys that was used before.",
        "Open that one and choose the store again, so that the key moves: lou keys store.",
        code="key_left_behind",
    )


def _unusable_file(path: Path) -> VaultError:
    return VaultError(
        f"The tracker's key in {path} is no key.",
        "Put a copy of the right file back, or move it away.",
        code="key_file_unreadable",
    )
