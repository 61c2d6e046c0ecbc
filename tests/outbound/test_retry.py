"""When a failed call is sent again, and how often at most."""

from __future__ import annotations

import email.utils

import pytest

from servers.outbound import retry
from servers.outbound.failure import Kind, OutboundError


def pause(attempt: int = 0, remaining: float = 10.0, **more: object) -> float | None:
    failure = OutboundError(Kind.UPSTREAM, "x", **{"transient": True, **more})  # type: ignore[arg-type]
    return retry.pause(failure, attempt, remaining, lambda: 1.0)


def test_waits_grow_and_end_after_two_retries() -> None:
    assert [pause(attempt) for attempt in range(3)] == [0.3, 0.6, None]


def test_what_is_not_transient_is_not_sent_again() -> None:
    assert pause(transient=False) is None


def test_retry_after_is_honoured_only_within_the_deadline() -> None:
    assert pause(retry_after=4.0) == 4.0
    assert pause(retry_after=11.0) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        (email.utils.formatdate(1060, usegmt=True), 60.0),
        (email.utils.formatdate(900, usegmt=True), 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("", None),
        (None, None),
        ("Mon, 99 Foo 2026", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry.seconds(header, 1000.0) == seconds


@pytest.mark.parametrize("calls", [10, 100, 1000, 5000])
def test_retries_stay_under_a_tenth_of_the_calls(calls: int) -> None:
    budget = retry.Budget()
    retries = 0
    for _ in range(calls):
        budget.call()
        retries += budget.take() + budget.take()
    assert 1 <= retries <= max(1, calls / 10)
