"""Lines out of bytes: the same however the bytes are cut, and none longer than the limit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from servers.contract.line_reader import BoundedLineReader, LongLine


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_lines_are_the_same_however_the_bytes_are_cut(chunks: list[bytes]) -> None:
    lines = BoundedLineReader(8, kept=8)
    found = [line for chunk in chunks for line in lines.feed(chunk)]
    whole = b"".join(chunks).split(b"\n")
    expected = [LongLine(line[:8]) if len(line) > 8 else line for line in whole[:-1]]
    if len(whole[-1]) > 8:
        expected.append(LongLine(whole[-1][:8]))
    assert found == expected


def test_lines_are_the_same_however_they_arrive() -> None:
    whole = b"one\n\ntwo" + b"2" * 20 + b"\n" + b"long" * 20 + b"\nthree\nfour"
    expected = BoundedLineReader(30).feed(whole)
    assert list(expected) == [b"one", b"", b"two" + b"2" * 20, LongLine(b""), b"three"]
    for size in range(1, 40):
        lines = BoundedLineReader(30)
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        assert [line for piece in pieces for line in lines.feed(piece)] == expected
        assert list(lines.feed(b"\n")) == [b"four"]


def test_a_line_without_end_takes_no_more_memory_than_the_limit() -> None:
    lines = BoundedLineReader(1000, kept=1000)
    for _ in range(1000):
        lines.feed(b"x" * 1000)
    assert len(lines.rest()) <= 1000
    assert lines.feed(b"tail\nnext\n") == [b"next"]


def test_lines_are_bytes_whatever_the_event_loop_passes() -> None:
    lines = BoundedLineReader(20).feed(bytearray(b"one\ntwo\nrest"))
    assert [type(line) for line in lines] == [bytes, bytes]
