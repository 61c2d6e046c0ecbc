"""Sends requests to one provider, with rate limit, retries and circuit breaker, or says why not.

In: a request, a function that reads the reply, a deadline. Out: what that function returns.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from servers.outbound import breaker, retry
from servers.outbound.breaker import Health, Policy
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpClient, HttpReply, HttpRequest
from servers.outbound.limiter import Limiter, Pace

log = logging.getLogger(__name__)

T = TypeVar("T")

_LONGEST_HOLD_WAITED = 5.0


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What a channel counted so far."""

    calls: int = 0
    failures: int = 0
    last_error: str = ""
    latency_ms: float = 0.0
    """Median of the last answers; 0 without an answer."""


class Channel:
    """Sends requests to one provider and keeps its health.

    `observe(kind or "ok", ms)` is called for every attempt.
    """

    def __init__(
        self,
        http: HttpClient,
        *,
        observe: Callable[[str, float], None],
        pace: Pace | None = None,
        policy: Policy | None = None,
    ) -> None:
        self.health = Health()
        self.record = CallRecord()
        self._http = http
        self._limiter = Limiter(pace or Pace())
        self._observe = observe
        self._policy = policy or Policy()
        self._budget = retry.Budget()
        self._answers: deque[float] = deque(maxlen=32)

    @property
    def pace(self) -> Pace:
        return self._limiter.pace

    @pace.setter
    def pace(self, pace: Pace) -> None:
        if pace.at_once == self.pace.at_once:
            self._limiter.pace = pace
        else:
            self._limiter = Limiter(pace)

    def refusal(self) -> OutboundError | None:
        """Why a request would not be sent now; None if it would."""
        refusal = breaker.refusal(self.health, _now())
        if refusal is None:
            return None
        wait = max(0.0, refusal.until - _now())
        return OutboundError(
            refusal.kind, _sentence(refusal, self.record.last_error), retry_after=wait
        )

    def renew(self) -> None:
        """Start with a new health, because the key or the address changed."""
        self.health = Health()
        self.record = replace(self.record, last_error="")

    def hold(self, kind: Kind, seconds: float) -> None:
        """Send nothing for `seconds`, because the provider named a limit."""
        limit = OutboundError(kind, "its limit is reached", retry_after=seconds)
        self.health = breaker.failed(self.health, limit, _now(), self._policy)

    async def exchange(
        self, request: HttpRequest, read: Callable[[HttpReply], T], deadline: float
    ) -> T:
        """What `read` returns for the reply to `request`.

        Raises:
            OutboundError: it was not sent, not answered, or `read` found a failure in the reply.
        """
        await self._wait_out_short_hold(deadline)
        self._check()
        async with self._limiter.place(deadline - retry.SHORTEST_TRY_S):
            self._check()
            self._budget.call()
            return await self._attempts(request, read, deadline)

    async def _attempts(
        self, request: HttpRequest, read: Callable[[HttpReply], T], deadline: float
    ) -> T:
        attempt = 0
        while True:
            try:
                return await self._attempt(request, read, deadline)
            except OutboundError as failure:
                wait = retry.pause(failure, attempt, deadline - _now(), random.random)
                if wait is None or not self._may_retry(failure) or not self._budget.take():
                    raise
            await asyncio.sleep(wait)
            attempt += 1

    async def _attempt(
        self, request: HttpRequest, read: Callable[[HttpReply], T], deadline: float
    ) -> T:
        self.health = breaker.admitted(self.health)
        started = _now()
        try:
            answer = _read_reply(await self._http.send(request, deadline), read)
        except OutboundError as failure:
            self._note_failure(failure, started)
            raise
        except BaseException:
            self.health = breaker.abandoned(self.health, _now())
            raise
        self._note_answer(started)
        return answer

    def _note_answer(self, started: float) -> None:
        now = _now()
        self.health = breaker.succeeded(self.health, now, self._policy)
        self._answers.append((now - started) * 1000)
        median = sorted(self._answers)[len(self._answers) // 2]
        self.record = replace(self.record, calls=self.record.calls + 1, latency_ms=median)
        self._observe("ok", (now - started) * 1000)

    def _note_failure(self, failure: OutboundError, started: float) -> None:
        now = _now()
        self.health = breaker.failed(self.health, failure, now, self._policy)
        self.record = replace(
            self.record,
            calls=self.record.calls + 1,
            failures=self.record.failures + 1,
            last_error=failure.message,
        )
        self._observe(failure.kind.value, (now - started) * 1000)

    def _may_retry(self, failure: OutboundError) -> bool:
        """Whether a retry may be made: it may wait for its own rate limit, but for nothing else."""
        refusal = self.refusal()
        return refusal is None or refusal.kind is failure.kind is Kind.RATE_LIMITED

    async def _wait_out_short_hold(self, deadline: float) -> None:
        refusal = breaker.refusal(self.health, _now())
        if refusal is None or refusal.kind is not Kind.RATE_LIMITED:
            return
        wait = refusal.until - _now()
        if wait < min(_LONGEST_HOLD_WAITED, deadline - _now() - retry.SHORTEST_TRY_S):
            await asyncio.sleep(wait)

    def _check(self) -> None:
        refusal = self.refusal()
        if refusal:
            raise refusal


def _read_reply(reply: HttpReply, read: Callable[[HttpReply], T]) -> T:
    """What `read` returns; a reply of an unexpected shape is the provider's failure."""
    try:
        return read(reply)
    except (TypeError, ValueError, LookupError, AttributeError):
        log.debug("an answer could not be read", exc_info=True)
        raise OutboundError(Kind.UPSTREAM, "its answer has a shape that cannot be read") from None


def _sentence(refusal: breaker.BreakerRefusal, last_error: str) -> str:
    because = f" (last error: {last_error})" if last_error else ""
    at = time.time() + max(0.0, refusal.until - _now())
    until = time.strftime("%H:%M:%S", time.localtime(at))
    match refusal.kind:
        case Kind.AUTH:
            return f"its key was rejected and has not changed since{because}"
        case Kind.QUOTA:
            return f"it is out of quota until {until}{because}"
        case Kind.RATE_LIMITED:
            return f"its rate limit is reached until {until}{because}"
        case _:
            return f"it rests after failures until {until}{because}"


def _now() -> float:
    return asyncio.get_running_loop().time()
