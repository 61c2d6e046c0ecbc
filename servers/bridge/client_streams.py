"""The client's side of the bridge: stdin and stdout, as this system lets them be waited for."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from collections.abc import Callable

_IN, _OUT = 0, 1
_KIND, _PIPE, _SOCKET = 0o170000, 0o010000, 0o140000
_CHUNK = 1 << 16


class ClientStreams:
    """`source` and `sink` are what `select` waits for; `read` and `write` take what there is."""

    __slots__ = ("_was_blocking", "read", "sink", "source")

    def __init__(self) -> None:
        self.source, self.sink = _IN, _OUT
        self.read: Callable[[int], bytes] = lambda most: os.read(_IN, most)
        self._was_blocking = False
        if sys.platform == "win32":
            self.source, self.read = _copied_stdin()
        elif os.fstat(_OUT).st_mode & _KIND in {_PIPE, _SOCKET}:
            self._was_blocking = os.get_blocking(_OUT)
            os.set_blocking(_OUT, False)

    def write(self, block: bytes | memoryview) -> int:
        """Pass on what the client takes now.

        Raises:
            BlockingIOError: it takes nothing at the moment.
        """
        return os.write(_OUT, block)

    def leave(self) -> None:
        """Leave the descriptors as they were found; others may share them."""
        if self._was_blocking:
            os.set_blocking(_OUT, True)


def _copied_stdin() -> tuple[int, Callable[[int], bytes]]:
    """Windows waits for sockets only, so a thread copies what the client says into one."""
    import _thread
    import socket

    ours, copied = socket.socketpair()

    def copy() -> None:
        while said := os.read(_IN, _CHUNK):
            copied.sendall(said)
        copied.close()

    _thread.start_new_thread(copy, ())
    return ours.fileno(), ours.recv
