"""Each kind of change that Lou makes to a file, ready to be made on any disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.clients.planning.entries import Bridge
from app.clients.planning.plan import DesiredEntries
from app.system.safe_write import Disk
from tests.clients.conftest import User, row

CLIENT = row("cursor")
BEFORE = b'{\r\n  "mcpServers": {\r\n    "x": {"command": "y"}\r\n  }\r\n}\r\n'
WISH = DesiredEntries(("search", "tracker"), Bridge("/opt/lou/bin/lou-connect"))


@dataclass(frozen=True, slots=True)
class Scene:
    """A file as it was, the change to make, and the file as it should be."""

    user: User
    path: Path
    old: bytes | None
    new: bytes | None
    make: Callable[[Disk], None]

    def now(self) -> bytes | None:
        return self.path.read_bytes() if self.path.exists() else None


def _file(user: User, content: bytes | None) -> Path:
    path = user.home / ".cursor/mcp.json"
    path.parent.mkdir(exist_ok=True)
    if content is not None:
        path.write_bytes(content)
    return path


def _change(user: User, prepare: Callable[[], object], verb: str) -> Scene:
    """Find out what the change does by making it once in a copy of everything."""
    prepare()
    path = user.home / ".cursor/mcp.json"
    old = path.read_bytes() if path.exists() else None

    def make(disk: Disk) -> None:
        getattr(user.client_files(WISH, disk), verb)(CLIENT)

    store = {p: p.read_bytes() for p in user.lou.rglob("*") if p.is_file()}
    make(Disk())
    new = path.read_bytes() if path.exists() else None
    for each in user.lou.rglob("*"):
        if each.is_file():
            each.unlink()
    for each, content in store.items():
        each.write_bytes(content)
    _restore(path, old)
    return Scene(user, path, old, new, make)


def _restore(path: Path, content: bytes | None) -> None:
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)


def connect(user: User) -> Scene:
    return _change(user, lambda: _file(user, BEFORE), "connect")


def create(user: User) -> Scene:
    return _change(user, lambda: _file(user, None), "connect")


def disconnect(user: User) -> Scene:
    def prepare() -> None:
        _file(user, BEFORE)
        user.client_files(WISH).connect(CLIENT)

    return _change(user, prepare, "disconnect")


def delete(user: User) -> Scene:
    def prepare() -> None:
        _file(user, None)
        user.client_files(WISH).connect(CLIENT)

    return _change(user, prepare, "disconnect")


def undo(user: User) -> Scene:
    def prepare() -> None:
        _file(user, BEFORE)
        user.client_files(WISH).connect(CLIENT)

    return _change(user, prepare, "undo")


SCENES = (connect, create, disconnect, delete, undo)
