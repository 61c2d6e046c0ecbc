"""Connects to a server or to the app where `servers.contract.endpoint` says it listens."""

from __future__ import annotations

import _socket
import os

from servers.contract import endpoint

_PATIENCE_S = 1.0


def dial(path: str) -> _socket.socket | None:
    """A connection to whoever of this user listens at `path`; None when nobody does.

    Raises:
        PermissionError: the folder or the process there is another user's, who could listen in.
    """
    tcp = endpoint.uses_tcp()
    link = _socket.socket(_socket.AF_INET if tcp else _socket.AF_UNIX, _socket.SOCK_STREAM)
    link.settimeout(_PATIENCE_S)
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
    """The one line the other end says next; without its end when it hangs up or says more."""
    said = b""
    while not said.endswith(b"\n") and len(said) < longest:
        more = link.recv(longest - len(said))
        if not more:
            break
        said += more
    return said


def _over_unix(link: _socket.socket, path: str) -> bool:
    endpoint.require_own_folder(os.path.dirname(path))
    link.connect(path)
    endpoint.require_own_peer(link)
    return True


def _over_tcp(link: _socket.socket, path: str) -> bool:
    from servers.contract import greeting

    try:
        port = greeting.read_port(path)
        if not port.is_of_live_process():
            return False
        link.connect(("127.0.0.1", port.port))
        link.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        bridge = greeting.BridgeGreeting(greeting.token(endpoint.state_folder()), port)
        link.sendall(bridge.hello())
        link.sendall(bridge.answer(line_from(link, greeting.LONGEST_LINE)))
    except greeting.GreetingError:
        return False
    return True
