"""Which vault is in use, and the way from one to another."""

from __future__ import annotations

import zlib
from pathlib import Path

from app import paths
from app.errors import VaultError
from app.observe import Listeners
from app.vault import Vault, VaultState
from app.vault_file import FileVault
from app.vault_system import SystemVault
from servers.contract import endpoint

SYSTEM, FILE = "system", "file"


class KeyStore:
    """Holds the vault of this home. Listeners stay when the vault changes."""

    def __init__(self, kind: str) -> None:
        self.changed: Listeners[str] = Listeners()
        self.state_changed: Listeners[VaultState] = Listeners()
        self.vault = self._make(kind)

    async def use(self, kind: str, passphrase: str) -> None:
        """Take the other vault into use, with every key that can be read now.

        Raises:
            VaultError: the old one cannot be read, or the new one not be written.
        """
        before = self.vault
        after = self._make(kind)
        await after.unlock(passphrase)
        for name, value in (await before.get_all(before.names())).items():
            await after.set(name, value)
        self.vault = after
        for name in before.names():
            await before.unset(name)
        await before.close()
        self.state_changed.tell(after.state())

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


def require_passphrase(kind: str, passphrase: str) -> None:
    """Check that a file vault gets one.

    Raises:
        VaultError: it does not.
    """
    if kind == FILE and not passphrase:
        raise VaultError("A file of keys needs a passphrase.", "Enter one.", code="weak_passphrase")
