"""Converts records and changes to Firestore documents and back, and makes and reads cursors."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from servers.tracker.stores.base import Change, CursorError, SealedRecord, Sort, StoreQuery

ORDER: Mapping[Sort, tuple[str, str]] = {
    "changed": ("changed", "DESCENDING"),
    "oldest": ("changed", "ASCENDING"),
    "created": ("created", "DESCENDING"),
    "url": ("url", "ASCENDING"),
}
_NAME = re.compile(r"[A-Za-z0-9]{1,64}")
_TIMES = range(1 << 63)
_OF_RECORD = tuple(each.name for each in fields(SealedRecord) if each.name != "id")
_OF_CHANGE = tuple(each.name for each in fields(Change))


def document(record: SealedRecord) -> dict[str, Any]:
    """The document of a record; its id is the record's."""
    lists = {"tags": list(record.tags), "terms": list(record.terms)}
    return {name: getattr(record, name) for name in _OF_RECORD} | lists


def record(snapshot: Any) -> SealedRecord:
    found = snapshot.to_dict()
    lists = {"tags": tuple(found["tags"]), "terms": tuple(found["terms"])}
    return SealedRecord(snapshot.id, **{name: found[name] for name in _OF_RECORD} | lists)


def change_name(change: Change) -> str:
    """The id of the document of a change."""
    return f"{change.entry}.{change.version:09d}"


def change(snapshot: Any) -> Change:
    found = snapshot.to_dict()
    return Change(**{name: found[name] for name in _OF_CHANGE})


def value(sort: Sort, last: SealedRecord) -> int | str:
    if sort == "url":
        return last.url
    return last.created if sort == "created" else last.changed


def cursor(sort: Sort, last: SealedRecord) -> str:
    """The cursor of the page after `last`."""
    text = json.dumps([sort, value(sort, last), last.id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place(query: StoreQuery) -> tuple[Any, str] | None:
    """Value and id after which a page begins; raises CursorError for that of another query."""
    if not query.cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(query.cursor + "=" * (-len(query.cursor) % 4)).decode()
        sort, past, name = json.loads(text)
        is_one = _NAME.fullmatch(name) is not None and _is_value(past)
    except (ValueError, TypeError, RecursionError):
        is_one = False
    if not is_one:
        raise CursorError("This is no cursor that a page gave out.")
    if sort != query.sort or type(past) is not (str if sort == "url" else int):
        raise CursorError(f"This cursor belongs to a page sorted by {str(sort)[:20]!r}.")
    return past, name


def _is_value(past: Any) -> bool:
    if type(past) is str:
        past.encode()  # half a surrogate pair is an error
        return True
    return type(past) is int and past in _TIMES


def matches(found: SealedRecord, query: StoreQuery) -> bool:
    """Whether `found` meets the conditions that the database could not check."""
    has = set(found.terms)
    return all(has.intersection(group) for group in query.groups) and found.changed >= query.since
