"""What keeping calls costs a call, and how quickly a million of them are opened and filtered."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.calls.call_log import CallLog
from app.calls.call_store import CallStore, NewCall
from app.calls.kept_call import CallDetail, CallQuery
from app.config.settings import Settings
from servers.host import call_details
from servers.host.meter import Meter
from servers.host.tools.calls import FinishedCall
from servers.host.tools.tool_result import to_json
from tests.bench.test_host_bench import _over_socket
from tests.conftest import Figures
from tests.host.supervised import supervised
from tests.patience import eventually

_ROUND = 400

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900), pytest.mark.anyio]


async def test_what_keeping_adds_to_a_call(home: Path, figure: Figures) -> None:
    """Server and client have a core each: a call on one core takes half as long as over two, and
    which it is the system decides anew at each round, also of two rounds without keeping."""
    own, others = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))
    async with supervised() as server:
        await server.ready(keep_calls=True)
        os.sched_setaffinity(server.pid, {own})
        took: dict[str, list[float]] = {"kept": [], "bare": [], "again": []}
        for name in (*took, *reversed(took)) * 10:  # in turns: no machine is quiet for long
            await server.request("configure", keep_calls=name == "kept")
            await asyncio.sleep(0.2)
            took[name] += await asyncio.to_thread(_call_times, server.socket, others)
            if name == "kept":
                await eventually(lambda: len(server.all("call_detail")) == _ROUND)
            server.events.clear()
            server.raw.clear()
    for share, most in ((50, 0.02), (95, None)):
        kept, bare, again = (statistics.quantiles(took[name], n=100)[share - 1] for name in took)
        name = f"keeping a call, {share} % of calls: "
        figure(name + "added to their time", max(kept - bare, 0.0), "ms", at_most=most)
        figure(name + "difference without keeping", abs(again - bare), "ms")


def _call_times(path: str, core: int) -> list[float]:
    os.sched_setaffinity(0, {core})  # of this thread
    with _over_socket(path) as client:
        return client.call_ms(_ROUND)


async def test_ten_thousand_calls_of_a_megabyte_stay_within_the_bound(
    home: Path, figure: Figures
) -> None:
    """200 of them from the server's meter on, then each of 10,000 as the server sends it."""
    calls = CallLog(home / "calls.sqlite", str, Settings(calls_total_mb=50))
    call_details.switch(on=True)
    sent: list[dict[str, Any]] = []
    meter = Meter(lambda event, data: sent.append(data) if event == "call_detail" else None)
    rows = [f"row {row} of a long list" for row in range(40_000)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(200):
        text = to_json({"rows": [f"{number} {row}" for row in rows]})
        call = FinishedCall(str(number), "t", "c", "", 1.0, "ok", "", len(text))
        meter.record(replace(call, held=len(text), read=partial(_read, text)))
    await eventually(lambda: len(sent) == 200, 300)
    assert sum(each["cut"] == "busy" for each in sent) > 100
    largest = 0
    for number in range(10_000):
        calls.add("search", sent[0])
        if number % 100 == 99:
            await calls.find(CallQuery(), limit=10, budget_s=1.0)
            largest = max(largest, (home / "calls.sqlite").stat().st_size)
    await calls.stop()
    call_details.switch(on=False)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    figure("10,000 calls of 1 MB: the file", largest / 1e6, "MB", at_most=50)
    figure("10,000 calls of 1 MB: memory growth", grown, "MB", at_most=64)


def _read(text: str) -> tuple[Any, Any]:
    return {}, json.loads(text)


def _million(path: Path) -> CallStore:
    store = CallStore(path, 10_000_000_000)
    servers, tools = ("search", "tracker", "mine"), [f"tool_{number}" for number in range(40)]
    clients = ("claude-ai", "claude-code", "cursor", "lou")
    for start in range(0, 1_000_000, 20_000):
        store.add(
            [
                NewCall(
                    (
                        *(1.7e9 + number, servers[number % 3], tools[number % 40]),
                        *(clients[number % 4], "1.0", 5.0),
                        *("error" if number % 5_000 == 3 else "ok", "", 900, number % 7 == 0, ""),
                    ),
                    CallDetail(f'{{"query":"number {number}"}}', '{"count":3}'),
                )
                for number in range(start, start + 20_000)
            ]
        )
    return store


def test_a_million_calls_open_and_filter(home: Path, figure: Figures) -> None:
    path = home / "calls.sqlite"
    _million(path).close()
    queries = {
        "open": CallQuery(),
        "one server": CallQuery(server="tracker"),
        "rare outcome": CallQuery(outcome="error"),
        "server, tool and client": CallQuery(server="mine", tool="tool_5", client="claude-code"),
        "what there is none of": CallQuery(server="mine", client="cursor", outcome="timeout"),
        "own calls, too": CallQuery(own=True, tool="tool_7"),
        "a text, new": CallQuery(text="number 99999"),
        "a text, nowhere": CallQuery(text="nowhere"),
    }
    for name, query in queries.items():
        store = CallStore(path, 10_000_000_000)
        began = time.perf_counter()
        store.find(query, None, 200, 0.15)
        ms = (time.perf_counter() - began) * 1000
        store.close()
        figure(f"1,000,000 calls: {name}", ms, "ms", at_most=300)
    store = CallStore(path, 10_000_000_000)
    began = time.perf_counter()
    for column in ("server", "tool", "client", "outcome"):
        store.names(column)
    figure("1,000,000 calls: choices of the filter", (time.perf_counter() - began) * 1e3, "ms",
           at_most=300)  # fmt: skip
    store.close()
