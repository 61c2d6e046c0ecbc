"""The state of the Secret Service of a Linux desktop without a prompt, and how to unlock it.

The keyring package cannot tell the state without a prompt that has no timeout. All functions block.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from app.keys.vault import VaultState

_PROMPT_S = 110.0


def look() -> VaultState:
    """The state now; never prompts."""
    service = import_module("secretstorage")
    try:
        with _bus(service) as bus:
            is_locked = service.Collection(bus).is_locked()
    except service.exceptions.ItemNotFoundException:
        # No keyring was ever made here, and it takes a person at a display to make one.
        return VaultState.LOCKED if _has_display() else VaultState.ABSENT
    except gone():
        return VaultState.ABSENT
    return VaultState.LOCKED if is_locked else VaultState.OPEN


def unlock() -> None:
    """Show the prompt of the desktop and wait for the person, at most `_PROMPT_S` seconds."""
    service = import_module("secretstorage")
    dismissed = service.exceptions.PromptDismissedException
    with contextlib.suppress(TimeoutError, dismissed, *gone()), _bus(service) as bus:
        service.get_default_collection(bus).unlock(timeout=_PROMPT_S)


def gone() -> tuple[type[Exception], ...]:
    """The exceptions that mean: there is no bus, or no such service on it."""
    unavailable = import_module("secretstorage").exceptions.SecretServiceNotAvailableException
    return (unavailable, import_module("jeepney").DBusErrorResponse, OSError)


@contextlib.contextmanager
def _bus(service: Any) -> Iterator[Any]:
    with contextlib.closing(service.dbus_init()) as bus:
        yield bus


def _has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
