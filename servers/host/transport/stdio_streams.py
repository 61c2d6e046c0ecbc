"""The stdin and stdout of this process as lines; prints never reach that stdout.

In: a descriptor. Out: lines read from stdin, lines written to stdout.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
import threading
from collections.abc import Callable, Sequence

from servers.contract.line_reader import BoundedLineReader, LongLine

_CHUNK = 1 << 16

Received = Callable[[Sequence[bytes | LongLine]], None]


def take_stdout() -> int:
    """The descriptor of the real stdout; prints, also of children, go to stderr from now on."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


class StdinReader(asyncio.Protocol):
    """Reads lines of at most `cap` bytes, longer ones as LongLine; sets `ended` at end of input."""

    def __init__(self, cap: int, receive: Received) -> None:
        self._lines = BoundedLineReader(cap)
        self._receive = receive
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._receive(self._lines.feed(data))

    def eof_received(self) -> None:
        self.ended.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()


async def read_stdin(reader: StdinReader) -> None:
    """Feed `reader` from stdin: a pipe or socket through the loop, anything else by a thread."""
    loop = asyncio.get_running_loop()
    if sys.platform != "win32" and _is_pipe_or_socket(0):
        await loop.connect_read_pipe(lambda: reader, os.fdopen(os.dup(0), "rb", 0))
        return
    threading.Thread(target=_read_in_thread, args=(loop, reader), name="stdin", daemon=True).start()


class _WriteBufferState(asyncio.BaseProtocol):
    """Whether the write buffer of a transport is empty."""

    def __init__(self) -> None:
        self.empty = asyncio.Event()
        self.empty.set()

    def pause_writing(self) -> None:
        self.empty.clear()

    def resume_writing(self) -> None:
        self.empty.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.empty.set()


class StdoutWriter:
    """Writes whole lines to a descriptor in order; never waits for the reader."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._transport: asyncio.WriteTransport | None = None
        self._protocol: _WriteBufferState | None = None

    async def open(self) -> None:
        """Start writing through the loop where the descriptor allows it."""
        if sys.platform != "win32" and _is_pipe_or_socket(self._descriptor):
            loop = asyncio.get_running_loop()
            self._transport, self._protocol = await loop.connect_write_pipe(
                _WriteBufferState, os.fdopen(self._descriptor, "wb", 0)
            )
            self._transport.set_write_buffer_limits(high=0)

    @property
    def waiting(self) -> int:
        """Bytes that are not written yet."""
        return self._transport.get_write_buffer_size() if self._transport else 0

    def write(self, line: bytes) -> None:
        """Write one line; do nothing if the reader is gone."""
        if self._transport:
            self._transport.write(line)
            return
        try:
            view = memoryview(line)
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            return

    async def flush(self, seconds: float) -> None:
        """Wait up to `seconds` until everything is written."""
        if self.waiting and self._protocol:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._protocol.empty.wait(), seconds)


def _is_pipe_or_socket(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _read_in_thread(loop: asyncio.AbstractEventLoop, reader: StdinReader) -> None:
    while chunk := os.read(0, _CHUNK):
        loop.call_soon_threadsafe(reader.data_received, chunk)
    loop.call_soon_threadsafe(reader.ended.set)
