"""The latest tool calls, whoever made them, so that a log line can tell which call caused it."""

from __future__ import annotations

from collections import OrderedDict

from app.system.listeners import Listeners
from app.views import CallRecord

_MOST = 2_000


class CallHistory:
    """Remembers the calls that `calls` announces, the oldest forgotten first."""

    def __init__(self, calls: Listeners[CallRecord]) -> None:
        self._known: OrderedDict[str, CallRecord] = OrderedDict()
        calls.subscribe(self._add)

    def find(self, call: str) -> CallRecord | None:
        """The call with this id."""
        return self._known.get(call)

    def _add(self, record: CallRecord) -> None:
        self._known[record.id] = record
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
