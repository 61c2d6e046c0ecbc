"""Runs imports and exports as jobs. A job reports its progress; rows it counted are stored."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

from servers.host.tools.service import ToolError
from servers.tracker import entry_views
from servers.tracker.codec.record_codec import Search
from servers.tracker.entry import Draft, Fault, RejectedEntryError, checked
from servers.tracker.entry_plans import Plan
from servers.tracker.entry_service import EntryService
from servers.tracker.stores.sqlite import disk
from servers.tracker.transfer import csv_jsonl, exchange_folder
from servers.tracker.transfer.columns import ColumnMap
from servers.tracker.transfer.row_problems import Doubts, Problems
from servers.tracker.transfer.text_file import LeadFileError

log = logging.getLogger(__name__)
State = Literal["running", "done", "cancelled", "failed"]
_AT_ONCE = 512
_PAGE = 200
_KEPT_JOBS = 20
_CANCELLED = {
    "import": "It was cancelled; what is counted here is kept.",
    "export": "It was cancelled; no file was written.",
}
GetService = Callable[[], EntryService]
"""Returns the service in use: keys and rules may change during a job."""


@dataclass(slots=True)
class Job:
    """One import or export. `rows` counts the rows that are finished.

    `columns` are the columns of an import that hold each field.
    """

    id: str
    kind: Literal["import", "export"]
    file: str
    total_bytes: int = 0
    done_bytes: int = 0
    state: State = "running"
    rows: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    problems: Problems = field(default_factory=Problems)
    doubts: Doubts = field(default_factory=Doubts)
    columns: Mapping[str, list[str]] = field(default_factory=dict)
    message: str = ""
    task: asyncio.Task[None] | None = None


class ImportExport:
    """The jobs of this process, and the last `_KEPT_JOBS` finished ones."""

    def __init__(self, get_service: GetService) -> None:
        self._get_service = get_service
        self._jobs: dict[str, Job] = {}

    def job(self, name: str) -> Job:
        """The job called `name`; raises ToolError if there is none."""
        if name not in self._jobs:
            raise ToolError(
                "There is no such job; jobs end with the server. Rows that were reported as "
                "stored are kept, and importing the file again stores none of them twice.",
                kind="not_found",
            )
        return self._jobs[name]

    async def start_import(
        self,
        path: Path,
        column_map: ColumnMap,
        client: str,
        *,
        ignored: Sequence[str] = (),
        trial: bool,
    ) -> Job:
        """Begin to import the file at `path`; a trial stores nothing."""
        self._get_service()
        found = await _opened_in_thread(path, column_map, ignored)
        job = self._new_job("import", path)
        job.columns = found.choice.named()
        job.doubts.begin(found.doubts)
        job.total_bytes = os.fstat(found.text.fileno()).st_size
        work = _Import(job, self._get_service, found, client="" if trial else client)
        job.task = asyncio.get_running_loop().create_task(_record_end(job, work.run()))
        job.task.add_done_callback(lambda _task: found.text.close())
        return job

    def start_export(self, path: Path, search: Search, *, overwrite: bool) -> Job:
        """Begin to export what `search` finds to the file at `path`."""
        self._get_service()
        kind = csv_jsonl.format_of(path.name)
        target = exchange_folder.PartialExport(path, overwrite=overwrite)
        job = self._new_job("export", path)
        work = _export(job, self._get_service, search, target, kind=kind)
        job.task = asyncio.get_running_loop().create_task(_record_end(job, work))
        return job

    async def cancel(self, name: str) -> Job:
        """The job, stopped; the rows it reported are kept."""
        job = self.job(name)
        if job.task is not None and not job.task.done():
            await asyncio.sleep(0)  # let the task start, so that it records how it ended
            job.task.cancel()
            await asyncio.wait([job.task])
        return job

    async def close(self) -> None:
        await asyncio.gather(*(self.cancel(name) for name in list(self._jobs)))

    def _new_job(self, kind: Literal["import", "export"], path: Path) -> Job:
        job = Job(secrets.token_hex(16), kind, path.name)
        self._jobs[job.id] = job
        finished = [name for name, old in self._jobs.items() if old.state != "running"]
        for name in finished[: max(0, len(self._jobs) - _KEPT_JOBS)]:
            del self._jobs[name]
        return job


_Found = list[tuple[int, Draft | RejectedEntryError | str]]


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows that were read and planned, and the file position behind them."""

    found: _Found
    position: int
    entry_service: EntryService
    plan: Plan


