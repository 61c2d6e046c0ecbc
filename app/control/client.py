"""The calling end of the control socket: plain blocking sockets, because a command starts often."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from app.errors import AppError
from servers.contract import endpoint, envelope, greeting
from servers.contract.envelope import Error, Event, Message, Request, Response
from servers.contract.ownership import ForeignError

AT_ONCE_S = 10.0
"""More than enough for what takes a Lou that does not hang no time."""
_CONNECTS_WITHIN_S = 3.0
_ANSWERS_WITHIN_S = 150.0
"""A person may be at the keyring's prompt meanwhile."""
_CHUNK = 1 << 16


class NotRunningError(AppError):
    """Nobody listens: Lou does not run for this home."""

    def __init__(self) -> None:
        super().__init__(
            "Lou is not running.", "Start it: `lou` (tray) or `lou serve`.", code="not_running"
        )


class ForeignListenerError(AppError):
    """Another user made, or could have made, what listens there; nothing was sent to it."""

    def __init__(self, foreign: ForeignError) -> None:
        super().__init__(f"{foreign.what}.", foreign.remedy, code="foreign_listener")


class NoAnswerError(AppError):
    """Somebody listens and says nothing: Lou hangs, or was stopped."""

    def __init__(self) -> None:
        super().__init__(
            "Lou does not answer.",
            "It may be busy. If this goes on, end its process and start it again.",
            code="no_answer",
        )


class ControlClient:
    """One connection to a running Lou."""

    def __init__(self) -> None:
        try:
            self._link = _connected_tcp() if endpoint.uses_tcp() else _connected_unix()
        except BlockingIOError:  # more wait to be let in than fit
            raise NoAnswerError from None
        except ForeignError as foreign:
            raise ForeignListenerError(foreign) from None
        except (OSError, greeting.GreetingError):
            raise NotRunningError from None
        self._received = b""
        self._asked = 0

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._link.close()

    def ask(
        self, method: str, *, within_s: float = _ANSWERS_WITHIN_S, **params: Any
    ) -> dict[str, Any]:
        """The result of one request.

        Raises:
            AppError: Lou refused, in its own words, or gave no answer in time.
        """
        self._link.settimeout(within_s)
        self._asked += 1
        request = Request(f"{os.getpid()}-{self._asked}", method, params)
        try:
            self._link.sendall(envelope.encode(request))
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
        """What Lou tells from now on, until it ends.

        Raises:
            AppError: it was silent for longer than `within_s`.
        """
        self._link.settimeout(within_s)
        for message in self._messages():
            if isinstance(message, Event):
                yield message

    def _messages(self) -> Iterator[Message]:
        while True:
            while b"\n" in self._received:
                line, _, self._received = self._received.partition(b"\n")
                yield envelope.decode(line)
            try:
                chunk = self._link.recv(_CHUNK)
            except TimeoutError:
                raise NoAnswerError from None
            except OSError:
                return
            if not chunk:
                return
            self._received += chunk


def _connected_unix() -> socket.socket:
    address = endpoint.control_socket()
    endpoint.require_own_folder(os.path.dirname(address))  # noqa: PTH120 - as the endpoint says it
    link = _connected(socket.socket(socket.AF_UNIX), address)
    try:
        endpoint.require_own_peer(link)
    except OSError:
        link.close()
        raise
    return link


def _connected_tcp() -> socket.socket:
    port = greeting.read_port(endpoint.control_socket())
    if not port.is_of_live_process():
        raise ConnectionRefusedError
    link = _connected(socket.socket(socket.AF_INET), ("127.0.0.1", port.port))
    caller = greeting.BridgeGreeting(greeting.token(endpoint.state_folder()), port)
    link.sendall(caller.hello())
    with link.makefile("rb", buffering=0) as lines:
        link.sendall(caller.answer(lines.readline(greeting.LONGEST_LINE)))
    return link


def _connected(link: socket.socket, address: str | tuple[str, int]) -> socket.socket:
    link.settimeout(_CONNECTS_WITHIN_S)
    try:
        link.connect(address)
    except OSError:
        link.close()
        raise
    return link
