"""Hands over what arrives on a stream without a turn of the event loop.

In: the transport of a stream, and who takes its bytes. Out: the bytes, as soon as Linux reports
them. asyncio would schedule its reader, end the turn, and pass the bytes on through the transport,
which takes a wire longer than its own work. The end of a stream, its errors, and pauses stay
asyncio's; on other systems the protocol of the transport gets all bytes as usual.
"""

from __future__ import annotations

import asyncio
import logging
import os
import select
import selectors
import sys
import time
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 1 << 16

Take = Callable[[bytes], None]
_readers: dict[int, tuple[asyncio.BaseTransport, Take]] = {}
"""By descriptor. A process has one loop."""


def read_directly(transport: asyncio.BaseTransport, take: Take) -> Callable[[], None]:
    """Give `take` what arrives, or leave it to the protocol, which must do the same.

    Returns what the protocol calls when its connection is lost, before the descriptor is free.
    """
    stream = transport.get_extra_info("socket") or transport.get_extra_info("pipe")
    descriptor = stream.fileno() if stream else -1
    _readers[descriptor] = (transport, take)

    def stop() -> None:
        _readers.pop(descriptor, None)

    return stop


if sys.platform == "linux":

    class _DirectPoll:
        """As `select.epoll`, but what was taken at once is no event any more.

        It waits on, without a turn of the loop, until there is an event or something `is_due`.
        """

        def __init__(self) -> None:
            self._epoll = epoll = select.epoll()
            self.register, self.unregister = epoll.register, epoll.unregister
            self.modify, self.fileno, self.close = epoll.modify, epoll.fileno, epoll.close
            self.is_due = False

        def poll(self, timeout: float, most: int) -> list[tuple[int, int]]:
            ends = time.monotonic() + timeout
            self.is_due = False
            while True:
                found = self._epoll.poll(timeout, most)
                left = [
                    (descriptor, event)
                    for descriptor, event in found
                    if event != select.EPOLLIN or not _read(descriptor)
                ]
                if left or self.is_due or not found:
                    return left
                if timeout >= 0:
                    timeout = ends - time.monotonic()
                    if timeout <= 0:
                        return left

    class _DirectSelector(selectors.EpollSelector):
        _selector_cls = _DirectPoll

    class _DirectLoop(asyncio.SelectorEventLoop):
        """Ends the wait of its selector when something is scheduled meanwhile."""

        def __init__(self) -> None:
            selector = _DirectSelector()
            self._poll: _DirectPoll = selector._selector  # type: ignore[attr-defined]
            super().__init__(selector)

        def call_soon(self, *what: Any, **context: Any) -> asyncio.Handle:  # type: ignore[override]
            self._poll.is_due = True
            return super().call_soon(*what, **context)

        def call_at(self, *what: Any, **context: Any) -> asyncio.TimerHandle:  # type: ignore[override]
            self._poll.is_due = True
            return super().call_at(*what, **context)

    def direct_loop() -> asyncio.AbstractEventLoop:
        """The event loop of a process that passes bytes on."""
        return _DirectLoop()

else:
    direct_loop = asyncio.new_event_loop


def _read(descriptor: int) -> bool:
    """Whether bytes were taken; the end and errors are left to asyncio, which meets them, too."""
    reader = _readers.get(descriptor)
    if reader is None:
        return False
    transport, take = reader
    try:
        data = os.read(descriptor, _MOST_AT_ONCE)
    except OSError:
        return False
    if data:
        try:
            take(data)
        except Exception:
            log.exception("What arrived on a stream could not be taken")
            transport.close()
    return bool(data)