class _Import:
    """Imports a file: reads, checks and seals one group of rows while the last one is stored."""

    def __init__(
        self, job: Job, get_service: GetService, found: csv_jsonl.LeadFile, *, client: str
    ) -> None:
        self._job = job
        self._get_service = get_service
        self._rules = get_service().codec.rules
        self._text = found.text
        self._rows = found.rows
        self._client = client
        self._last_row = 0
        self._are_known = False
        """Whether most rows of the last group existed already."""

    async def run(self) -> None:
        following = asyncio.ensure_future(self._prepare_group())
        try:
            while (group := await asyncio.shield(following)) is not None:
                following = asyncio.ensure_future(self._prepare_group())
                await self._store_whole(group)
        finally:
            await _ended(following)  # a thread may still read its group
        self._job.done_bytes = self._job.total_bytes

    async def _prepare_group(self) -> _Group | None:
        found, position = await asyncio.to_thread(self._read)
        if not found:
            return None
        return _Group(found, position, *await self._plan_group(found))

    async def _plan_group(self, found: _Found) -> tuple[EntryService, Plan]:
        entry_service = self._get_service()
        self._rules = entry_service.codec.rules
        drafts = [one for _, one in found if isinstance(one, Draft)]
        return entry_service, await entry_service.planned(
            drafts, self._client, are_known=self._are_known
        )

    def _read(self) -> tuple[_Found, int]:
        found: _Found = []
        for row in itertools.islice(self._rows, _AT_ONCE):
            for doubt in row.doubts:
                self._job.doubts.add(row.number, doubt)
            if row.fault:
                found.append((row.number, row.fault))
                continue
            try:
                draft = checked(rules=self._rules, **row.fields)
            except RejectedEntryError as rejected:
                found.append((row.number, _with_refusal_fault(rejected, row.fields)))
            else:
                found.append((row.number, draft))
        return found, self._text.buffer.tell()

    async def _store_whole(self, group: _Group) -> None:
        """Store a group and count it, even when the job is cancelled meanwhile."""
        work = asyncio.ensure_future(self._store_and_count(group))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            await _ended(work)
            raise

    async def _store_and_count(self, group: _Group) -> None:
        found, entry_service, plan = group.found, group.entry_service, group.plan
        drafted = [number for number, one in found if isinstance(one, Draft)]
        for number, one in found:
            if not isinstance(one, Draft):
                self._refuse(number, one)
        if self._client:
            while entry_service is not self._get_service():  # the keys have changed
                entry_service, plan = await self._plan_group(found)
            results = await entry_service.settle(plan)
            before = self._job.counts["created"]
            for number, result in zip(drafted, results, strict=True):
                if isinstance(result, RejectedEntryError):
                    self._refuse(number, result)
                else:
                    self._job.counts[result[0]] += 1
            created = self._job.counts["created"] - before
            self._are_known = 2 * created < len(results)
        else:
            self._job.counts["would be stored"] += len(drafted)
        numbers = {number for number, _ in found} - {self._last_row}
        self._last_row = found[-1][0]
        self._job.rows += len(numbers)
        self._job.done_bytes = min(group.position, self._job.total_bytes)

    def _refuse(self, number: int, found: RejectedEntryError | str) -> None:
        self._job.counts["refused"] += 1
        if isinstance(found, str):
            self._job.problems.add(number, Fault("row", found))
            return
        for fault in found.faults:
            self._job.problems.add(number, fault)


