"""The client of the control socket, for the command line and a second start.

In: a method and its params. Out: the result, and events. Plain blocking sockets, because a command
must start quickly.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

from app.errors import AppError
from servers.contract import endpoint, envelope, greeting
from servers.contract.envelope import Error, Event, Message, Request, Response
from servers.contract.ownership import ForeignError

AT_ONCE_S = 10.0
"""The limit for requests that a running Lou answers immediately."""
_CONNECTS_WITHIN_S = 3.0
_ANSWERS_WITHIN_S = 150.0
"""A person may have to answer the prompt of the keyring meanwhile."""
_CHUNK = 1 << 16


class NotRunningError(AppError):
    """No process listens: Lou does not run for this home."""

    def __init__(self) -> None:
        super().__init__(
            "Lou is not running.", "Start it: `lou` (tray) or `lou serve`.", code="not_running"
        )


class ForeignListenerError(AppError):
    """Another user made or could have made the socket; nothing was sent to it."""

    def __init__(self, foreign: ForeignError) -> None:
        super().__init__(f"{foreign.what}.", foreign.remedy, code="foreign_listener")


class NoAnswerError(AppError):
    """A process listens and does not answer: Lou hangs, or was stopped."""

    def __init__(self) -> None:
        super().__init__(
            "Lou does not answer.",
            "It may be busy. If this goes on, end its process and start it again.",
            code="no_answer",
        )


def ask(method: str, *, within_s: float = _ANSWERS_WITHIN_S, **params: Any) -> dict[str, Any]:
    """The result of one request; raises AppError if Lou refused, is away, or gave none in time."""
    with ControlClient() as control:
        return control.ask(method, within_s=within_s, **params)


class ControlClient:
    """One connection to a running Lou."""

    def __init__(self) -> None:
        try:
            self._connection = _connected_tcp() if endpoint.uses_tcp() else _connected_unix()
        except BlockingIOError:  # the backlog is full
            raise NoAnswerError from None
        except ForeignError as foreign:
            raise ForeignListenerError(foreign) from None
        except (OSError, greeting.GreetingError):
            raise NotRunningError from None
        self._received = b""
        self._requests = 0

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(
        self, method: str, *, within_s: float = _ANSWERS_WITHIN_S, **params: Any
    ) -> dict[str, Any]:
        """Send one request and return its result.

        Raises:
            AppError: Lou refused, does not run, or gave no answer in time.
        """
        self._connection.settimeout(within_s)
        self._requests += 1
        request = Request(f"{os.getpid()}-{self._requests}", method, params)
        try:
            self._connection.sendall(envelope.encode(request))
        except envelope.EnvelopeError as unfit:
            raise AppError(f"The request is {unfit.reason}.", "Send less.") from None
        except TimeoutError:
            raise NoAnswerError from None
        except OSError:
            raise NotRunningError from None
        for message in self._messages():
            if isinstance(message, Response) and message.id == request.id:
                return message.result
            if isinstance(message, Error) and message.id in {request.id, None}:
                hint = str(message.data.get("hint", ""))
                raise AppError(message.message, hint, code=message.code)
        raise NotRunningError

    def events(self, within_s: float | None = None) -> Iterator[Event]:
        """The events from now on; raises AppError if none came for `within_s` seconds."""
        self._connection.settimeout(within_s)
        for message in self._messages():
            if isinstance(message, Event):
                yield message

    def _messages(self) -> Iterator[Message]:
        while True:
            while b"\n" in self._received:
                line, _, self._received = self._received.partition(b"\n")
                yield envelope.decode(line)
            try:
                chunk = self._connection.recv(_CHUNK)
            except TimeoutError:
                raise NoAnswerError from None
            except OSError:
                return
            if not chunk:
                return
            self._received += chunk


def _connected_unix() -> socket.socket:
    if sys.platform == "win32":
        raise NotImplementedError
    address = endpoint.control_socket()
    endpoint.require_own_folder(os.path.dirname(address))  # noqa: PTH120 - as the endpoint says it
    connection = _connect_or_close(socket.socket(socket.AF_UNIX), address)
    try:
        endpoint.require_own_peer(connection)
    except OSError:
        connection.close()
        raise
    return connection


def _connected_tcp() -> socket.socket:
    port = greeting.read_port(endpoint.control_socket())
    if not port.is_of_live_process():
        raise ConnectionRefusedError
    connection = _connect_or_close(socket.socket(socket.AF_INET), ("127.0.0.1", port.port))
    caller = greeting.BridgeGreeting(greeting.token(endpoint.state_folder()), port)
    connection.sendall(caller.hello())
    with connection.makefile("rb", buffering=0) as lines:
        connection.sendall(caller.answer(lines.readline(greeting.LONGEST_LINE)))
    return connection


def _connect_or_close(connection: socket.socket, address: str | tuple[str, int]) -> socket.socket:
    connection.settimeout(_CONNECTS_WITHIN_S)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection
