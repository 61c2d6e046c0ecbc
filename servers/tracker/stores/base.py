"""What a store is to the tracker: sealed records in, sealed records out, nothing lost.

A store knows no keys and no rules. It compares digests, orders by time, and writes a record only
when the version it was read at is still the present one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from servers.host.tools.service import ToolError

Sort = Literal["changed", "oldest", "created", "url"]
"""Last changed first, last changed last, last created first, by URL."""


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """An entry as it is stored.

    `secret` is a token of the e-mail address, the note, and the URL when an address may be part of
    it; `url` is empty then. `changed` is the store's own order. `terms` are what it is found by: a
    store need not give them back.
    """

    id: str
    version: int
    url: str
    secret: str
    tags: tuple[str, ...]
    status: str
    deleted: bool
    created: int
    changed: int
    stamp: str
    pair: str
    terms: tuple[str, ...]

    def at(self, moment: int) -> SealedRecord:
        """This record changed at `moment`, and made then if it is new."""
        return SealedRecord(
            self.id,
            self.version,
            self.url,
            self.secret,
            self.tags,
            self.status,
            self.deleted,
            self.created or moment,
            moment,
            self.stamp,
            self.pair,
            self.terms,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One line of an entry's history; `what` is a token, or says no more than who made it."""

    entry: str
    version: int
    at: int
    what: str
    stamp: str


@dataclass(frozen=True, slots=True)
class Write:
    """A record to be, and the line of its history.

    `seen` is the version it replaces, 0 for a new one. It is not done while another record has
    one of `pairs`.
    """

    record: SealedRecord
    change: Change
    seen: int = 0
    pairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a Write.

    When it was done, `record` is what is stored now. When not, it is what stood in the way: the
    present version, or another record with the same pair; None when nothing did.
    """

    done: bool
    record: SealedRecord | None


@dataclass(frozen=True, slots=True)
class StoreQuery:
    """Which records: one term of each group must be there, and the change not before `since`.

    `shown` says what the last groups are about, one each, when a record shows it: its status, or
    one of its tags. A store may compare these itself.
    """

    groups: tuple[tuple[str, ...], ...] = ()
    shown: tuple[tuple[Literal["tag", "status"], str], ...] = ()
    deleted: bool = False
    since: int = 0
    sort: Sort = "changed"
    limit: int = 20
    cursor: str = ""

    @property
    def hidden(self) -> tuple[tuple[str, ...], ...]:
        """The groups that only their terms tell."""
        return self.groups[: len(self.groups) - len(self.shown)]


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records in order; `cursor` leads to the next page, empty at the end."""

    records: tuple[SealedRecord, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records there are."""

    by_status: dict[str, int]
    deleted: int
    last_changed: int

    @property
    def live(self) -> int:
        """Those that are not deleted."""
        return sum(self.by_status.values())


class StoreError(ToolError):
    """The store cannot do it now. `code` for programs, words for people."""

    def __init__(self, code: str, said: str, hint: str = "") -> None:
        super().__init__(f"{said} {hint}".strip(), kind=code)
        self.code = code
        self.said = said
        self.hint = hint


class Tell(Protocol):
    """Hears of trouble, once when it begins and once, `cleared`, when it ends."""

    def __call__(self, trouble: StoreError, *, cleared: bool) -> None: ...


def untold(trouble: StoreError, *, cleared: bool) -> None:
    """Tells nobody."""


class CursorError(ToolError):
    """A cursor that no page gave out, or for another order."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message} Start again without a cursor.", kind="bad_argument")


class Store(Protocol):
    """Every method that reads or writes may raise StoreError."""

    kind: str
    is_remote: bool
    """Whether a refused write costs a journey, so that one should ask before."""

    @property
    def trouble(self) -> StoreError | None:
        """What keeps it from working now."""

    async def open(self) -> None:
        """Make ready; what is unreachable is tried again later and told as trouble."""

    async def close(self) -> None:
        """Finish what was acknowledged."""

    async def apply(self, writes: Sequence[Write], *, together: bool = False) -> list[Written]:
        """Write each that may be; `together` all of them or none. Durable when this returns."""

    async def get(self, id: str) -> SealedRecord | None:  # noqa: A002 - what it is
        """The record called `id`, deleted ones included."""

    async def paired(self, pairs: Collection[str]) -> list[SealedRecord]:
        """The records that have one of `pairs`, deleted ones included; the oldest first."""

    async def history(self, entry: str, *, limit: int) -> list[Change]:
        """The last changes of one entry, the newest first."""

    async def find(self, query: StoreQuery) -> RecordPage:
        """One page.

        Raises:
            CursorError: `query.cursor` is from no page in this order.
        """

    async def counts(self) -> Counts:
        """How many there are now."""

    async def stamps(self) -> set[str]:
        """What the records and their histories were sealed with."""

    async def outdated(self, stamp: str, limit: int) -> tuple[list[SealedRecord], list[Change]]:
        """Some records and some changes that were made with `stamp`."""

    async def reseal(self, records: Sequence[SealedRecord], changes: Sequence[Change]) -> None:
        """Store these again, each only when its version is unchanged. No new version, no change."""

    async def tidy(self) -> None:
        """Leave nothing on disk of what records were found by before they were stored again."""

    async def scan(self, after: str, limit: int) -> list[tuple[SealedRecord, list[Change]]]:
        """The records whose id comes after `after`, by id, each with its whole history."""

    async def adopt(self, rows: Sequence[tuple[SealedRecord, Sequence[Change]]]) -> int:
        """Take over records of another store as they are; how many were new or newer.

        A record whose pair another one has here is left out.
        """

    async def recall(self, name: str) -> str:
        """What was remembered under `name`; empty when nothing was."""

    async def remember(self, name: str, value: str) -> None:
        """Keep a note of the tracker's own."""
