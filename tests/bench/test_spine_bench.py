"""What a client lives through while its servers are killed again and again."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Figures
from tests.e2e.conftest import write_config
from tests.e2e.kills import kill_under_a_call
from tests.e2e.spine import Spine, client, running

pytestmark = [pytest.mark.anyio, pytest.mark.bench, pytest.mark.timeout(900)]


@pytest.fixture
def own_spine(home: Path) -> Iterator[Spine]:
    write_config()
    with running(home) as started:
        yield started


async def test_a_session_outlives_its_server_a_hundred_times(
    own_spine: Spine, figure: Figures
) -> None:
    kills = []
    for mode in ("legacy", "2026-07-28"):
        async with client(own_spine, "tracker", mode) as session:
            await session.list_tools()
            for _ in range(50):
                kill = await kill_under_a_call(own_spine, session)
                assert "server stopped while it worked on the tool" in kill.words
                kills.append(kill)
    told = statistics.quantiles([kill.error_after_s for kill in kills], n=20)[18]
    back = [kill.answered_after_s for kill in kills]
    figure("kill -9 a server 100 times: sessions that survived", len(kills), "", at_least=100)
    figure("kill -9: in-flight call told, p95", told, "s", at_most=1.0)
    figure(
        "kill -9: next call answered, p95", statistics.quantiles(back, n=20)[18], "s", at_most=2.5
    )
    figure("kill -9: next call answered, median", statistics.median(back), "s")