def preview(path: Path, column_map: ColumnMap, ignored: Sequence[str] = ()) -> csv_jsonl.LeadFile:
    """The file at `path`, whose text the caller closes; raises ToolError if it is unreadable."""
    return _opened(path, csv_jsonl.preview, column_map, ignored)


def _opened(
    path: Path,
    read: Callable[[BinaryIO, csv_jsonl.Format, ColumnMap, Sequence[str]], csv_jsonl.LeadFile],
    column_map: ColumnMap,
    ignored: Sequence[str],
) -> csv_jsonl.LeadFile:
    kind = csv_jsonl.format_of(path.name)
    handle = exchange_folder.opened(path)
    try:
        return read(handle, kind, column_map, ignored)
    except BaseException:
        handle.close()
        raise


async def _opened_in_thread(
    path: Path, column_map: ColumnMap, ignored: Sequence[str]
) -> csv_jsonl.LeadFile:
    """The file at `path` with its columns chosen; it is closed if this task is cancelled.

    Raises:
        ToolError: it cannot be read, or its columns are not clear.
    """
    reading = asyncio.to_thread(_opened, path, csv_jsonl.opened, column_map, ignored)
    opening = asyncio.ensure_future(reading)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unused)
        raise


def _close_unused(opening: asyncio.Future[csv_jsonl.LeadFile]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().text.close()


def _with_refusal_fault(
    rejected: RejectedEntryError, fields: Mapping[str, Any]
) -> RejectedEntryError:
    """The faults of a row; one more when the refused row says do not contact."""
    faults = rejected.faults
    if fields.get("status") == "do_not_contact":
        faults = (*faults, Fault("status", "says do not contact, and is not stored with the row"))
    return RejectedEntryError(faults)  # a traceback would keep all rows in memory


async def _export(
    job: Job,
    get_service: GetService,
    search: Search,
    target: exchange_folder.PartialExport,
    *,
    kind: csv_jsonl.Format,
) -> None:
    """Write all found entries, the oldest change first.

    An entry that changes during the export is found again at the end; it is not written twice.
    """
    written: set[str] = set()
    cursor = ""
    try:
        if kind == "csv":
            target.write(csv_jsonl.header())
        while True:
            page = replace(search, sort="oldest", limit=_PAGE, cursor=cursor)
            entries, cursor = await get_service().find(page)
            for entry in entries:
                if entry.id not in written and not entry.locked:
                    written.add(entry.id)
                    target.write(csv_jsonl.line(kind, entry_views.entry(entry)))
                    job.rows += 1
            job.counts["locked"] += sum(entry.locked for entry in entries)
            if not cursor:
                break
        finishing = asyncio.ensure_future(asyncio.to_thread(target.finish))
        await _ended(finishing)
        finishing.result()
    except BaseException:
        target.drop()
        raise
    job.counts["written"] = job.rows


async def _ended(doing: asyncio.Future[Any]) -> None:
    """Wait until `doing` has ended, however often this task is cancelled meanwhile."""
    while not doing.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([doing])
    if not doing.cancelled():
        doing.exception()  # asyncio would report one that nobody looks at


async def _record_end(job: Job, work: Awaitable[None]) -> None:
    try:
        await work
    except asyncio.CancelledError:
        job.state, job.message = "cancelled", _CANCELLED[job.kind]
    except (OSError, LeadFileError) as failed:
        job.state, job.message = "failed", _why_failed(job, failed)
    except ToolError as failed:
        job.state, job.message = "failed", failed.message
    except Exception:
        log.exception("A job failed unexpectedly")
        job.state, job.message = "failed", "It failed; the log of this server says why."
    else:
        job.state = "done"


def _why_failed(job: Job, failed: Exception) -> str:
    if isinstance(failed, OSError) and failed.errno in disk.FULL:
        return f"The disk is full: {job.file} was not written. Free some space and try again."
    said = (failed.strerror if isinstance(failed, OSError) else None) or failed
    return f"The file could not be used to its end: {said}"
