"""What servers say becomes log lines, figures, client events and notices."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from app.logs.logbook import LEVELS, Logbook
from app.metrics.collector import Metrics
from app.system.listeners import Listeners
from app.views import CallRecord, ClientEvent, Notice, Trouble
from servers.contract import messages
from servers.contract.envelope import Event

log = logging.getLogger(__name__)

_LEVEL_IN_TEXT = re.compile(rf"\b({'|'.join(LEVELS)}|WARN|FATAL)\b")
_SAME = {"WARN": "WARNING", "FATAL": "CRITICAL"}
_LOOKED_AT = 200
_LARGEST = 1e11
"""Of a number that a server tells: the seconds of three thousand years, a hundred gigabytes."""
_PAGES = {"key_rejected": "keys", "missing_key": "keys"}


class EventHandlers:
    """One for all servers; each event has one place where it is understood."""

    def __init__(self, logbook: Logbook, metrics: Metrics) -> None:
        self.calls: Listeners[CallRecord] = Listeners()
        self.connections: Listeners[ClientEvent] = Listeners()
        self.notices: Listeners[Notice] = Listeners()
        self._logbook = logbook
        self._metrics = metrics
        self._sessions: dict[str, dict[str, ClientEvent]] = {}
        self._standing: set[tuple[str, str, str]] = set()
        """Troubles that were told and have not ended."""
        self._readers: Mapping[str, Callable[[str, dict[str, Any]], None]] = {
            messages.LOG: self._log,
            messages.CALL: self._call,
            messages.USAGE: self._metrics.usage,
            messages.CLIENT_CONNECTED: self._connected,
            messages.CLIENT_LEFT: self._left,
            messages.TROUBLE: self._trouble,
            messages.BYE: self._bye,
        }

    def event(self, said: tuple[str, Event]) -> None:
        """Take in one event; what is malformed is noted and does no harm."""
        server, event = said
        reader = self._readers.get(event.event)
        if reader is None:
            return
        try:
            reader(server, event.data)
        except (KeyError, TypeError, ValueError):
            log.warning("%s sent a malformed %s event", server, event.event)

    def words(self, said: tuple[str, str]) -> None:
        """Take in one line of stderr; INFO there is no error."""
        server, text = said
        found = _LEVEL_IN_TEXT.search(text, 0, _LOOKED_AT)
        level = _SAME.get(found[1], found[1]) if found else "INFO"
        self._logbook.add(server, level, "stderr", text)

    def gave_up(self, failure: tuple[str, Trouble]) -> None:
        """Tell a person, once, that a server failed for good."""
        server, trouble = failure
        title = f"{server} stopped working" if server else "Lou paused its servers"
        text = f"{trouble.message} {trouble.hint}".strip()
        self.notices.tell(Notice("gave_up", title, text, "error", server, "servers"))

    def sessions(self, server: str) -> tuple[ClientEvent, ...]:
        """The latest stage of each client session that is open."""
        return tuple(self._sessions.get(server, {}).values())

    def key_changed(self, name: str) -> None:
        """A new value deserves a new notice."""
        self._standing = {each for each in self._standing if each[2] != name}

    def process_ended(self, server: str) -> None:
        """Its sessions ended with it."""
        for event in self._sessions.pop(server, {}).values():
            self.connections.tell(
                ClientEvent(server, event.session, event.client, "left", at=time.time())
            )

    def _log(self, server: str, data: dict[str, Any]) -> None:
        self._logbook.add(
            server,
            str(data.get("level", "INFO")),
            str(data.get("logger", server)),
            str(data["message"]),
            at=_moment(data),
            call=str(data.get("call") or ""),
        )

    def _call(self, server: str, data: dict[str, Any]) -> None:
        record = CallRecord(
            server=server,
            tool=str(data["tool"]),
            ms=_number(data, "ms", 0.0),
            outcome=str(data["outcome"]),
            error=str(data.get("error") or ""),
            client=str(data.get("client") or ""),
            version=str(data.get("version") or ""),
            at=_moment(data),
            id=str(data.get("call") or ""),
            size=int(_number(data, "bytes", 0)),
        )
        self._metrics.call(record)
        self.calls.tell(record)

    def _connected(self, server: str, data: dict[str, Any]) -> None:
        event = ClientEvent(
            server=server,
            session=str(data["session"]),
            client=str(data.get("client") or ""),
            stage=str(data.get("stage") or "initialized"),
            version=str(data.get("version") or ""),
            protocol=str(data.get("protocol") or ""),
            at=_moment(data),
        )
        self._sessions.setdefault(server, {})[event.session] = event
        self.connections.tell(event)

    def _left(self, server: str, data: dict[str, Any]) -> None:
        session = str(data["session"])
        before = self._sessions.get(server, {}).pop(session, None)
        client = before.client if before else str(data.get("client") or "")
        at = _moment(data)
        self.connections.tell(ClientEvent(server, session, client, "left", at=at))

    def _trouble(self, server: str, data: dict[str, Any]) -> None:
        code, key = str(data["code"]), str(data.get("key") or "")
        standing = (server, code, key)
        if data.get("cleared"):
            self._standing.discard(standing)
            return
        message, hint = str(data.get("message", code)), str(data.get("hint") or "")
        self._logbook.add(server, "WARNING", "trouble", f"{message} {hint}".strip())
        if standing not in self._standing and code in _PAGES:
            title = f"{key or server} was refused" if code == "key_rejected" else message
            text = f"{message} {hint}".strip()
            self.notices.tell(Notice(code, title, text, "warning", server, _PAGES[code]))
        self._standing.add(standing)

    def _bye(self, server: str, data: dict[str, Any]) -> None:
        reason = str(data.get("reason", ""))
        self._logbook.add(server, "INFO", "lou", f"The server says good-bye: {reason}")


def _number(data: Mapping[str, Any], key: str, otherwise: float) -> float:
    value = data.get(key)
    if not isinstance(value, int | float) or not abs(value) < _LARGEST:  # neither is NaN
        return otherwise
    return float(value)


def _moment(data: Mapping[str, Any]) -> float:
    """When it happened; now, when that is not said or no clock could have said it."""
    at = _number(data, "at", -1.0)
    return at if at >= 0 else time.time()
