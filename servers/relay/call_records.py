"""Counts the finished calls of a relay a little later, many at once.

In: each call when its answer was passed on. Out: its record for the meter. Counting a call at once
would delay the next one, and would take the memory at hand from the server that works on it.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass
from typing import Any

from servers.contract.messages import OWN_CLIENT
from servers.host.meter import Meter
from servers.host.tools.calls import FinishedCall
from servers.relay.connection import PendingRequest
from servers.relay.wire_message import WireMessage

_WAIT_S = 0.01
_MOST_WAITING = 1 << 20
"""Characters of answers that may wait."""


@dataclass(slots=True)
class _Finished:
    pending: PendingRequest
    verdict: str
    kind: str
    answer: WireMessage | None
    own: bool
    at: float


class CallRecords:
    """The finished calls of one relay, which `meter` gets."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._numbers = itertools.count(1)
        self._waiting: list[_Finished] = []
        self._size = 0

    def add(
        self,
        pending: PendingRequest,
        verdict: str,
        kind: str,
        answer: WireMessage | None,
        *,
        own: bool = False,
    ) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_later(_WAIT_S, self.flush)
        now = time.perf_counter()
        self._waiting.append(_Finished(pending, verdict, kind, answer, own, now))
        self._size += len(answer.text) if answer else 0
        if self._size > _MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        waiting, self._waiting, self._size = self._waiting, [], 0
        for finished in waiting:
            self._record(finished)

    def _record(self, finished: _Finished) -> None:
        pending, answer, client = finished.pending, finished.answer, finished.pending.client
        ms = (finished.at - pending.started) * 1000
        name, version = (client.name, client.version) if client else (OWN_CLIENT, "")
        id = f"{next(self._numbers):x}"
        size = len(answer.text) if answer else 0
        verdict, kind, own = finished.verdict, finished.kind, finished.own

        def held() -> int:
            return size + len(pending.message.text)

        def read() -> tuple[Any, Any]:
            fields = answer.whole().fields if answer else {}
            arguments = pending.message.params.get("arguments", {})
            return arguments, fields.get("result", fields.get("error"))

        self._meter.record(
            FinishedCall(id, pending.tool, name, version, ms, verdict, kind, size, own, held, read)
        )
