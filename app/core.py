"""The composition root: builds and joins everything that is not Qt.

The tray, `lou serve` and the control socket are faces of this one object.
"""

from __future__ import annotations

from typing import Any

from app.facts import Answer, CallRecord, Check, ClientEvent, KeyView, Notice, ServerView, Verdict
from app.logbook import Logbook
from app.metrics import Metrics
from app.observe import Listeners
from app.processes.supervisor import Supervisor
from app.settings_file import SettingsFile
from app.vault import Vault


class Core:
    """Everything Lou does, without a face."""

    def __init__(self, mode: str = "tray") -> None:
        self.mode = mode
        """tray or headless"""
        self.settings: SettingsFile
        self.vault: Vault
        self.logbook: Logbook
        self.metrics: Metrics
        self.supervisor: Supervisor
        self.clients: Any = None
        self.notices: Listeners[Notice] = Listeners()
        self.servers_changed: Listeners[str] = Listeners()
        self.keys_changed: Listeners[str] = Listeners()
        self.calls: Listeners[CallRecord] = Listeners()
        self.connections: Listeners[ClientEvent] = Listeners()
        self.raise_wanted: Listeners[str] = Listeners()
        """A second start asks for the window; the value names a page, or is empty."""
        self.quit_wanted: Listeners[str] = Listeners()
        """Somebody asked Lou to end; the value says who."""
        raise NotImplementedError

    async def start(self) -> None:
        """Bring everything up; returns before the servers are ready.

        Raises:
            AppError: Lou cannot run at all, e.g. its folder is not writable.
        """
        raise NotImplementedError

    async def stop(self, *, quick: bool = False) -> None:
        """Stop the servers and put everything on disk."""
        raise NotImplementedError

    def servers(self) -> tuple[ServerView, ...]:
        """Every server, in the order of config.json."""
        raise NotImplementedError

    def server(self, name: str) -> ServerView:
        """One server.

        Raises:
            ServerError: there is no such server.
        """
        raise NotImplementedError

    async def enable(self, server: str, on: bool, tool: str = "") -> ServerView:
        """Switch a server, or one of its tools; returns when the change is observed."""
        raise NotImplementedError

    async def restart(self, server: str) -> ServerView:
        """Stop it and start it anew; returns when it is ready, blocked or failed."""
        raise NotImplementedError

    async def pause_all(self) -> None:
        """Switch all servers off until `resume_all`, without changing what is configured."""
        raise NotImplementedError

    async def resume_all(self) -> None:
        """Undo `pause_all`."""
        raise NotImplementedError

    async def tools(self, server: str) -> list[dict[str, Any]]:
        """The tools of a server that runs, each with messages.TOOL_FIELDS."""
        raise NotImplementedError

    async def call(
        self, server: str, tool: str, arguments: dict[str, Any], timeout_s: float = 50.0
    ) -> Answer:
        """One tool call; cancel the task to cancel the call."""
        raise NotImplementedError

    def keys(self) -> tuple[KeyView, ...]:
        """The known keys, then those that custom servers refer to."""
        raise NotImplementedError

    async def set_key(self, name: str, value: str) -> None:
        """Keep a key; servers that use it get it without a restart."""
        raise NotImplementedError

    async def unset_key(self, name: str) -> None:
        """Forget a key."""
        raise NotImplementedError

    async def test_key(self, name: str, value: str | None = None) -> Verdict:
        """Ask the key's provider, through the server that uses it."""
        raise NotImplementedError

    async def unlock(self, passphrase: str = "") -> None:
        """Open the vault, with a person there."""
        raise NotImplementedError

    async def use_key_file(self, passphrase: str) -> None:
        """Keep keys in a file that `passphrase` encrypts; moves those that can be read."""
        raise NotImplementedError

    def add_server(self, name: str, entry: dict[str, Any]) -> None:
        """Know a server of the user's own; it starts unless it is disabled."""
        raise NotImplementedError

    async def remove_server(self, name: str) -> None:
        """Stop a server of the user's own and forget it."""
        raise NotImplementedError

    def import_servers(self, text: str) -> tuple[str, ...]:
        """Add the servers of another client's configuration; returns their names."""
        raise NotImplementedError

    async def doctor(self) -> list[Check]:
        """Every check, with its fix."""
        raise NotImplementedError
