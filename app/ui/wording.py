"""Texts of window and tray: states, the tray's tooltip, amounts and times as users read them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from app.ui.translation import figure, tr
from servers.contract import harmless

if TYPE_CHECKING:
    from app.views import ServerView


class Overall(Enum):
    """The overall state, which the tray icon shows."""

    WELL = "well"
    BUSY = "busy"
    ATTENTION = "attention"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class StateText:
    """A state as text, and its tone: a colour name of the theme."""

    words: str
    tone: str


_STATES = {
    "off": StateText("Switched off", "soft"),
    "blocked": StateText("Waiting for you", "warn"),
    "starting": StateText("Starting", "busy"),
    "ready": StateText("Ready", "good"),
    "unhealthy": StateText("Not answering", "warn"),
    "backoff": StateText("Starting again soon", "warn"),
    "stopping": StateText("Stopping", "busy"),
    "failed": StateText("Failed", "bad"),
}
_MOVING = {"starting", "stopping", "backoff"}
_TROUBLED = {"blocked", "unhealthy", "failed"}

CALLS = {
    "ok": StateText("Done", "good"),
    "error": StateText("Failed", "bad"),
    "refused": StateText("Refused", "warn"),
    "cancelled": StateText("Cancelled", "soft"),
    "timeout": StateText("Took too long", "bad"),
}

_FIXES = {
    "servers": "Show the servers",
    "logs": "Show the log",
    "edit": "Edit it...",
    "keys": "Open keys",
    "clients": "Show the clients",
    "tracked": "Show tracked entries",
    "settings": "Open settings",
    "config": "Open config.json",
    "unlock": "Unlock keys",
}


def state_text(server: ServerView) -> StateText:
    if server.is_paused:
        return StateText("Paused", "soft")
    if server.state == "off" and server.wanted:
        return StateText("About to start", "busy")
    return _STATES.get(server.state, StateText(server.state.capitalize(), "soft"))


def why_not_ready(server: ServerView) -> tuple[str, str]:
    """What keeps `server` from being used, and what to do."""
    if server.is_paused:
        return "Lou is paused.", "Resume all servers on the page Servers."
    if not server.wanted:
        return f"{server.title} is off.", "Switch it on, on the page Servers."
    if server.trouble:
        return server.trouble.message, "The page Servers says what to do."
    return f"{server.title} is starting.", "Wait a moment."


def overall(servers: Iterable[ServerView]) -> Overall:
    """The overall state of `servers`: trouble first, then transitions, then on or off."""
    servers = tuple(servers)
    if any(server.state in _TROUBLED for server in servers):
        return Overall.ATTENTION
    if any(server.state in _MOVING for server in servers):
        return Overall.BUSY
    if any(server.wanted for server in servers):
        return Overall.WELL
    return Overall.OFF


def summary(servers: Iterable[ServerView]) -> str:
    """One line about all servers, for the tooltip of the tray and the window."""
    servers = tuple(servers)
    troubled = [server for server in servers if server.state in _TROUBLED]
    if troubled:
        text = f"{troubled[0].title}: {state_text(troubled[0]).words.lower()}"
        others = len(troubled) - 1
        return f"{text}, and {others} more" if others else text
    wanted = [server for server in servers if server.wanted]
    if not wanted:
        return "Paused" if any(each.is_paused for each in servers) else "All servers are off"
    ready = sum(server.state == "ready" for server in wanted)
    if ready < len(wanted):
        return f"{ready} of {counted(len(wanted), 'server')} ready"
    return "Server ready" if ready == 1 else f"{ready} servers ready"


def fix(action: str) -> str:
    """The text of the button that opens the page `action`; empty when there is none."""
    return _FIXES.get(action, "")


def fix_of(server: ServerView) -> str:
    """The `action` (see `Notice`) for the trouble of `server`; empty when it has none."""
    trouble = server.trouble
    if trouble is None:
        return ""
    if trouble.code in {"keyring_locked", "vault_locked", "locked"}:
        return "unlock"
    if trouble.key or "key" in trouble.code:
        return "keys"
    if trouble.code.startswith("http_"):
        return "settings"
    return "logs"


def counted(number: int, thing: str, things: str = "") -> str:
    """`1 server`, `2 servers`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def spoken(*parts: str) -> str:
    """What a screen reader says of a row: its texts in the chosen language."""
    return ", ".join(tr(part) for part in parts if part)


def words(name: str) -> str:
    """An identifier as readable text: `find_tracked` becomes `Find tracked`."""
    text = " ".join(_SPELT.get(part.lower(), part) for part in re.split(r"[_\s-]+", name) if part)
    return _UNIT.sub(r" (\1)", text[:1].upper() + text[1:])


def duration(seconds: float) -> str:
    """A duration in its two largest units."""
    seconds = max(0, int(seconds))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{left} s"


def ago(then: float, now: float) -> str:
    """How long `then` is before `now`, both in seconds since the epoch."""
    return "just now" if now - then < 5 else f"{duration(now - then)} ago"


def moment(at: float, now: float) -> str:
    """A time in seconds since the epoch as a clock shows it; with its day when that is long ago."""
    pattern = "%H:%M:%S" if now - at < 43_200 else "%d %b %H:%M"
    return time.strftime(pattern, time.localtime(at))


def milliseconds(ms: float) -> str:
    """A time in milliseconds, with its unit."""
    if ms < 10:
        return f"{figure(f'{ms:.1f}')} ms"
    if ms < 1_000:
        return f"{ms:.0f} ms"
    return f"{figure(f'{ms / 1_000:.1f}')} s"


def size(octets: float) -> str:
    """An amount of bytes, with its unit."""
    for unit, limit in (("B", 1024), ("KB", 1024**2), ("MB", 1024**3)):
        if octets < limit:
            amount = octets / (limit / 1024)
            places = 1 if unit == "MB" and amount < 10 else 0
            return f"{figure(f'{amount:.{places}f}')} {unit}"
    return f"{figure(f'{octets / 1024**3:.1f}')} GB"


def percent(share: float) -> str:
    """A fraction as a percentage, with one decimal below ten."""
    points = share * 100
    return f"{figure(f'{points:.{1 if 0 < points < 10 else 0}f}')} %"


def one_line(text: str, most: int = 300) -> str:
    """`text` on one line of at most `most` characters, without control characters."""
    return harmless.one_line(text, most)


def menu_text(text: str, most: int = 60) -> str:
    """`text` for a menu, where an ampersand would mark a shortcut."""
    return one_line(tr(text), most).replace("&", "&&")


def notice_text(text: str) -> str:
    """`text` for the desktop's notifications, which may read markup."""
    return one_line(tr(text), 400).translate(_NO_MARKUP)


_SPELT = {
    "email": "e-mail",
    **{word: word.upper() for word in ("url", "id", "api", "html", "json", "csv", "http")},
}
_UNIT = re.compile(r" (s|ms|kb|mb)$")
_NO_MARKUP = str.maketrans({"<": "\u2039", ">": "\u203a", "&": "\uff06"})
