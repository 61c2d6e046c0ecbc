"""The values that the faces show: servers, keys, calls, clients, checks and notices. Frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

APP = "lou"
"""The name of the app itself in logs and figures; no server may have it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message for a person; `action` names the page that helps."""

    code: str
    title: str
    text: str
    severity: str = "warning"
    """info, warning or error"""
    server: str = ""
    action: str = ""
    """servers, logs, keys, clients, settings, unlock, or empty"""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One finished tool call, of a client or of the app."""

    server: str
    tool: str
    ms: float
    outcome: str
    """one of messages.OUTCOMES"""
    error: str = ""
    client: str = ""
    version: str = ""
    at: float = 0.0
    id: str = ""
    size: int = 0
    own: bool = False
    """Lou made it for itself; no figure and no log line counts it"""


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """A client reached a stage with a server: initialized, tools_listed, called, left."""

    server: str
    session: str
    client: str
    stage: str
    version: str = ""
    protocol: str = ""
    at: float = 0.0
    mark: str = ""
    """The client's id in the catalog, if the entry that Lou wrote told it."""
    capabilities: tuple[str, ...] = ()
    """What it declares to a server of the user's own."""


class ServerState(StrEnum):
    """What is true of one server now; the words are those of `lou status`."""

    OFF = "off"
    BLOCKED = "blocked"
    STARTING = "starting"
    READY = "ready"
    UNHEALTHY = "unhealthy"
    BACKOFF = "backoff"
    STOPPING = "stopping"
    FAILED = "failed"


ANSWERING = frozenset({ServerState.READY, ServerState.UNHEALTHY})
"""The states in which a server takes requests."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a server does not run, for a person: what happened and what to do."""

    code: str
    message: str
    hint: str = ""
    key: str = ""

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What is true of one server now, as the supervisor sees it. Times are seconds since 1970."""

    name: str
    wanted: bool = False
    state: ServerState = ServerState.OFF
    pid: int | None = None
    restarts: int = 0
    tools: int = 0
    clients: int = 0
    endpoint: str = ""
    trouble: Trouble | None = None
    since: float = 0.0
    """When it came into its state."""
    started_at: float | None = None
    rss_bytes: int = field(default=0, compare=False)
    cpu_percent: float = field(default=0.0, compare=False)

    def as_status(self) -> dict[str, Any]:
        """The row of `lou status --json`."""
        row = {each.name: getattr(self, each.name) for each in fields(ServerStatus)}
        del row["since"], row["started_at"]
        trouble = self.trouble and asdict(self.trouble)
        return {**row, "trouble": trouble, "cpu_percent": round(self.cpu_percent, 1)}

    def by_name(self) -> dict[str, Any]:
        """Its fields by name, to make a view of it that has more."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, slots=True)
class ServerView(ServerStatus):
    """One server as it is shown: its status, its entry in config.json, and today's figures."""

    title: str = ""
    purpose: str = ""
    embedded: bool = False
    command: tuple[str, ...] = ()
    """As a person wrote it; for a server reached by URL, that URL alone."""
    disabled_tools: tuple[str, ...] = ()
    calls_today: int = 0
    errors_today: int = 0
    is_paused: bool = False
    """It is switched on and waits for the end of `pause_all`."""
    connected: tuple[ClientEvent, ...] = ()
    """The latest stage of each client session that is open now."""


@dataclass(frozen=True, slots=True)
class KeyView:
    """One key by name: whether it is set, never its value."""

    name: str
    title: str
    purpose: str
    url: str
    servers: tuple[str, ...]
    is_set: bool
    known: bool = True
    """False for a key that only a server of the user refers to."""
    can_be_tested: bool = True
    generated: bool = False
    changed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class KeyTestResult:
    """Whether a key works: one of messages.VERDICTS, and a sentence for a person."""

    verdict: str
    message: str


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor: `code` is stable, `fix` is empty when `ok`."""

    code: str
    ok: bool
    sentence: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a tool call through the app; the fields of the result of messages.CALL_TOOL."""

    status: str
    data: Any = None
    text: str = ""
    is_error: bool = False
    ms: float = 0.0
    extra: Mapping[str, Any] = field(default_factory=dict)
    """`content`: all parts of it, if one of them is no text."""
