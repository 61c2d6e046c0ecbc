"""Bytes on their way to one side, which may not take them all at once."""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from collections.abc import Callable


class WriteBuffer:
    """A queue in front of `write`, which takes what it can; BlockingIOError: nothing now."""

    __slots__ = ("_blocks", "_write", "size")

    def __init__(self, write: Callable[[bytes | memoryview], int]) -> None:
        self._write = write
        self._blocks: list[bytes | memoryview] = []
        self.size = 0
        """Bytes that wait."""

    def take(self, blocks: list[bytes]) -> None:
        """Send all of `blocks`, which is emptied: as much as goes now, the rest at later calls."""
        if blocks:
            block = blocks[0] if len(blocks) == 1 else b"".join(blocks)
            self._blocks.append(block)
            self.size += len(block)
            blocks.clear()
        if self.size:
            self._flush()

    def clear(self) -> None:
        """Forget what waits: nobody is there to take it."""
        self._blocks.clear()
        self.size = 0

    def _flush(self) -> None:
        try:
            while self._blocks:
                block = self._blocks[0]
                sent = self._write(block)
                self.size -= sent
                if sent == len(block):
                    del self._blocks[0]
                else:
                    self._blocks[0] = memoryview(block)[sent:]
        except BlockingIOError:
            return
