"""A home that is none of ours: with any platform's places, and Lou's own folder beside it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.clients import catalog
from app.clients.catalog import Client
from app.clients.files.client_files import ClientFiles
from app.clients.files.locations import Places
from app.clients.planning.entries import Bridge
from app.clients.planning.plan import DesiredEntries
from app.system.safe_write import Disk

WISH = DesiredEntries(("search", "my_server"), Bridge("/opt/lou/bin/lou-connect"))


@dataclass(frozen=True, slots=True)
class User:
    """A user's home, seen as on one platform."""

    home: Path
    lou: Path
    platform: catalog.Platform = "linux"

    def on(self, platform: catalog.Platform) -> User:
        return User(self.home, self.lou, platform)

    def places(self, **env: str) -> Places:
        usual = {"PATH": str(self.home / "bin")}
        if self.platform == "windows":
            usual["APPDATA"] = str(self.home / "AppData/Roaming")
            usual["LOCALAPPDATA"] = str(self.home / "AppData/Local")
            usual["PROGRAMFILES"] = str(self.home / "Program Files")
        return Places(self.platform, self.home, usual | env)

    def client_files(self, desired: DesiredEntries = WISH, disk: Disk | None = None) -> ClientFiles:
        return ClientFiles(self.lou, lambda: desired, self.places(), disk or Disk())

    def write(self, path: str | Path, content: bytes) -> Path:
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file


@pytest.fixture
def user(tmp_path: Path) -> User:
    (tmp_path / "home").mkdir()
    return User(tmp_path / "home", tmp_path / "lou")


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder in memory, where many durable writes take no time."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="lou-", dir=base) as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def ordinary_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def temporaries(folder: Path) -> list[Path]:
    return sorted(folder.rglob(".lou-*"))


def row(name: str) -> Client:
    return catalog.client(name)
