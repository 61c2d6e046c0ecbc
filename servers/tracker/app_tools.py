"""The tools of the app's Tracker page: jobs, the state of store and keys, copy and backup.

Only the app can call them, for a person who chose a file in a dialog, so any path is allowed. MCP
clients have `import_tracked` and `export_tracked`, which are limited to one folder.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from servers.contract.self_test import SelfTest
from servers.contract.self_test import run as run_self_test
from servers.host.tools.service import Tool, ToolError
from servers.tracker.batch_tools import Columns, Report, column_map, report
from servers.tracker.current_service import AnyStatus, CurrentService, parse_filters
from servers.tracker.entry import RejectedEntryError, Rules, checked
from servers.tracker.lifecycle import TrackerLifecycle
from servers.tracker.self_test import installed_parts
from servers.tracker.stores.base import StoreError
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore
from servers.tracker.transfer import import_export as exchanges
from servers.tracker.transfer.csv_jsonl import JUDGED_ROWS, Row
from servers.tracker.transfer.import_export import ImportExport
from servers.tracker.transfer.row_problems import Doubts

_MOST_COLUMNS = 400
"""Columns in an answer, beside those in use. More would not fit into a dialog."""
_MOST_COUNTED = 200_000
"""Rows that are counted before a person agrees; more take too long."""
_CELLS, _CELL = 3, 60
"""How many cells of a column are shown, and how many characters of each."""


@dataclass(frozen=True, slots=True)
class FileColumns:
    """The columns of a file, each with its name, its use, and some of its cells.

    `fault` says why the file cannot be imported with these columns; a person may choose others.
    `rows` are those with anything in them; `has_more` says that some were not counted.
    """

    columns: list[dict[str, Any]]
    doubts: list[str]
    fault: str
    rows: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class StoreState:
    """The state of the store and the keys. `state` is ready, trouble, locked or closed."""

    store: str
    state: str
    message: str
    entries: int
    deleted: int
    backups: list[str]
    key: str
    older_keys: int
    resealing: dict[str, Any]
    other_store: str
    copy: dict[str, Any]


class AppTools:
    """Internal tools; none of them is listed to MCP clients."""

    def __init__(
        self, current: CurrentService, exchange: ImportExport, lifecycle: TrackerLifecycle
    ) -> None:
        self._current = current
        self._exchange = exchange
        self._lifecycle = lifecycle

    @property
    def tools(self) -> tuple[Tool, ...]:
        reading = (self.file_columns, self.job_state, self.store_state)
        doing = (
            self.start_import,
            self.start_export,
            self.cancel_job,
            self.start_copy,
            self.stop_copy,
            self.start_resealing,
            self.make_backup,
            self.self_test,
        )
        return (
            *(Tool(run, run.__name__, read_only=True, internal=True) for run in reading),
            *(Tool(run, run.__name__, read_only=False, internal=True) for run in doing),
        )

    async def file_columns(
        self,
        path: str,
        columns: Columns = {},  # noqa: B006 - never changed
        ignore: list[str] = [],  # noqa: B006 - never changed
    ) -> FileColumns:
        """The columns of a file, for the mapping that a person chooses."""
        rules = self._current.entry_service.codec.rules
        return await asyncio.to_thread(_columns, Path(path), column_map(columns), ignore, rules)

    async def start_import(
        self,
        path: str,
        columns: Columns = {},  # noqa: B006 - never changed
        ignore: list[str] = [],  # noqa: B006 - never changed
        *,
        trial: bool = False,
    ) -> Report:
        """Begin to import the file at `path`; poll `job_state`."""
        job = await self._exchange.start_import(
            Path(path), column_map(columns), "lou", ignored=ignore, trial=trial
        )
        return report(job, 0)

    async def start_export(
        self,
        path: str,
        *,
        text: str = "",
        tag: str = "",
        status: AnyStatus = "",
        deleted: bool = False,
        overwrite: bool = False,
    ) -> Report:
        """Begin to export what matches to the file at `path`; poll `job_state`."""
        search = parse_filters(text=text, tag=tag, status=status, deleted=deleted)
        job = self._exchange.start_export(Path(path), search, overwrite=overwrite)
        return report(job, 0)

    async def job_state(self, job: str, problems_from: int = 0) -> Report:
        """The state of a job."""
        return report(self._exchange.job(job), problems_from)

    async def cancel_job(self, job: str) -> Report:
        """Stop a job; the rows that it counted stay stored."""
        return report(await self._exchange.cancel(job), 0)

    async def store_state(self) -> StoreState:
        """The state of the store, the keys, the resealing and the copy."""
        lifecycle = self._lifecycle
        state, message, entries, deleted = await self._state()
        sealer = lifecycle.entry_service.codec.sealer if lifecycle.entry_service else None
        return StoreState(
            lifecycle.store.kind if lifecycle.store else "",
            state,
            message,
            entries,
            deleted,
            lifecycle.store.backups() if isinstance(lifecycle.store, SqliteStore) else [],
            sealer.key_ids[0] if sealer else "",
            len(lifecycle.entry_service.codec.older) if lifecycle.entry_service else 0,
            asdict(lifecycle.resealing.progress) if lifecycle.resealing else {},
            lifecycle.other_kind(),
            asdict(lifecycle.copying.progress) if lifecycle.copying else {},
        )

    async def start_copy(self) -> StoreState:
        """Start or resume the copy from the other store."""
        await self._lifecycle.start_copy()
        return await self.store_state()

    async def stop_copy(self) -> StoreState:
        """Pause the copy; it can go on later."""
        await self._lifecycle.stop_copy()
        return await self.store_state()

    async def start_resealing(self) -> StoreState:
        """Reseal every entry with the newest key. A new key starts this as well."""
        self._lifecycle.start_resealing()
        return await self.store_state()

    async def make_backup(self) -> StoreState:
        """Back the SQLite file up now."""
        store = self._lifecycle.store
        if not isinstance(store, SqliteStore):
            raise ToolError("Only the SQLite store makes backups.", kind="not_found")
        await store.back_up()
        return await self.store_state()

    async def self_test(self) -> SelfTest:
        """Use each late-loaded part once."""
        return await run_self_test(installed_parts())

    async def _state(self) -> tuple[str, str, int, int]:
        try:
            store = self._current.entry_service.store
            counts = await store.counts()
        except StoreError as failing:
            return "trouble", failing.message, 0, 0
        except ToolError as closed:
            return ("locked" if closed.kind == "locked" else "closed"), closed.message, 0, 0
        if store.trouble is not None:
            return "trouble", store.trouble.message, counts.live, counts.deleted
        return "ready", "", counts.live, counts.deleted


def _columns(
    path: Path, wanted: dict[str, list[str]], ignored: list[str], rules: Rules
) -> FileColumns:
    found = exchanges.preview(path, wanted, ignored)
    with found.text:
        judged = list(itertools.islice(found.rows, JUDGED_ROWS))
        rest = sum(1 for _ in itertools.islice(found.rows, _MOST_COUNTED))
    uses = {place: one for one, places in found.choice.fields.items() for place in places}
    shown = [
        {"name": name, "used": uses.get(place, ""), "cells": _cells(found.samples, place)}
        for place, name in enumerate(found.choice.names)
        if place < _MOST_COLUMNS or place in uses
    ]
    doubts = Doubts()
    if len(shown) < len(found.choice.names):
        doubts.begin([f"Of {len(found.choice.names):,} columns {len(shown):,} are shown."])
    doubts.begin(found.doubts)
    if not found.choice.fault:
        _judge(judged, rules, doubts)
    has_more = rest == _MOST_COUNTED
    return FileColumns(
        shown, doubts.sentences(), found.choice.fault, rows=len(judged) + rest, has_more=has_more
    )


def _judge(rows: Iterable[Row], rules: Rules, doubts: Doubts) -> None:
    """Collect the doubts about these rows, and why some of them would be refused."""
    for row in rows:
        for doubt in row.doubts:
            doubts.add(row.number, doubt)
        if row.fault:
            doubts.add(row.number, f"not stored, as it {row.fault}")
            continue
        try:
            checked(rules=rules, **row.fields)
        except RejectedEntryError as rejected:
            doubts.add(row.number, f"not stored: {rejected}")


def _cells(rows: Sequence[Sequence[str]], place: int) -> list[str]:
    """The first filled cells of a column."""
    filled = (row[place].strip() for row in rows if place < len(row))
    return [cell[:_CELL] for cell in itertools.islice(filter(None, filled), _CELLS)]
