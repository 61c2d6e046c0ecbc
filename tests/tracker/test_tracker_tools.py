"""The tracker's tools as a client meets them: through the host's own door, on SQLite."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from servers.host.tools import calls
from servers.host.tools.service import ToolError
from servers.host.tools.toolbox import FunctionTool
from servers.tracker.server import TrackerServer, build
from servers.tracker.transfer import exchange_folder
from tests.patience import PATIENCE_S
from tests.tracker.scene import started, tools, until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TrackerServer]:
    (tmp_path / "files").mkdir()
    found = await started(tmp_path, exchange_folder=str(tmp_path / "files"))
    yield found
    await found.stop()


async def refused(work: Any) -> ToolError:
    with pytest.raises(ToolError) as failed:
        await work
    return failed.value


def test_the_whole_list_of_tools_is_small() -> None:
    listed = [FunctionTool(tool).listing for tool in build().tools if not tool.internal]
    assert len(listed) == 10
    assert len(json.dumps({"tools": listed}, separators=(",", ":"))) < 8192


async def test_tracking_twice_merges_and_says_so(server: TrackerServer) -> None:
    track = tools(server)["track_url_email"]
    first = await track(url="acme.com/team", email="jane@acme.com", note="a")
    again = await track(url="https://acme.com/team#x", email="JANE@acme.com", note="b")
    same = await track(url="acme.com/team", email="jane@acme.com")
    assert [one["outcome"] for one in (first, again, same)] == ["created", "merged", "unchanged"]
    assert first["entry"]["id"] == again["entry"]["id"]
    assert same["entry"] == again["entry"]
    assert same["entry"]["note"] == "a\nb"


async def test_a_refused_call_names_every_field_and_stores_nothing(server: TrackerServer) -> None:
    found = tools(server)
    failed = await refused(found["track_url_email"](url="ftp://x", email="x", tags=["@"]))
    assert [fault["field"] for fault in failed.data["rejected"]] == ["url", "email", "tags"]
    assert (await found["tracker_stats"]())["entries"] == 0


async def test_an_update_at_an_old_version_shows_both_sides(server: TrackerServer) -> None:
    found = tools(server)
    entry = (await found["track_url_email"](url="acme.com", email="j@acme.com"))["entry"]
    await found["update_entry"](id=entry["id"], version=1, status="won")
    failed = await refused(
        found["update_entry"](id=entry["id"], version=1, status="lost", note="n")
    )
    assert failed.kind == "conflict"
    assert failed.data["current"]["status"] == "won"
    assert failed.data["differs"] == [
        {"field": "note", "yours": "n", "current": ""},
        {"field": "status", "yours": "lost", "current": "won"},
    ]


async def test_fields_are_emptied_only_on_demand(server: TrackerServer) -> None:
    found = tools(server)
    entry = (await found["track_url_email"](url="a.com", email="j@a.com", note="n", tags=["t"]))[
        "entry"
    ]
    kept = (await found["update_entry"](id=entry["id"], version=1, status="won"))["entry"]
    assert (kept["note"], kept["tags"]) == ("n", ["t"])
    bare = (await found["update_entry"](id=entry["id"], version=2, clear=["note", "tags"]))["entry"]
    assert (bare["note"], bare["tags"]) == ("", [])


async def test_the_history_tells_when_who_and_what(server: TrackerServer) -> None:
    found = tools(server)
    entry = (await found["track_url_email"](url="a.com", email="j@a.com"))["entry"]
    call = calls.Call("1", "x", "claude-ai", 0.0, None)  # type: ignore[arg-type]
    token = calls.current_call.set(call)
    await found["update_entry"](id=entry["id"], version=1, status="won")
    calls.current_call.reset(token)
    lines = (await found["get_entry"](entry["id"]))["history"]
    assert [line["action"] for line in lines] == ["updated", "created"]
    assert lines[0]["client"] == "claude-ai"
    assert lines[0]["changed"] == {"status": {"before": "new", "after": "won"}}
    assert lines[0]["at"] > lines[1]["at"]


async def test_an_unknown_entry_is_told_so(server: TrackerServer) -> None:
    for name in ("get_entry", "delete_entry", "restore_entry"):
        assert (await refused(tools(server)[name]("nothing"))).kind == "not_found"


async def test_bad_filters_are_named(server: TrackerServer) -> None:
    find = tools(server)["find_tracked"]
    failed = await refused(find(text="@", email="x", url="ftp://x", changed_since="soon", tag="@"))
    named = [fault["field"] for fault in failed.data["rejected"]]
    assert named == ["text", "url", "email", "tag", "changed_since"]
    assert failed.message.startswith("Nothing was looked up: ")
    assert "such as 2026-03-31" in failed.message
    assert (await find(text=" ".join(f"w{n}" for n in range(50)))).entries == []
    failed = await refused(find(text=" ".join(f"w{n}" for n in range(51))))
    assert "`text` has 51 words; 50 can be looked for at once" in failed.message


async def test_a_page_never_grows_past_what_a_client_takes(server: TrackerServer) -> None:
    found = tools(server)
    rows = [
        {"url": f"https://a.com/{n}?" + "x" * 1900, "email": f"p{n}@a.com", "note": "y" * 3000}
        for n in range(100)
    ]
    await found["track_many"](rows)
    seen: list[str] = []
    cursor = ""
    while True:
        page = await found["find_tracked"](limit=100, cursor=cursor)
        assert len(json.dumps(page.entries)) < 70_000
        assert all(entry["note_cut"] for entry in page.entries)
        seen += [entry["id"] for entry in page.entries]
        cursor = page.cursor
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 100


async def test_many_are_tracked_where_they_may_be(server: TrackerServer) -> None:
    rows = [
        {"url": "a.com", "email": "a@a.com"},
        {"url": "bad url", "email": "a@a.com"},
        {"url": "a.com", "email": "A@a.com", "tags": ["x"]},
        {"url": "b.com", "email": "b@b.com", "colour": "red"},
        {"url": "c.com", "email": ["x"]},
    ]
    found = await tools(server)["track_many"](rows)
    outcomes = [row["outcome"] for row in found["rows"]]
    assert outcomes == ["created", "refused", "merged", "refused", "refused"]
    assert found["rows"][0]["id"] == found["rows"][2]["id"]
    assert found["counts"] == {"created": 1, "refused": 3, "merged": 1}


async def test_all_or_nothing_stores_nothing_when_one_row_is_bad(server: TrackerServer) -> None:
    found = tools(server)
    rows = [{"url": "a.com", "email": "a@a.com"}, {"url": "b.com", "email": "bad"}]
    answer = await found["track_many"](rows, all_or_nothing=True)
    assert [row["outcome"] for row in answer["rows"]] == ["not stored", "refused"]
    assert (await found["tracker_stats"]())["entries"] == 0
    long = [{"url": "a.com", "email": "a@a.com", "note": str(n) * 3900} for n in range(2)]
    answer = await found["track_many"](
        [{"url": "c.com", "email": "c@c.com"}, *long], all_or_nothing=True
    )
    assert [row["outcome"] for row in answer["rows"]] == ["not stored", "not stored", "refused"]
    assert (await found["tracker_stats"]())["entries"] == 0
    answer = await found["track_many"](rows[:1], all_or_nothing=True)
    assert answer["counts"] == {"created": 1}


async def test_too_many_at_once_are_refused(server: TrackerServer) -> None:
    rows = [{"url": "a.com", "email": "a@a.com"}] * 201
    assert (await refused(tools(server)["track_many"](rows))).kind == "bad_argument"


async def test_watchers_hear_of_the_entry_and_of_the_totals(
    server: TrackerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []

    async def hear(uri: str) -> None:
        heard.append(uri)

    monkeypatch.setattr(calls, "_host", calls.HostCallbacks(resource_changed=hear))
    entries = [
        (await tools(server)["track_url_email"](url="a.com", email=f"{n}@a.com"))["entry"]
        for n in range(2)
    ]
    await until(lambda: "tracker://stats" in heard)
    told = [uri for uri in heard if uri != "tracker://stats"]
    assert told == [f"tracker://entries/{entry['id']}" for entry in entries]
    entry = entries[0]
    stats, one = server.resources
    assert json.loads(await stats.read())["entries"] == 2
    assert json.loads(await one.read(id=entry["id"]))["entry"]["id"] == entry["id"]


async def test_an_import_reports_rows_and_an_export_gives_them_back(
    server: TrackerServer, tmp_path: Path
) -> None:
    found = tools(server)
    text = "url,email,note\na.com,a@a.com,=1+1\nbad url,b@b.com,\na.com,A@A.com,more\n"
    (tmp_path / "files" / "in.csv").write_text(text)
    trial = await found["import_tracked"]("in.csv", trial=True)
    assert trial["counts"] == {"would be stored": 2, "refused": 1}
    assert (await found["tracker_stats"]())["entries"] == 0
    done = await found["import_tracked"]("in.csv")
    assert (done["state"], done["rows"]) == ("done", 3)
    assert done["counts"] == {"created": 1, "merged": 1, "refused": 1}
    assert [(one["row"], one["field"]) for one in done["problems"]] == [(3, "url")]
    again = await found["import_tracked"]("in.csv")
    assert again["counts"] == {"unchanged": 2, "refused": 1}
    out = await found["export_tracked"]("out.csv")
    assert (out["state"], out["rows"]) == ("done", 1)
    assert "'=1+1" in (tmp_path / "files" / "out.csv").read_text()
    assert (tmp_path / "files" / "out.csv").stat().st_mode & 0o777 == 0o600
    assert (await refused(found["export_tracked"]("out.csv"))).kind == "exists"
    assert (await found["import_tracked"]("out.csv"))["counts"] == {"unchanged": 1}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("in.csv", "url,email,status,tags\na.com,a@a.com,,\n"),
        ("in.jsonl", '{"url":"a.com","email":"a@a.com"}\n'),
        ("in.jsonl", '{"url":"a.com","email":"a@a.com","status":"","tags":null,"note":null}\n'),
    ],
)
async def test_a_row_that_says_nothing_of_a_status_is_new(
    server: TrackerServer, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / "files" / name).write_text(text)
    report = await tools(server)["import_tracked"](name)
    assert report["counts"] == {"created": 1}, report
    assert (await tools(server)["tracker_stats"]())["by_status"] == {"new": 1}


async def test_problems_are_paged(server: TrackerServer, tmp_path: Path) -> None:
    found = tools(server)
    text = "url,email\n" + "".join(f"a.com,bad{n}\n" for n in range(120))
    (tmp_path / "files" / "in.csv").write_text(text)
    report = await found["import_tracked"]("in.csv")
    seen = [one["row"] for one in report["problems"]]
    while report["more"]:
        report = await found["import_tracked"](job=report["job"], problems_from=report["more"])
        seen += [one["row"] for one in report["problems"]]
    assert seen == list(range(2, 122))


@pytest.mark.parametrize(
    "name", ["../x.csv", "/etc/passwd.csv", "sub/../../x.csv", "link.csv", "", ".", "a\x00.csv"]
)
async def test_nothing_outside_the_folder_is_touched(
    server: TrackerServer, tmp_path: Path, name: str
) -> None:
    (tmp_path / "x.csv").write_text("url,email\na.com,a@a.com\n")
    (tmp_path / "files" / "link.csv").symlink_to(tmp_path / "x.csv")
    found = tools(server)
    for work in (found["import_tracked"](name), found["export_tracked"](name, overwrite=True)):
        assert (await refused(work)).kind == "outside_folder"
    assert (tmp_path / "x.csv").read_text() == "url,email\na.com,a@a.com\n"


async def test_a_folder_a_pipe_and_a_missing_file_are_refused(
    server: TrackerServer, tmp_path: Path
) -> None:
    import os

    found = tools(server)
    (tmp_path / "files" / "d.csv").mkdir()
    os.mkfifo(tmp_path / "files" / "p.csv")
    assert (await refused(found["import_tracked"]("d.csv"))).kind in {"file", "bad_argument"}
    assert (await refused(found["import_tracked"]("p.csv"))).kind == "bad_argument"
    assert (await refused(found["import_tracked"]("none.csv"))).kind == "file"


async def test_without_a_chosen_folder_the_words_say_how_to_choose_one(tmp_path: Path) -> None:
    server = await started(tmp_path)
    failed = await refused(tools(server)["import_tracked"]("in.csv"))
    assert failed.kind == "no_folder"
    assert "exchange_folder" in failed.message
    await server.stop()


async def test_a_cancelled_import_keeps_exactly_what_it_reports(
    server: TrackerServer, tmp_path: Path
) -> None:
    found = tools(server)
    text = "url,email\n" + "".join(f"a.com/{n},p{n}@a.com\n" for n in range(20_000))
    (tmp_path / "big.csv").write_text(text)
    job = (await found["start_import"](str(tmp_path / "big.csv"))).job
    async with asyncio.timeout(PATIENCE_S):
        while (await found["job_state"](job)).rows < 200:
            await asyncio.sleep(0.005)
    report = await found["cancel_job"](job)
    assert report.state == "cancelled"
    assert 200 <= report.rows < 20_000
    assert (await found["tracker_stats"]())["entries"] == report.counts["created"] == report.rows


async def test_the_call_of_a_client_that_goes_away_cancels_its_import(
    server: TrackerServer, tmp_path: Path
) -> None:
    found = tools(server)
    text = "url,email\n" + "".join(f"a.com/{n},p{n}@a.com\n" for n in range(20_000))
    (tmp_path / "files" / "big.csv").write_text(text)
    call = asyncio.create_task(found["import_tracked"]("big.csv"))
    async with asyncio.timeout(PATIENCE_S):
        while (await found["tracker_stats"]())["entries"] < 100:
            await asyncio.sleep(0.005)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    entries = (await found["tracker_stats"]())["entries"]
    await found["track_url_email"](url="b.com", email="b@b.com")
    assert (await found["tracker_stats"]())["entries"] == entries + 1
    assert entries < 20_000


@pytest.mark.parametrize("turns", [*range(12), *range(12, 60, 6)])
async def test_a_job_that_is_cancelled_early_is_over_and_tells_what_it_did(
    server: TrackerServer, tmp_path: Path, turns: int
) -> None:
    (tmp_path / "in.csv").write_text("url,email\na.com,a@a.com\n")
    found = tools(server)
    for begin, name in (("start_import", "in.csv"), ("start_export", "out.csv")):
        job = (await found[begin](str(tmp_path / name))).job
        for _ in range(turns):
            await asyncio.sleep(0)
        report = await found["cancel_job"](job)
        assert report.state in {"cancelled", "done"}
        if begin == "start_import":
            stored = report.counts.get("created", 0)
            assert (await found["tracker_stats"]())["entries"] == stored
    written = [path for path in tmp_path.iterdir() if path.name.startswith((".lou", "out"))]
    assert [path.name for path in written] == ["out.csv"] * (report.state == "done")
    assert all(path.read_text().startswith("id,url") for path in written)


@pytest.mark.parametrize("apart", range(1, 6))
async def test_a_file_is_closed_however_often_its_import_is_cancelled(
    server: TrackerServer, tmp_path: Path, apart: int
) -> None:
    (tmp_path / "in.csv").write_text("url,email\n" + "a.com,a@a.com\n" * 2000)
    found = tools(server)

    async def cancel(job: str, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await found["cancel_job"](job)

    job = (await found["start_import"](str(tmp_path / "in.csv"))).job
    await asyncio.gather(*(cancel(job, turns) for turns in range(0, 40, apart)))
    assert not [one for one in psutil.Process().open_files() if one.path.endswith("in.csv")]


async def test_a_file_is_closed_when_the_caller_of_its_import_is_gone(
    server: TrackerServer, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text("url,email\na.com,a@a.com\n")
    others = asyncio.all_tasks()
    call = asyncio.ensure_future(tools(server)["start_import"](str(tmp_path / "in.csv")))
    await asyncio.sleep(0)
    call.cancel()
    while left := asyncio.all_tasks() - others:
        await asyncio.wait(left)
    assert not [one for one in psutil.Process().open_files() if one.path.endswith("in.csv")]


async def test_what_a_killed_export_left_goes_and_what_is_being_written_stays(
    tmp_path: Path,
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    left, mine = files / ".lou-0123456789ab", files / ".lou-notes"
    for path in (left, mine):
        path.write_text("jane@acme.com")
    server = await started(tmp_path, exchange_folder=str(files))
    assert list(files.iterdir()) == [mine]
    writing = exchange_folder.PartialExport(files / "first.csv", overwrite=False)
    left.write_text("jane@acme.com")
    await tools(server)["export_tracked"]("second.csv")
    assert not left.exists()
    writing.finish()
    assert sorted(path.name for path in files.iterdir()) == [
        ".lou-notes",
        "first.csv",
        "second.csv",
    ]
    await server.stop()


def test_a_file_that_came_during_the_export_is_not_overwritten(tmp_path: Path) -> None:
    writing = exchange_folder.PartialExport(tmp_path / "out.csv", overwrite=False)
    (tmp_path / "out.csv").write_text("somebody's")
    with pytest.raises(FileExistsError):
        writing.finish()
    writing.drop()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["somebody's"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_an_export_to_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    writing = exchange_folder.PartialExport(tmp_path / "out.csv", overwrite=False)
    writing.write("jane@acme.com")
    with Path("/dev/full").open("r+b", buffering=0) as full:
        os.dup2(full.fileno(), writing._handle.fileno())
    with pytest.raises(OSError, match="No space"):
        writing.finish()
    writing.drop()
    assert not list(tmp_path.iterdir())


async def test_columns_of_a_file_are_offered_for_the_mapping(
    server: TrackerServer, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text("Website;Phone;Contact\na.com;1;ann\n;;\nb.com;;bob\n")
    found = await tools(server)["file_columns"](str(tmp_path / "in.csv"))
    assert found.columns == [
        {"name": "Website", "used": "url", "cells": ["a.com", "b.com"]},
        {"name": "Phone", "used": "", "cells": ["1"]},
        {"name": "Contact", "used": "", "cells": ["ann", "bob"]},
    ]
    assert "No column is called email" in found.fault
    assert (found.rows, found.has_more) == (2, False)
    wide = ";".join(f"c{number}" for number in range(100_000))
    (tmp_path / "wide.csv").write_text(f"{wide};Website\n")
    with pytest.raises(ToolError, match="100,001 columns; Lou reads up to 1,000"):
        await tools(server)["file_columns"](str(tmp_path / "wide.csv"))
    wide = ";".join(f"c{number}" for number in range(999))
    (tmp_path / "wide.csv").write_text(f"{wide};Website\n")
    found = await tools(server)["file_columns"](str(tmp_path / "wide.csv"))
    assert found.columns[-1]["name"] == "Website"
    assert len(json.dumps(found.columns)) < 100_000
    assert any("Of 1,000 columns" in doubt for doubt in found.doubts)
