"""What a process writes is taken in line by line, at a pace; a flood on stderr is counted."""

from __future__ import annotations

import asyncio
import time

import pytest

from app.supervision.line_reader import LineReader
from app.supervision.stderr_tail import StderrTail
from tests.supervision.conftest import until


class FakePipe:
    def __init__(self) -> None:
        self.is_paused = False

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


@pytest.mark.anyio
async def test_slow_work_is_done_in_slices_with_the_writer_held_back():
    pipe, taken = FakePipe(), []

    def take(line: bytes) -> None:
        until_ = time.perf_counter() + 0.001
        while time.perf_counter() < until_:
            pass
        taken.append(line)

    intake = LineReader(pipe, 100, take)
    began = time.perf_counter()
    intake.feed(b"line\n" * 100)
    assert time.perf_counter() - began < 0.05
    assert pipe.is_paused
    await until(lambda: len(taken) == 100)
    await until(lambda: not pipe.is_paused)


@pytest.mark.anyio
async def test_what_waits_is_handed_over_when_the_pipe_ends():
    taken = []
    intake = LineReader(FakePipe(), 100, taken.append)
    intake.feed(b"one\ntwo")
    intake.finish()
    intake.finish()
    assert taken == [b"one", b"two"]
    await asyncio.sleep(0)


def test_a_flood_is_told_as_its_beginning_a_count_and_its_end():
    told, now = [], [0.0]
    words = StderrTail(told.append, clock=lambda: now[0])
    for number in range(10_000):
        words.take(f"line {number}".encode())
    words.finish()
    assert told[0] == "line 0"
    assert told[-1] == "line 9999"
    assert told[200] == "WARNING: 9750 lines left out: more than 50 a second"
    assert len(told) == 251


def test_lines_are_told_again_after_a_flood():
    told, now = [], [0.0]
    words = StderrTail(told.append, clock=lambda: now[0])
    for _ in range(300):
        words.take(b"flood")
    now[0] = 10.0
    words.take(b"calm")
    assert told[-2:] == ["WARNING: 100 lines left out: more than 50 a second", "calm"]


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        ([b"Traceback:", b"ValueError: x"], "ValueError: x"),
        ([b"ValueError: x", b"    ^^^^^", b"  "], "ValueError: x"),
        ([], ""),
        ([b"\xff\xfe"], "\\xff\\xfe"),
        ([b"y" * 1000], "y" * 1000),
    ],
)
def test_the_verdict_is_the_last_line_that_says_something(lines, verdict):
    words = StderrTail(lambda _: None)
    for line in lines:
        words.take(line)
    assert words.last_words() == verdict
