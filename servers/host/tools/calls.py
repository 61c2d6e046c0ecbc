"""What a running tool may know and say about the call it serves. The host fills it in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call: who asks, until when an answer is awaited, and where its facts go.

    `deadline` is on the running loop's clock (`loop.time()`). `client` is the client's own name,
    "lou" for the app.
    """

    id: str
    tool: str
    client: str
    deadline: float
    report: Callable[[float, float | None, str], Awaitable[None]]
    emit: Callable[[str, dict[str, Any]], None]


current_call: ContextVar[Call | None] = ContextVar("current_call", default=None)

_outside: list[Callable[[str, dict[str, Any]], None]] = []


def client() -> str:
    """Who called; "lou" outside a call."""
    call = current_call.get()
    return call.client if call else "lou"


def deadline() -> float | None:
    """When the running call must have answered, on the loop's clock."""
    call = current_call.get()
    return call.deadline if call else None


async def progress(done: float, total: float | None = None, message: str = "") -> None:
    """Tell the client how far the running call is; free when it did not ask."""
    call = current_call.get()
    if call:
        await call.report(done, total, message)


def emit(event: str, **data: Any) -> None:
    """Tell the app, with the running call's id: `emit("usage", api="tavily", ms=3.1, ...)`."""
    call = current_call.get()
    if call:
        data["call"] = call.id
        call.emit(event, data)
        return
    for listener in _outside:
        listener(event, data)


def on_emit(listener: Callable[[str, dict[str, Any]], None]) -> None:
    """Receive what is emitted outside any call; the host subscribes once."""
    _outside.append(listener)


_changed: list[Callable[[str], Awaitable[None]]] = []


async def resource_changed(uri: str) -> None:
    """Tell subscribed clients that the resource at `uri` reads differently now."""
    for listener in _changed:
        await listener(uri)


def on_resource_changed(listener: Callable[[str], Awaitable[None]]) -> None:
    """Receive the changed resources; the host subscribes once."""
    _changed.append(listener)


_surface: list[Callable[[str], Awaitable[None]]] = []


async def surface_changed(kind: str) -> None:
    """Tell clients that the list of "tools", "resources" or "prompts" is another one now."""
    for listener in _surface:
        await listener(kind)


def on_surface_changed(listener: Callable[[str], Awaitable[None]]) -> None:
    """Receive the changed lists; the host subscribes once."""
    _surface.append(listener)


_ends: list[Callable[[str], None]] = []


def give_up(reason: str) -> None:
    """End this server, because what it stands on is gone; it may be started again."""
    for listener in _ends:
        listener(reason)


def on_give_up(listener: Callable[[str], None]) -> None:
    """Receive the reason; the host subscribes once."""
    _ends.append(listener)
