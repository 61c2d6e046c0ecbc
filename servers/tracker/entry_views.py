"""Entries and histories as plain objects for answers."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from typing import Any

from servers.tracker.codec.record_codec import HistoryLine
from servers.tracker.entry import Entry

NOTE_SHOWN = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def when(micros: int) -> str:
    """Microseconds since 1970 as an ISO time in UTC."""
    return f"{_second(micros // 1_000_000)}.{micros % 1_000_000:06d}Z"


def micros(text: str) -> int:
    """A time in ISO 8601, UTC if without a zone, as microseconds since 1970; raises ValueError."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            "is no ISO date or time, such as 2026-03-31 or 2026-03-31T09:30:00Z"
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def entry(found: Entry) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": found.id,
        "version": found.version,
        "url": found.url,
        "email": found.email,
        "note": found.note,
        "tags": list(found.tags),
        "status": found.status,
        "created": when(found.created),
        "changed": when(found.changed),
    }
    if found.deleted:
        shown["deleted"] = True
    if found.locked:
        shown["locked"] = True
    return shown


def row(found: Entry) -> dict[str, Any]:
    """An entry in a list: a long note is cut, and says so."""
    shown = entry(found)
    if len(found.note) > NOTE_SHOWN:
        shown["note"] = found.note[:NOTE_SHOWN]
        shown["note_cut"] = True
    return shown


def line(found: HistoryLine) -> dict[str, Any]:
    return {
        "version": found.version,
        "at": when(found.at),
        "action": found.action,
        "client": found.client,
        "changed": {
            name: {"before": old, "after": new} for name, (old, new) in found.changed.items()
        },
    }


@functools.lru_cache(1024)
def _second(number: int) -> str:
    return (_EPOCH + timedelta(seconds=number)).isoformat().removesuffix("+00:00")
