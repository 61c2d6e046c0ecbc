"""The client's side of the bridge: stdin and stdout as `select` accepts them on this system."""

import _socket
import os
import sys

TYPE_CHECKING = False  # `typing` costs a third of the bridge's start
if TYPE_CHECKING:
    from collections.abc import Callable

_IN, _OUT = 0, 1
_KIND, _PIPE, _SOCKET = 0o170000, 0o010000, 0o140000
_CHUNK = 1 << 16


class ClientStreams:
    """`source` and `sink` are descriptors for `select`; `read` and `write` do not wait."""

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
        """Write what the client takes now; returns how many bytes, or raises BlockingIOError."""
        return os.write(_OUT, block)

    def restore(self) -> None:
        """Set stdout back to its former mode; other processes may share it."""
        if self._was_blocking and sys.platform != "win32":
            os.set_blocking(_OUT, True)


def _copied_stdin() -> "tuple[int, Callable[[int], bytes]]":
    """A socket into which a thread copies stdin: Windows can wait for sockets only."""
    import _thread

    ours, copied = _connected_pair()

    def copy() -> None:
        while data := os.read(_IN, _CHUNK):
            copied.sendall(data)
        copied.close()

    _thread.start_new_thread(copy, ())
    return ours.fileno(), ours.recv


def _connected_pair() -> tuple[_socket.socket, _socket.socket]:
    """As `socket.socketpair`, whose module takes a fifth of the bridge's start on Windows."""
    listener, ours = (_socket.socket(_socket.AF_INET, _socket.SOCK_STREAM) for _ in range(2))
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    ours.connect(listener.getsockname())
    accept = listener._accept  # type: ignore[attr-defined]
    descriptor, peer = accept()
    while peer != ours.getsockname():  # of another process, which was faster
        _socket.close(descriptor)
        descriptor, peer = accept()
    listener.close()
    copied = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, 0, descriptor)
    copied.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
    return ours, copied
