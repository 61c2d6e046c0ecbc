"""A vault in one file that a passphrase encrypts, for machines without a keyring.

Names are in plain text, so that Lou knows which keys are set while the file is locked; values are
encrypted together (scrypt, then Fernet). Without the passphrase they are lost.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from app.errors import VaultError
from app.keys.vault import SHORTEST_PASSPHRASE, VaultState, check_value
from app.system import files
from app.system.listeners import Listeners
from app.system.worker_thread import WorkerThread
from servers.contract import ownership

log = logging.getLogger(__name__)

_COST = {"n": 1 << 16, "r": 8, "p": 1}
"""64 MB and about 0.2 s for each guess of the passphrase."""


class FileVault:
    """All keys in one sealed file, which is replaced atomically."""

    def __init__(
        self,
        path: Path,
        *,
        changed: Listeners[str] | None = None,
        state_changed: Listeners[VaultState] | None = None,
    ) -> None:
        self.changed = changed or Listeners()
        self.state_changed = state_changed or Listeners()
        self._path = path
        self._thread = WorkerThread("vault-file")
        self._seal: Any = None
        self._values: dict[str, str] = {}
        self._broken: VaultError | None = None
        self._document: dict[str, Any] = {}
        try:
            self._document = _read(path)
        except VaultError as broken:
            self._broken = broken

    def state(self) -> VaultState:
        """Open, locked, or absent before it was made."""
        if self._seal:
            return VaultState.OPEN
        return VaultState.LOCKED if self._document or self._broken else VaultState.ABSENT

    def names(self) -> tuple[str, ...]:
        return tuple(self._document.get("names", {}))

    def changed_at(self, name: str) -> float:
        return float(self._document.get("names", {}).get(name, 0.0))

    async def get(self, name: str) -> str | None:
        return (await self.get_all([name])).get(name)

    async def get_all(self, names: Iterable[str]) -> dict[str, str]:
        wanted = [name for name in names if name in self.names()]
        if wanted:
            self._raise_unless_open()
        return {name: self._values[name] for name in wanted}

    async def set(self, name: str, value: str) -> None:
        self._raise_unless_open()
        await self._save({**self._values, name: check_value(name, value)}, name)

    async def unset(self, name: str) -> None:
        self._raise_unless_open()
        await self._save({n: v for n, v in self._values.items() if n != name}, name)

    async def require_open(self) -> None:
        self._raise_unless_open()

    async def recover(self, name: str) -> bool:
        """Whether `name` has a value; names and values are in one file, so none gets lost."""
        return name in self.names()

    async def others(self, name: str) -> tuple[str, ...]:
        """None: a file has one value for each name."""
        del name
        return ()

    async def drop_others(self, name: str, values: Collection[str]) -> None:
        """Nothing to do: a file has one value for each name."""

    async def unlock(self, passphrase: str = "") -> None:
        """Open the file with its passphrase; the first passphrase makes it."""
        if self._broken:
            raise self._broken
        seal = await self._thread.run(lambda: self._open(passphrase))
        is_new = not self._document
        self._seal = seal
        if is_new:
            await self._save({}, "")
        self.state_changed.notify(VaultState.OPEN)

    async def probe(self) -> VaultState:
        """The same as `state`: a file neither hangs nor locks itself."""
        return self.state()

    async def close(self) -> None:
        """Forget passphrase and values."""
        self._seal, self._values = None, {}
        self._thread.close()

    def _raise_unless_open(self) -> None:
        if self._broken:
            raise self._broken
        if not self._seal:
            raise VaultError(
                "The file of keys is locked.",
                "Unlock it with your passphrase: `lou keys unlock`.",
                code="keyring_locked",
            )

    def _open(self, passphrase: str) -> Any:
        from cryptography.fernet import Fernet, InvalidToken  # noqa: PLC0415 - 40 ms

        # A person may have put the file back since it was read.
        self._document = _read(self._path)
        if not self._document:
            _require_long(passphrase)
            salt = os.urandom(16)
            return _Seal(Fernet(_derive(passphrase, salt, _COST)), salt, _COST)
        kdf = self._document["kdf"]
        salt = base64.b64decode(kdf["salt"])
        cost = {name: int(kdf[name]) for name in _COST}
        fernet = Fernet(_derive(passphrase, salt, cost))
        try:
            self._values = json.loads(fernet.decrypt(self._document["sealed"].encode()))
        except InvalidToken:
            raise VaultError(
                "This is not the passphrase of the file of keys.",
                "Try again; without it the keys in the file are lost.",
                code="wrong_passphrase",
            ) from None
        return _Seal(fernet, salt, cost)

    async def _save(self, values: dict[str, str], name: str) -> None:
        document = await self._thread.run(lambda: self._write(values, name))
        self._document, self._values = document, values
        if name:
            self.changed.notify(name)

    def _write(self, values: dict[str, str], name: str) -> dict[str, Any]:
        times = {known: self.changed_at(known) for known in values}
        if name in times:
            times[name] = time.time()
        document = {"version": 1, "kdf": self._seal.describe(), "names": times}
        document["sealed"] = self._seal.fernet.encrypt(json.dumps(values).encode()).decode()
        present = _read(self._path)
        if present and present != self._document:
            aside = files.set_aside(self._path, "other")
            log.warning("The file of keys was exchanged; the other one is kept as %s", aside.name)
        self._replace(document, values)
        return document

    def _replace(self, document: dict[str, Any], values: dict[str, str]) -> None:
        """Write `document` and read it back; if that fails, restore the previous one."""
        files.write_atomic(self._path, _content(document))
        if self._read_back() == values:
            return
        if self._document:
            files.write_atomic(self._path, _content(self._document))
        raise VaultError(
            "The file of keys does not hold what was written to it.",
            "The keys are as they were. Check the disk, then try again.",
            code="not_kept",
        )

    def _read_back(self) -> Any:
        try:
            return json.loads(self._seal.fernet.decrypt(_read(self._path)["sealed"].encode()))
        except Exception:  # noqa: BLE001 - any error means that it does not hold the keys
            return None


class _Seal:
    """The encryption key, and how it was derived from the passphrase."""

    def __init__(self, fernet: Any, salt: bytes, cost: dict[str, int]) -> None:
        self.fernet = fernet
        self._salt = salt
        self._cost = cost

    def describe(self) -> dict[str, Any]:
        return {"name": "scrypt", "salt": base64.b64encode(self._salt).decode(), **self._cost}


def _require_long(passphrase: str) -> None:
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise VaultError(
            f"The passphrase needs at least {SHORTEST_PASSPHRASE} characters.",
            "Choose a longer one.",
            code="weak_passphrase",
        )


def _derive(passphrase: str, salt: bytes, cost: dict[str, int]) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415 - with Fernet

    key = Scrypt(salt=salt, length=32, **cost).derive(passphrase.encode())
    return base64.urlsafe_b64encode(key)


def _content(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=2).encode() + b"\n"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(ownership.read(str(path), follows_last=True, may_be_writable=True))
        _ = found["kdf"]["salt"], found["sealed"], found["names"]
    except FileNotFoundError:
        return {}
    except ownership.ForeignError as foreign:
        raise VaultError(f"{foreign.what}.", foreign.remedy, code="foreign") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise VaultError(
            f"The file of keys {path} cannot be read.",
            "Put a copy of it back, or move it away and set the keys again.",
            code="unreadable",
        ) from None
    return dict(found)
