"""Plans for tracking drafts, and the count of running changes. In come drafts, out go writes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from servers.tracker.entry import Draft, Entry, RejectedEntryError
from servers.tracker.ledger import Outcome
from servers.tracker.stores.base import SealedRecord, Write


@dataclass(slots=True)
class Case:
    """One entry and the drafts for it, which count as the same.

    `write` is the write that the drafts need; None when the entry has everything already.
    """

    pairs: tuple[str, ...]
    drafts: list[tuple[int, Draft]] = field(default_factory=list)
    before: Entry | None = None
    write: Write | None = None
    done: bool = False
    after: Entry | None = None
    results: dict[int, tuple[Outcome, Entry]] = field(default_factory=dict)
    refused: dict[int, RejectedEntryError] = field(default_factory=dict)

    def finish(self, stored: SealedRecord) -> None:
        """Take over the version and times of the `stored` record."""
        assert self.after is not None
        entry = self.after.stored(stored.version, stored.created, stored.changed)
        self.results = {number: (outcome, entry) for number, (outcome, _) in self.results.items()}
        self.done = True


@dataclass(slots=True)
class Plan:
    """The cases that `count` drafts of one client make."""

    client: str
    count: int
    cases: Sequence[Case]

    def results(self) -> list[tuple[Outcome, Entry] | RejectedEntryError]:
        """The outcome of each draft, in their order."""
        found: dict[int, tuple[Outcome, Entry] | RejectedEntryError] = {}
        for case in self.cases:
            found.update(case.results)
            found.update(case.refused)
        return [found[number] for number in range(self.count)]


class RunningPlans:
    """Counts the changes that are running; each is a `with` block."""

    def __init__(self) -> None:
        self._count = 0
        self._over = asyncio.Event()
        self._over.set()

    def __enter__(self) -> None:
        self._count += 1
        self._over.clear()

    def __exit__(self, *_: object) -> None:
        self._count -= 1
        if not self._count:
            self._over.set()

    async def over(self) -> None:
        await self._over.wait()
