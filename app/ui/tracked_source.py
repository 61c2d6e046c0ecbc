"""Reads and changes tracked entries through the tools of the tracker server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core import Core
from app.errors import ServerError
from app.ui.wording import one_line
from app.views import Answer

SERVER = "tracker"
PAGE = 100
STATUSES = ("new", "contacted", "replied", "won", "lost", "do_not_contact")
FIELDS = ("email", "url", "status", "tags", "note")

CHANGES = frozenset(
    {
        *("track_url_email", "track_many", "import_tracked"),
        *("update_entry", "delete_entry", "restore_entry"),
    }
)
"""The tools that change entries."""

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """A query for entries, and their order."""

    text: str = ""
    status: str = ""
    tag: str = ""
    deleted: bool = False
    sort: str = "changed"

    def is_narrow(self) -> bool:
        """Whether the filter leaves out any entries."""
        return bool(self.text or self.status or self.tag or self.deleted)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field whose stored value differs from the value to save."""

    field: str
    theirs: Any
    mine: Any


class ConflictError(ServerError):
    """The entry was changed by someone else after it was read; `current` is the stored entry."""

    def __init__(self, message: str, current: Entry) -> None:
        super().__init__("Somebody changed this entry meanwhile.", message, code="conflict")
        self.current = current


@dataclass(frozen=True, slots=True)
class TrackedPageRows:
    """One page of entries; `cursor` fetches the next one and is empty at the end."""

    entries: tuple[Entry, ...] = ()
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class EntryWithHistory:
    """One entry and its changes, newest first."""

    entry: Entry
    history: tuple[Mapping[str, Any], ...] = field(default=())


class TrackedSource:
    """Calls the tracker of `core`. Every method raises ServerError when the tracker refuses."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def find(self, wanted: Filter, cursor: str = "") -> TrackedPageRows:
        arguments = {"sort": wanted.sort, "limit": PAGE, "deleted": wanted.deleted}
        texts = {"text": wanted.text, "status": wanted.status, "tag": wanted.tag, "cursor": cursor}
        found = await self.ask("find_tracked", {**arguments, **_given(texts)})
        return TrackedPageRows(tuple(found["entries"]), str(found["cursor"]))

    async def get(self, id: str) -> EntryWithHistory:
        found = await self.ask("get_entry", {"id": id, "history": 50})
        return EntryWithHistory(found["entry"], tuple(found["history"]))

    async def add(self, values: Mapping[str, Any]) -> str:
        """Track an entry; returns the outcome: created, merged, restored or unchanged."""
        return str((await self.ask("track_url_email", _given(values)))["outcome"])

    async def change(self, entry: Entry, values: Mapping[str, Any]) -> Entry:
        """Change what differs in `values`; raises ConflictError if the stored entry is newer."""
        changed = {name: values[name] for name in FIELDS if values.get(name) != entry.get(name)}
        if not changed:
            return entry
        clear = [name for name in ("note", "tags") if name in changed and not changed[name]]
        arguments = {"id": entry["id"], "version": entry["version"], **_given(changed)}
        if clear:
            arguments["clear"] = clear
        found: Entry = (await self.ask("update_entry", arguments))["entry"]
        return found

    async def delete(self, id: str) -> None:
        """Delete an entry; `restore` brings it back."""
        await self.ask("delete_entry", {"id": id})

    async def restore(self, id: str) -> None:
        """Bring a deleted entry back."""
        await self.ask("restore_entry", {"id": id})

    async def ask(self, tool: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
        """Call a tool of the tracker; returns its data."""
        answer = await self._core.call(SERVER, tool, arguments, own=True)
        if answer.is_error:
            raise _refused(answer)
        found: Mapping[str, Any] = answer.data if isinstance(answer.data, dict) else {}
        return found


def differences(current: Entry, values: Mapping[str, Any]) -> tuple[Difference, ...]:
    return tuple(
        Difference(name, current.get(name), values.get(name))
        for name in FIELDS
        if current.get(name) != values.get(name)
    )


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", [], (), None)}


def _refused(answer: Answer) -> ServerError:
    data = answer.data if isinstance(answer.data, dict) else {}
    current = data.get("current")
    if isinstance(current, dict):
        return ConflictError(answer.text, current)
    return ServerError(one_line(answer.text, 400) or "The tracker gave no answer.")
