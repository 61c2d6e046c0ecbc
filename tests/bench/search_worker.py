"""A tracker of the tree it is started in, which is asked for searches line by line.

`python search_worker.py FOLDER COUNT` makes COUNT entries in FOLDER; then each line on stdin is
the filters of a search, and each line on stdout its milliseconds, in all and of processor time,
and the addresses it found.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path.cwd()))

from servers.tracker.entry import Draft
from servers.tracker.server import build

KEY = "b2xkLXdheS1rZXktZm9yLXRlc3RzLW9ubHktLS0tLS0="


def draft(number: int, rng: random.Random) -> Draft:
    """One of many people at companies, with some words of a note."""
    company = number // 20
    note = " ".join(f"word{int(5000 * rng.random() ** 3)}" for _ in range(6))
    return Draft(
        f"https://company{company}.example/people/{number}",
        f"person{number}@company{company}.example",
        note,
        (f"tag{int(40 * rng.random() ** 2)}",),
        rng.choice(["new"] * 6 + ["contacted", "replied", "won", "lost"]),  # type: ignore[arg-type]
    )


async def main(folder: str, count: int) -> None:
    server = build()
    folders = {"data": folder, "cache": folder}
    is_before = not Path("servers/host/tools").is_dir()
    host = importlib.import_module(f"servers.host.{'' if is_before else 'tools.'}service")
    await server.start(host.Configuration({"ENCRYPTION_KEY": KEY}, {"folders": folders}))
    rng = random.Random(5)
    begun = time.process_time()
    for start in range(0, count, 1000):
        drafts = [draft(n, rng) for n in range(start, start + 1000)]
        await entries(server).track(drafts, "seed")
    tell({"seconds": time.process_time() - begun})
    find: Any = next(tool.run for tool in server.tools if tool.name == "find_tracked")
    for line in iter(sys.stdin.readline, ""):
        filters = json.loads(line)
        begun, used = time.perf_counter(), time.process_time()
        page = await find(**filters)
        used, spent = time.process_time() - used, time.perf_counter() - begun
        found = [one["email"] for one in page.entries]
        tell({"ms": spent * 1e3, "cpu": used * 1e3, "found": found})
    await server.stop()


def entries(server: Any) -> Any:
    """The service of the entries, under the name that it has in the tree."""
    return server._current.entry_service if hasattr(server, "_current") else server._desk.board


def tell(fact: dict[str, Any]) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
