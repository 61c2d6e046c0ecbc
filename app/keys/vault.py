"""The interface of a vault, which stores secrets, and the checks of names and values.

Implementations: `vaults.system_keyring` and `vaults.sealed_file`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Protocol

from app.errors import VaultError
from app.system.listeners import Listeners

LONGEST_VALUE = 10_000
"""Characters; the largest keys, files of service accounts, have a fraction of it."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


SHORTEST_PASSPHRASE = 12
"""Characters of a new passphrase."""


class VaultState(StrEnum):
    """Whether secrets can be read now, and why not."""

    UNKNOWN = "unknown"
    """Not probed yet."""
    OPEN = "open"
    LOCKED = "locked"
    """A person can open it."""
    ABSENT = "absent"
    """There is no keyring, or none that encrypts."""
    HUNG = "hung"
    """It gave no answer in time; the state changes when it answers again."""


class Vault(Protocol):
    """Stores secrets by name. Names can be read while it is locked; values cannot.

    Raises:
        VaultError: by `set` when nothing was stored, by `unlock` and `require_open` when it stayed
            closed, by the others when it is locked, absent or gave no answer in time.
    """

    changed: Listeners[str]
    """Announces the name whose value changed."""
    state_changed: Listeners[VaultState]

    def state(self) -> VaultState:
        """The state when it was last probed."""

    def names(self) -> tuple[str, ...]:
        """The keys that have a value."""

    def changed_at(self, name: str) -> float:
        """When the value was set, in seconds since the epoch; 0 when it has none."""

    async def get(self, name: str) -> str | None:
        """The value, or None; never asks a person."""

    async def get_all(self, names: Iterable[str]) -> dict[str, str]:
        """The values of the names that have one, within one deadline."""

    async def set(self, name: str, value: str) -> None:
        """Store `value`; the previous value stays until the new one was read back."""

    async def unset(self, name: str) -> None:
        """Delete the value."""

    async def unlock(self, passphrase: str = "") -> None:
        """Open it; a keyring asks the person itself, a file needs the passphrase."""

    async def require_open(self) -> None:
        """Make sure that it is open; a keyring may ask the person."""

    async def recover(self, name: str) -> bool:
        """Find a value that is missing in the index of names; returns whether there is one."""

    async def others(self, name: str) -> tuple[str, ...]:
        """Further stored values of `name`, the newest first.

        An interrupted change leaves them, and the loss of the index.
        """

    async def drop_others(self, name: str, values: Collection[str]) -> None:
        """Delete further stored values of `name` that are in `values`."""

    async def probe(self) -> VaultState:
        """Check whether it is open now, without asking a person."""

    async def close(self) -> None:
        """Release threads and keys."""


def check_name(name: str) -> None:
    """Raise VaultError unless `name` can be the name of a key."""
    if not _NAME.fullmatch(name):
        raise VaultError(
            f"{name!r:.80} cannot be the name of a key.",
            "Use letters, digits and _, as in TAVILY_API_KEY.",
            code="bad_name",
        )


def check_value(name: str, value: str) -> str:
    """`value` without surrounding white space; raises VaultError if it cannot be a key."""
    if len(value) > LONGEST_VALUE:
        raise VaultError(
            f"{name} is longer than {LONGEST_VALUE:,} characters.",
            "Copy the key again; this is something else.",
            code="too_long",
        )
    kept = value.strip()
    if not kept:
        raise VaultError(f"{name} is empty.", "Paste the key, or remove it.", code="empty")
    if not kept.isascii() or "\0" in kept:  # no redaction finds all forms of other letters
        raise VaultError(
            f"{name} has characters that no key has.",
            "Copy the key again; it must be plain ASCII.",
            code="not_ascii",
        )
    return kept


def not_open(state: VaultState) -> VaultError:
    title, hint = _REASONS[state]
    return VaultError(title, hint, code=f"keyring_{state}")


def no_answer(seconds: float) -> VaultError:
    """The error for a keyring that gave no answer within `seconds`."""
    hung = not_open(VaultState.HUNG)
    title = f"The keyring gave no answer in {seconds:g} seconds."
    return VaultError(title, hung.hint, code=hung.code)


_FILE = "keep the keys in a file that a passphrase encrypts (`lou keys store file`)"
_REASONS = {
    VaultState.UNKNOWN: ("The keyring was not asked yet.", "Try again."),
    VaultState.OPEN: ("The keyring is open.", ""),
    VaultState.LOCKED: (
        "The keyring is locked.",
        "Unlock it (`lou keys unlock`, or log in to the desktop); Lou goes on by itself.",
    ),
    VaultState.ABSENT: (
        "There is no keyring that encrypts here.",
        f"Install and start one, e.g. gnome-keyring, or {_FILE}.",
    ),
    VaultState.HUNG: (
        "The keyring gave no answer.",
        f"Restart the keyring service; Lou goes on by itself then. Or {_FILE}.",
    ),
}
