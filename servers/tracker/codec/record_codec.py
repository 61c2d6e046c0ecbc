"""Converts entries to sealed records and back, and searches to queries of digests."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from servers.tracker import ledger
from servers.tracker.codec import search_terms
from servers.tracker.codec.seal import SealedError, Sealer, random_block
from servers.tracker.entry import Draft, Entry, Rules, Status, holds_address
from servers.tracker.stores.base import Change, SealedRecord, Sort, StoreQuery

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_CLIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,79}")
"""Client names that cannot hold an address, so they need no sealing."""
_FIRST_MS = 1_767_225_600_000  # 2026-01-01
_TWO_DIGITS = [a + b for a, b in itertools.product("0123456789abcdefghijklmnopqrstuv", repeat=2)]
_STATUSES: Mapping[str, Status] = {status: status for status in get_args(Status)}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of an entry's history: fields with their values before and after."""

    version: int
    at: int
    action: str
    client: str
    changed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Search:
    """What to search for. Values are normalised; an empty field is no condition."""

    words: tuple[str, ...] = ()
    url: str = ""
    email: str = ""
    domain: str = ""
    tag: str = ""
    status: str = ""
    deleted: bool = False
    since: int = 0
    sort: Sort = "changed"
    limit: int = 20
    cursor: str = ""


