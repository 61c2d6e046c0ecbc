"""Texts of the Clients page: from a `ClientView` to what the user reads. Pure."""

from __future__ import annotations

from app.clients.views import ClientView
from app.ui.wording import StateText

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
_LOST = StateText("Lost its entry", "bad")


def state_text(client: ClientView) -> StateText:
    """The state of `client` as text and tone."""
    if client.state == "connected" and client.needs_restart:
        return StateText("Restart it to finish", "warn")
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
    if client.state == "connected":
        return "Lou is in its file, and it has called Lou."
    if not client.installed:
        return (
            f"{client.name} is not installed on this computer. Install it and start it once, then "
            "look again. If it is somewhere else, copy the entry and add it there."
        )
    if not client.has_file:
        return f"{client.name} has no file that Lou may edit. Copy the entry and add it there."
    return "Lou adds one entry for each server that is on. It holds no key, no token and no port."


def verb(client: ClientView) -> str:
    """The text of the button that connects."""
    if client.state == "outdated" or (client.wanted and client.state != "connected"):
        return "Repair..."
    return "Connect..."


def can_connect(client: ClientView) -> bool:
    """Whether connecting is possible and would change anything."""
    is_here = client.installed or client.wanted
    return is_here and client.has_file and client.state not in ("connected", "unreadable")
