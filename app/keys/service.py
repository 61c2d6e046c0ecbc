"""The verbs for keys (list, set, remove, rotate, export), and which values each server gets.

In: names and values from a person. Out: views without values, and the values that a server gets
when it starts. The redactor learns every value before it is used.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.config import config_model
from app.config.config_model import Config, ServerEntry
from app.errors import AppError, ServerError, VaultError
from app.keys import sealing_key
from app.keys.sealing_key import SealingKey, TrackerKeyFile, is_made_by_lou
from app.keys.store import KeyStore
from app.keys.vault import check_value
from app.views import KeyView, Trouble
from servers.contract import manifest
from servers.contract.redaction import Redactor

if TYPE_CHECKING:
    from servers.contract.key_text import PathGivenError, Understood

log = logging.getLogger(__name__)

LARGEST_FILE = 64_000
"""Bytes of a file whose path was given instead of a key."""


class Keys:
    """Lists keys, stores them, and gives each server those it uses.

    Raises:
        VaultError: the vault is closed, a value was not stored, or is no key of its kind.
    """

    def __init__(
        self,
        store: KeyStore,
        config: Callable[[], Config],
        redactor: Redactor,
        key_file: TrackerKeyFile,
    ) -> None:
        self._store = store
        self._config = config
        self._redactor = redactor
        self._sealing = SealingKey(store, key_file)

    def views(self) -> tuple[KeyView, ...]:
        """The known keys, then those that entries refer to, then those that no server uses."""
        known = {key.name for key in manifest.KEYS}
        unknown = sorted({*self._store.vault.names()} - known)
        others: dict[str, list[str]] = {name: [] for name in unknown}
        for server, entry in self._config().servers.items():
            for name in entry.references():
                if name not in known:
                    others.setdefault(name, []).append(server)
        views = [self._view(key, self.users(key.name)) for key in manifest.KEYS]
        for name, servers in others.items():
            purpose = f"Used by {', '.join(servers)}." if servers else "No server uses it now."
            key = manifest.Key(name, name, purpose, "", can_be_tested=False)
            views.append(replace(self._view(key, tuple(servers)), known=False))
        return tuple(views)

    def _view(self, key: manifest.Key, servers: tuple[str, ...]) -> KeyView:
        vault = self._store.vault
        return KeyView(
            name=key.name,
            title=key.title,
            purpose=key.purpose,
            url=key.url,
            servers=servers,
            is_set=key.name in vault.names(),
            can_be_tested=key.can_be_tested,
            generated=key.generated,
            changed_at=vault.changed_at(key.name),
        )

    def users(self, name: str) -> tuple[str, ...]:
        """The servers that get the key called `name`."""
        return tuple(
            server
            for server, entry in self._config().servers.items()
            if name in wanted_keys(server, entry).values()
        )

    async def understood(self, name: str, text: str) -> Understood:
        """The key in `text`, and which mistakes in `text` were corrected.

        Raises:
            VaultError: `text` is no such key; the error does not contain it.
        """
        from servers.contract import key_text  # noqa: PLC0415 - only while a key is given

        try:
            try:
                found = key_text.understood(name, text)
            except key_text.PathGivenError as given:
                content = await asyncio.to_thread(_read_small, given)
                found = key_text.understood(name, key_text.decoded(content))
                said = f"It was the path of a file; the account in {given.path} was taken."
                found = replace(found, mended=(said, *found.mended))
        except key_text.NotAKeyError as wrong:
            raise VaultError(wrong.words, wrong.hint, code="not_a_key") from None
        self.learn(name, check_value(name, found.value))
        return found

    def learn(self, name: str, value: str) -> None:
        """Redact `value` in every log line from now on."""
        self._redactor.learn([value])

    def learn_plain(self, config: Config) -> None:
        """Redact the secrets that the entries themselves contain."""
        for entry in config.servers.values():
            self._redactor.learn(config_model.plain_secrets(entry))

    async def keep(self, values: Mapping[str, str]) -> None:
        """Store several keys in the vault."""
        for name, value in values.items():
            self.learn(name, check_value(name, value))
            await self._store.vault.set(name, value)

    async def values_for(self, server: str, entry: ServerEntry) -> dict[str, str] | Trouble:
        """The values of a server by the names it uses, or why it cannot start."""
        wanted = wanted_keys(server, entry)
        try:
            plain = plain_keys(server, entry)
            if wanted.get(sealing_key.NAME) == sealing_key.NAME:
                plain = {**await self.encryption_key(), **plain}
            stored = await self._read(wanted.values())
        except AppError as closed:
            return Trouble(closed.code, closed.title, closed.hint)
        found = {known: stored[name] for known, name in wanted.items() if name in stored}
        for name, value in plain.items():
            self.learn(name, value)
        missing = [name for name in entry.references() if name not in stored]
        if missing and not config_model.is_embedded(server, entry):
            return _missing(server, missing[0])
        return {**found, **plain}

    async def encryption_key(self) -> dict[str, str]:
        """The sealing key of the tracker if it is not in the vault; made on first use."""
        waiting = await self._sealing.in_file()
        return {sealing_key.NAME: waiting} if waiting else {}

    async def gather_sealing_keys(self) -> bool:
        """Move every sealing key into the vault; returns whether its value changed."""
        return await self._sealing.gather()

    async def set(self, name: str, value: str) -> None:
        """Store a key. A sealing key goes in front of the stored ones."""
        if is_made_by_lou(name):
            await self._sealing.set(value)
        else:
            await self._store.vault.set(name, value)

    async def unset(self, name: str) -> None:
        if is_made_by_lou(name):
            await self._sealing.unset()
        else:
            await self._store.vault.unset(name)

    async def rotate(self, name: str) -> None:
        """Make a new sealing key; the old ones stay and still open what they sealed."""
        _must_be_generated(name, "Set a new value instead.")
        await self._sealing.rotate()

    async def export(self, name: str, path: Path) -> None:
        """Write the sealing keys to a new private file at `path`: a recovery key."""
        _must_be_generated(name, "Its provider shows it, or makes a new one.")
        await self._sealing.export(path)

    async def _read(self, names: Iterable[str]) -> dict[str, str]:
        vault = self._store.vault
        configured = [name for name in names if name in vault.names()]
        if not configured:
            return {}
        values = await vault.get_all(configured)
        for name, value in values.items():
            self.learn(name, value)
        return values


def wanted_keys(name: str, entry: ServerEntry) -> dict[str, str]:
    """The keys that a server uses: the name that it uses, and the name in the vault."""
    if not config_model.is_embedded(name, entry):
        return {key: key for key in entry.references()}
    known = {key.name: key.name for key in manifest.keys_of(name)}
    for variable, text in entry.env.items():
        if reference := config_model.REFERENCE.fullmatch(text):
            known[variable] = reference[1]
    return known


def plain_keys(name: str, entry: ServerEntry) -> dict[str, str]:
    """Known keys whose value or file is in the entry; raises ServerError for an unreadable file."""
    found: dict[str, str] = {}
    if config_model.is_embedded(name, entry):
        for key in manifest.keys_of(name):
            text = entry.env.get(key.name, "")
            path = entry.env.get(manifest.ALSO_READ.get(key.name, ""), "")
            if text and not config_model.REFERENCE.fullmatch(text):
                found[key.name] = text
            elif path and not text:
                found[key.name] = _read(name, path)
    return found


def _read(name: str, path: str) -> str:
    from servers.contract import key_text  # noqa: PLC0415 - only while a key is read from a file

    try:
        return key_text.of_file(path)
    except (OSError, ValueError) as failure:
        raise ServerError(
            f"{name} cannot read {path}.",
            "Give the path of a readable file, or take it out of config.json.",
            code="unreadable_key_file",
        ) from failure


def _must_be_generated(name: str, hint: str) -> None:
    if not is_made_by_lou(name):
        raise VaultError(f"{name} is not made by Lou.", hint, code="not_generated")


def _missing(server: str, name: str) -> Trouble:
    return Trouble(
        "missing_key",
        f"{server} needs the key {name}, which is not set.",
        f"Set it on the Keys page, or with `lou keys set {name}`.",
        name,
    )


def _read_small(given: PathGivenError) -> bytes:
    """The content of a small file whose path was given instead of a key."""
    path = Path(given.path).expanduser()
    if not path.is_absolute() or not path.is_file() or path.stat().st_size > LARGEST_FILE:
        raise given
    try:
        return path.read_bytes()
    except OSError:
        raise given from None
