"""What the app sends to a fork server, to start one server as a fork. Linux.

In: a request and the descriptors of the new process. Out: the same, in that process. The fork
server itself reads neither: they travel through the lifeline of the guard.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

assert sys.platform != "win32"

WITH_SDK, RELAYS = "sdk", "relays"
"""The families of servers, each with a fork server of its own."""

_LENGTH = struct.Struct("!I")
_STREAMS = 3


@dataclass(frozen=True, slots=True)
class ForkRequest:
    """What the new process becomes: `lou-server` with these arguments, in this folder."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str


def family_of(arguments: Sequence[str]) -> str:
    """The family of the server that `lou-server` runs with these arguments."""
    return RELAYS if arguments[0] == "relay" else WITH_SDK


def ask(control: socket.socket, lifeline: int) -> None:
    """Ask for a fork whose guard has this lifeline.

    Raises:
        OSError: the fork server is gone, or does not read.
    """
    socket.send_fds(control, [b"f"], [lifeline])


def asked(control: socket.socket) -> int | None:
    """Wait for the lifeline of the next fork; None when the app is gone."""
    _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    return descriptors[0] if descriptors else None


def send(lifeline: socket.socket, request: ForkRequest, streams: Sequence[int]) -> None:
    """Send a request, with the descriptors of stdin, stdout and stderr.

    Raises:
        OSError: it could not be sent as a whole.
    """
    body = json.dumps(asdict(request)).encode()
    message = _LENGTH.pack(len(body)) + body
    if socket.send_fds(lifeline, [message], streams) != len(message):
        raise OSError("the request is too long")


def receive(lifeline: socket.socket) -> tuple[ForkRequest, list[int]]:
    """The request and its descriptors.

    Raises:
        EOFError: the app took it back.
    """
    head, descriptors, _, _ = socket.recv_fds(lifeline, _LENGTH.size, _STREAMS)
    if len(head) < _LENGTH.size or len(descriptors) != _STREAMS:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    body = lifeline.recv(length, socket.MSG_WAITALL)
    if len(body) < length:
        raise EOFError
    return ForkRequest(**json.loads(body)), descriptors
