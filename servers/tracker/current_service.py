"""Where every tool finds the board, and what all tools say alike: refusals, filters, changes."""

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
from servers.tracker.entry import Entry, Fault, RejectedEntryError, email_address, tag_name
from servers.tracker.entry_service import EntryService

_TOTALS_AFTER_S = 0.2
"""A thousand writes in this time change the totals once."""
_MOST_WORDS = 50
"""Each is a search of its own, and other calls wait for it."""
AnyStatus = Literal["", "new", "contacted", "replied", "won", "lost", "do_not_contact"]


class CurrentService:
    """Where every tool finds the board in use, or the reason why there is none."""

    def __init__(self) -> None:
        self._board: EntryService | None = None
        self._closed: ToolError = ToolError("The tracker is starting.", kind="starting")
        self._totals: asyncio.Task[None] | None = None

    @property
    def board(self) -> EntryService:
        """The board in use.

        Raises:
            ToolFailure: there is none, for a reason.
        """
        if self._board is None:
            raise ToolError(self._closed.message, kind=self._closed.kind)
        return self._board

    def use(self, board: EntryService) -> None:
        """Work with `board` from now on."""
        self._board = board

    async def announce(self, *entries: Entry) -> None:
        """Tell whoever watches these entries, and soon whoever watches the totals."""
        for entry in entries:
            await calls.resource_changed(f"tracker://entries/{entry.id}")
        if self._totals is None or self._totals.done():
            self._totals = asyncio.get_running_loop().create_task(_announce_totals())

    def shut(self, reason: ToolError) -> None:
        """Answer every call with `reason` from now on."""
        self._board, self._closed = None, reason


async def _announce_totals() -> None:
    await asyncio.sleep(_TOTALS_AFTER_S)
    await calls.resource_changed("tracker://stats")


def refusal(rejected: RejectedEntryError) -> ToolError:
    """What the model reads about refused fields."""
    return _refused("Nothing was stored", rejected)


def _refused(what: str, rejected: RejectedEntryError) -> ToolError:
    said = "; ".join(f"`{fault.field}` {fault.reason}" for fault in rejected.faults)
    return ToolError(
        f"{what}: {said}.",
        kind="bad_argument",
        data={"rejected": [asdict(fault) for fault in rejected.faults]},
    )


def looked_for(  # noqa: PLR0913 - the filters there are
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
    """The filters, each in the one spelling that is compared.

    Raises:
        ToolFailure: names every filter that cannot be read.
    """
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
        raise _refused("Nothing was looked up", RejectedEntryError(faults))
    return search


def _words(text: str) -> tuple[str, ...]:
    found = search_terms.sought(text)
    if not found:
        raise ValueError("has no word that could be looked for")
    if len(found) > _MOST_WORDS:
        raise ValueError(f"has {len(found)} words; {_MOST_WORDS} can be looked for at once")
    return found
