"""Texts of the Clients page: from a `ClientView` to what the user reads. Pure."""

from __future__ import annotations

import time

from app.clients.views import ClientView, EntryProofView
from app.ui.wording import StateText, moment

_MOST_ENTRIES = 12
_CANNOT_BE_CHANGED = ("unreadable", "ambiguous")
_TOLD = {
    "connected": "Lou is in its file, and it has called Lou.",
    **dict.fromkeys(
        _CANNOT_BE_CHANGED,
        "Lou adds its entries once the file can be read. You can copy the entry meanwhile.",
    ),
}

_STATES = {
    "connected": StateText("Connected", "good"),
    "outdated": StateText("Needs a repair", "warn"),
    "foreign": StateText("Has another entry of that name", "warn"),
    "unreadable": StateText("Its file cannot be read", "bad"),
    "ambiguous": StateText("Needs a closer look", "warn"),
}
_NOT_HERE = StateText("Not found on this computer", "soft")
_BY_HAND = StateText("Connected by hand", "soft")
_ABSENT = StateText("Found, not connected", "busy")
_LACKS_ONE = StateText("Connected, lacks a server", "busy")
_LOST = StateText("Lost its entry", "bad")


def state_text(client: ClientView) -> StateText:
    if client.state == "connected" and client.needs_restart:
        return StateText("Restart it to finish", "warn")
    if client.missing:
        return _LACKS_ONE
    known = _STATES.get(client.state)
    if known is not None:
        return known
    if client.wanted:
        return _LOST
    if not client.installed:
        return _NOT_HERE
    return _ABSENT if client.has_file else _BY_HAND


def sentence(client: ClientView) -> str:
    """What to do next, or the current state, in one or two sentences."""
    if client.advice:
        return client.advice
    if client.missing:
        return f"{client.reason} {client.hint}"
    return _TOLD.get(client.state) or _first_step(client)


def _first_step(client: ClientView) -> str:
    if not client.installed:
        return (
            f"{client.name} is not installed on this computer. Install it and start it once, then "
            "look again. If it is somewhere else, copy the entry and add it there."
        )
    if not client.has_file:
        return f"{client.name} has no file that Lou may edit. Copy the entry and add it there."
    return (
        "Lou adds one entry for each server that is on, and shows them to you before it writes. "
        "They hold no key, no token, and no port."
    )


def is_broken(client: ClientView) -> bool:
    """Whether Lou leaves its file alone, because it cannot be read or edited without doubt."""
    return client.state in _CANNOT_BE_CHANGED


def hint(client: ClientView) -> str:
    """What to do about `client.reason`, for somebody who sits before the window."""
    if client.state == "foreign":
        return "Connect shows the difference before it replaces it. To keep it, rename it there."
    return client.hint


def verb(client: ClientView) -> str:
    """The text of the button that connects."""
    if client.missing:
        return "Add what is missing..."
    if client.state == "outdated" or (client.wanted and client.state != "connected"):
        return "Repair..."
    return "Connect..."


def progress(client: ClientView) -> list[str]:
    """How far each entry is, a sentence each; empty for a single one, which the steps show."""
    return [f"{each.server}: {_reached(each)}" for each in client.entries[:_MOST_ENTRIES]]


def abilities(client: ClientView) -> list[str]:
    """What the client speaks and can be asked, a sentence each; empty until it was seen."""
    seen = f"Last seen as version {client.version}." if client.version else ""
    speaks = ""
    if client.protocol:
        era = "no greeting first" if client.protocol >= _MODERN else "a greeting first"
        speaks = f"It speaks MCP {client.protocol}, with {era}."
    named = ", ".join(_CAPABILITIES.get(name, name) for name in client.capabilities)
    can = f"Servers of your own can use of it: {named}." if named else ""
    return [each for each in (seen, speaks, can) if each]


_MODERN = "2026-07-28"
"""The first version whose requests stand alone, without a session."""
_CAPABILITIES = {
    "roots": "its folders (roots)",
    "sampling": "its model (sampling)",
    "elicitation": "questions to you (elicitation)",
    "tasks": "long work (tasks)",
    "extensions": "extensions",
    "experimental": "experiments",
}


def _reached(entry: EntryProofView) -> str:
    for at, words in (
        (entry.called, "called at {time}"),
        (entry.listed, "tools listed at {time}, no call yet"),
        (entry.initialized, "session opened at {time}, tools not listed yet"),
    ):
        if at:
            return words.format(time=moment(at, time.time()))
    return "no session yet"


def is_connected(client: ClientView) -> bool:
    """Whether Lou's entries work in it, even if a newer server is not among them."""
    return client.state == "connected" or bool(client.missing)


def is_here(client: ClientView) -> bool:
    """Whether the client is on this computer, or was connected."""
    return client.installed or client.wanted


def can_connect(client: ClientView) -> bool:
    """Whether connecting is possible and would change anything."""
    has_news = client.state != "connected" and not is_broken(client)
    return is_here(client) and client.has_file and has_news
