"""The tools for single entries. In come arguments of a client, out come plain objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from servers.host.tools import calls
from servers.host.tools.service import Range, Tool
from servers.tracker import entry_views
from servers.tracker.current_service import AnyStatus, CurrentService, parse_filters, refusal
from servers.tracker.entry import RejectedEntryError, checked
from servers.tracker.stores.base import Sort

_PAGE_CHARACTERS = 60_000
"""Characters of one answer: below 25,000 tokens."""
Clearable = Literal["note", "tags"]


Answer = dict[str, Any]
"""An object without a schema: all schemas of a server together must stay below 8 KB."""


@dataclass(frozen=True, slots=True)
class FoundEntries:
    """A page."""

    entries: list[dict[str, Any]]
    cursor: str


class EntryTools:
    """The tools that work on single entries."""

    def __init__(self, current: CurrentService) -> None:
        self._current = current

    @property
    def tools(self) -> tuple[Tool, ...]:
        """In the order clients see them."""
        return (
            Tool(self.track_url_email, "Track an address", read_only=False, idempotent=True),
            Tool(self.find_tracked, "Find tracked entries", read_only=True),
            Tool(self.get_entry, "Read an entry", read_only=True),
            Tool(self.update_entry, "Change an entry", read_only=False),
            Tool(
                self.delete_entry,
                "Delete an entry",
                read_only=False,
                destructive=True,
                idempotent=True,
            ),
            Tool(self.restore_entry, "Restore an entry", read_only=False, idempotent=True),
        )

    async def track_url_email(
        self,
        *,
        url: Annotated[str, "page it was found on"],
        email: str,
        note: Annotated[str, "added to the present note"] = "",
        tags: Annotated[list[str], "added to the present tags"] = [],  # noqa: B006 - never changed
        status: AnyStatus = "",
    ) -> Answer:
        """Remember that an e-mail address was found on a page.

        A known pair is merged: nothing is dropped, the status never moves back. The outcome is
        created, merged, restored or unchanged.
        """
        entry_service = self._current.entry_service
        rules = entry_service.codec.rules
        try:
            draft = checked(rules=rules, url=url, email=email, note=note, tags=tags, status=status)
            (result,) = await entry_service.track([draft], calls.client())
            if isinstance(result, RejectedEntryError):
                raise result
        except RejectedEntryError as rejected:
            raise refusal(rejected) from None
        outcome, entry = result
        if outcome != "unchanged":
            await self._current.announce(entry)
        return {"outcome": outcome, "entry": entry_views.entry(entry)}

    async def find_tracked(  # noqa: PLR0913 - its filters
        self,
        *,
        text: Annotated[
            str,
            "whole words of URL, e-mail, note or tags; in host names and e-mails also the first "
            "3 to 8 letters of a word",
        ] = "",
        url: str = "",
        email: str = "",
        domain: Annotated[str, "of page or e-mail, with subdomains"] = "",
        tag: str = "",
        status: AnyStatus = "",
        changed_since: Annotated[str, "ISO date or time, UTC"] = "",
        deleted: Annotated[bool, "only deleted ones"] = False,
        sort: Annotated[Sort, "changed: last changed first"] = "changed",
        limit: Annotated[int, Range(1, 100)] = 20,
        cursor: str = "",
    ) -> FoundEntries:
        """Find entries that match all filters.

        Long notes are cut; get_entry has all. Go on with the cursor until it is empty.
        """
        search = parse_filters(
            text=text,
            url=url,
            email=email,
            domain=domain,
            tag=tag,
            status=status,
            changed_since=changed_since,
        )
        search = replace(search, deleted=deleted, sort=sort, limit=limit, cursor=cursor)
        entries, following = await self._current.entry_service.find(search)
        rows = [entry_views.row(entry) for entry in entries]
        fitting = _fitting(rows)
        if fitting < len(rows):
            search = replace(search, limit=fitting)
            entries, following = await self._current.entry_service.find(search)
            rows = [entry_views.row(entry) for entry in entries]
        return FoundEntries(rows, following)

    async def get_entry(self, id: str, history: Annotated[int, Range(0, 50)] = 20) -> Answer:
        """One entry in full and its last changes: when, by which client, what."""
        entry_service = self._current.entry_service
        entry = await entry_service.get(id)
        lines = await entry_service.history(id, history) if history else []
        return {
            "entry": entry_views.entry(entry),
            "history": [entry_views.line(line) for line in lines],
        }

    async def update_entry(  # noqa: PLR0913 - the fields of an entry
        self,
        *,
        id: str,
        version: int,
        url: str = "",
        email: str = "",
        note: Annotated[str, "replaces the note"] = "",
        tags: Annotated[list[str], "replace all tags"] = [],  # noqa: B006 - never changed
        status: AnyStatus = "",
        clear: list[Clearable] = [],  # noqa: B006 - never changed
    ) -> Answer:
        """Change fields of an entry; what is left out stays.

        version is the one you read. If somebody changed the entry since, nothing happens and you
        get the present entry and what differs.
        """
        given = {"url": url, "email": email, "note": note, "tags": tags, "status": status}
        fields: dict[str, Any] = {name: value for name, value in given.items() if value}
        fields.update({name: () if name == "tags" else "" for name in clear})
        try:
            entry = await self._current.entry_service.update(id, version, fields, calls.client())
        except RejectedEntryError as rejected:
            raise refusal(rejected) from None
        await self._current.announce(entry)
        return {"entry": entry_views.entry(entry)}

    async def delete_entry(self, id: str) -> Answer:
        """Delete an entry; restore_entry brings it back."""
        return await self._set_deleted(id, gone=True)

    async def restore_entry(self, id: str) -> Answer:
        """Bring a deleted entry back."""
        return await self._set_deleted(id, gone=False)

    async def _set_deleted(self, id: str, *, gone: bool) -> Answer:
        entry, did = await self._current.entry_service.set_deleted(id, calls.client(), gone=gone)
        if did:
            await self._current.announce(entry)
        return {"entry": entry_views.entry(entry)}


def _fitting(rows: Sequence[dict[str, Any]]) -> int:
    """How many of `rows` an answer may hold; at least one."""
    length = 0
    for number, row in enumerate(rows):
        length += len(str(row))
        if length > _PAGE_CHARACTERS:
            return max(1, number)
    return len(rows)
