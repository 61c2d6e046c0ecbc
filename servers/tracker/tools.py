"""The tracker's tools: what a model may ask of the board, checked and answered in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal

from servers.host import calls
from servers.host.service import Range, Tool, ToolFailure
from servers.tracker import terms, urls, views
from servers.tracker.board import Board
from servers.tracker.entry import Draft, Entry, Fault, Rejected, checked, email_address, tag_name
from servers.tracker.ledger import Outcome
from servers.tracker.scribe import Search
from servers.tracker.stores.base import Sort

AnyStatus = Literal["", "new", "contacted", "replied", "won", "lost", "do_not_contact"]
Clearable = Literal["note", "tags"]


@dataclass(frozen=True, slots=True)
class Tracked:
    """What tracking did, and the entry as it is now."""

    outcome: str
    entry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry."""

    entry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class WithHistory:
    """One entry and what happened to it, the last first."""

    entry: dict[str, Any]
    history: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of entries; a cursor that is not empty leads to the next one."""

    entries: list[dict[str, Any]]
    cursor: str


class Desk:
    """Where every tool finds the board in use, or the reason why there is none."""

    def __init__(self) -> None:
        self._board: Board | None = None
        self._closed: ToolFailure = ToolFailure("The tracker is starting.", kind="starting")

    @property
    def board(self) -> Board:
        """The board in use.

        Raises:
            ToolFailure: there is none, for a reason.
        """
        if self._board is None:
            raise ToolFailure(self._closed.message, kind=self._closed.kind)
        return self._board

    def use(self, board: Board) -> None:
        """Work with `board` from now on."""
        self._board = board

    def shut(self, reason: ToolFailure) -> None:
        """Answer every call with `reason` from now on."""
        self._board, self._closed = None, reason


class EntryTools:
    """The tools that work on single entries."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

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
        url: Annotated[str, "page where the address was found"],
        email: Annotated[str, "address found there"],
        note: Annotated[str, "added to what is noted already"] = "",
        tags: Annotated[list[str], "added to the present tags"] = [],  # noqa: B006 - never changed
        status: AnyStatus = "",
    ) -> Tracked:
        """Remember that an e-mail address was found on a page.

        If the pair is known, its entry is merged: nothing is dropped and the status never moves
        back. `outcome` is created, merged, restored or unchanged.
        """
        board = self._desk.board
        draft = accepted(board, url=url, email=email, note=note, tags=tags, status=status or "new")
        ((outcome, entry),) = taken(await board.track([draft], calls.client()))
        if outcome != "unchanged":
            await changed(entry)
        return Tracked(outcome, views.entry(entry))

    async def find_tracked(  # noqa: PLR0913 - its filters
        self,
        *,
        text: Annotated[
            str,
            "whole words of URL, e-mail, note or tags, all of them; also the first 3 to 8 letters "
            "of a word in a host name or an e-mail",
        ] = "",
        url: str = "",
        email: Annotated[str, "finds any +tag of it too"] = "",
        domain: Annotated[str, "of the page or the e-mail, subdomains included"] = "",
        tag: str = "",
        status: AnyStatus = "",
        changed_since: Annotated[str, "ISO date or time, UTC"] = "",
        deleted: Annotated[bool, "the deleted entries instead"] = False,
        sort: Annotated[Sort, "changed: last changed first; oldest: the reverse"] = "changed",
        limit: Annotated[int, Range(1, 100)] = 20,
        cursor: Annotated[str, "from the page before"] = "",
    ) -> Found:
        """Find tracked entries; all filters must match.

        Long notes are cut; get_entry has all. A page may end early: go on with its cursor until
        that is empty.
        """
        search = looked_for(
            text=text,
            url=url,
            email=email,
            domain=domain,
            tag=tag,
            status=status,
            changed_since=changed_since,
        )
        search = replace(search, deleted=deleted, sort=sort, limit=limit, cursor=cursor)
        entries, following = await self._desk.board.find(search)
        return Found([views.row(entry) for entry in entries], following)

    async def get_entry(
        self,
        id: str,  # noqa: A002 - the clients' word
        history: Annotated[int, "how many changes to show", Range(0, 50)] = 20,
    ) -> WithHistory:
        """One entry in full and its last changes: when, by which client, what."""
        board = self._desk.board
        entry = await board.get(id)
        lines = await board.history(id, history) if history else []
        return WithHistory(views.entry(entry), [views.line(line) for line in lines])

    async def update_entry(  # noqa: PLR0913 - the fields of an entry
        self,
        *,
        id: str,  # noqa: A002 - the clients' word
        version: Annotated[int, "the version you read"],
        url: str = "",
        email: str = "",
        note: Annotated[str, "replaces the note"] = "",
        tags: Annotated[list[str], "replace all tags"] = [],  # noqa: B006 - never changed
        status: AnyStatus = "",
        clear: Annotated[list[Clearable], "fields to empty"] = [],  # noqa: B006 - never changed
    ) -> Shown:
        """Change fields of an entry; what is left out stays.

        If somebody changed it after the version you read, nothing happens and you get the
        present entry and what differs.
        """
        given = {"url": url, "email": email, "note": note, "tags": tags, "status": status}
        fields: dict[str, Any] = {name: value for name, value in given.items() if value}
        fields.update({name: () if name == "tags" else "" for name in clear})
        try:
            entry = await self._desk.board.update(id, version, fields, calls.client())
        except Rejected as rejected:
            raise refusal(rejected) from None
        await changed(entry)
        return Shown(views.entry(entry))

    async def delete_entry(self, id: str) -> Shown:  # noqa: A002 - the clients' word
        """Delete an entry; restore_entry brings it back."""
        return await self._set_deleted(id, gone=True)

    async def restore_entry(self, id: str) -> Shown:  # noqa: A002 - the clients' word
        """Bring a deleted entry back."""
        return await self._set_deleted(id, gone=False)

    async def _set_deleted(self, id: str, *, gone: bool) -> Shown:  # noqa: A002
        entry, did = await self._desk.board.set_deleted(id, calls.client(), gone=gone)
        if did:
            await changed(entry)
        return Shown(views.entry(entry))


