"""Many rows in one statement: every statement costs a hand-over between threads, a row does not."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import apsw

_SIZES = (128, 64, 32, 16, 8, 4, 2, 1)


def insert(connection: apsw.Connection, into: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows`; `into` is `INSERT INTO table (columns)`."""
    for part in _parts(rows):
        sql = _insert_sql(into, len(part), len(part[0]))
        connection.execute(sql, [value for row in part for value in row])


def for_each(
    connection: apsw.Connection, start: str, values: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    """The rows of `start IN (values)`."""
    for part in _parts(values):
        yield from connection.execute(f"{start} IN ({_marks(len(part))})", part)


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """`values` in few sizes, so that few statements have to be prepared."""
    start = 0
    for size in _SIZES:
        while len(values) - start >= size:
            yield values[start : start + size]
            start += size


@functools.cache
def _insert_sql(into: str, rows: int, columns: int) -> str:
    row = f"({_marks(columns)})"
    return f"{into} VALUES {','.join([row] * rows)}"


@functools.cache
def _marks(count: int) -> str:
    return ",".join("?" * count)
