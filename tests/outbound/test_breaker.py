"""Histories of a provider, and what the breaker makes of them. No clock, no request."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servers.outbound import breaker
from servers.outbound.breaker import Health, Policy, State
from servers.outbound.failure import Kind, OutboundError

POLICY = Policy()


def play(*events: str, health: Health | None = None, start: float = 0.0) -> tuple[Health, float]:
    """Play `ok`, `down`, `429`, `429:7`, `quota`, `auth`, `bad`, `gone`, and `+30` for time."""
    health, now = health or Health(), start
    for event in events:
        if event.startswith("+"):
            now += float(event[1:])
            continue
        health = breaker.admitted(health)
        health = after(health, event, now)
    return health, now


def after(health: Health, event: str, now: float) -> Health:
    name, _, wait = event.partition(":")
    if name == "ok":
        return breaker.succeeded(health, now, POLICY)
    if name == "gone":
        return breaker.abandoned(health, now)
    kind = {
        "down": Kind.UPSTREAM,
        "slow": Kind.TIMEOUT,
        "429": Kind.RATE_LIMITED,
        "quota": Kind.QUOTA,
        "auth": Kind.AUTH,
        "bad": Kind.BAD_REQUEST,
        "offline": Kind.OFFLINE,
    }[name]
    failure = OutboundError(kind, "told", retry_after=float(wait) if wait else None)
    return breaker.failed(health, failure, now, POLICY)


@pytest.mark.parametrize(
    ("history", "refused"),
    [
        ((), None),
        (("down",) * 4, None),
        (("down",) * 5, Kind.RESTING),
        (("slow",) * 5, Kind.RESTING),
        (("down",) * 4 + ("ok",) + ("down",) * 4, None),
        (("down",) * 5 + ("+29",), Kind.RESTING),
        (("down",) * 5 + ("+30",), None),
        (("down",) * 5 + ("+30", "ok"), None),
        (("down",) * 5 + ("+30", "down", "+59"), Kind.RESTING),
        (("down",) * 5 + ("+30", "down", "+60"), None),
        (("ok", "down") * 5, Kind.RESTING),
        (("ok", "down") * 4, None),
        (("ok", "down", "+8") * 5, None),
        (("bad",) * 50, None),
        (("offline",) * 50, None),
        (("429",) * 50, Kind.RATE_LIMITED),
        (("429", "+1"), None),
        (("429:7", "+6.9"), Kind.RATE_LIMITED),
        (("429:7", "+7"), None),
        (("429:9999999", "+3599"), Kind.RATE_LIMITED),
        (("429:9999999", "+3600"), None),
        (("quota", "+899"), Kind.QUOTA),
        (("quota", "+900"), None),
        (("auth",), Kind.AUTH),
        (("auth", "+1000000"), Kind.AUTH),
        (("down",) * 5 + ("+30", "gone"), None),
        (("down",) * 5 + ("+30", "bad"), None),
    ],
)
def test_a_history_ends_with(history: tuple[str, ...], refused: Kind | None) -> None:
    health, now = play(*history)
    refusal = breaker.refusal(health, now)
    assert (refusal.kind if refusal else None) == refused


def test_only_one_trial_goes_out_after_a_rest() -> None:
    health, now = play(*("down",) * 5, "+30")
    assert breaker.refusal(health, now) is None
    probing = breaker.admitted(health)
    refusal = breaker.refusal(probing, now)
    assert refusal is not None
    assert refusal.kind is Kind.RESTING


def test_failures_of_calls_sent_before_the_rest_do_not_prolong_it() -> None:
    health, now = play(*("down",) * 5)
    again = after(health, "down", now)
    assert again == health


def test_rests_grow_to_five_minutes_and_no_further() -> None:
    health, now = play(*("down",) * 5)
    rests = []
    for _ in range(8):
        rests.append(health.until - now)
        now = health.until
        health = after(breaker.admitted(health), "down", now)
    assert rests == [30, 60, 120, 240, 300, 300, 300, 300]


EVENTS = st.sampled_from(
    ["ok", "down", "slow", "429", "429:7", "quota", "auth", "bad", "offline", "gone", "+1", "+45"]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(EVENTS, max_size=60))
def test_no_history_breaks_the_invariants(history: list[str]) -> None:
    health, now = Health(), 0.0
    was_rejected = False
    for event in history:
        if event.startswith("+"):
            now += float(event[1:])
            continue
        refused = breaker.refusal(health, now)
        if refused is not None:
            assert refused.kind in {Kind.AUTH, Kind.QUOTA, Kind.RATE_LIMITED, Kind.RESTING}
            assert refused.until <= now + 3600
            continue
        assert not was_rejected, "a rejected key stays rejected"
        health = after(breaker.admitted(health), event, now)
        was_rejected = event == "auth"
        assert health.rest_s <= POLICY.longest_rest_s
        assert len(health.recent) <= 100
        assert health.state is not State.PROBING
