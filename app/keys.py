"""Which keys there are, who uses them, and how a changed one reaches its servers."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from app import config as meaning
from app import preparation
from app.config import Config, ServerEntry
from app.errors import AppError, SettingsError, VaultError
from app.facts import KeyView
from app.key_file import KeyFile
from app.key_store import KeyStore
from app.processes.command import Blocked
from app.vault import VaultState, not_open
from servers.contract import manifest
from servers.contract.redaction import Redactor

log = logging.getLogger(__name__)

_ENCRYPTION = "ENCRYPTION_KEY"


class Keys:
    """The names of all keys, and their values for those who may have them."""

    def __init__(
        self,
        store: KeyStore,
        config: Callable[[], Config],
        redactor: Redactor,
        key_file: KeyFile,
    ) -> None:
        self._store = store
        self._key_file = key_file
        self._config = config
        self._redactor = redactor
        self._making = asyncio.Lock()

    def views(self) -> tuple[KeyView, ...]:
        """The known keys, then those that the user's own servers refer to, then leftovers."""
        known = {key.name: key for key in manifest.KEYS}
        vault = self._store.vault
        stored = set(vault.names())
        others: dict[str, list[str]] = {name: [] for name in sorted(stored - known.keys())}
        for server, entry in self._config().servers.items():
            for name in entry.references():
                if name not in known:
                    others.setdefault(name, []).append(server)
        views = [
            KeyView(
                name=key.name,
                title=key.title,
                purpose=key.purpose,
                url=key.url,
                servers=self.users(key.name),
                is_set=key.name in stored,
                can_be_tested=key.can_be_tested,
                generated=key.generated,
                changed_at=vault.changed_at(key.name),
            )
            for key in manifest.KEYS
        ]
        views += [
            KeyView(
                name=name,
                title=name,
                purpose=f"Used by {', '.join(servers)}." if servers else "No server uses it now.",
                url="",
                servers=tuple(servers),
                is_set=name in stored,
                known=False,
                can_be_tested=False,
                changed_at=vault.changed_at(name),
            )
            for name, servers in others.items()
        ]
        return tuple(views)

    def users(self, name: str) -> tuple[str, ...]:
        """The servers that get the key called `name`."""
        return tuple(
            server
            for server, entry in self._config().servers.items()
            if name in preparation.wanted_keys(server, entry).values()
        )

    def learn(self, name: str, value: str) -> None:
        """Take `value` out of every line from now on."""
        self._redactor.learn([value])

    async def keep(self, values: Mapping[str, str]) -> None:
        """Put several keys into the vault.

        Raises:
            VaultError: one was not kept.
        """
        for name, value in values.items():
            self.learn(name, value)
            await self._store.vault.set(name, value)

    async def values_for(self, server: str, entry: ServerEntry) -> dict[str, str] | Blocked:
        """The keys of a server by the name it knows them by, or why it cannot start."""
        wanted = preparation.wanted_keys(server, entry)
        try:
            plain = preparation.plain_keys(server, entry)
            if wanted.get(_ENCRYPTION) == _ENCRYPTION:
                plain = {**await self.encryption_key(), **plain}
            stored = await self._read(wanted.values())
        except AppError as closed:
            return Blocked(closed.code, closed.title, closed.hint)
        found = {known: stored[name] for known, name in wanted.items() if name in stored}
        for name, value in plain.items():
            self.learn(name, value)
        missing = [name for name in entry.references() if name not in stored]
        if missing and not meaning.is_embedded(server, entry):
            return _missing(server, missing[0])
        return {**found, **plain}

    async def encryption_key(self) -> dict[str, str]:
        """The tracker's key when the vault does not have it, by name; made on first use.

        A new one is made only when there surely is none, never where a keyring is merely closed.

        Raises:
            VaultError: the keyring is closed, or failed on the way.
            SettingsError: the key could not be kept.
        """
        vault = self._store.vault
        async with self._making:
            if _ENCRYPTION in vault.names():
                return {}
            if self._store.is_elsewhere(_ENCRYPTION):
                raise _left_behind()
            state = await vault.probe()
            waiting = self._key_file.read()
            if state is VaultState.OPEN:
                if not await vault.recover(_ENCRYPTION):
                    await vault.set(_ENCRYPTION, waiting or _new_key())
                    log.info("The key that seals the tracker's addresses is in the keyring now")
                self._key_file.remove()
                return {}
            if state is not VaultState.ABSENT:
                raise not_open(state)
            return {_ENCRYPTION: waiting or self._make_key_file()}

    def _make_key_file(self) -> str:
        fresh = _new_key()
        self._key_file.write(fresh)
        log.warning("There is no keyring: the tracker's key is in %s", self._key_file.path)
        return fresh

    async def rotate(self, name: str) -> None:
        """Put a new value in front of the old ones, which still open what they sealed.

        Raises:
            VaultError: it is no key that Lou makes, or the keyring is closed.
        """
        _must_be_generated(name, "Set a new value instead.")
        before = await self._store.vault.get(name)
        fresh = _new_key()
        await self._store.vault.set(name, f"{fresh},{before}" if before else fresh)

    async def export(self, name: str, path: Path) -> None:
        """Write a key that Lou makes to a new private file at `path`: a recovery key.

        Raises:
            VaultError: it is no key that Lou makes, there is none yet, or the keyring is closed.
            SettingsError: the file is there already, or cannot be written.
        """
        _must_be_generated(name, "Its provider shows it, or makes a new one.")
        is_stored = name in self._store.vault.names()
        value = await self._store.vault.get(name) if is_stored else self._key_file.read()
        if not value:
            raise VaultError(
                f"There is no {name} yet.", "Lou makes it when the tracker starts.", code="no_key"
            )
        await asyncio.to_thread(_write_new, path, value)

    async def _read(self, names: Iterable[str]) -> dict[str, str]:
        vault = self._store.vault
        configured = [name for name in names if name in vault.names()]
        if not configured:
            return {}
        values = await vault.get_all(configured)
        for name, value in values.items():
            self.learn(name, value)
        return values


def _new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def _must_be_generated(name: str, hint: str) -> None:
    if not any(key.name == name and key.generated for key in manifest.KEYS):
        raise VaultError(f"{name} is not made by Lou.", hint, code="not_generated")


def _write_new(path: Path, value: str) -> None:
    if path.exists():
        raise SettingsError(f"{path} is there already.", "Choose another name.", code="exists")
    KeyFile(path).write(value)


def _missing(server: str, name: str) -> Blocked:
    return Blocked(
        "missing_key",
        f"{server} needs the key {name}, which is not set.",
        f"Set it on the Keys page, or with `lou keys set {name}`.",
        name,
    )


def _left_behind() -> VaultError:
    return VaultError(
        "The tracker's key stayed in the store of keys that was used before.",
        "Open that one and choose the store again, so that the key moves: lou keys store.",
        code="key_left_behind",
    )
