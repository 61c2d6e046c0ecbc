"""The tools for many entries: batches, files, and totals. They wait for a job or report it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from servers.host.tools import calls
from servers.host.tools.service import Tool, ToolError
from servers.tracker import entry_views
from servers.tracker.current_service import AnyStatus, CurrentService, parse_filters
from servers.tracker.entry import DRAFT_FIELDS, Draft, Entry, Fault, RejectedEntryError, checked
from servers.tracker.tools import Answer
from servers.tracker.transfer import exchange_folder
from servers.tracker.transfer.import_export import ImportExport, Job

Columns = dict[str, str | list[str]]
_MOST_AT_ONCE = 200
_PROBLEMS_SHOWN = 50
_REPORT_S = 0.5
_MARGIN_S = 8.0
_PATIENCE_S = 40.0


@dataclass(frozen=True, slots=True)
class Report:
    """The state of a job with some of its problems; `more` is the number of the next problem.

    `columns` are the columns that an import reads each field from, `doubts` its uncertainties.
    """

    job: str
    state: str
    rows: int
    counts: dict[str, int]
    problems: list[dict[str, Any]]
    more: int
    message: str
    columns: dict[str, list[str]]
    doubts: list[str]


class BatchTools:
    """Batches, files and totals; `exchange_folder` is the one the user chose, if any."""

    def __init__(self, current: CurrentService, exchange: ImportExport) -> None:
        self.exchange_folder: Path | None = None
        self._current = current
        self._exchange = exchange

    @property
    def tools(self) -> tuple[Tool, ...]:
        """In the order clients see them."""
        return (
            Tool(self.track_many, "Track many addresses", read_only=False, idempotent=True),
            Tool(self.import_tracked, "Import a file", read_only=False, idempotent=True),
            Tool(self.export_tracked, "Export to a file", read_only=False, idempotent=True),
            Tool(self.tracker_stats, "Totals of the tracker", read_only=True),
        )

    async def track_many(
        self,
        entries: Annotated[
            list[dict[str, str | list[str]]], "up to 200; fields as in track_url_email"
        ],
        *,
        all_or_nothing: bool = False,
    ) -> Answer:
        """Track many pairs; tells of each row what became of it."""
        if len(entries) > _MOST_AT_ONCE:
            raise ToolError(
                f"These are {len(entries)} entries; send at most {_MOST_AT_ONCE} at once.",
                kind="bad_argument",
            )
        found = [self._read(fields) for fields in entries]
        refused = any(isinstance(one, RejectedEntryError) for one in found)
        drafts = [one for one in found if isinstance(one, Draft)]
        if refused and all_or_nothing:
            return _answer_of(found, [], stored=False)
        results = await self._current.entry_service.track(
            drafts, calls.client(), together=all_or_nothing
        )
        accepted = [one for one in results if not isinstance(one, RejectedEntryError)]
        stored = not all_or_nothing or len(accepted) == len(results)
        if stored:
            await self._current.announce(*(entry for _, entry in accepted))
        return _answer_of(found, results, stored=stored)

    async def import_tracked(
        self,
        file: Annotated[str, ".csv, .tsv or .jsonl in the user's exchange folder"] = "",
        columns: Annotated[Columns, 'field: column name or names; "" for none'] = {},  # noqa: B006
        ignore: Annotated[list[str], "columns to leave out"] = [],  # noqa: B006 - never changed
        *,
        trial: Annotated[bool, "store nothing"] = False,
        job: Annotated[str, "of a running import"] = "",
        problems_from: int = 0,
    ) -> Answer:
        """Import a file; known pairs are merged, bad rows are reported by number.

        Do a trial first: it tells the columns used for url, email, note, tags, status and
        do_not_contact, and all doubts. Show them to the user; mend them with columns and ignore.
        If the state is running when it returns, call again with the job. With more problems than
        shown, call again with the job and problems_from = more.
        """
        if not job:
            path = exchange_folder.inside(self.exchange_folder, file)
            started = await self._exchange.start_import(
                path, column_map(columns), calls.client(), ignored=ignore, trial=trial
            )
            job = started.id
        return asdict(await self._wait_for(self._exchange.job(job), problems_from))

    async def export_tracked(
        self,
        file: Annotated[str, ".csv or .jsonl in the user's exchange folder"],
        *,
        text: str = "",
        tag: str = "",
        status: AnyStatus = "",
        overwrite: bool = False,
    ) -> Answer:
        """Write matching entries to a file, addresses in the clear."""
        path = exchange_folder.new_inside(self.exchange_folder, file)
        search = parse_filters(text=text, tag=tag, status=status)
        job = self._exchange.start_export(path, search, overwrite=overwrite)
        return asdict(await self._wait_for(job, 0))

    async def tracker_stats(self) -> Answer:
        """How many entries there are, by status, and when the last change was."""
        store = self._current.entry_service.store
        counts = await store.counts()
        last = entry_views.when(counts.last_changed) if counts.last_changed else ""
        return {
            "entries": counts.live,
            "deleted": counts.deleted,
            "by_status": dict(counts.by_status),
            "last_changed": last,
            "store": store.kind,
        }

    def _read(self, fields: dict[str, Any]) -> Draft | RejectedEntryError:
        unknown = sorted(fields.keys() - {*DRAFT_FIELDS})
        if unknown:
            return RejectedEntryError([Fault(name, "is not known") for name in unknown])
        given = {"url": "", "email": "", **fields}
        for name, value in given.items():
            if isinstance(value, list) != (name == "tags"):
                return RejectedEntryError([Fault(name, "is of the wrong type")])
        try:
            return checked(rules=self._current.entry_service.codec.rules, **given)
        except RejectedEntryError as rejected:
            return rejected

    async def _wait_for(self, job: Job, problems_from: int) -> Report:
        """The report of `job` when it ends, or shortly before the caller's deadline."""
        loop = asyncio.get_running_loop()
        until = min(calls.deadline() or loop.time() + 1e9, loop.time() + _PATIENCE_S) - _MARGIN_S
        assert job.task is not None
        try:
            while not job.task.done() and loop.time() < until:
                await calls.progress(job.done_bytes, job.total_bytes or None, f"{job.rows} rows")
                await asyncio.wait([job.task], timeout=_REPORT_S)
        except asyncio.CancelledError:
            await self._exchange.cancel(job.id)
            raise
        if job.kind == "import":
            await self._current.announce()
        return report(job, problems_from)


