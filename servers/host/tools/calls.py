"""What a service tells the host: progress of a call, events, changes, and that it must end.

In: the call that `Toolbox.call` sets in `current_call`, and the callbacks of the running `Host`,
which connects them when it starts. There is one host in a process. Out: the functions below, for
tools and services.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from servers.contract import messages


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call that is running.

    `deadline` is on the running loop's clock (`loop.time()`). `client` is the client's own name,
    "lou" for the app. `report(done, total, message)` sends progress to the client.
    """

    id: str
    tool: str
    client: str
    deadline: float
    report: Callable[[float, float | None, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """One tool call that ended.

    `outcome` is one of `messages.OUTCOMES`, `kind` one word for the kind of failure; `ms` is its
    time in milliseconds, `size` the bytes of its result.
    """

    id: str
    tool: str
    client: str
    version: str
    ms: float
    outcome: str
    kind: str
    size: int
    own: bool = False
    """Lou made it for itself, such as the window for one of its pages."""
    held: Callable[[], int] = int
    """Counts the bytes that `read` holds, which only one who keeps it wants to know."""
    read: Callable[[], tuple[Any, Any]] | None = None
    """Returns its arguments and its result as JSON values; called after it was answered."""


async def _ignore(_: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class HostCallbacks:
    """What a host does for its service; by default nothing.

    `emit(event, data)` sends an event to the app. `resource_changed(uri)` and
    `surface_changed(kind)` notify clients. `give_up(reason)` ends this server.
    """

    emit: Callable[[str, dict[str, Any]], None] = lambda event, data: None
    resource_changed: Callable[[str], Awaitable[None]] = _ignore
    surface_changed: Callable[[str], Awaitable[None]] = _ignore
    give_up: Callable[[str], None] = lambda reason: None


current_call: ContextVar[Call | None] = ContextVar("current_call", default=None)

_host = HostCallbacks()


def connect(callbacks: HostCallbacks) -> None:
    """Use `callbacks` from now on, in place of those before."""
    global _host  # noqa: PLW0603 - one host a process, and threads of its service emit, too
    _host = callbacks


def client() -> str:
    """The name of the client that called; "lou" outside a call."""
    call = current_call.get()
    return call.client if call else "lou"


def deadline() -> float | None:
    """When the running call must have answered, on the loop's clock; None outside a call."""
    call = current_call.get()
    return call.deadline if call else None


async def progress(done: float, total: float | None = None, message: str = "") -> None:
    """Send the progress of the running call to its client, if the client asked for it."""
    call = current_call.get()
    if call:
        await call.report(done, total, message)


def emit(event: str, **data: Any) -> None:
    """Send an event to the app, with the id of the running call, if there is one.

    For example `emit("usage", api="tavily", ms=3.1, outcome="ok")`.
    """
    call = current_call.get()
    if call:
        data["call"] = call.id
    _host.emit(event, data)


def trouble(
    code: str, message: str = "", hint: str = "", *, key: str = "", cleared: bool = False
) -> None:
    """Tell the app of a trouble, with the name of a key that it concerns, or that it is over."""
    emit(messages.TROUBLE, code=code, message=message, hint=hint, key=key, cleared=cleared)


async def resource_changed(uri: str) -> None:
    """Tell the subscribed clients that the resource at `uri` changed."""
    await _host.resource_changed(uri)


async def surface_changed(kind: str) -> None:
    """Tell clients that the list of "tools", "resources" or "prompts" changed."""
    await _host.surface_changed(kind)


def give_up(reason: str) -> None:
    """End this server because what it depends on is gone; the app may start it again."""
    _host.give_up(reason)
