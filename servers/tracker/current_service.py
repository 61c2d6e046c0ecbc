"""The entry service in use, and what all tools share: refused drafts, filters, change events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal

from servers.host.tools import calls
from servers.host.tools.service import ToolError
from servers.tracker import entry_views
from servers.tracker.codec import search_terms, urls
from servers.tracker.codec.record_codec import Search
from servers.tracker.entry import Entry, Fault, RejectedEntryError, Status, email_address, tag_name
from servers.tracker.entry_service import EntryService

_TOTALS_AFTER_S = 0.2
"""A thousand writes in this time change the totals once."""
_MOST_WORDS = 50
"""Words in one search. Each costs a lookup while other calls wait."""
AnyStatus = Literal["", Status]


class CurrentService:
    """Holds the entry service in use, or the error that every call gets instead."""

    def __init__(self) -> None:
        self._entry_service: EntryService | None = None
        self._closed: ToolError = ToolError("The tracker is starting.", kind="starting")
        self._totals: asyncio.Task[None] | None = None

    @property
    def entry_service(self) -> EntryService:
        """The service in use; raises ToolError if there is none, and says why."""
        if self._entry_service is None:
            raise ToolError(self._closed.message, kind=self._closed.kind)
        return self._entry_service

    def use(self, entry_service: EntryService) -> None:
        self._entry_service = entry_service

    async def announce(self, *entries: Entry) -> None:
        """Notify the subscribers of these entries, and soon those of the totals."""
        for entry in entries:
            await calls.resource_changed(f"tracker://entries/{entry.id}")
        if self._totals is None or self._totals.done():
            self._totals = asyncio.get_running_loop().create_task(_announce_totals())

    def shut(self, reason: ToolError) -> None:
        """Fail every call with `reason` from now on."""
        self._entry_service, self._closed = None, reason


async def _announce_totals() -> None:
    await asyncio.sleep(_TOTALS_AFTER_S)
    await calls.resource_changed("tracker://stats")


def refusal(rejected: RejectedEntryError, what: str = "Nothing was stored") -> ToolError:
    said = "; ".join(f"`{fault.field}` {fault.reason}" for fault in rejected.faults)
    return ToolError(
        f"{what}: {said}.",
        kind="bad_argument",
        data={"rejected": [asdict(fault) for fault in rejected.faults]},
    )


def parse_filters(  # noqa: PLR0913 - the filters there are
    *,
    text: str = "",
    url: str = "",
    email: str = "",
    domain: str = "",
    tag: str = "",
    status: str = "",
    changed_since: str = "",
    deleted: bool = False,
) -> Search:
    """The filters, normalised; raises ToolError with every filter that cannot be read."""
    faults: list[Fault] = []

    def read(field: str, value: str, reading: Callable[[str], Any], missing: Any = "") -> Any:
        try:
            return reading(value) if value.strip() else missing
        except ValueError as wrong:
            faults.append(Fault(field, str(wrong)))
            return missing

    search = Search(
        words=read("text", text, _words, ()),
        url=read("url", url, lambda value: search_terms.lookup_url(urls.normalise(value))),
        email=read("email", email, lambda value: search_terms.lookup_email(email_address(value))),
        domain=read("domain", domain, urls.host_name),
        tag=read("tag", tag, tag_name),
        status=status,
        deleted=deleted,
        since=read("changed_since", changed_since, entry_views.micros, 0),
    )
    if faults:
        raise refusal(RejectedEntryError(faults), "Nothing was looked up")
    return search


def _words(text: str) -> tuple[str, ...]:
    found = search_terms.typed_words(text)
    if not found:
        raise ValueError("has no word that could be looked for")
    if len(found) > _MOST_WORDS:
        raise ValueError(f"has {len(found)} words; {_MOST_WORDS} can be looked for at once")
    return found
