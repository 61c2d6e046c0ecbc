"""The vault that is in use, and the move of keys from one vault to another."""

from __future__ import annotations

import logging
import zlib
from pathlib import Path

from app.errors import VaultError
from app.keys import key_list
from app.keys.vault import Vault, VaultState
from app.keys.vaults.system_keyring import SystemVault
from app.system import paths
from app.system.listeners import Listeners
from servers.contract import endpoint, manifest

log = logging.getLogger(__name__)

SYSTEM, FILE = "system", "file"
_OTHER = {SYSTEM: FILE, FILE: SYSTEM}


class KeyStore:
    """Holds the vault of this home. Its listeners stay when the vault changes."""

    def __init__(self, kind: str) -> None:
        self.changed: Listeners[str] = Listeners()
        self.state_changed: Listeners[VaultState] = Listeners()
        self._kind = kind
        self.vault = self._make(kind)

    async def use(self, kind: str, passphrase: str) -> None:
        """Use the vault of this kind, and move to it every key of the other that can be read.

        Keys that cannot be read stay there; a later call moves them.

        Raises:
            VaultError: the vault stayed closed, or a key could not be written.
        """
        after = self.vault if kind == self._kind else self._make(kind)
        await after.unlock(passphrase)
        before = self._make(_OTHER[kind]) if kind == self._kind else self.vault
        await _move(before, after)
        await before.close()
        self.vault, self._kind = after, kind
        self.state_changed.notify(after.state())

    def is_elsewhere(self, name: str) -> bool:
        """Whether the vault that is not in use has a value for `name`."""
        return name in self._make(_OTHER[self._kind]).names()

    async def has_elsewhere(self, name: str) -> bool:
        """The same if its index was lost; searches it only if it is open."""
        other = self._make(_OTHER[self._kind])
        try:
            return await other.probe() is VaultState.OPEN and await other.recover(name)
        except VaultError:
            return False
        finally:
            await other.close()

    def is_made(self, kind: str) -> bool:
        """Whether there is a vault of this kind; a file has its passphrase then."""
        return self._make(kind).state() is not VaultState.ABSENT

    def _make(self, kind: str) -> Vault:
        data = paths.data_folder()
        if kind == FILE:
            from app.keys.vaults.sealed_file import FileVault  # noqa: PLC0415 - the other is usual

            return FileVault(
                data / "keys.sealed.json", changed=self.changed, state_changed=self.state_changed
            )
        return SystemVault(
            data / "keys.json",
            profile=_profile(),
            changed=self.changed,
            state_changed=self.state_changed,
        )


def _profile() -> str:
    """A prefix for the items of this home, because all homes of a user share a keyring."""
    home = endpoint.home()
    return f"{zlib.crc32(str(Path(home).resolve()).encode()):08x}" if home else ""


async def _move(before: Vault, after: Vault) -> None:
    """Copy every value of `before` to `after`, and delete those that `after` gives back.

    A sealing key goes in front of those that `after` has. Of another key the newer value is used;
    an older one in `before` stays there.
    """
    try:
        values = await _all_of(before)
    except VaultError as closed:
        log.warning("Keys stay where they are for now: %s", closed.title)
        return
    for name, value in values.items():
        wanted = await _value_to_keep(name, value, before, after)
        if await after.get(name) != wanted:
            await after.set(name, wanted)
    kept = await after.get_all(values)
    for name, value in values.items():
        has_it = kept.get(name, "")
        if has_it == value or key_list.holds(has_it, value):
            others = await before.others(name)
            await before.unset(name)
            await before.drop_others(
                name, [one for one in others if one == has_it or key_list.holds(has_it, one)]
            )


async def _all_of(vault: Vault) -> dict[str, str]:
    """Every value; a sealing key with those that the index lost."""
    made = [key.name for key in manifest.KEYS if key.generated]
    if await vault.probe() is VaultState.OPEN:
        for name in made:
            await vault.recover(name)
    values = await vault.get_all(vault.names())
    for name in made:
        if name in values and key_list.is_list(values[name]):
            values[name] = key_list.joined([values[name], *await vault.others(name)])
    return values


async def _value_to_keep(name: str, value: str, before: Vault, after: Vault) -> str:
    """The value that `after` should have when `before` has `value`."""
    present = await after.get(name)
    if present is None or present == value:
        return value
    is_newer = before.changed_at(name) >= after.changed_at(name)
    if key_list.is_list(value) and key_list.is_list(present):
        return key_list.joined([value, present] if is_newer else [present, value])
    return value if is_newer else present
