"""An SQLite file that only this process uses: opened at its first use, replaced when broken."""

from __future__ import annotations

import logging
import sqlite3
from abc import ABC, abstractmethod
from pathlib import Path

from app.system import files
from servers.contract import ownership

log = logging.getLogger(__name__)


class PrivateDatabase(ABC):
    """A store in the file at `path`. Every method may block; one thread calls all of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: sqlite3.Connection | None = None

    def close(self) -> None:
        if self._open:
            self._open.close()
            self._open = None

    @abstractmethod
    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables."""

    def _connection(self) -> sqlite3.Connection:
        """The open connection. A broken file is kept under another name."""
        if self._open is None:
            try:
                self._open = self._connect()
            except sqlite3.DatabaseError as broken:
                if isinstance(broken, sqlite3.OperationalError) or not self._path.exists():
                    raise
                aside = files.set_aside(self._path, "broken")
                log.warning("%s was broken and is kept as %s", self._path.name, aside.name)
                self._open = self._connect()
        return self._open

    def _connect(self) -> sqlite3.Connection:
        ownership.make_private(str(self._path.parent))
        ownership.require_database(str(self._path))
        connection = sqlite3.connect(self._path, check_same_thread=False)
        try:
            self._prepare(connection)
        except sqlite3.Error:
            connection.close()
            raise
        return connection
