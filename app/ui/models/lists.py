"""The list models: servers, tools, clients, keys, and search providers, each row with its key.

Rows keep their place as long as the keys are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, Qt

from app.clients.views import ClientView
from app.ui import client_wording, wording
from app.ui.models.table import ROOT, Index
from app.ui.translation import tr
from app.ui.widgets.rows import KEY, ROW, Row
from app.ui.widgets.text import tooltip
from app.views import KeyView, ServerView

T = TypeVar("T")


class KeyedList(QAbstractListModel, Generic[T]):
    """The functions say what the view learns of a row; `spoken` is for a screen reader."""

    def __init__(
        self,
        key: Callable[[T], str],
        *,
        title: Callable[[T], str],
        spoken: Callable[[T], str],
        row: Callable[[T], Row],
        tooltip: Callable[[T], str | None] = lambda _row: None,
    ) -> None:
        super().__init__()
        self._key = key
        self._readers: dict[int, Callable[[T], Any]] = {
            KEY: key,
            Qt.ItemDataRole.DisplayRole: title,
            Qt.ItemDataRole.AccessibleTextRole: spoken,
            Qt.ItemDataRole.ToolTipRole: tooltip,
            ROW: row,
        }
        self.rows: tuple[T, ...] = ()

    def show_rows(self, rows: Sequence[T]) -> None:
        before, fresh = self.rows, tuple(rows)
        if [self._key(row) for row in before] != [self._key(row) for row in fresh]:
            self.beginResetModel()
            self.rows = fresh
            self.endResetModel()
            return
        self.rows = fresh
        for n, (new, old) in enumerate(zip(fresh, before, strict=True)):
            if new != old:
                self.dataChanged.emit(self.index(n), self.index(n))

    def row_of(self, key: str) -> int:
        return next((n for n, row in enumerate(self.rows) if self._key(row) == key), -1)

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        read = self._readers.get(role)
        return read(self.rows[index.row()]) if read and index.isValid() else None


class ServersModel(KeyedList[ServerView]):
    """One row for each server of the core."""

    def __init__(self, servers: Callable[[], tuple[ServerView, ...]]) -> None:
        super().__init__(
            lambda server: server.name,
            title=lambda server: server.title,
            spoken=_spoken_server,
            row=_server_row,
        )
        self._servers = servers

    def pull(self) -> None:
        self.show_rows(self._servers())


def _server_row(server: ServerView) -> Row:
    state = wording.state_text(server)
    dot = state.tone if state.tone != "soft" else "faint"
    return Row(server.title, state.words, state.tone, dot, on=server.wanted)


def _spoken_server(server: ServerView) -> str:
    switch = "switched on" if server.wanted else "switched off"
    return wording.spoken(server.title, switch, wording.state_text(server).words)


Tool = dict[str, Any]


def tools_model() -> KeyedList[Tool]:
    """One row with a switch for each tool of a server, as `Core.tools` gave them."""
    return KeyedList(
        lambda tool: str(tool["name"]),
        title=_tool_title,
        spoken=lambda tool: wording.spoken(_tool_title(tool), "on" if _is_on(tool) else "off"),
        row=lambda tool: Row(_tool_title(tool), _description(tool), on=_is_on(tool)),
        tooltip=lambda tool: tooltip(_description(tool)),
    )


def _tool_title(tool: Tool) -> str:
    return tr(str(tool.get("title") or tool["name"]))


def _description(tool: Tool) -> str:
    return wording.one_line(str(tool.get("description", "")))


def _is_on(tool: Tool) -> bool:
    return bool(tool.get("enabled", True))


class ClientsModel(KeyedList[ClientView]):
    """The clients of the catalogue: connected ones first, then installed ones, then the others."""

    def __init__(self) -> None:
        super().__init__(
            lambda client: client.id,
            title=lambda client: client.name,
            spoken=lambda client: wording.spoken(
                client.name, client_wording.state_text(client).words
            ),
            row=_client_row,
        )

    def show_clients(
        self, clients: Sequence[ClientView], text: str = "", *, folded: bool = False
    ) -> None:
        """Show the `clients` that match `text`; `folded` leaves out those that are not here."""
        words = text.casefold().split()
        self.show_rows(
            [
                client
                for client in sorted(clients, key=_client_place)
                if all(word in f"{client.name} {client.id}".casefold() for word in words)
                and (words or not folded or client_wording.is_here(client))
            ]
        )


def _client_place(client: ClientView) -> tuple[bool, bool, int, str]:
    return not client.wanted, not client.installed, client.tier, client.name.lower()


def _client_row(client: ClientView) -> Row:
    text = client_wording.state_text(client)
    return Row(client.name, text.words, text.tone, "faint" if text.tone == "soft" else text.tone)


def keys_model() -> KeyedList[KeyView]:
    """Title and state of each key, never its value."""
    return KeyedList(
        lambda key: key.name,
        title=lambda key: tr(key.title),
        spoken=lambda key: wording.spoken(key.title, state_of(key)),
        row=_key_row,
    )


def state_of(key: KeyView) -> str:
    if key.is_set:
        return "Set"
    return "Made when first needed" if key.generated else "Not set"


def _key_row(key: KeyView) -> Row:
    tone, dot = ("good", "good") if key.is_set else ("soft", "line")
    return Row(tr(key.title), state_of(key), tone, dot)


_TONES = {"ready": "good", "no_key": "soft", "no_address": "soft", "key_rejected": "bad"}

Provider = Mapping[str, Any]


class ProvidersModel(KeyedList[Provider]):
    """One row for each provider, as the server reported its state."""

    def __init__(self) -> None:
        super().__init__(
            lambda provider: str(provider["name"]),
            title=lambda provider: str(provider["title"]),
            spoken=lambda each: wording.spoken(_provider_title(each), str(each.get("words", ""))),
            row=_provider_row,
            tooltip=lambda provider: tooltip(_more_of(provider)),
        )

    @property
    def names(self) -> list[str]:
        """The search providers, in the order shown."""
        return [str(each["name"]) for each in self.rows if each.get("role") == "search"]

    def show_providers(self, providers: Sequence[Provider]) -> None:
        """Show `providers`: those of the chain first, in its order."""
        self.show_rows(sorted(providers, key=_provider_place))

    def can_swap(self, row: int, other: int) -> bool:
        """Whether two rows may change places: both are in use, and both or neither were set up.

        The server asks providers that the user set up before those that need no key, in any order.
        """
        if not (0 <= row < len(self.rows) and 0 <= other < len(self.rows)):
            return False
        one, two = self.rows[row], self.rows[other]
        are_asked = all(each["role"] == "search" and each["position"] for each in (one, two))
        return are_asked and one["yours"] == two["yours"]


def _provider_place(provider: Provider) -> tuple[bool, int, str]:
    position = int(provider.get("position", 0))
    return provider.get("role") != "search", position or 1_000, str(provider["name"])


def _provider_title(provider: Provider) -> str:
    position = int(provider.get("position", 0))
    is_search = provider.get("role") == "search"
    return f"{position}. {provider['title']}" if position and is_search else str(provider["title"])


def _provider_row(provider: Provider) -> Row:
    tone = _TONES.get(str(provider.get("state")), "warn")
    words = tr(wording.one_line(str(provider.get("words", ""))))
    dot = "line" if tone == "soft" else tone
    return Row(_provider_title(provider), words[:1].upper() + words[1:], tone, dot)


def _more_of(provider: Provider) -> str:
    calls, failures = int(provider.get("calls", 0)), int(provider.get("failures", 0))
    parts = [str(provider.get("caution", ""))]
    if calls:
        took = wording.milliseconds(float(provider.get("latency_ms", 0.0)))
        parts.append(f"{wording.counted(calls, 'call')}, {failures} failed, {took} each.")
    if provider.get("last_error"):
        parts.append(f"Last trouble: {provider['last_error']}")
    return "\n".join(tr(part) for part in parts if part)
