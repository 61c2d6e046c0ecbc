"""The interface of a store: sealed records in, sealed records out.

A store knows no keys and no rules. It compares digests, sorts by time, and replaces a record only
when its version is still the one that was read.
"""

from __future__ import annotations

import time
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
    it; `url` is empty then. `changed` is the store's own order. `terms` are the digests
    that find it; a store need not return them.
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
    """A new version of a record, and the line of its history.

    `seen` is the version it replaces, 0 for a new record. The write is refused while another
    record has one of `pairs`.
    """

    record: SealedRecord
    change: Change
    seen: int = 0
    pairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a Write.

    `record` is the stored one when the write was done. When it was refused, `record` is the cause:
    the present version, or another record with the same pair; None if there is no such cause.
    """

    done: bool
    record: SealedRecord | None


class Clock:
    """The order of changes in one store: microseconds since 1970, each later than the last."""

    def __init__(self) -> None:
        self.last = 0

    def tick(self) -> int:
        """A moment after all others."""
        self.last = max(time.time_ns() // 1000, self.last + 1)
        return self.last


@dataclass(frozen=True, slots=True)
class StoreQuery:
    """Which records: they have a term of each group, and their change is not before `since`.

    `shown` holds the tag and the status that the last groups stand for, one each. Records have
    these in the clear, so a store may compare them instead of the terms.
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
        """The groups that can be compared by their terms only."""
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
        return sum(self.by_status.values())


class StoreError(ToolError):
    """The store cannot do it now: a code for programs, a reason and a hint for people."""

    def __init__(self, code: str, said: str, hint: str = "") -> None:
        super().__init__(f"{said} {hint}".strip(), kind=code)
        self.code = code
        self.reason = said
        self.hint = hint


class TroubleListener(Protocol):
    """Is called when the store begins to fail, and with `cleared` when it works again."""

    def __call__(self, trouble: StoreError, *, cleared: bool) -> None: ...


def ignore_trouble(trouble: StoreError, *, cleared: bool) -> None:
    """Does nothing."""


class CursorError(ToolError):
    """A cursor that no page returned, or one of another order."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message} Start again without a cursor.", kind="bad_argument")


class Store(Protocol):
    """Every method that reads or writes may raise StoreError."""

    kind: str
    is_remote: bool
    """Whether each call is a request over the network, so that a refused write is costly."""

    @property
    def trouble(self) -> StoreError | None:
        """The error that keeps the store from working now, if any."""

    async def open(self) -> None:
        """Open it. What cannot be reached is trouble, and tried again in the background."""

    async def close(self) -> None:
        """Finish acknowledged writes and close."""

    async def apply(self, writes: Sequence[Write], *, together: bool = False) -> list[Written]:
        """Do each allowed write; `together` all of them or none. Durable when this returns."""

    async def get(self, id: str) -> SealedRecord | None:
        """The record called `id`, deleted ones included."""

    async def paired(self, pairs: Collection[str]) -> list[SealedRecord]:
        """The records that have one of `pairs`, deleted ones included; the oldest first."""

    async def history(self, entry: str, *, limit: int) -> list[Change]:
        """The last changes of one entry, the newest first."""

    async def find(self, query: StoreQuery) -> RecordPage:
        """One page; raises CursorError if `query.cursor` is from no page in this order."""

    async def counts(self) -> Counts:
        """How many there are now."""

    async def stamps(self) -> set[str]:
        """The stamps of all records and changes."""

    async def outdated(self, stamp: str, limit: int) -> tuple[list[SealedRecord], list[Change]]:
        """Some records and some changes that were made with `stamp`."""

    async def reseal(self, records: Sequence[SealedRecord], changes: Sequence[Change]) -> None:
        """Replace these, each only if it was not changed since. It makes no new version."""

    async def tidy(self) -> None:
        """Remove from disk the terms that replaced records had."""

    async def scan(self, after: str, limit: int) -> list[tuple[SealedRecord, list[Change]]]:
        """The records whose id comes after `after`, by id, each with its whole history."""

    async def adopt(self, rows: Sequence[tuple[SealedRecord, Sequence[Change]]]) -> int:
        """Add records of another store as they are; returns how many were new or newer.

        A record is left out when another one has its pair here.
        """

    async def recall(self, name: str) -> str:
        """The note called `name`; empty when there is none."""

    async def remember(self, name: str, value: str) -> None:
        """Store a note of the tracker's own."""
