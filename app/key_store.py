"""Which vault is in use, and the way from one to another."""

from __future__ import annotations

import logging
import zlib
from pathlib import Path

from app import paths
from app.errors import VaultError
from app.observe import Listeners
from app.vault import Vault, VaultState
from app.vaults.sealed_file import FileVault
from app.vaults.system import SystemVault
from servers.contract import endpoint

log = logging.getLogger(__name__)

SYSTEM, FILE = "system", "file"
_OTHER = {SYSTEM: FILE, FILE: SYSTEM}


class KeyStore:
    """Holds the vault of this home. Listeners stay when the vault changes."""

    def __init__(self, kind: str) -> None:
        self.changed: Listeners[str] = Listeners()
        self.state_changed: Listeners[VaultState] = Listeners()
        self._kind = kind
        self.vault = self._make(kind)

    async def use(self, kind: str, passphrase: str) -> None:
        """Take a vault into use, with every key of the other one that can be read now.

        What cannot be read stays where it is; asking again later moves it.

        Raises:
            VaultError: the vault stayed closed, or a key could not be written.
        """
        after = self.vault if kind == self._kind else self._make(kind)
        await after.unlock(passphrase)
        before = self._make(_OTHER[kind]) if kind == self._kind else self.vault
        await _move(before, after)
        await before.close()
        self.vault, self._kind = after, kind
        self.state_changed.tell(after.state())

    def is_elsewhere(self, name: str) -> bool:
        """Whether the vault that is not in use has a value for `name`."""
        return name in self._make(_OTHER[self._kind]).names()

    def is_made(self, kind: str) -> bool:
        """Whether there was a vault of this kind before: a file has its passphrase then."""
        return self._make(kind).state() is not VaultState.ABSENT

    def _make(self, kind: str) -> Vault:
        data = paths.data_folder()
        if kind == FILE:
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
    """Two homes of one user share a keyring, and must not share its items."""
    home = endpoint.home()
    return f"{zlib.crc32(str(Path(home).resolve()).encode()):08x}" if home else ""


async def _move(before: Vault, after: Vault) -> None:
    try:
        values = await before.get_all(before.names())
    except VaultError as closed:
        log.warning("Keys stay where they are for now: %s", closed.title)
        return
    for name, value in values.items():
        await after.set(name, value)
    for name in values:
        await before.unset(name)
