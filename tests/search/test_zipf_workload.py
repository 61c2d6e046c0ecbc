"""The cache under the workload of issue 5, with a restart in the middle."""

from __future__ import annotations

from pathlib import Path

import pytest

from servers.search.server import build
from tests.search.conftest import Running
from tests.search.standins.world import KEYS, World
from tests.search.zipf import best_hits, workload

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]


async def test_the_cache_is_as_good_as_it_can_be(place: World, tmp_path: Path, figure) -> None:
    searches = workload()
    hits = 0
    for half in (searches[: len(searches) // 2], searches[len(searches) // 2 :]):
        running = Running(build(), place, tmp_path)
        await running.start(KEYS, chain=["searxng"])
        for text in half:
            hits += (await running.tools.web_search(text)).cached
        await running.server.stop()
    ratio, best = hits / len(searches) * 100, best_hits(searches) / len(searches) * 100
    figure("search: Zipf workload, hit ratio", ratio, "%", at_least=85, enforce=True)
    figure("search: Zipf workload, below the best possible", best - ratio, "points", at_most=0.5)
    assert place.counts["searxng"] == len(searches) - hits
    assert best - ratio <= 0.5
