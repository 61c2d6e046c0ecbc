"""Stores Lou's record and backups of each client file, in a folder for each file.

`record.json` is written before the file is changed. It holds the record before, the record after,
and the digest of the file after. So after a kill at any step the file's digest tells which record
is true.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from app.formats.spans import Edit, Outline
from app.system.safe_write import Disk
from servers.contract.greeting import light_sha256

BACKUPS = 10
_ORIGINAL = "original"
_GOOD = "good.json"
_EDITS = 2
_LAUNCHES = 8


@dataclass(frozen=True, slots=True)
class Undo:
    """What the last change replaced; an empty backup name stands for no file."""

    backup: str
    after: str
    """The digest of the file after the change."""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What Lou did to one file."""

    wanted: bool = False
    """The user connected this client and did not disconnect it."""
    servers: Mapping[str, str] = field(default_factory=dict)
    """Server by entry name."""
    launches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By entry name, the digests of the launches that Lou wrote."""
    edits: tuple[Edit, ...] = ()
    """The edits that wrote the entries, newest first; undone to remove them."""
    made_file: bool = False
    made_root: bool = False
    undo: Undo | None = None
    left_out: tuple[str, ...] = ()
    """Entries that the user removed by hand; Lou does not restore them."""
    cached_by: tuple[tuple[int, float], ...] = ()
    """Process ids and start times of running clients that hold the older file in memory."""
    written_at: float = 0.0

    @property
    def promise(self) -> tuple[Any, ...]:
        """What a client learns from the file; while it is unchanged, no new session is needed."""
        latest = {name: launches[:1] for name, launches in self.launches.items()}
        return self.wanted, self.servers, {name: latest.get(name) for name in self.servers}

    def knows(self, name: str, launch: str) -> bool:
        """Whether Lou wrote an entry of this name with this launch."""
        return launch in self.launches.get(name, ())

    def with_write(self, edit: Edit | None, launches: Mapping[str, str]) -> FileRecord:
        """The record after entries with these launches were written."""
        known = dict(self.launches)
        for name, launch in launches.items():
            known[name] = tuple(dict.fromkeys((launch, *known.get(name, ()))))[:_LAUNCHES]
        edits = ((edit, *self.edits) if edit else self.edits)[:_EDITS]
        return replace(self, launches=known, edits=edits)


def digest(content: bytes | None) -> str:
    """The digest of a file; empty when there is none."""
    return "" if content is None else light_sha256()(content).hexdigest()


class BackupStore:
    """Lou's folder for one client file; `root` is the parent of all such folders."""

    def __init__(self, disk: Disk, root: Path, client: str, path: Path) -> None:
        tag = light_sha256()(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:12]
        self._disk = disk
        self.client = client
        self.path = path
        self.folder = root / f"{client}-{tag}"

    @classmethod
    def known(cls, disk: Disk, root: Path) -> list[BackupStore]:
        """The stores of all files that Lou ever wrote."""
        found = []
        for record in sorted(root.glob("*/record.json")):
            document = _read_document(record)
            if isinstance(document.get("client"), str) and isinstance(document.get("path"), str):
                found.append(cls(disk, root, document["client"], Path(document["path"])))
        return found

    def record(self, content: bytes | None) -> FileRecord:
        found = _read_document(self.folder / "record.json")
        now, intended = _record(found.get("now")), found.get("next")
        if not isinstance(intended, Mapping):
            return now
        then = _record(intended.get("record"))
        if intended.get("digest") == digest(content):
            return then
        return replace(
            now,
            launches={**now.launches, **then.launches},
            edits=(*now.edits, *then.edits)[: 2 * _EDITS],
        )

    def intend(self, now: FileRecord, then: FileRecord, content: bytes | None) -> None:
        """Save that the record becomes `then` once the file has this content."""
        self._save(
            {"now": asdict(now), "next": {"digest": digest(content), "record": asdict(then)}}
        )

    def settle(self, record: FileRecord) -> None:
        self._save({"now": asdict(record)})

    def keep(self, content: bytes) -> str:
        """Back up `content` and return the backup's name. The last ten and the first are kept."""
        names = self.backups()
        if names and self.backup(names[-1]) == content:
            return names[-1]
        self._disk.make_folder(self.folder)
        if not (self.folder / _ORIGINAL).exists():
            self._disk.put(self.folder / _ORIGINAL, content)
        name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{time.time_ns() % 10**9:09d}.bak"
        self._disk.put(self.folder / name, content)
        for old in names[: max(len(names) + 1 - BACKUPS, 0)]:
            with contextlib.suppress(OSError):
                self._disk.unlink(self.folder / old)
        return name

    def backups(self) -> list[str]:
        """The names of the backups, oldest first."""
        return sorted(found.name for found in self.folder.glob("*.bak"))

    def backup(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except OSError:
            return None

    def keep_good(self, outline: Outline) -> None:
        """Save the file's outline as the last good copy: the last with nothing missing."""
        good = {"servers": outline.servers, "settings": sorted(map(str, outline.rest))}
        content = json.dumps(good, indent=1, default=str).encode()
        if self.backup(_GOOD) != content:
            self._disk.make_folder(self.folder)
            self._disk.put(self.folder / _GOOD, content)

    def good(self) -> Outline | None:
        """The last good copy; of the settings, only the names."""
        found = _read_document(self.folder / _GOOD)
        servers, settings = found.get("servers"), found.get("settings")
        if not isinstance(servers, Mapping) or not isinstance(settings, list):
            return None
        return Outline(servers, True, dict.fromkeys(settings))

    def _save(self, document: Mapping[str, Any]) -> None:
        self._disk.make_folder(self.folder)
        whole = {"version": 1, "client": self.client, "path": str(self.path), **document}
        content = json.dumps(whole, indent=1)
        self._disk.put(self.folder / "record.json", content.encode())


def _read_document(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _record(found: Any) -> FileRecord:
    if not isinstance(found, Mapping):
        return FileRecord()
    try:
        undo = found.get("undo")
        return FileRecord(
            wanted=bool(found.get("wanted")),
            servers=dict(found.get("servers", {})),
            launches={name: tuple(each) for name, each in found.get("launches", {}).items()},
            edits=tuple(Edit(**edit) for edit in found.get("edits", ())),
            made_file=bool(found.get("made_file")),
            made_root=bool(found.get("made_root")),
            undo=Undo(**undo) if undo else None,
            left_out=tuple(found.get("left_out", ())),
            cached_by=tuple((pid, at) for pid, at in found.get("cached_by", ())),
            written_at=float(found.get("written_at", 0.0)),
        )
    except (TypeError, ValueError, AttributeError):
        return FileRecord()
