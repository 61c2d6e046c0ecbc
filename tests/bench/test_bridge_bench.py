"""The bridge's promises: how soon it answers, what a call through it costs, what it weighs."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.bench.rivals import (
    BareServer,
    Connected,
    HttpServer,
    Piped,
    RealServer,
    call_times,
    calls_per_second,
    first_answer_ms,
    greet,
    mcp_remote,
)
from tests.conftest import Figures

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

LOU_CONNECT = str(Path(sys.executable).parent / "lou-connect")
TOOLS = {"tracker": ("find_tracked", {}), "search": ("", {})}
KEY = {"ENCRYPTION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}


@pytest.fixture
def parts(home: Path) -> Iterator[ExitStack]:
    """Everything started here ends with the test."""
    with ExitStack() as stack:
        yield stack


def test_spawn_to_answered_initialize(parts: ExitStack, figure: Figures) -> None:
    parts.enter_context(closing(RealServer("tracker", KEY)))
    http = parts.enter_context(closing(HttpServer()))
    remote = (*mcp_remote(), http.url, "--allow-http")
    ours, theirs = [], []
    first_answer_ms(LOU_CONNECT, "tracker")
    first_answer_ms(*remote)
    for _ in range(15):
        ours += [first_answer_ms(LOU_CONNECT, "tracker") for _ in range(3)]
        theirs.append(first_answer_ms(*remote))
    mine, other = statistics.median(ours), statistics.median(theirs)
    figure("bridge: spawn to answered initialize, median of 45", mine, "ms", at_most=25)
    figure("mcp-remote 0.15.1: the same, median of 15, alternating", other, "ms")
    figure("bridge: share of mcp-remote's time", mine / other, "", at_most=0.1)


def test_spawn_against_the_interpreter_alone(parts: ExitStack, figure: Figures) -> None:
    parts.enter_context(closing(BareServer("bare")))
    alone = (sys.executable, "-I", "-S", "-c", "input(); print('\"result\"')")
    bare, ours = [], []
    for _ in range(40):
        bare.append(first_answer_ms(*alone))
        ours.append(first_answer_ms(LOU_CONNECT, "bare"))
    figure("bridge: spawn to initialize, bare server, median of 40", statistics.median(ours), "ms")
    figure("interpreter alone: spawn to a line, alternating", statistics.median(bare), "ms")


def test_a_call_through_the_bridge(parts: ExitStack, figure: Figures) -> None:
    parts.enter_context(closing(RealServer("tracker", KEY)))
    bridge = parts.enter_context(closing(Piped(LOU_CONNECT, "tracker")))
    direct = parts.enter_context(closing(Connected("tracker")))
    greet(bridge)
    greet(direct)
    tool, arguments = TOOLS["tracker"]
    through: list[float] = []
    past: list[float] = []
    for _ in range(5):
        through += call_times(bridge, tool, arguments, 300)
        past += call_times(direct, tool, arguments, 300)
    mine = statistics.median(through)
    figure("bridge: one tracker call, client and back, median of 1,500", mine, "ms", at_most=0.35)
    figure("bridge: the same, p99", statistics.quantiles(through, n=100)[98], "ms")
    figure("tracker's socket without bridge, alternating", statistics.median(past), "ms")
    rates = [calls_per_second(bridge, tool, arguments, 5_000) for _ in range(3)]
    best = statistics.median(rates)
    figure("bridge: tracker calls/s with 64 in flight", best, "calls/s", at_least=5_000)
    plain = calls_per_second(direct, tool, arguments, 5_000)
    figure("tracker's socket without bridge, 64 in flight", plain, "calls/s")
    figure("bridge: PSS after 16,500 calls", bridge.pss(), "MB", at_most=6)


def test_what_the_bridge_itself_adds(parts: ExitStack, figure: Figures) -> None:
    parts.enter_context(closing(BareServer("bare")))
    bridge = parts.enter_context(closing(Piped(LOU_CONNECT, "bare")))
    direct = parts.enter_context(closing(Connected("bare")))
    greet(bridge)
    greet(direct)
    through, past = [], []
    for _ in range(5):
        through += call_times(bridge, "echo", {"text": "hello"}, 1_000)
        past += call_times(direct, "echo", {"text": "hello"}, 1_000)
    added = statistics.median(through) - statistics.median(past)
    figure("bridge: what it adds to a call", added, "ms")
    rate = calls_per_second(bridge, "echo", {"text": "hello"}, 50_000)
    figure("bridge: calls/s over a bare server, 64 in flight", rate, "calls/s")
    figure("bridge: PSS after 55,500 calls", bridge.pss(), "MB", at_most=6)