def column_map(columns: Columns) -> dict[str, list[str]]:
    """The columns for each field, each as a list; an empty name means no column."""
    return {
        one: [name for name in ([names] if isinstance(names, str) else names) if name]
        for one, names in columns.items()
    }


def report(job: Job, problems_from: int) -> Report:
    problems_from = max(0, problems_from)
    shown = job.problems.page(problems_from, _PROBLEMS_SHOWN)
    following = problems_from + len(shown)
    return Report(
        job.id,
        job.state,
        job.rows,
        dict(job.counts),
        [asdict(problem) for problem in shown],
        following if following < len(job.problems) else 0,
        job.message,
        dict(job.columns),
        job.doubts.sentences(),
    )


def _answer_of(
    found: list[Draft | RejectedEntryError],
    results: list[tuple[Any, Entry] | RejectedEntryError],
    *,
    stored: bool,
) -> Answer:
    rows: list[dict[str, Any]] = []
    counts: dict[str, int] = {}
    following = iter(results)
    for number, one in enumerate(found, 1):
        result = one if isinstance(one, RejectedEntryError) else next(following, None)
        row: dict[str, Any] = {"row": number, "outcome": "not stored"}
        if isinstance(result, RejectedEntryError):
            rejected = [asdict(fault) for fault in result.faults]
            row |= {"outcome": "refused", "rejected": rejected}
        elif result is not None and stored:
            row |= {"outcome": result[0], "id": result[1].id}
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
        rows.append(row)
    return {"counts": counts, "rows": rows}
