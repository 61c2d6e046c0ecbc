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
from collections.abc import Callable

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
        """As `select.epoll`, but what was taken at once is no event any more."""

        def __init__(self) -> None:
            self._epoll = epoll = select.epoll()
            self.register, self.unregister = epoll.register, epoll.unregister
            self.modify, self.fileno, self.close = epoll.modify, epoll.fileno, epoll.close

        def poll(self, timeout: float, most: int) -> list[tuple[int, int]]:
            return [
                (descriptor, event)
                for descriptor, event in self._epoll.poll(timeout, most)
                if event != select.EPOLLIN or not _read(descriptor)
            ]

    class _DirectSelector(selectors.EpollSelector):
        _selector_cls = _DirectPoll

    def direct_loop() -> asyncio.AbstractEventLoop:
        """The event loop of a process that passes bytes on."""
        return asyncio.SelectorEventLoop(_DirectSelector())

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
