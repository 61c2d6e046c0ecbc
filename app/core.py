"""The composition root: builds and joins everything that is not Qt.

The tray, `lou serve` and the control socket are faces of this one object.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.clients import request_handlers
from app.clients.imports import server_import
from app.config import custom_servers
from app.config.config_file import ConfigFile
from app.control.listener import ControlSocket
from app.doctor.doctor import Doctor
from app.errors import ServerError
from app.event_handlers import EventHandlers
from app.keys.service import Keys
from app.keys.store import KeyStore
from app.keys.tracker_key_file import TrackerKeyFile
from app.keys.vault import Vault, VaultState, check_name
from app.logs.logbook import Logbook
from app.logs.logging_handler import LoggingHandler
from app.metrics.collector import Metrics
from app.supervision import server_views, tool_calls
from app.supervision.reconciler import Reconciler
from app.supervision.supervisor import ServerState, Supervisor
from app.system import files, paths, version
from app.system.listeners import Listeners
from app.views import Answer, CallRecord, Check, ClientEvent, KeyView, Notice, ServerView
from app.views import KeyTestResult as KeyVerdict
from app.wiring import Wiring
from servers.contract import messages
from servers.contract.redaction import Redactor

log = logging.getLogger(__name__)

_CHECKS_KEY_WITHIN_S = 20.0
_MB = 1_000_000


class Core:
    """Everything Lou does, without a face. Built cheaply; `start` does the work."""

    def __init__(self, mode: str = "tray") -> None:
        self.mode = mode
        """tray or headless"""
        self.started_at, self.is_ending = time.time(), False
        self.settings = ConfigFile(paths.config_file())
        self.settings.load()
        chosen = self.settings.config.settings
        self.redactor = Redactor()
        self.logbook = Logbook(
            paths.log_folder(), self.redactor, total_bytes=chosen.log_total_mb * _MB
        )
        self.metrics = Metrics(paths.data_folder("metrics.sqlite"), days=chosen.metrics_days)
        self.key_store = KeyStore(chosen.key_store)
        self._keys = Keys(
            self.key_store,
            lambda: self.settings.config,
            self.redactor,
            TrackerKeyFile(paths.data_folder("tracker.key")),
        )
        self._keys.learn_plain(self.settings.config)
        self.settings.changed.subscribe(self._keys.learn_plain)
        self._switches = Reconciler(self.settings, self._keys)
        self.supervisor = Supervisor(
            self._switches.prepare, run_folder=paths.run_folder(), redact=self.redactor
        )
        self._intake = EventHandlers(self.logbook, self.metrics)
        self._journal = LoggingHandler(self.logbook)
        self.control = ControlSocket(self)
        self.clients = request_handlers.clients_of(
            lambda: self.settings.config, lambda: self.settings.is_known
        )
        self.notices: Listeners[Notice] = self._intake.notices
        self.calls: Listeners[CallRecord] = self._intake.calls
        self.connections: Listeners[ClientEvent] = self._intake.connections
        self.servers_changed: Listeners[str] = Listeners()
        self.lasting_changed: Listeners[str] = Listeners()
        """`lasting` has other notices."""
        self.keys_changed: Listeners[str] = self.key_store.changed
        self.vault_changed: Listeners[VaultState] = self.key_store.state_changed
        self.raise_wanted: Listeners[str] = Listeners()
        """A second start asks for the window; the value names a page, or is empty."""
        self.quit_wanted: Listeners[str] = Listeners()
        """Somebody asked Lou to end; the value says who."""
        self._reactions = Wiring(self, self._switches, self._intake, self._keys)

    @property
    def vault(self) -> Vault:
        """The store of keys in use."""
        return self.key_store.vault

    @property
    def is_paused(self) -> bool:
        """Whether `pause_all` holds."""
        return self._switches.paused

    async def start(self) -> None:
        """Bring everything up; returns before the servers are ready.

        Raises:
            AppError: Lou cannot run at all.
        """
        self._journal.open()
        files.sweep(paths.config_file().parent)
        files.sweep(paths.data_folder())
        self._reactions.join()
        await self.control.start()
        await self.metrics.start()
        self._switches.serve(self.supervisor)
        self._reactions.begin()
        log.info("Lou runs (%s)", self.mode)

    async def stop(self, *, quick: bool = False) -> None:
        """Stop the servers and put everything on disk."""
        self.is_ending = True
        await self._reactions.end()
        await self.clients.stop()
        await self._switches.close()
        await self.supervisor.stop(quick=quick)
        await self.control.stop()
        await self.metrics.stop()
        await self.vault.close()
        log.info("Lou ends")
        self._journal.shut()
        self.logbook.close()

    def lasting(self) -> tuple[Notice, ...]:
        """What a person should know for as long as it is so: a broken config.json, an update."""
        return self._reactions.lasting()

    def servers(self) -> tuple[ServerView, ...]:
        """Every server, in the order of config.json."""
        known = {each.name for each in self.supervisor.all()}
        return tuple(self.server(name) for name in self.settings.config.servers if name in known)

    def server(self, name: str) -> ServerView:
        """One server.

        Raises:
            ServerError: there is no such server.
        """
        observed = self.supervisor.observed(name)
        entry = self._switches.entry(name)
        return server_views.view(observed, entry, self.metrics, self._intake.sessions(name))

    async def enable(self, server: str, on: bool, tool: str = "") -> ServerView:
        """Switch a server, or one of its tools; returns when the change is observed.

        Raises:
            ServerError: there is no such server or tool.
            SettingsError: the switch could not be saved.
        """
        if tool:
            tool_calls.require(await self.tools(server), server, tool)
            await self._switches.enable_tool(server, tool, on)
        else:
            await self._switches.enable(server, on)
        return self.server(server)

    async def restart(self, server: str) -> ServerView:
        """Stop it and start it anew; returns when it is ready, blocked or failed."""
        self.settings.refresh()
        await self._switches.restart(server)
        return self.server(server)

    async def pause_all(self) -> None:
        """Switch all servers off until `resume_all`, without changing what is configured."""
        await self._switches.pause()

    async def resume_all(self) -> None:
        """Undo `pause_all`."""
        await self._switches.resume()

    async def tools(self, server: str) -> list[dict[str, Any]]:
        """The tools of a server, each with messages.TOOL_FIELDS."""
        disabled = self._switches.entry(server).disabled_tools
        return await tool_calls.listed(self.supervisor, server, disabled)

    def remembered_tools(self, server: str) -> list[dict[str, Any]]:
        """The same at once, as the server had them when it was last ready."""
        disabled = self._switches.entry(server).disabled_tools
        return tool_calls.remembered(server, disabled)

    async def call(
        self, server: str, tool: str, arguments: dict[str, Any], timeout_s: float = 50.0
    ) -> Answer:
        """One tool call; cancel the task to cancel the call.

        Raises:
            ServerError: no such server or tool, bad arguments, not running, or no answer.
        """
        return await tool_calls.call(self.supervisor, server, tool, arguments, timeout_s=timeout_s)

    def keys(self) -> tuple[KeyView, ...]:
        """The known keys, then those that custom servers refer to."""
        return self._keys.views()

    async def set_key(self, name: str, value: str) -> tuple[str, ...]:
        """Keep a key; servers that use it get it without a restart. Returns what was mended in it.

        Raises:
            VaultError: it is no such key, or was not kept.
        """
        check_name(name)
        found = await self._keys.understood(name, value)
        await self._keys.set(name, found.value)
        await self._reactions.key_changed(name)
        return found.mended

    async def unset_key(self, name: str) -> None:
        """Forget a key, unless the vault is closed."""
        await self._keys.unset(name)
        await self._reactions.key_changed(name)

    async def rotate_key(self, name: str) -> None:
        """Put a new value in front of a key that Lou makes; the old ones still open old data."""
        await self._keys.rotate(name)
        await self._reactions.key_changed(name)

    async def export_key(self, name: str, path: Path) -> None:
        """Write a key that Lou makes to a new file, as a recovery key."""
        await self._keys.export(name, path)

    async def test_key(self, name: str, value: str | None = None) -> KeyVerdict:
        """Ask the key's provider, through the server that uses it.

        Raises:
            ServerError: no server that uses the key runs.
            VaultError: `value` is no such key, so nobody was asked.
        """
        users = self._keys.users(name)
        running = [each for each in users if self.server(each).state == ServerState.READY]
        if not running:
            raise ServerError(
                f"{name} can only be tested while {' or '.join(users) or 'a server'} runs.",
                f"Switch it on: lou enable {users[0]}" if users else "No server uses this key.",
                code=messages.NOT_READY,
            )
        params = {"name": name}
        if value is not None:
            params["value"] = (await self._keys.understood(name, value)).value
        answer = await self.supervisor.request(
            running[0], messages.CHECK_KEY, params, _CHECKS_KEY_WITHIN_S
        )
        return KeyVerdict(str(answer.get("verdict")), str(answer.get("message", "")))

    async def unlock(self, passphrase: str = "") -> None:
        """Open the vault, with a person there.

        Raises:
            VaultError: it stayed closed.
        """
        await self.vault.unlock(passphrase)
        self._reactions.vault_seen(self.vault.state())

    async def use_key_store(self, kind: str, passphrase: str = "") -> None:
        """Keep keys in the keyring (`system`) or in a sealed file (`file`), and move them there.

        Raises:
            VaultError: they cannot be moved.
            SettingsError: where they are could not be saved.
        """
        self.settings.require_writable()
        await self.key_store.use(kind, passphrase)
        self.settings.update(lambda config: config.with_settings(key_store=kind))
        self._reactions.vault_seen(self.vault.state())

    def add_server(self, name: str, entry: dict[str, Any]) -> None:
        """Know a server of the user's own; it starts unless it is disabled.

        Raises:
            SettingsError: the entry or the name cannot be used.
        """
        self.settings.update(lambda config: custom_servers.added(config, name, entry))

    async def remove_server(self, name: str) -> None:
        """Stop a server of the user's own and forget it.

        Raises:
            SettingsError: it comes with Lou.
        """
        self.supervisor.observed(name)
        self.settings.update(lambda config: custom_servers.removed(config, name))

    def plan_import(
        self, text: str, variables: Mapping[str, str] | None = None
    ) -> server_import.ServerImport:
        """What `import_servers` would add; nothing is kept.

        Raises:
            SettingsError: the text is no configuration of a client.
        """
        known = os.environ if variables is None else variables
        return server_import.plan(self.settings.config, text, self.vault.names(), known)

    async def import_servers(
        self, text: str, variables: Mapping[str, str] | None = None
    ) -> server_import.ServerImport:
        """Add the servers of another client's configuration; secrets in it go into the vault.

        `variables` are those that its placeholders may mean; by default those of this process.

        Raises:
            AppError: nothing was added.
        """
        self.settings.require_writable()
        planned = self.plan_import(text, variables)
        await self._keys.keep(planned.secrets)
        if planned.entries:
            self.settings.update(planned.joined)
        return planned

    async def doctor(self) -> list[Check]:
        """Every check, with its fix."""
        return await Doctor(self).examine()

    def status(self) -> dict[str, Any]:
        """What `lou status` shows; `notices` only while there are any."""
        app = {
            "pid": os.getpid(),
            "version": version.current(),
            "mode": self.mode,
            "uptime_s": round(time.time() - self.started_at, 1),
        }
        found: dict[str, Any] = {
            "app": app,
            "servers": [each.as_status() for each in self.servers()],
        }
        if notices := self.lasting():
            found["notices"] = [
                {"code": each.code, "message": each.title, "hint": each.text} for each in notices
            ]
        return found
