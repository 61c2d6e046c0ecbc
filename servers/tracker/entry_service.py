"""All operations on entries, and why one is refused: reads, applies the ledger, writes back.

In come drafts, ids and searches; out come entries, or errors for the caller.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from servers.host.tools.service import ToolError
from servers.tracker import entry_views, ledger
from servers.tracker.codec import search_terms
from servers.tracker.codec.prefix_words import PrefixWords
from servers.tracker.codec.record_codec import HistoryLine, RecordCodec, Search, new_id
from servers.tracker.entry import DRAFT_FIELDS, Draft, Entry, RejectedEntryError, checked
from servers.tracker.entry_plans import Case, Plan, RunningPlans
from servers.tracker.ledger import Action, Outcome
from servers.tracker.stores.base import (
    CursorError,
    RecordPage,
    SealedRecord,
    Store,
    StoreQuery,
    Write,
)

_T = TypeVar("_T")
_TRIES = 100
_NAME = re.compile(r"[A-Za-z0-9]{1,64}")
"""The form of ids. Firestore takes some other texts for paths or reserved names."""
_BEGUN = 1000
"""Words with one prefix that a query may hold."""
_REMOTE_DIGESTS = 30
"""Digests in one Firestore query; a word has two for each stamp in use."""
_LOOKED_AT_ONCE = 100
_LOOKED_AT_MOST = 4000
_MOST_ON_THE_LOOP = 32
"""Drafts that are sealed on the event loop; more are sealed in a thread."""


class EntryService:
    """The entries of one store."""

    def __init__(
        self, store: Store, codec: RecordCodec, prefix_words: PrefixWords | None = None
    ) -> None:
        self.store = store
        self.codec = codec
        self.prefix_words = prefix_words or PrefixWords()
        codec.written = self.prefix_words.written
        self.running = RunningPlans()

    async def track(
        self, drafts: Sequence[Draft], client: str, *, together: bool = False
    ) -> list[tuple[Outcome, Entry] | RejectedEntryError]:
        """Create or merge an entry for each draft; `together` all or none.

        A draft that would make an entry too large is refused in its place.
        """
        with self.running:
            return await self.settle(await self.planned(drafts, client), together=together)

    async def planned(
        self, drafts: Sequence[Draft], client: str, *, are_known: bool = False
    ) -> Plan:
        """The plan for tracking `drafts`; nothing is stored yet.

        With `are_known`, most entries probably exist, so they are looked up before sealing.
        """
        run = asyncio.to_thread if len(drafts) > _MOST_ON_THE_LOOP else _call_directly
        cases = await run(self._cases, drafts)
        if are_known or (self.store.is_remote and len(drafts) > 1):
            await self._look_up(cases)
        await run(self._fill, cases, client)
        return Plan(client, len(drafts), cases)

    async def settle(
        self, plan: Plan, *, together: bool = False
    ) -> list[tuple[Outcome, Entry] | RejectedEntryError]:
        """Carry out the plan. Entries that others changed meanwhile are planned again."""
        for _ in range(_TRIES):
            if together and any(case.refused for case in plan.cases):
                break
            with self.running:
                if await self._apply(plan.cases, together=together):
                    break
            self._fill(plan.cases, plan.client)
        else:
            raise ToolError("Many others change this entry right now. Try again.", kind="busy")
        return plan.results()

    async def get(self, id: str) -> Entry:
        """The entry called `id`, deleted ones included."""
        record = await self.store.get(id) if _NAME.fullmatch(id) else None
        if record is None:
            raise ToolError(
                f"There is no entry {id[:40]!r}. find_tracked lists what there is.",
                kind="not_found",
            )
        return self.codec.entry(record)

    async def history(self, entry: str, limit: int) -> list[HistoryLine]:
        """The history of an entry, the newest line first."""
        changes = await self.store.history(entry, limit=limit)
        return [self.codec.line(change) for change in changes]

    async def find(self, search: Search) -> tuple[list[Entry], str]:
        """One page, and the cursor to the next; raises CursorError for one of another search."""
        mark = _mark(search)
        given, _, place = search.cursor.partition(".")
        if search.cursor and not (given == mark and place):
            raise CursorError("This cursor belongs to no page of this search.")
        begun = await self._words_that_begin(search.words)
        query = self.codec.query(replace(search, cursor=place), begun)
        if any(found or found is None for found in begun.values()):
            entries, following = await self._filtered_page(query, search.words)
        else:
            page = await self.store.find(query)
            entries = [self.codec.entry(record) for record in page.records]
            following = page.cursor
        return entries, f"{mark}.{following}" if following else ""

    async def _words_that_begin(self, words: Sequence[str]) -> dict[str, list[str] | None]:
        """For each of `words`, the sealed words that begin with it; None when too many."""
        most = _BEGUN
        if self.store.is_remote:
            most = max(0, _REMOTE_DIGESTS // (2 + 2 * len(self.codec.older)) - 1)
        found = {}
        for word in words:
            found[word] = await self.prefix_words.of(word, self.store, self.codec, most)
        return found

    async def _filtered_page(
        self, query: StoreQuery, words: Sequence[str]
    ) -> tuple[list[Entry], str]:
        """The found entries that have all `words`, and the cursor of the next page.

        After `_LOOKED_AT_MOST` entries the rest is left to the next page.
        """
        found: list[Entry] = []
        preview, at_once = 0, query.limit
        while True:
            wanted = query.limit - len(found)
            page = await self.store.find(replace(query, limit=max(wanted, at_once)))
            entries = [self.codec.entry(record) for record in page.records]
            places = [at for at, one in enumerate(entries) if _has(one, words)][:wanted]
            found += [entries[at] for at in places]
            if len(places) == wanted:
                return found, await self._cursor_after(query, page, places[-1])
            preview += len(entries)
            if not page.cursor or preview >= _LOOKED_AT_MOST:
                return found, page.cursor
            at_once = _LOOKED_AT_ONCE
            query = replace(query, cursor=page.cursor)

    async def _cursor_after(self, query: StoreQuery, page: RecordPage, place: int) -> str:
        """The cursor behind the record at index `place` of `page`."""
        if place == len(page.records) - 1:
            return page.cursor
        return (await self.store.find(replace(query, limit=place + 1))).cursor

    async def update(self, id: str, version: int, fields: Mapping[str, Any], client: str) -> Entry:
        """The entry with new `fields`, when `version` is still the present one.

        Raises:
            RejectedEntryError: a field may not be stored.
        """
        with self.running:
            entry = self._require_unlocked(await self.get(id))
            draft = self._draft(entry, fields)
            wanted = {name: getattr(draft, name) for name in fields}
            if entry.version != version:
                raise _conflict(entry, wanted, version)
            after = ledger.revised(entry, draft)
            return await self._replace(entry, after, "updated", client, wanted=wanted)

    async def set_deleted(self, id: str, client: str, *, gone: bool) -> tuple[Entry, bool]:
        """The entry deleted or restored, and whether that changed anything."""
        action: Action = "deleted" if gone else "restored"
        with self.running:
            for _ in range(_TRIES):
                entry = self._require_unlocked(await self.get(id))
                after = ledger.deleted(entry, gone=gone)
                if after is entry:
                    return entry, False
                try:
                    return await self._replace(entry, after, action, client, wanted={}), True
                except ToolError as failed:
                    if failed.kind != "conflict":
                        raise
        raise ToolError("Many others change this entry right now. Try again.", kind="busy")

    def _cases(self, drafts: Sequence[Draft]) -> list[Case]:
        cases: dict[tuple[str, ...], Case] = {}
        for number, draft in enumerate(drafts):
            pairs = self.codec.pairs(draft)
            cases.setdefault(pairs, Case(pairs)).drafts.append((number, draft))
        return list(cases.values())

    async def _look_up(self, cases: Sequence[Case]) -> None:
        found = await self.store.paired([pair for case in cases for pair in case.pairs])
        by_pair: dict[str, SealedRecord] = {}
        for record in found:
            by_pair.setdefault(record.pair, record)
        for case in cases:
            records = [by_pair[pair] for pair in case.pairs if pair in by_pair]
            case.before = self._require_unlocked(self.codec.entry(records[0])) if records else None

    def _fill(self, cases: Sequence[Case], client: str) -> None:
        for case in cases:
            if not case.done:
                case.write = self._write(case, client)

    def _write(self, case: Case, client: str) -> Write | None:
        """The write for `case`; None when the entry has everything already."""
        case.results.clear()
        case.refused.clear()
        before, after = case.before, case.before
        for number, draft in case.drafts:
            try:
                found = ledger.merged(after, draft) if after else ledger.begun(new_id(), draft)
            except RejectedEntryError as refused:
                case.refused[number] = refused.with_traceback(
                    None
                )  # the traceback would keep the case in memory
                continue
            case.results[number] = (ledger.outcome(after, found), found)
            after = found
        if after is None or after is before:
            return None
        version = before.version + 1 if before else 1
        case.after = after = after.stored(version, after.created, after.changed)
        action: Action = "created"
        if before:
            action = "restored" if before.deleted else "merged"
        return Write(
            self.codec.record(after, "" if before else case.pairs[0]),
            self.codec.change(after, action, client, before),
            before.version if before else 0,
            () if before else case.pairs,
        )

    async def _apply(self, cases: Sequence[Case], *, together: bool) -> bool:
        """Write what is open; whether all cases are done. A refused one is planned again."""
        open_cases = [case for case in cases if not case.done]
        pending = [(case, case.write) for case in open_cases if case.write]
        written = await self.store.apply([write for _, write in pending], together=together)
        settled = all(one.done for one in written)
        for case in open_cases:
            case.done = not together and case.write is None
        for (case, _), one in zip(pending, written, strict=True):
            if one.done and (settled or not together):
                assert one.record is not None
                case.finish(one.record)
            elif one.record is not None and not one.done:
                case.before = self._require_unlocked(self.codec.entry(one.record))
        return settled

    async def _replace(
        self, before: Entry, after: Entry, action: Action, client: str, *, wanted: Mapping[str, Any]
    ) -> Entry:
        if after is before:
            return before
        moved = self.codec.pairs(after)
        write = Write(
            self.codec.record(after),
            self.codec.change(after, action, client, before),
            before.version,
            moved if moved != self.codec.pairs(before) else (),
        )
        (written,) = await self.store.apply([write])
        if written.record is None:
            raise ToolError(f"The entry {before.id} is gone.", kind="not_found")
        present = self.codec.entry(written.record)
        if written.done:
            return present
        if present.id != before.id:
            raise ToolError(
                f"Another entry has this URL and e-mail already: {present.id}. "
                "Update that one, or delete one of the two.",
                kind="duplicate",
                data={"other": present.id},
            )
        raise _conflict(present, wanted, before.version)

    def _draft(self, entry: Entry, fields: Mapping[str, Any]) -> Draft:
        present = {name: getattr(entry, name) for name in DRAFT_FIELDS}
        return checked(rules=self.codec.rules, present=entry, **{**present, **fields})

    @staticmethod
    def _require_unlocked(entry: Entry) -> Entry:
        if entry.locked:
            raise ToolError(
                f"The entry {entry.id} is sealed with a key that is not here. Put the old "
                "ENCRYPTION_KEY or its recovery key back in Lou's keys, then try again.",
                kind="locked",
            )
        return entry


def _has(entry: Entry, words: Sequence[str]) -> bool:
    """Whether `entry` has all `words`. A locked entry has whatever the store found."""
    return entry.locked or all(search_terms.has_word(entry, word) for word in words)


async def _call_directly(work: Callable[..., _T], *arguments: Any) -> _T:
    return work(*arguments)


def _mark(search: Search) -> str:
    """A hash of the search, the same for all its pages and keys."""
    same = repr(replace(search, limit=0, cursor="")).encode("utf-8", "surrogatepass")
    return hashlib.sha256(same).hexdigest()[:8]


def _conflict(current: Entry, wanted: Mapping[str, Any], version: int) -> ToolError:
    differing = ledger.apart(current, wanted)
    names = ", ".join(difference["field"] for difference in differing) or "no field"
    return ToolError(
        f"The entry is at version {current.version}, not {version}: somebody changed it. Your "
        f"update and the present entry differ in: {names}. Look at the present entry and, if "
        f"your change still makes sense, send it again with version {current.version}.",
        kind="conflict",
        data={"current": entry_views.entry(current), "differs": differing},
    )
