"""What a store of secrets promises, whichever it is."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

from app.observe import Listeners


class VaultState(StrEnum):
    """Whether secrets can be read now, and if not, why."""

    UNKNOWN = "unknown"
    """Nobody has asked yet."""
    OPEN = "open"
    LOCKED = "locked"
    """A person can open it."""
    ABSENT = "absent"
    """There is no keyring here, or none that keeps secrets encrypted."""
    HUNG = "hung"
    """It gave no answer in time; it opens by itself when it answers again."""


class Vault(Protocol):
    """Secrets by name. Names are known without it being open; values are not."""

    changed: Listeners[str]
    """The name whose value changed."""
    state_changed: Listeners[VaultState]

    def state(self) -> VaultState:
        """As last seen; costs nothing."""

    def names(self) -> tuple[str, ...]:
        """The keys that have a value."""

    def changed_at(self, name: str) -> float:
        """When the value was set, in seconds since the epoch; 0 when it has none."""

    async def get(self, name: str) -> str | None:
        """The value, or None when there is none; never asks a person.

        Raises:
            VaultError: it is locked, absent or gave no answer in time.
        """

    async def get_all(self, names: Iterable[str]) -> dict[str, str]:
        """The values of those that have one, within one deadline.

        Raises:
            VaultError: as `get`.
        """

    async def set(self, name: str, value: str) -> None:
        """Keep `value`; the one before stays until the new one was read back.

        Raises:
            VaultError: it was not kept.
        """

    async def unset(self, name: str) -> None:
        """Forget the value.

        Raises:
            VaultError: it is locked, absent or gave no answer in time.
        """

    async def unlock(self, passphrase: str = "") -> None:
        """Open it; a keyring asks the person itself, a file needs its passphrase.

        Raises:
            VaultError: it stayed closed.
        """

    async def probe(self) -> VaultState:
        """Look whether it is open now, without asking a person."""

    async def close(self) -> None:
        """Let go of threads and keys."""
