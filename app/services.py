"""The parts of Lou and the verbs that its faces use; no socket, no doctor, no subscriptions.

In: what a face asks for (the window, the command line, a client). Out: frozen values of
`app.views`, and announcements through `Listeners`. `app.core.Core` adds what runs by itself.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.calls.call_log import CallLog
from app.clients import request_handlers
from app.config import config_model, custom_servers
from app.config.config_file import ConfigFile
from app.errors import ServerError
from app.event_handlers import EventHandlers, config_notice, parts_notice, update_notice
from app.keys import sealing_key
from app.keys.service import Keys
from app.keys.store import KeyStore
from app.keys.vault import Vault, VaultState, check_name
from app.logs.logbook import Logbook
from app.metrics.collector import Metrics
from app.supervision import tool_calls, trial
from app.supervision.reconciler import Reconciler
from app.supervision.supervisor import Supervisor
from app.system import paths, version
from app.system.background_tasks import BackgroundTasks
from app.system.heartbeat import Heartbeat
from app.system.listeners import Listeners
from app.views import (
    Answer,
    CallRecord,
    ClientEvent,
    KeyTestResult,
    KeyView,
    Notice,
    ServerState,
    ServerView,
)
from servers.contract import manifest, messages
from servers.contract.redaction import Redactor

if TYPE_CHECKING:
    from app.clients.imports.server_import import ServerImport

MB = 1_000_000

_CHECKS_KEY_WITHIN_S = 20.0


class Services:
    """Every part that is not Qt, and every verb. Built cheaply; nothing runs yet.

    Raises:
        ServerError: a verb names a server that is not there.
        SettingsError: a server or its entry cannot be used so, or the change was not saved.
        VaultError: the vault is closed, or a value is no such key; nothing was stored.
    """

    def __init__(self, mode: str = "tray") -> None:
        self.mode = mode
        """tray or headless"""
        self.started_at, self.is_ending = time.time(), False
        self.heartbeat = Heartbeat()
        self.settings = ConfigFile.of_home()
        chosen = self.settings.config.settings
        self.redactor = Redactor()
        log_bytes = chosen.log_total_mb * MB
        self.logbook = Logbook(paths.log_folder(), self.redactor, total_bytes=log_bytes)
        self.metrics = Metrics(paths.data_folder("metrics.sqlite"), days=chosen.metrics_days)
        self.call_log = CallLog(paths.data_folder("calls.sqlite"), self.redactor, chosen)
        self.key_store = KeyStore(chosen.key_store)
        self.key_service = Keys(
            self.key_store,
            lambda: self.settings.config,
            self.redactor,
            sealing_key.TrackerKeyFile(paths.data_folder("tracker.key")),
        )
        self.key_service.learn_plain(self.settings.config)
        self.settings.changed.subscribe(self.key_service.learn_plain)
        self.reconciler = Reconciler(self.settings, self.key_service)
        self.supervisor = Supervisor(
            self.reconciler.prepare, run_folder=paths.run_folder(), redact=self.redactor
        )
        self.event_handlers = EventHandlers(self.logbook, self.metrics, self.redactor)
        self.clients = request_handlers.clients_of(
            lambda: self.settings.config, lambda: self.settings.is_known
        )
        self.background = BackgroundTasks()
        self.installed_update = ""
        """The version that was installed while this Lou runs."""
        self.notices: Listeners[Notice] = self.event_handlers.notices
        self.calls: Listeners[CallRecord] = self.event_handlers.calls
        self.connections: Listeners[ClientEvent] = self.event_handlers.connections
        self.servers_changed: Listeners[str] = Listeners()
        self.lasting_changed: Listeners[str] = Listeners()
        """`lasting` has other notices."""
        self.keys_changed: Listeners[str] = self.key_store.changed
        self.vault_changed: Listeners[VaultState] = self.key_store.state_changed
        self.raise_wanted: Listeners[str] = Listeners()
        """A second start asks for the window; the value names a page, or is empty."""
        self.quit_wanted: Listeners[str] = Listeners()
        """Somebody asked Lou to end; the value says who."""

    @property
    def vault(self) -> Vault:
        """The store of keys in use."""
        return self.key_store.vault

    @property
    def is_paused(self) -> bool:
        return self.reconciler.paused

    def lasting(self) -> tuple[Notice, ...]:
        """Notices that stay for as long as their cause does, the most severe first."""
        notices: list[Notice] = []
        if self.settings.trouble:
            notices.append(config_notice(self.settings.trouble))
        elif self.settings.problems:
            notices.append(parts_notice(self.settings.problems))
        if self.installed_update:
            notices.append(update_notice(self.installed_update))
        return tuple(notices)

    def servers(self) -> tuple[ServerView, ...]:
        """Every server, in the order of config.json."""
        known = {each.name for each in self.supervisor.all()}
        return tuple(self.server(name) for name in self.settings.config.servers if name in known)

    def server(self, name: str) -> ServerView:
        status = self.supervisor.observed(name)
        entry = self.reconciler.entry(name)
        known = manifest.embedded(name) if config_model.is_embedded(name, entry) else None
        calls, errors = self.metrics.today(name)
        command = tuple(config_model.masked_words(entry))
        return ServerView(
            **status.by_name(),
            title=known.title if known else name,
            purpose=known.purpose if known else " ".join(command),
            embedded=known is not None,
            command=command,
            disabled_tools=entry.disabled_tools,
            calls_today=calls,
            errors_today=errors,
            is_paused=self.is_paused and not entry.disabled,
            connected=self.event_handlers.sessions(name),
        )

    async def enable(self, server: str, on: bool, tool: str = "") -> ServerView:
        """Switch a server, or one of its tools; returns when the change is observed."""
        if tool:
            tool_calls.require(await self.tools(server), server, tool)
            await self.reconciler.enable_tool(server, tool, on)
        else:
            await self.reconciler.enable(server, on)
        return self.server(server)

    async def restart(self, server: str) -> ServerView:
        """Restart a server; returns when it is ready, blocked or failed."""
        self.settings.refresh()
        await self.reconciler.restart(server)
        return self.server(server)

    async def pause_all(self) -> None:
        """Switch all servers off until `resume_all`, without changing what is configured."""
        await self.reconciler.pause()

    async def resume_all(self) -> None:
        await self.reconciler.resume()

    async def tools(self, server: str) -> list[dict[str, Any]]:
        """The tools of a server, each with messages.TOOL_FIELDS; asks the server if it runs."""
        disabled = self.reconciler.entry(server).disabled_tools
        listed = tool_calls.listed(self.supervisor, server, disabled)
        return tool_calls.masked(await listed, self.redactor)

    def remembered_tools(self, server: str) -> list[dict[str, Any]]:
        """The tools that the server had when it was last ready, without asking it."""
        disabled = self.reconciler.entry(server).disabled_tools
        return tool_calls.masked(tool_calls.remembered(server, disabled), self.redactor)

    async def call(
        self,
        server: str,
        tool: str,
        arguments: dict[str, Any],
        timeout_s: float = 50.0,
        *,
        own: bool = False,
    ) -> Answer:
        """Call a tool; cancel the task to cancel the call. `own`: no person asked for it.

        Raises:
            ServerError: no such server or tool, bad arguments, not running, or no answer.
        """
        return await tool_calls.call(
            self.supervisor, server, tool, arguments, timeout_s=timeout_s, own=own
        )

    def keys(self) -> tuple[KeyView, ...]:
        """The known keys, then those that custom servers refer to."""
        return self.key_service.views()

    async def set_key(self, name: str, value: str) -> tuple[str, ...]:
        """Store a key and give it to the servers that use it; returns what was corrected in it."""
        check_name(name)
        found = await self.key_service.understood(name, value)
        await self.key_service.set(name, found.value)
        await self.key_changed(name)
        return found.mended

    async def unset_key(self, name: str) -> None:
        await self.key_service.unset(name)
        await self.key_changed(name)

    async def rotate_key(self, name: str) -> None:
        """Make a new sealing key; the old ones still open old data."""
        await self.key_service.rotate(name)
        await self.key_changed(name)

    async def export_key(self, name: str, path: Path) -> None:
        """Write the sealing keys to a new file, as a recovery key."""
        await self.key_service.export(name, path)

    async def test_key(self, name: str, value: str | None = None) -> KeyTestResult:
        """Test a key, or `value` in its place, through a server that uses it.

        Raises:
            ServerError: no server that uses the key runs.
            VaultError: `value` is no such key, so it was not tested.
        """
        users = self.key_service.users(name)
        running = [each for each in users if self.server(each).state == ServerState.READY]
        if not running:
            raise ServerError(
                f"{name} can only be tested while {' or '.join(users) or 'a server'} runs.",
                f"Switch it on: lou enable {users[0]}" if users else "No server uses this key.",
                code=messages.NOT_READY,
            )
        params = {"name": name}
        if value is not None:
            params["value"] = (await self.key_service.understood(name, value)).value
        answer = await self.supervisor.request(
            running[0], messages.CHECK_KEY, params, _CHECKS_KEY_WITHIN_S
        )
        return KeyTestResult(str(answer.get("verdict")), str(answer.get("message", "")))

    async def key_changed(self, name: str) -> None:
        """Give the new value of a key to the servers that use it."""
        self.event_handlers.key_changed(name)
        await self.reconciler.configure(self.key_service.users(name))

    async def unlock(self, passphrase: str = "") -> None:
        """Open the vault; a keyring may ask the person."""
        await self.vault.unlock(passphrase)
        self.vault_state_changed(self.vault.state())

    async def use_key_store(self, kind: str, passphrase: str = "") -> None:
        """Store keys in the keyring (`system`) or in a sealed file (`file`), and move them there.

        Raises:
            VaultError: they cannot be moved.
            SettingsError: the choice could not be saved.
        """
        self.settings.require_writable()
        await self.key_store.use(kind, passphrase)
        self.settings.update(lambda config: config.with_settings(key_store=kind))
        self.vault_state_changed(self.vault.state())

    def vault_state_changed(self, state: VaultState) -> None:
        """Let the servers start that waited for an open vault."""
        if state is VaultState.OPEN:
            self.reconciler.wake()
            self.background.start(self._gather_sealing_keys())

    async def _gather_sealing_keys(self) -> None:
        """Move the tracker's keys into the vault, which is open now."""
        uses = self.key_service.users(sealing_key.NAME)
        if uses and await self.key_service.gather_sealing_keys():
            await self.key_changed(sealing_key.NAME)

    def add_server(
        self, name: str, entry: dict[str, Any], settings: Mapping[str, Any] | None = None
    ) -> None:
        """Add a server of the user with its own `settings`; it starts unless it is disabled."""
        self.settings.update(
            lambda config: custom_servers.added(config, name, entry).with_own(name, settings or {})
        )

    def edit_server(
        self,
        name: str,
        new_name: str,
        entry: dict[str, Any],
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Replace the entry of a server of the user and change its own `settings`; or rename it."""
        self.settings.update(
            lambda config: custom_servers.edited(config, name, new_name, entry).with_own(
                new_name, settings or {}
            )
        )

    async def try_server(self, name: str, entry: dict[str, Any]) -> list[dict[str, Any]]:
        """The tools of a server that is not saved: it is started once, and stopped.

        Raises:
            AppError: the entry cannot be used, or the server does not start.
        """
        parsed = config_model.parse_entry(name, entry)
        return await trial.tools_of(self.supervisor, self.reconciler, parsed)

    async def remove_server(self, name: str) -> None:
        """Stop a server of the user, not one that comes with Lou, and remove it."""
        self.supervisor.observed(name)
        self.settings.update(lambda config: custom_servers.removed(config, name))

    async def plan_import(
        self, text: str, variables: Mapping[str, str] | None = None
    ) -> ServerImport:
        """What `import_servers` would add; nothing is changed. A thread reads the text."""
        from app.clients.imports import server_import  # noqa: PLC0415 - few start with it

        known = dict(os.environ if variables is None else variables)
        config, names = self.settings.config, self.vault.names()
        return await asyncio.to_thread(server_import.plan, config, text, names, known)

    async def import_servers(
        self, text: str, variables: Mapping[str, str] | None = None
    ) -> ServerImport:
        """Add the servers of the configuration of another client; its secrets go into the vault.

        `variables` fill its placeholders; by default those of this process.

        Raises:
            AppError: nothing was added.
        """
        self.settings.require_writable()
        planned = await self.plan_import(text, variables)
        await self.key_service.keep(planned.secrets)
        if planned.entries:
            self.settings.update(planned.joined)
        return planned

    def status(self) -> dict[str, Any]:
        """What `lou status` shows; `notices` only while there are any."""
        app = {
            "pid": os.getpid(),
            "version": version.current(),
            "mode": self.mode,
            "uptime_s": round(time.time() - self.started_at, 1),
        }
        servers = [each.as_status() for each in self.servers()]
        found: dict[str, Any] = {"app": app, "servers": servers}
        if notices := self.lasting():
            found["notices"] = [
                {"code": each.code, "message": each.title, "hint": each.text} for each in notices
            ]
        return found
