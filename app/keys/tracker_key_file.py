"""The tracker's own key on a machine that has no keyring at all, such as a bare server.

The key that seals stored addresses is made by Lou and known to nobody; without a place for it the
tracker could not run there. It lies in a file of its own for this user alone, which `lou doctor`
says, and moves into the keyring or the sealed file as soon as there is one. No key that a person
entered is ever kept this way.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from app.errors import VaultError
from app.system import files
from servers.contract import ownership


class TrackerKeyFile:
    """One value in one private file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> str:
        """The key, or an empty text when there is none.

        Raises:
            VaultError: it is there and cannot be read; no other key may take its place.
        """
        try:
            return ownership.read(str(self.path)).decode("ascii").strip()
        except FileNotFoundError:
            return ""
        except ownership.ForeignError as foreign:
            raise VaultError(f"{foreign.what}.", foreign.remedy, code="foreign") from foreign
        except (OSError, ValueError) as failure:
            raise VaultError(
                f"The tracker's key in {self.path} cannot be read.",
                "Make the file yours again, or put a copy of it back.",
                code="key_file_unreadable",
            ) from failure

    def is_there(self) -> bool:
        """Whether there is something of this name."""
        return os.path.lexists(self.path)

    def changed_at(self) -> float:
        """When it was written, in seconds since the epoch; 0 when there is none."""
        try:
            return self.path.stat().st_mtime
        except OSError:
            return 0.0

    def write(self, value: str) -> None:
        """Keep the key.

        Raises:
            SettingsError: it could not be kept.
            VaultError: what was written does not come back.
        """
        files.write_atomic(self.path, f"{value}\n".encode())
        if self.read() != value:
            raise VaultError(
                f"{self.path} does not hold what was written to it.",
                "Check the disk, then try again.",
                code="not_kept",
            )

    def remove(self, value: str) -> None:
        """Forget `value`, which was read back from a better place; anything else stays."""
        with contextlib.suppress(OSError, VaultError):
            if self.read() == value:
                self.path.unlink()
