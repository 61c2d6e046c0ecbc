"""The rules of the tracker: how an entry may change. Pure: no clock, no store, no keys.

* What is tracked again is merged: nothing that is there is dropped or moved back.
* `do_not_contact` is left only by an update, never by a merge.
* A status moves forward in a merge: new, contacted, replied, then won or lost.
* A change names the version it was read at; every change makes the next version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Literal

from servers.tracker.entry import (
    DRAFT_FIELDS,
    LONGEST_NOTE,
    MOST_TAGS,
    Draft,
    Entry,
    Fault,
    RejectedEntryError,
    Status,
)

Action = Literal["created", "merged", "updated", "deleted", "restored"]
Outcome = Literal["created", "merged", "restored", "unchanged"]
FIELDS = (*DRAFT_FIELDS, "deleted")
_RANK: Mapping[Status, int] = {
    "new": 0,
    "contacted": 1,
    "replied": 2,
    "won": 3,
    "lost": 3,
    "do_not_contact": 4,
}


def begun(id: str, draft: Draft) -> Entry:
    return Entry(id, 1, draft.url, draft.email, draft.note, draft.tags, draft.status)


def merged(entry: Entry, draft: Draft) -> Entry:
    """`entry` with all that `draft` adds; itself when that is nothing. A deleted one comes back.

    Raises:
        RejectedEntryError: together they hold more than one entry may.
    """
    wanted = replace(
        entry,
        note=_joined(entry.note, draft.note),
        tags=_merged_tags(entry.tags, draft.tags),
        status=max(entry.status, draft.status, key=lambda status: _RANK[status]),
        deleted=False,
    )
    return _next(entry, wanted)


def revised(entry: Entry, draft: Draft) -> Entry:
    """`entry` with the fields of `draft`; itself when they are the same."""
    return _next(entry, replace(entry, **asdict(draft)))


def deleted(entry: Entry, *, gone: bool) -> Entry:
    """`entry` deleted or restored; itself when it is so already."""
    return _next(entry, replace(entry, deleted=gone))


def outcome(before: Entry | None, after: Entry) -> Outcome:
    if before is None:
        return "created"
    if before.version == after.version:
        return "unchanged"
    return "restored" if before.deleted else "merged"


def differences(before: Entry, after: Entry) -> dict[str, tuple[Any, Any]]:
    """The fields that differ, each with its value before and after."""
    pairs = ((field, getattr(before, field), getattr(after, field)) for field in FIELDS)
    return {field: (old, new) for field, old, new in pairs if old != new}


def apart(current: Entry, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where a refused update and the present entry differ, field by field."""
    return [
        {"field": field, "yours": value, "current": getattr(current, field)}
        for field, value in wanted.items()
        if getattr(current, field) != value
    ]


def _next(before: Entry, wanted: Entry) -> Entry:
    return replace(wanted, version=before.version + 1) if differences(before, wanted) else before


def _joined(present: str, added: str) -> str:
    if not added or added in present:
        return present
    note = f"{present}\n{added}" if present else added
    if len(note) > LONGEST_NOTE:
        length = f"would be {len(note)} characters long with what is there"
        raise RejectedEntryError([Fault("note", f"{length}; the limit is {LONGEST_NOTE}")])
    return note


def _merged_tags(present: Sequence[str], added: Sequence[str]) -> tuple[str, ...]:
    tags = tuple(sorted({*present, *added}))
    if len(tags) > MOST_TAGS:
        reason = f"would be {len(tags)} with those that are there; the limit is {MOST_TAGS}"
        raise RejectedEntryError([Fault("tags", reason)])
    return tags
