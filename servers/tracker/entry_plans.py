"""Drafts on their way to be entries, and what is under way at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

from servers.tracker.entry import Draft, Entry, RejectedEntryError
from servers.tracker.ledger import Outcome
from servers.tracker.stores.base import SealedRecord, Write


@dataclass(slots=True)
class Case:
    """One entry to be, and the drafts that make it: those that count as the same.

    `write` is what has to be written for that, None when nothing has.
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
        """Take over when it was `stored`, and as which version."""
        assert self.after is not None
        entry = self.after.stored(stored.version, stored.created, stored.changed)
        self.results = {number: (outcome, entry) for number, (outcome, _) in self.results.items()}
        self.done = True


@dataclass(slots=True)
class Plan:
    """Drafts on their way."""

    client: str
    count: int
    cases: Sequence[Case]

    def results(self) -> list[tuple[Outcome, Entry] | RejectedEntryError]:
        """What became of each draft, in their order."""
        found: dict[int, tuple[Outcome, Entry] | RejectedEntryError] = {}
        for case in self.cases:
            found.update(case.results)
            found.update(case.refused)
        return [found[number] for number in range(self.count)]


class RunningPlans:
    """What has begun and is not over."""

    def __init__(self) -> None:
        self._count = 0
        self._over = asyncio.Event()
        self._over.set()

    def __enter__(self) -> None:
        self._count += 1
        self._over.clear()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failed: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._count -= 1
        if not self._count:
            self._over.set()

    async def over(self) -> None:
        """Wait until nothing is under way."""
        await self._over.wait()
