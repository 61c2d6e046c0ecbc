"""The only module that imports keyring: allowed backends, items, and their errors as `VaultError`.

It runs in the keyring process only, because the import takes 0.1 s. Every method blocks; some may
hang.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from app.errors import VaultError
from app.keys.vault import VaultState

_ALLOWED = {
    "linux": ("keyring.backends.SecretService", "Keyring"),
    "darwin": ("keyring.backends.macOS", "Keyring"),
    "win32": ("keyring.backends.Windows", "WinVaultKeyring"),
}
_USER = "lou"
_SYSTEM: str = sys.platform
_HAS_SECRET_SERVICE = _SYSTEM == "linux"


def can_be_asked() -> bool:
    """Whether there can be a keyring; on Linux it needs a session bus."""
    return not _HAS_SECRET_SERVICE or "DBUS_SESSION_BUS_ADDRESS" in os.environ


class Keyring:
    """The items of one profile. Each has its own service name, because Windows needs that."""

    def __init__(self, profile: str) -> None:
        self._prefix = f"lou-{profile}" if profile else "lou"
        self._found: Any = None

    def look(self) -> VaultState:
        """The state now; never prompts."""
        if _HAS_SECRET_SERVICE:
            return _secret_service_state()
        return VaultState.OPEN if _SYSTEM in _ALLOWED else VaultState.ABSENT

    def unlock(self) -> VaultState:
        """Open it, which may show a prompt of the system; returns the state then."""
        if _HAS_SECRET_SERVICE:
            _unlock_secret_service()
        return self.look()

    def load(self) -> None:
        """Import the backend without a call to the keyring."""
        self._backend()
        import_module("keyring.errors")
        if _HAS_SECRET_SERVICE:
            _bus_errors()

    def get(self, item: str) -> str | None:
        with _as_vault_errors():
            value = self._backend().get_password(self._service(item), _USER)
        return value if isinstance(value, str) else None

    def set(self, item: str, value: str) -> None:
        with _as_vault_errors():
            self._backend().set_password(self._service(item), _USER, value)

    def delete(self, item: str) -> None:
        """Remove an item, if it is there."""
        absent = import_module("keyring.errors").PasswordDeleteError
        with _as_vault_errors(), contextlib.suppress(absent):
            self._backend().delete_password(self._service(item), _USER)

    def _service(self, item: str) -> str:
        return f"{self._prefix}/{item}"

    def _backend(self) -> Any:
        if self._found is None:
            module, name = _ALLOWED[_SYSTEM]
            found = getattr(import_module(module), name)()
            vars(found).clear()  # set by KEYRING_PROPERTY_* of the environment
            if _SYSTEM == "win32":
                found.persist = "local machine"
            self._found = found
        return self._found


_PROMPT_S = 110.0


def _secret_service_state() -> VaultState:
    """The state now; never prompts."""
    service = import_module("secretstorage")
    try:
        with _bus(service) as bus:
            is_locked = service.Collection(bus).is_locked()
    except service.exceptions.ItemNotFoundException:
        # No keyring was ever made here, and it takes a person at a display to make one.
        return VaultState.LOCKED if _has_display() else VaultState.ABSENT
    except _bus_errors():
        return VaultState.ABSENT
    return VaultState.LOCKED if is_locked else VaultState.OPEN


def _unlock_secret_service() -> None:
    """Show the prompt of the desktop and wait for the person, at most `_PROMPT_S` seconds."""
    service = import_module("secretstorage")
    dismissed = service.exceptions.PromptDismissedException
    with contextlib.suppress(TimeoutError, dismissed, *_bus_errors()), _bus(service) as bus:
        service.get_default_collection(bus).unlock(timeout=_PROMPT_S)


def _bus_errors() -> tuple[type[Exception], ...]:
    """The exceptions that mean: there is no bus, or no such service on it."""
    unavailable = import_module("secretstorage").exceptions.SecretServiceNotAvailableException
    return (unavailable, import_module("jeepney").DBusErrorResponse, OSError)


@contextlib.contextmanager
def _bus(service: Any) -> Iterator[Any]:
    with contextlib.closing(service.dbus_init()) as bus:
        yield bus


def _has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextlib.contextmanager
def _as_vault_errors() -> Iterator[None]:
    errors = import_module("keyring.errors")
    try:
        yield
    except (errors.KeyringError, *_system_errors()) as refusal:
        reason = getattr(refusal, "strerror", None) or type(refusal).__name__
        raise VaultError(
            f"The keyring refused: {str(reason).strip().rstrip('.')}.",
            "Open the keyring of your desktop and try again.",
            code="refused",
        ) from refusal


def _system_errors() -> tuple[type[Exception], ...]:
    """The exceptions that the system's keyring raises beside those of the package keyring."""
    if _SYSTEM == "win32":  # the system's own error, which is no OSError
        return (import_module("keyring.backends.Windows").pywintypes.error, OSError)
    return _bus_errors() if _HAS_SECRET_SERVICE else (OSError,)
