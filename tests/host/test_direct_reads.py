"""Bytes that are taken without a turn of the loop hold up nothing that the loop has to do."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from servers.host.transport.direct_reads import direct_loop, read_directly
from tests.patience import PATIENCE_S

Loop = asyncio.AbstractEventLoop
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the loop is asyncio's elsewhere")


class _Stream(asyncio.Protocol):
    def __init__(self, take: Callable[[bytes], None]) -> None:
        self.data_received = take  # type: ignore[method-assign]


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = direct_loop()
    yield loop
    loop.close()


@contextmanager
def _pipe(loop: Loop, take: Callable[[bytes], None]) -> Iterator[int]:
    """The descriptor to write to; `take` gets what arrives."""
    out, into = os.pipe()
    opened = open(out, "rb", buffering=0)  # noqa: SIM115, PTH123 - the transport closes it
    connect = loop.connect_read_pipe(lambda: _Stream(take), opened)
    transport, _ = loop.run_until_complete(connect)
    stop = read_directly(transport, take)
    yield into
    stop()
    transport.close()
    loop.run_until_complete(asyncio.sleep(0))
    os.close(into)


def _run(loop: Loop, done: asyncio.Future[None]) -> None:
    loop.run_until_complete(asyncio.wait_for(done, PATIENCE_S))


def test_a_timer_comes_while_bytes_arrive_without_end(loop: Loop) -> None:
    done = loop.create_future()
    with _pipe(loop, lambda data: os.write(into, data) and None) as into:
        os.write(into, b"round")
        loop.call_later(0.01, done.set_result, None)
        _run(loop, done)


def test_what_bytes_schedule_comes_without_a_timer(loop: Loop) -> None:
    done = loop.create_future()
    with _pipe(loop, lambda _: loop.call_soon(done.set_result, None) and None) as into:
        loop.call_soon(os.write, into, b"now")
        _run(loop, done)


def test_what_bytes_schedule_comes_before_an_older_timer(
    loop: Loop,
) -> None:
    done = loop.create_future()
    with _pipe(loop, lambda _: loop.call_later(0.01, done.set_result, None) and None) as into:
        never = loop.call_later(10 * PATIENCE_S, print)
        loop.call_soon(os.write, into, b"now")
        _run(loop, done)
        never.cancel()


def test_what_is_ready_comes_while_bytes_arrive_without_end(
    loop: Loop,
) -> None:
    done = loop.create_future()
    with _pipe(loop, lambda data: os.write(into, data) and None) as into:
        os.write(into, b"round")
        turns = iter(range(100))

        def turn() -> None:
            if next(turns, None) is None:
                done.set_result(None)
            else:
                loop.call_soon(turn)

        loop.call_soon(turn)
        _run(loop, done)
