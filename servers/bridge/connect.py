"""Connects to a server or to the app at the address that `servers.contract.endpoint` gives."""

import _socket
import os
import sys

from servers.contract import endpoint

_TIMEOUT_S = 1.0


def dial(path: str) -> _socket.socket | None:
    """A connection to the process of this user that listens at `path`; None if there is none.

    Raises:
        PermissionError: the folder or the process there belongs to another user.
    """
    tcp = endpoint.uses_tcp()
    if sys.platform == "win32" or tcp:
        family = _socket.AF_INET
    else:
        family = _socket.AF_UNIX
    link = _socket.socket(family, _socket.SOCK_STREAM)
    link.settimeout(_TIMEOUT_S)
    is_open = False
    try:
        is_open = _over_tcp(link, path) if tcp else _over_unix(link, path)
    except PermissionError:
        raise
    except OSError:
        return None
    finally:
        if not is_open:
            link.close()
    return link if is_open else None


def line_from(link: _socket.socket, longest: int) -> bytes:
    """The next line; without a newline if the link closes or `longest` bytes came."""
    line = b""
    while not line.endswith(b"\n") and len(line) < longest:
        more = link.recv(longest - len(line))
        if not more:
            break
        line += more
    return line


def _over_unix(link: _socket.socket, path: str) -> bool:
    endpoint.require_own_folder(os.path.dirname(path))
    link.connect(path)
    endpoint.require_own_peer(link)
    return True


def _over_tcp(link: _socket.socket, path: str) -> bool:
    from servers.contract import greeting

    try:
        port = greeting.read_port(path)
        if not port.may_be_served():
            return False
        link.connect(("127.0.0.1", port.port))
        link.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        bridge = greeting.BridgeGreeting(greeting.token(endpoint.state_folder()), port)
        link.sendall(bridge.hello())
        link.sendall(bridge.answer(line_from(link, greeting.LONGEST_LINE)))
    except greeting.GreetingError:
        return False
    return True