def new_id() -> str:
    """A new id for an entry. Ids sort by time, which keeps their indexes compact."""
    moment = max(0, time.time_ns() // 1_000_000 - _FIRST_MS)
    return _eight_digits(moment) + _eight_digits(int.from_bytes(random_block()[:5], "big"))


class RecordCodec:
    """Seals with the sealer's first key; `older` are the other stamps that rows still have."""

    def __init__(self, sealer: Sealer, rules: Rules) -> None:
        self.sealer = sealer
        self.rules = rules
        self.older: tuple[str, ...] = ()
        self.written: Callable[[str, str], None] = lambda url, email: None
        """Is called with the URL and the e-mail address of each entry that is sealed."""

    def look_for(self, stamps: Collection[str]) -> None:
        """Search for rows of these `stamps` as well, as far as their keys are known."""
        others = set(stamps) - {self.sealer.stamp}
        self.older = tuple(sorted(filter(self.sealer.knows, others)))

    def record(self, entry: Entry, pair: str = "") -> SealedRecord:
        """`entry` sealed; `pair` is its pair digest, where it is known already."""
        hidden = entry.url if holds_address(entry.url) else ""
        # Encoded one by one: for a list, json builds a new encoder each time.
        secret = f"[{_to_json(entry.email)},{_to_json(entry.note)},{_to_json(hidden)}]"
        url = "" if hidden else entry.url
        bound = _bound(entry.version, url, entry.tags, entry.status, deleted=entry.deleted)
        self.written(entry.url, entry.email)
        return SealedRecord(
            entry.id,
            entry.version,
            url,
            self.sealer.seal(entry.id, "secret", secret, bound),
            entry.tags,
            entry.status,
            entry.deleted,
            entry.created,
            entry.changed,
            self.sealer.stamp,
            pair or self.sealer.digest("pair", search_terms.pair(entry, self.rules)),
            self.sealer.digests(search_terms.of(entry)),
        )

    def entry(self, record: SealedRecord) -> Entry:
        """`record` opened; locked when no key opens it or its clear fields were changed."""
        bound = _bound(
            record.version, record.url, record.tags, record.status, deleted=record.deleted
        )
        try:
            secret = self.sealer.open(
                record.id, "secret", record.secret, bound=bound, stamp=record.stamp
            )
            email, note, hidden = json.loads(secret)
            locked = False
        except SealedError:
            email = note = hidden = ""
            locked = True
        return Entry(
            record.id,
            record.version,
            record.url or hidden,
            email,
            note,
            record.tags,
            _STATUSES.get(record.status, "new"),
            record.deleted,
            record.created,
            record.changed,
            locked,
        )

    def change(self, entry: Entry, action: str, client: str, before: Entry | None) -> Change:
        """The line of history for this version of `entry`; a first version has nothing to seal."""
        if before is None and _CLIENT.fullmatch(client):
            what = self._in_the_clear(entry.id, entry.version, f"{action} {client}")
        else:
            changed = ledger.differences(before, entry) if before else {}
            said = _to_json([action, client[:80], changed])
            what = self.sealer.seal(entry.id, f"history {entry.version}", said)
        return Change(entry.id, entry.version, 0, what, self.sealer.stamp)

    def line(self, change: Change) -> HistoryLine:
        try:
            action, client, changed = self._opened(change)
        except SealedError:
            return HistoryLine(change.version, change.at, "locked", "", {})
        return HistoryLine(change.version, change.at, action, client, changed)

    def resealed(self, change: Change) -> Change | None:
        """A line of history sealed with the first key; None when no key opens it."""
        try:
            action, client, changed = self._opened(change)
        except SealedError:
            return None
        if " " in change.what:
            what = self._in_the_clear(change.entry, change.version, f"{action} {client}")
        else:
            said = _to_json([action, client, changed])
            what = self.sealer.seal(change.entry, f"history {change.version}", said)
        return replace(change, what=what, stamp=self.sealer.stamp)

    def _in_the_clear(self, entry: str, version: int, said: str, stamp: str = "") -> str:
        """A line in the clear, with a keyed digest that proves that Lou wrote it."""
        return f"{said}#{self.sealer.digest('history', f'{entry} {version} {said}', stamp)}"

    def _opened(self, change: Change) -> Any:
        """Action, client, changed fields of a line; raises SealedError if no key opens it."""
        if " " not in change.what:
            column = f"history {change.version}"
            said = self.sealer.open(change.entry, column, change.what, stamp=change.stamp)
            return json.loads(said)
        said, _, _ = change.what.partition("#")
        if not self.sealer.knows(change.stamp):
            raise SealedError("made with a key that is not here")
        if not self.sealer.is_of_first_form(change.stamp):
            whole = self._in_the_clear(change.entry, change.version, said, change.stamp)
            if whole != change.what:
                raise SealedError("not written by Lou")
        action, _, client = said.partition(" ")
        return action, client, {}

    def pairs(self, draft: Draft | Entry) -> tuple[str, ...]:
        """The pair digests of a draft, one for each stamp in use, the present one first."""
        found = [self.sealer.digest("pair", search_terms.pair(draft, self.rules))]
        for stamp in self.older:
            text = search_terms.pair(draft, self.sealer.rules_of(stamp))
            found.append(self.sealer.digest("pair", text, stamp))
        return tuple(dict.fromkeys(found))

    def query(self, search: Search, begun: Mapping[str, Collection[str] | None] = {}) -> StoreQuery:
        """`search` as a query of digests.

        `begun` holds, for each word, the longer words that it is a prefix of; None when they are
        too many, and the found entries have to be checked one by one.
        """
        # The first group should be the rarest: Firestore compares only that one itself.
        wanted = [("email", search.email), ("url", search.url)]
        wanted += [("word", word) for word in search.words if begun.get(word, ()) is not None]
        wanted += [("domain", search.domain), ("tag", search.tag), ("status", search.status)]
        groups = tuple(
            self._digests(kind, (value, *(begun.get(value) or ())), deleted=search.deleted)
            for kind, value in wanted
            if value
        )
        shown: list[tuple[Literal["tag", "status"], str]] = []
        if search.tag:
            shown.append(("tag", search.tag))
        if search.status:
            shown.append(("status", search.status))
        return StoreQuery(
            groups,
            tuple(shown),
            search.deleted,
            search.since,
            search.sort,
            search.limit,
            search.cursor,
        )

    def _digests(self, kind: str, values: Collection[str], *, deleted: bool) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for stamp in (self.sealer.stamp, *self.older):
            is_first = self.sealer.is_of_first_form(stamp)
            for each in (kind,) if is_first else search_terms.kinds_of(kind):
                name = search_terms.kind_of(each, deleted=deleted)
                found.update((self.sealer.digest(name, value, stamp), None) for value in values)
        return tuple(found)


def _bound(version: int, url: str, tags: tuple[str, ...], status: str, *, deleted: bool) -> str:
    """A hash of the version and the clear fields; the secret opens only beside them."""
    clear = f"{version}\0{url}\0{','.join(tags)}\0{status}\0{int(deleted)}"
    found = hashlib.sha256(clear.encode("utf-8", "replace")).digest()[:15]
    return base64.b64encode(found).decode()


def _eight_digits(number: int) -> str:
    """The last 40 bits of `number` in base 32; the texts sort as the numbers do."""
    return (
        _TWO_DIGITS[number >> 30 & 1023]
        + _TWO_DIGITS[number >> 20 & 1023]
        + _TWO_DIGITS[number >> 10 & 1023]
        + _TWO_DIGITS[number & 1023]
    )
