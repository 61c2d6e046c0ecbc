"""Handles what servers report: events, notices, and lines on stderr.

Out: log lines, figures, client events and notices.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from app.config.config_file import GONE
from app.errors import SettingsError
from app.logs.logbook import LEVELS, Logbook
from app.metrics.collector import Metrics
from app.system import installation, version
from app.system.listeners import Listeners
from app.system.update_check import UpdateNews
from app.views import CallRecord, ClientEvent, Notice, Trouble
from servers.contract import messages
from servers.contract.envelope import Event

log = logging.getLogger(__name__)

_LEVEL_IN_TEXT = re.compile(rf"\b({'|'.join(LEVELS)}|WARN|FATAL)\b")
_LEVEL_OF = {"WARN": "WARNING", "FATAL": "CRITICAL"}
_SEARCHED = 200
_LARGEST = 1e11
"""The limit of a number in an event: 3,000 years in seconds, 100 GB in bytes."""
_PAGES = {"key_rejected": "keys", "missing_key": "keys"}


class EventHandlers:
    """Handles the events of all servers; each kind of event has one method."""

    def __init__(self, logbook: Logbook, metrics: Metrics, redact: Callable[[str], str]) -> None:
        """`redact` masks what a client or a server calls itself and its tools."""
        self.calls: Listeners[CallRecord] = Listeners()
        self.details: Listeners[tuple[str, Mapping[str, Any]]] = Listeners()
        """The server, and the data of a `call_detail` event."""
        self.connections: Listeners[ClientEvent] = Listeners()
        self.notices: Listeners[Notice] = Listeners()
        self._redact = redact
        self._logbook = logbook
        self._metrics = metrics
        self._sessions: dict[str, dict[str, ClientEvent]] = {}
        self._announced: set[tuple[str, str, str]] = set()
        """Troubles that were announced and are not cleared: server, code, key."""
        self._readers: Mapping[str, Callable[[str, dict[str, Any]], None]] = {
            messages.LOG: self._log,
            messages.CALL: self._call,
            messages.CALL_DETAIL: lambda server, data: self.details.notify((server, data)),
            messages.USAGE: self._metrics.usage,
            messages.CLIENT_CONNECTED: self._connected,
            messages.CLIENT_LEFT: self._left,
            messages.TROUBLE: self._trouble,
            messages.BYE: self._bye,
        }

    def event(self, received: tuple[str, Event]) -> None:
        """Handle one event; a malformed one is only logged."""
        server, event = received
        reader = self._readers.get(event.event)
        if reader is None:
            return
        try:
            reader(server, event.data)
        except (KeyError, TypeError, ValueError):
            log.warning("%s sent a malformed %s event", server, event.event)

    def stderr_line(self, received: tuple[str, str]) -> None:
        """Log one line of stderr with the level that is written in it, else INFO."""
        server, text = received
        found = _LEVEL_IN_TEXT.search(text, 0, _SEARCHED)
        level = _LEVEL_OF.get(found[1], found[1]) if found else "INFO"
        self._logbook.add(server, level, "stderr", text)

    def gave_up(self, failure: tuple[str, Trouble]) -> None:
        """Announce that a server failed and is not restarted."""
        server, trouble = failure
        title = f"{server} stopped working" if server else "Lou paused its servers"
        self.notices.notify(Notice("gave_up", title, str(trouble), "error", server, "servers"))

    def sessions(self, server: str) -> tuple[ClientEvent, ...]:
        """The latest stage of each client session that is open."""
        return tuple(self._sessions.get(server, {}).values())

    def key_changed(self, name: str) -> None:
        """Forget the troubles with a key, so that its new value may cause new notices."""
        self._announced = {each for each in self._announced if each[2] != name}

    def process_ended(self, server: str) -> None:
        """Announce the end of the sessions of a process that ended."""
        for event in self._sessions.pop(server, {}).values():
            self.connections.notify(
                ClientEvent(server, event.session, event.client, "left", at=time.time())
            )

    def _log(self, server: str, data: dict[str, Any]) -> None:
        self._logbook.add(
            server,
            str(data.get("level", "INFO")),
            str(data.get("logger", server)),
            str(data["message"]),
            at=_time_of(data),
            call=str(data.get("call") or ""),
        )

    def _call(self, server: str, data: dict[str, Any]) -> None:
        record = CallRecord(
            server=server,
            tool=self._redact(str(data["tool"])),
            ms=_number(data, "ms", 0.0),
            outcome=str(data["outcome"]),
            error=self._redacted(data, "error"),
            client=self._redacted(data, "client"),
            version=self._redacted(data, "version"),
            at=_time_of(data),
            id=str(data.get("call") or ""),
            size=int(_number(data, "bytes", 0)),
            own=bool(data.get("own")),
        )
        if not record.own:
            self._metrics.call(record)
        self.calls.notify(record)

    def _connected(self, server: str, data: dict[str, Any]) -> None:
        event = ClientEvent(
            server=server,
            session=str(data["session"]),
            client=self._redacted(data, "client"),
            stage=str(data.get("stage") or "initialized"),
            version=self._redacted(data, "version"),
            protocol=str(data.get("protocol") or ""),
            at=_time_of(data),
            mark=str(data.get("mark") or ""),
            capabilities=tuple(map(str, data.get("capabilities") or ())),
        )
        self._sessions.setdefault(server, {})[event.session] = event
        self.connections.notify(event)

    def _left(self, server: str, data: dict[str, Any]) -> None:
        session = str(data["session"])
        before = self._sessions.get(server, {}).pop(session, None)
        client = before.client if before else self._redacted(data, "client")
        at = _time_of(data)
        self.connections.notify(ClientEvent(server, session, client, "left", at=at))

    def _trouble(self, server: str, data: dict[str, Any]) -> None:
        code, key = str(data["code"]), str(data.get("key") or "")
        announced = (server, code, key)
        if data.get("cleared"):
            self._announced.discard(announced)
            return
        trouble = Trouble(code, str(data.get("message", code)), str(data.get("hint") or ""), key)
        self._logbook.add(server, "WARNING", "trouble", str(trouble))
        if announced not in self._announced and code in _PAGES:
            is_refused = code == "key_rejected"
            title = f"{key or server} was refused" if is_refused else trouble.message
            self.notices.notify(Notice(code, title, str(trouble), "warning", server, _PAGES[code]))
        self._announced.add(announced)

    def _bye(self, server: str, data: dict[str, Any]) -> None:
        reason = str(data.get("reason", ""))
        self._logbook.add(server, "INFO", "lou", f"The server says good-bye: {reason}")

    def _redacted(self, data: Mapping[str, Any], name: str) -> str:
        return self._redact(str(data.get(name) or ""))


def _number(data: Mapping[str, Any], key: str, otherwise: float) -> float:
    value = data.get(key)
    if not isinstance(value, int | float) or not abs(value) < _LARGEST:  # neither is NaN
        return otherwise
    return float(value)


def _time_of(data: Mapping[str, Any]) -> float:
    """The time of an event in seconds since the epoch; now if it is missing or impossible."""
    at = _number(data, "at", -1.0)
    return at if at >= 0 else time.time()


def config_notice(trouble: SettingsError) -> Notice:
    """The notice that config.json cannot be read."""
    action = "" if trouble.code == GONE else "config"
    return Notice(trouble.code, trouble.title, trouble.hint, "error", action=action)


def parts_notice(problems: tuple[str, ...]) -> Notice:
    """The notice that parts of config.json are not understood."""
    more = f" There are {len(problems) - 1} more: lou doctor." if len(problems) > 1 else ""
    title = "A part of config.json is not understood, and left as it is."
    return Notice("config_parts", title, f"{problems[0]}{more}", action="config")


def news_notice(news: UpdateNews) -> Notice:
    """The notice that a newer version is out, with the command that fits this installation."""
    title = f"Lou {news.version} is out."
    text = f"{news.notes} Update with: {installation.current().update}".strip()
    return Notice("new_version", title, text, severity="info")


def update_notice(update: str) -> Notice:
    """The notice that version `update` waits for a restart."""
    return Notice(
        "update_waits",
        "Restart Lou to finish the update.",
        f"Lou {version.current()} runs, and {update} is installed. Your servers go on meanwhile. "
        "Quit Lou and start it again, or run: lou quit --restart",
    )
