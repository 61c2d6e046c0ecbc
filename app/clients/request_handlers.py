"""Answers requests about clients: a verb and its parameters in, a JSON object out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from app.clients.planning.entries import installed_bridge
from app.clients.planning.plan import DesiredEntries
from app.clients.service import ClientChoices, Clients
from app.config.config_model import Config
from app.errors import ClientConfigError
from app.system import paths

Params = Mapping[str, Any]


def desired_entries(config: Config) -> DesiredEntries:
    """The entries that clients should have, from config.json."""
    on = tuple(name for name, entry in config.servers.items() if not entry.disabled)
    off = tuple(name for name, entry in config.servers.items() if entry.disabled)
    return DesiredEntries(on, installed_bridge(), off)


def clients_of(config: Callable[[], Config], is_known: Callable[[], bool]) -> Clients:
    """The clients of this user; they are connected only once the configuration `is_known`."""
    choices = ClientChoices(
        guards=lambda: config().settings.guard_clients,
        repairs=lambda: config().settings.repair_clients,
        is_known=is_known,
    )
    return Clients(paths.data_folder("clients"), lambda: desired_entries(config()), choices=choices)


async def answer(clients: Clients, params: Params) -> dict[str, Any]:
    """The result of one verb: list, diff, by-hand, connect, disconnect, undo, and more.

    Raises:
        ClientConfigError: the verb or the client is unknown, or nothing was changed.
    """
    verb, client = str(params.get("verb", "list")), str(params.get("client", ""))
    if verb == "list":
        views = await clients.refresh(*([client] if client else []))
        return {"clients": [asdict(view) for view in views if client in {"", view.id}]}
    if verb == "diff":
        action = str(params.get("action", "connect"))
        return {"client": client, "diff": await clients.diff(client, action)}
    if verb == "by-hand":
        by_hand = clients.by_hand
        return {
            "client": client,
            "entry": by_hand.snippet(client),
            "links": list(by_hand.links(client)),
            "add": list(by_hand.commands(client, "add")),
            "remove": list(by_hand.commands(client, "remove")),
        }
    change = _VERBS.get(verb)
    if change is None:
        raise ClientConfigError(
            f"There is no verb {verb!r:.40} for clients.",
            f"There are: list, diff, by-hand, {', '.join(_VERBS)}.",
            code="unknown_verb",
        )
    view = await change(clients, client, params)
    return {"client": asdict(view)}


async def answer_alone(config: Config, params: Params, *, is_known: bool) -> dict[str, Any]:
    """The same without a running app: the clients' files can be edited without it."""
    clients = clients_of(lambda: config, lambda: is_known)
    try:
        return await answer(clients, params)
    finally:
        await asyncio.shield(clients.stop())


def _connect(clients: Clients, client: str, params: Params) -> Awaitable[Any]:
    return clients.connect(
        client, replace_foreign=bool(params.get("replace")), restart=bool(params.get("restart"))
    )


_VERBS: Mapping[str, Callable[[Clients, str, Params], Awaitable[Any]]] = {
    "connect": _connect,
    "disconnect": lambda clients, client, _: clients.disconnect(client),
    "undo": lambda clients, client, params: clients.undo(client, force=bool(params.get("force"))),
    "repair": lambda clients, client, _: clients.connect(client),
    "restore": lambda clients, client, _: clients.restore(client),
    "dismiss": lambda clients, client, _: clients.dismiss(client),
}
