"""List model of the clients: connected ones first, then installed ones, then the others."""

from __future__ import annotations

from collections.abc import Sequence

from app.clients.views import ClientView
from app.ui import client_wording, wording
from app.ui.models.keyed_list import KeyedList
from app.ui.widgets.rows import Row


class ClientsModel(KeyedList[ClientView]):
    """One row for each client of the catalogue."""

    def __init__(self) -> None:
        super().__init__(
            lambda client: client.id, title=lambda client: client.name, spoken=_spoken, row=_row
        )

    def show_clients(
        self, clients: Sequence[ClientView], text: str = "", *, folded: bool = False
    ) -> None:
        """Show the `clients` that match `text`; `folded` leaves out those that are not here."""
        words = text.casefold().split()
        self.show_rows(
            [
                client
                for client in sorted(clients, key=_place)
                if all(word in f"{client.name} {client.id}".casefold() for word in words)
                and (words or not folded or is_here(client))
            ]
        )


def is_here(client: ClientView) -> bool:
    """Whether the client is on this computer, or was connected."""
    return client.installed or client.wanted


def _place(client: ClientView) -> tuple[bool, bool, int, str]:
    return not client.wanted, not client.installed, client.tier, client.name.lower()


def _spoken(client: ClientView) -> str:
    return wording.spoken(client.name, client_wording.state_text(client).words)


def _row(client: ClientView) -> Row:
    text = client_wording.state_text(client)
    return Row(client.name, text.words, text.tone, "faint" if text.tone == "soft" else text.tone)
