"""A circuit breaker: decides whether a provider may be called now. Pure, without a clock.

In: the health of a provider, an outcome, the time. Out: the next health, or a refusal.

```
closed --5 failures in a row, or half of >= 10 within 30 s--> open --rest over--> probing
probing --success--> closed        probing --failure--> open, resting twice as long (<= 5 min)
```

A rejected key stops all calls until the key changes; a quota or a rate limit stops them until the
time that the provider named. Neither counts as a failure of the provider.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from servers.outbound.failure import Kind, OutboundError


class State(StrEnum):
    """What the breaker admits: all calls, none, or one trial."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


@dataclass(frozen=True, slots=True)
class Policy:
    """When calls stop, and for how long."""

    failures_in_row: int = 5
    window_s: float = 30.0
    window_calls: int = 10
    window_share: float = 0.5
    rest_s: float = 30.0
    longest_rest_s: float = 300.0
    longest_hold_s: float = 3600.0
    quota_hold_s: float = 900.0
    """For a quota without a time from the provider."""
    rate_hold_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Health:
    """The state of one provider; times are on the caller's clock."""

    state: State = State.CLOSED
    in_row: int = 0
    recent: tuple[tuple[float, bool], ...] = ()
    rest_s: float = 0.0
    until: float = 0.0
    held: Kind | None = None
    held_until: float = 0.0
    rejected: bool = False


@dataclass(frozen=True, slots=True)
class BreakerRefusal:
    """Why the provider is not called, and until when on the caller's clock (0: until a change)."""

    kind: Kind
    until: float = 0.0


_REMEMBERED = 19
"""Outcomes within the window that count beside the newest."""
_COUNTED = frozenset({Kind.TIMEOUT, Kind.UNREACHABLE, Kind.UPSTREAM, Kind.BLOCKED})
"""The kinds that are failures of the provider, not of the key or the request."""


def refusal(health: Health, now: float) -> BreakerRefusal | None:
    """Why the provider must not be called at `now`; None if it may be."""
    if health.rejected:
        return BreakerRefusal(Kind.AUTH)
    if health.held and now < health.held_until:
        return BreakerRefusal(health.held, health.held_until)
    if health.state is State.OPEN and now < health.until:
        return BreakerRefusal(Kind.RESTING, health.until)
    if health.state is State.PROBING:
        return BreakerRefusal(Kind.RESTING, now)
    return None


def admitted(health: Health) -> Health:
    """The health when a call is sent; after a rest that call is the trial."""
    if health.state is State.OPEN:
        return replace(health, state=State.PROBING)
    return health


def succeeded(health: Health, now: float, policy: Policy) -> Health:
    """The health after an answer."""
    if health.state is not State.CLOSED:
        return Health()
    recent = _within(health, now, policy)
    return Health(recent=(*recent, (now, True)))


def failed(health: Health, failure: OutboundError, now: float, policy: Policy) -> Health:
    kind, retry_after = failure.kind, failure.retry_after
    if kind is Kind.AUTH:
        return replace(Health(), rejected=True)
    if kind in {Kind.QUOTA, Kind.RATE_LIMITED}:
        usual = policy.quota_hold_s if kind is Kind.QUOTA else policy.rate_hold_s
        hold = min(usual if retry_after is None else retry_after, policy.longest_hold_s)
        return replace(Health(recent=health.recent), held=kind, held_until=now + hold)
    if kind not in _COUNTED:
        return abandoned(health, now)
    return _with_failure(health, now, policy)


def abandoned(health: Health, now: float) -> Health:
    """The health after a call without an outcome: a trial may be made again."""
    if health.state is State.PROBING:
        return replace(health, state=State.OPEN, until=now)
    return health


def _with_failure(health: Health, now: float, policy: Policy) -> Health:
    if health.state is State.OPEN:
        return health  # sent before the rest began
    if health.state is State.PROBING:
        return _rest(min(max(health.rest_s, policy.rest_s) * 2, policy.longest_rest_s), now)
    recent = (*_within(health, now, policy), (now, False))
    failures = sum(not ok for _, ok in recent)
    often = len(recent) >= policy.window_calls and failures >= policy.window_share * len(recent)
    if health.in_row + 1 >= policy.failures_in_row or often:
        return _rest(policy.rest_s, now)
    return replace(health, in_row=health.in_row + 1, recent=recent)


def _rest(seconds: float, now: float) -> Health:
    return Health(state=State.OPEN, rest_s=seconds, until=now + seconds)


def _within(health: Health, now: float, policy: Policy) -> tuple[tuple[float, bool], ...]:
    return tuple(each for each in health.recent[-_REMEMBERED:] if each[0] > now - policy.window_s)
