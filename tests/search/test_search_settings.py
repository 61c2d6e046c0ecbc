"""The settings of the search server: defaults, limits, and what cannot be meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from servers.outbound.limiter import Pace
from servers.search import settings


def test_nothing_given_means_the_defaults() -> None:
    read = settings.read({})
    hour = 3600
    assert read == settings.SearchSettings(
        folder=None,
        chain=(),
        keyless=True,
        contact="",
        deadline_s=15,
        page_deadline_s=10,
        cache_bytes=64 << 20,
        ttl_s={
            "search": hour,
            "page": hour,
            "answer": 6 * hour,
            "contacts": 7 * 24 * hour,
            "verdict": 24 * hour,
            "robots": hour,
        },
        library=True,
        library_bytes=256 << 20,
        robots=True,
        reader="none",
        trusted=frozenset(),
        providers={},
    )
    assert read.of("brave") == {}


def test_what_is_given_is_taken() -> None:
    read = settings.read(
        {
            "chain": ["brave", "tavily"],
            "keyless": False,
            "deadline_s": 8,
            "cache": {"max_mb": 1, "ttl_s": {"search": 5}},
            "library": {"enabled": False, "max_mb": 2},
            "fetch_page": {"robots": False, "trusted": ["WIKI.home:8080"], "deadline_s": 3},
            "folders": {"cache": "/c"},
            "brave": {"base_url": "https://b.test/"},
        }
    )
    assert (read.chain, read.keyless, read.deadline_s) == (("brave", "tavily"), False, 8)
    assert (read.cache_bytes, read.ttl_s["search"], read.ttl_s["page"]) == (1 << 20, 5, 3600)
    assert (read.library, read.robots, read.trusted) == (False, False, {"wiki.home:8080"})
    assert read.folder == Path("/c")
    assert settings.base_url(read.of("brave"), "https://x.test") == "https://b.test"


@pytest.mark.parametrize(
    "wrong",
    [
        {"chain": "brave"},
        {"chain": [1, None, {}]},
        {"keyless": "yes"},
        {"deadline_s": "soon"},
        {"deadline_s": -1},
        {"deadline_s": True},
        {"cache": 7},
        {"cache": {"max_mb": None, "ttl_s": []}},
        {"library": {"enabled": 1}},
        {"fetch_page": {"trusted": {"a": 1}, "robots": None}},
        {"folders": []},
        {"brave": "x"},
        {"cache": {"max_mb": float("inf")}},
        {"deadline_s": float("nan")},
    ],
)
def test_what_cannot_be_meant_counts_as_not_set(wrong: dict[str, Any]) -> None:
    assert settings.read(wrong).deadline_s == 15.0
    assert settings.read(wrong).robots is True
    assert settings.read(wrong).keyless is True


@pytest.mark.parametrize(("asked", "taken"), [(0, 1.0), (1000, 45.0), (20, 20.0)])
def test_a_deadline_stays_within_what_clients_wait(asked: float, taken: float) -> None:
    assert settings.read({"deadline_s": asked}).deadline_s == taken


def test_a_pace_can_be_set_for_each_provider() -> None:
    own = {"per_second": 2.5, "at_once": 0, "waiting": "many"}
    assert settings.pace(own, Pace(1, 4, 9)) == Pace(2.5, 1, 9)
