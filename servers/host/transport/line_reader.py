"""Lines out of a byte stream: a cap on each, and never more than one of them in memory twice."""

from __future__ import annotations

from collections.abc import Sequence


class BoundedLineReader:
    """Cuts what arrives into lines. One that grows past `cap` bytes is dropped to its end."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._rest = bytearray()
        self._dropping = False

    def feed(self, data: bytes) -> Sequence[bytes | None]:
        """The lines that `data` completes, without their ends; None stands for a dropped one."""
        if (
            not self._rest
            and not self._dropping
            and data.endswith(b"\n")
            and len(data) <= self._cap
        ):
            return data[:-1].split(b"\n")
        return self._feed(data)

    def _feed(self, data: bytes) -> list[bytes | None]:
        *complete, rest = data.split(b"\n")
        lines: list[bytes | None] = []
        for piece in complete:
            lines.extend(self._finish(piece))
        lines.extend(self._keep(rest))
        return lines

    def _finish(self, piece: bytes) -> list[bytes | None]:
        if self._dropping:
            self._dropping = False
            return []
        if len(self._rest) + len(piece) > self._cap:
            self._rest = bytearray()
            return [None]
        line = bytes(self._rest) + piece if self._rest else piece
        self._rest = bytearray()
        return [line]

    def _keep(self, piece: bytes) -> list[bytes | None]:
        if self._dropping:
            return []
        self._rest += piece
        if len(self._rest) <= self._cap:
            return []
        self._rest = bytearray()
        self._dropping = True
        return [None]
