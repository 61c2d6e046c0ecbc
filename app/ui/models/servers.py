"""List model of the servers, read from the core."""

from __future__ import annotations

from collections.abc import Callable

from app.ui import wording
from app.ui.models.keyed_list import KeyedList
from app.ui.widgets.rows import Row
from app.views import ServerView


class ServersModel(KeyedList[ServerView]):
    """One row for each server."""

    def __init__(self, servers: Callable[[], tuple[ServerView, ...]]) -> None:
        super().__init__(
            lambda server: server.name, title=lambda server: server.title, spoken=_spoken, row=_row
        )
        self._servers = servers

    def pull(self) -> None:
        self.show_rows(self._servers())


def _row(server: ServerView) -> Row:
    state_text = wording.state_text(server)
    return Row(
        title=server.title,
        detail=state_text.words,
        tone=state_text.tone,
        dot=state_text.tone if state_text.tone != "soft" else "faint",
        on=server.wanted,
    )


def _spoken(server: ServerView) -> str:
    switch = "switched on" if server.wanted else "switched off"
    return wording.spoken(server.title, switch, wording.state_text(server).words)
