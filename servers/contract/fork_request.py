"""What the app sends to a fork server, to start one server as a fork. Linux.

In: a request and the descriptors of the new process. Out: the same, in that process. The fork
server reads neither: they wait in a socket that it passes on.
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
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class ForkRequest:
    """What the new process becomes: `lou-server` with these arguments, in this folder."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str


def family_of(arguments: Sequence[str]) -> str:
    """The family of the server that `lou-server` runs with these arguments."""
    return RELAYS if arguments[0] == "relay" else WITH_SDK


def ask(control: socket.socket, title: str, lifeline: int, request: int) -> None:
    """Ask for a fork. The guard gets `lifeline`; the server reads a request from `request`.

    Raises:
        OSError: the fork server is gone, or does not read.
    """
    socket.send_fds(control, [title.encode()], [lifeline, request])


def asked(control: socket.socket) -> tuple[str, int, int] | None:
    """Wait for the next question: what `ask` was given; None when the app is gone."""
    title, descriptors, _, _ = socket.recv_fds(control, _LONGEST_TITLE, 2)
    return (title.decode(), descriptors[0], descriptors[1]) if descriptors else None


def send(channel: socket.socket, request: ForkRequest, descriptors: Sequence[int]) -> None:
    """Send a request and the descriptors of its streams and timer; raises OSError if it cannot."""
    body = json.dumps(asdict(request)).encode()
    message = _LENGTH.pack(len(body)) + body
    if socket.send_fds(channel, [message], descriptors) != len(message):
        raise OSError("the request is too long")


def receive(channel: socket.socket) -> tuple[ForkRequest, list[int]]:
    """The request and its descriptors; an app from before an update sends no timer.

    Raises:
        EOFError: the app took it back.
    """
    head, descriptors, _, _ = socket.recv_fds(channel, _LENGTH.size, _STREAMS + 1)
    if len(head) < _LENGTH.size or len(descriptors) < _STREAMS:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    body = channel.recv(length, socket.MSG_WAITALL)
    if len(body) < length:
        raise EOFError
    return ForkRequest(**json.loads(body)), descriptors
