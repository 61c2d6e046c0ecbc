"""The file with the sealing key on a machine that has no keyring, such as a server.

Without it the tracker could not run there. Only this user can read the file, `lou doctor` reports
it, and the key moves into the keyring or the sealed file as soon as there is one. A key that a
person entered is never stored this way.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from app.errors import VaultError
from app.system import files
from servers.contract import ownership


class TrackerKeyFile:
    """Reads, writes and deletes the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> str:
        """The key, or an empty text when there is none.

        Raises:
            VaultError: it exists but cannot be read; no new key may replace it.
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
        """Whether the file exists, or anything else of this name."""
        return os.path.lexists(self.path)

    def changed_at(self) -> float:
        """When it was written, in seconds since the epoch; 0 when it does not exist."""
        try:
            return self.path.stat().st_mtime
        except OSError:
            return 0.0

    def write(self, value: str) -> None:
        """Write the key.

        Raises:
            SettingsError: it could not be written.
            VaultError: the file does not contain what was written.
        """
        files.write_atomic(self.path, f"{value}\n".encode())
        if self.read() != value:
            raise VaultError(
                f"{self.path} does not hold what was written to it.",
                "Check the disk, then try again.",
                code="not_kept",
            )

    def remove(self, value: str) -> None:
        """Delete the file if it contains `value`, which the vault has now."""
        with contextlib.suppress(OSError, VaultError):
            if self.read() == value:
                self.path.unlink()