def accepted(board: Board, **given: Any) -> Draft:
    """The draft that the fields make.

    Raises:
        ToolFailure: names every refused field.
    """
    try:
        return checked(rules=board.scribe.rules, **given)
    except Rejected as rejected:
        raise refusal(rejected) from None


def taken(results: Sequence[tuple[Outcome, Entry] | Rejected]) -> list[tuple[Outcome, Entry]]:
    """The results, when none was refused.

    Raises:
        ToolFailure: names every refused field of the first that was.
    """
    found: list[tuple[Outcome, Entry]] = []
    for result in results:
        if isinstance(result, Rejected):
            raise refusal(result)
        found.append(result)
    return found


def refusal(rejected: Rejected) -> ToolFailure:
    """What the model reads about refused fields."""
    said = "; ".join(f"`{fault.field}` {fault.reason}" for fault in rejected.faults)
    return ToolFailure(
        f"Nothing was stored: {said}.",
        kind="bad_argument",
        data={"rejected": [asdict(fault) for fault in rejected.faults]},
    )


async def changed(*entries: Entry) -> None:
    """Tell whoever watches these entries, or the totals."""
    for entry in entries:
        await calls.resource_changed(f"tracker://entries/{entry.id}")
    await calls.resource_changed("tracker://stats")


def looked_for(
    *, text: str, url: str, email: str, domain: str, tag: str, status: str, changed_since: str
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
        words=tuple(dict.fromkeys(terms.words(text))),
        url=read("url", url, lambda value: terms.lookup_url(urls.normalise(value))),
        email=read("email", email, lambda value: terms.lookup_email(email_address(value))),
        domain=read("domain", domain, urls.host_name),
        tag=read("tag", tag, tag_name),
        status=status,
        since=read("changed_since", changed_since, views.micros, 0),
    )
    if faults:
        raise refusal(Rejected(faults))
    return search
