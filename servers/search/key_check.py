"""Whether a key works: its provider is asked once, at the least cost it offers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from servers.contract import key_text
from servers.contract.key_text import NotAKeyError
from servers.host.tools.service import KeyVerdict
from servers.outbound.channel import Channel
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpClient
from servers.search.contacts import SERVICES
from servers.search.pages.remote_readers import READERS
from servers.search.provider_spec import Access, KeyedService
from servers.search.providers import PROVIDERS
from servers.search.websearch.provider_line import without

_PATIENCE_S = 12.0
_AWAY = frozenset({Kind.UNREACHABLE, Kind.OFFLINE, Kind.TIMEOUT, Kind.UPSTREAM, Kind.BUSY})
_TAKEN = frozenset({Kind.QUOTA, Kind.RATE_LIMITED})

_ADVICE = {
    "rejected": "Copy it once more, or get a new one.",
    "unreachable": "The key stays as it is; try again later.",
}
"""What a person does about a verdict."""


async def check(
    http: HttpClient, name: str, value: str, accesses: Mapping[str, Access]
) -> KeyVerdict:
    """What the provider says of the key called `name`."""
    user = _user_of(name)
    if user is None:
        return KeyVerdict("unknown", f"No provider here uses {name}.")
    if not value.strip():
        return KeyVerdict("missing", f"{name} has no value.")
    try:
        key_text.understood(name, value)
    except NotAKeyError as wrong:
        said = f"{wrong.words} {user.spec.title} was not asked. {wrong.hint}"
        return KeyVerdict("missing", said)
    usual = accesses[user.spec.name]
    access = replace(usual, keys={**usual.keys, name: value.strip()})
    absent = [other for other in user.spec.keys if not access.key(other)]
    if absent:
        title = user.spec.title
        return KeyVerdict("missing", f"{title} can be asked only when {absent[0]} is set too.")
    return await _ask(http, user, access)


async def _ask(http: HttpClient, user: KeyedService, access: Access) -> KeyVerdict:
    title = user.spec.title
    channel = Channel(http, observe=lambda _outcome, _ms: None)
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    try:
        await channel.exchange(user.probe(access), user.read_probe, deadline)
    except OutboundError as failure:
        said = without(failure.message, access.keys)
        verdict = _verdict(failure.kind)
        return KeyVerdict(verdict, f"{title}: {said}. {_ADVICE.get(verdict, '')}".strip())
    return KeyVerdict("accepted", f"{title} accepted the key.")


def _verdict(kind: Kind) -> str:
    if kind is Kind.AUTH:
        return "rejected"
    if kind in _TAKEN:
        return "accepted"
    return "unreachable" if kind in _AWAY else "unknown"


def _user_of(name: str) -> KeyedService | None:
    users: list[KeyedService] = [*PROVIDERS, *SERVICES, *READERS]
    return next((user for user in users if name in user.spec.keys), None)
