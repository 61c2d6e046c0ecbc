"""A process that works with the tracker until it is killed, and tells what was acknowledged.

It has imported everything before it forks, so that a thousand deaths take minutes and not an hour.
Each line on stdin is a task; each task runs in a fresh child, whose process id is the first thing
that is told. What a child tells is told after the tracker answered, never before.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from servers.host.tools.service import Configuration
from servers.tracker.codec import resealing
from servers.tracker.server import TrackerServer, build
from servers.tracker.stores.sqlite import tables
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore

_AT_ONCE = 8

SLOW_STEP = """
ALTER TABLE entries ADD COLUMN extra TEXT NOT NULL DEFAULT '';
UPDATE entries SET extra = hex(randomblob(200));
CREATE INDEX entries_extra ON entries (extra);
"""
STEPS = (*tables.PRESENT, SLOW_STEP)


def report_trouble(**facts: Any) -> None:
    os.write(1, json.dumps(facts).encode() + b"\n")


async def opened(task: dict[str, Any]) -> TrackerServer:
    folder = task["folder"]
    server = build()
    await server.start(
        Configuration(
            {"ENCRYPTION_KEY": task["keys"]},
            {
                "folders": {"data": folder, "cache": folder},
                "exchange_folder": folder,
                **task.get("settings", {}),
            },
        )
    )
    return server


def tools(server: TrackerServer) -> dict[str, Any]:
    return {tool.name: tool.run for tool in server.tools}


async def write(task: dict[str, Any]) -> None:
    track = tools(await opened(task))["track_url_email"]
    numbers = iter(range(task["from"], 10**9))

    async def one() -> None:
        for number in numbers:
            found = await track(
                url=f"https://site{number}.example/page", email=f"p{number}@site{number}.example"
            )
            report_trouble(ack=number, id=found["entry"]["id"], outcome=found["outcome"])

    await asyncio.gather(*(one() for _ in range(_AT_ONCE)))


async def import_file(task: dict[str, Any]) -> None:
    found = tools(await opened(task))
    job = (await found["start_import"](str(Path(task["folder"]) / "rows.csv"))).job
    while True:
        report = await found["job_state"](job)
        report_trouble(rows=report.rows, state=report.state, counts=report.counts)
        if report.state != "running":
            return
        await asyncio.sleep(0.001)


async def reseal(task: dict[str, Any]) -> None:
    resealing._AT_ONCE = task.get("at_once", resealing._AT_ONCE)
    server = await opened(task)
    state = tools(server)["store_state"]
    while True:
        found = await state()
        report_trouble(resealed=found.resealing["resealed"], older=found.older_keys)
        if not found.older_keys:
            await server.stop()
            return
        await asyncio.sleep(0.001)


async def migrate(task: dict[str, Any]) -> None:
    folder = Path(task["folder"]) / "tracker"
    report_trouble(opening=True)
    store = SqliteStore(folder, steps=STEPS)
    await store.open()
    report_trouble(open=True)
    await store.close()


TASKS = {"write": write, "import": import_file, "reseal": reseal, "migrate": migrate}


def main() -> None:
    for line in sys.stdin:
        task = json.loads(line)
        child = os.fork()
        if child == 0:
            report_trouble(pid=os.getpid())
            asyncio.run(TASKS[task["task"]](task))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        report_trouble(ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
