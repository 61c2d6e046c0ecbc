"""What follows a change of a server, a setting, the vault or the installation.

In: announcements of the parts, and regular checks of what nothing announces. Out: calls of other
parts, log lines and notices.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

import psutil

from app.config.config_model import Config
from app.control.listener import ControlSocket
from app.errors import AppError, ServerError, SettingsError
from app.event_handlers import config_notice, news_notice, update_notice
from app.keys.vault import VaultState
from app.services import MB, Services
from app.supervision.lifecycle_log import LifecycleLog
from app.system import autostart, launch_file, paths, update_check, version
from app.system.folder_watch import FolderWatch
from app.system.heartbeat import Heartbeat
from app.views import APP, Notice, ServerState
from servers.contract import endpoint

log = logging.getLogger(__name__)


class Wiring:
    """Subscribes the parts of Lou to each other, and checks regularly what nothing announces."""

    def __init__(self, services: Services, control: ControlSocket, heartbeat: Heartbeat) -> None:
        self._services = services
        self._control = control
        self._heartbeat = heartbeat
        self._folder_watch = FolderWatch(self._heartbeat.look)
        self._settings = services.settings.config.settings
        self._lifecycle_log = LifecycleLog(services.logbook)
        self._process = psutil.Process()
        self._is_whole = True
        self._lasting: tuple[Notice, ...] = ()

    def subscribe(self) -> None:
        """Let every change reach the parts it concerns."""
        services, handlers = self._services, self._services.event_handlers
        services.supervisor.messages.subscribe(handlers.event)
        services.supervisor.stderr.subscribe(handlers.stderr_line)
        services.supervisor.gave_up.subscribe(handlers.gave_up)
        services.supervisor.changed.subscribe(self._server_changed)
        services.reconciler.changed.subscribe(services.servers_changed.notify)
        services.settings.changed.subscribe(self._settings_changed)
        services.settings.troubled.subscribe(self._settings_broken)
        services.vault_changed.subscribe(services.vault_state_changed)
        services.connections.subscribe(self._lifecycle_log.client)
        services.calls.subscribe(self._lifecycle_log.call)
        handlers.details.subscribe(lambda detail: services.call_log.add(*detail))
        services.connections.subscribe(services.clients.saw)
        services.calls.subscribe(services.clients.called)
        services.clients.notices.subscribe(services.notices.notify)
        services.reconciler.changed.subscribe(lambda _: services.clients.servers_changed())

    def start(self) -> None:
        """Bring the files outside up to date, and begin the regular checks."""
        services = self._services
        if services.settings.trouble:
            self._settings_broken(services.settings.trouble)
        self._set_log_level(self._settings.log_level)
        self._try(self._write_first_files)
        services.background.start(services.clients.start())
        every = self._heartbeat.every
        every(2, self._check_settings)
        every(2, self._check_blocked_servers)
        every(2, self._check_installation)
        every(30, self._check_vault)
        every(15, self._check_full_disk)
        every(6, self._measure_load)
        every(8, self._check_sockets)
        every(120, self._check_for_news)
        self._heartbeat.start()
        self._watch_files()

    async def stop(self) -> None:
        """End the regular checks."""
        self._folder_watch.close()
        await self._heartbeat.stop()

    def _server_changed(self, name: str) -> None:
        try:
            now = self._services.supervisor.observed(name)
        except ServerError:  # it was removed meanwhile, and its views with it
            return
        self._lifecycle_log.server(now)
        if now.state is ServerState.BLOCKED:
            self._heartbeat.look()
        if now.pid is None:
            self._services.event_handlers.process_ended(name)
        self._services.servers_changed.notify(name)

    def _settings_changed(self, config: Config) -> None:
        before, self._settings = self._settings, config.settings
        after = config.settings
        self._set_log_level(after.log_level)
        self._services.logbook.resize(after.log_total_mb * MB)
        self._services.metrics.days = after.metrics_days
        self._services.call_log.change(after)
        if after.start_with_client != before.start_with_client:
            self._try(self._write_launch_file)
        if after.start_at_login != before.start_at_login:
            self._try(lambda: autostart.apply(after.start_at_login))

    def _set_log_level(self, level: str) -> None:
        self._services.logbook.keep_from(level)
        logging.getLogger().setLevel(level)

    def _settings_broken(self, trouble: SettingsError | None) -> None:
        if trouble:
            log.error("%s", trouble)
            self._services.notices.notify(config_notice(trouble))
        else:
            log.info("config.json is understood again")
        self._services.lasting_changed.notify(trouble.code if trouble else "")

    def _write_first_files(self) -> None:
        self._write_launch_file()
        if self._services.settings.trouble is None and not paths.config_file().exists():
            self._services.settings.update(lambda config: config)

    def _write_launch_file(self) -> None:
        launch_file.save(self._services.mode, self._settings.start_with_client)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except AppError as refused:
            log.warning("%s", refused)
            notice = Notice(refused.code, refused.title, refused.hint, action="settings")
            self._services.notices.notify(notice)

    async def _check_settings(self) -> None:
        self._services.settings.refresh(at_once=False)
        before, self._lasting = self._lasting, self._services.lasting()
        if self._lasting != before:
            self._services.lasting_changed.notify("")

    async def _check_installation(self) -> None:
        """Announce a finished update, and start the servers that waited for its end."""
        was_whole, self._is_whole = self._is_whole, version.is_whole()
        if not self._is_whole:
            self._heartbeat.look()
        elif not was_whole:
            self._services.reconciler.wake()
        update = version.update()
        if update and update != self._services.installed_update:
            self._services.installed_update = update
            notice = update_notice(update)
            log.warning("%s %s", notice.title, notice.text)
            self._services.notices.notify(notice)
            self._services.lasting_changed.notify(notice.code)

    async def _check_for_news(self) -> None:
        """Ask for a newer version once a day, if the person allowed it."""
        if self._settings.ask_for_updates and update_check.is_due():
            self._services.background.start(self._ask_for_news(self._settings.update_address))

    async def _ask_for_news(self, address: str) -> None:
        try:
            news = await asyncio.to_thread(update_check.ask, address)
        except SettingsError as refused:
            log.warning("%s", refused)
            return
        if news:
            self._services.notices.notify(news_notice(news))

    async def _check_blocked_servers(self) -> None:
        """Probe the vault while a blocked server waits for it."""
        waits = any(
            each.state is ServerState.BLOCKED and each.trouble and "keyring" in each.trouble.code
            for each in self._services.supervisor.all()
        )
        if waits:
            self._heartbeat.look()
            if await self._services.vault.probe() is VaultState.OPEN:
                self._services.reconciler.wake()

    async def _check_full_disk(self) -> None:
        """Do again what a full disk kept from the start of Lou or of a server."""
        troubles = [each.trouble for each in self._services.supervisor.all()]
        if any(trouble and trouble.code == "disk_full" for trouble in troubles):
            with contextlib.suppress(AppError):  # told at the start
                self._write_first_files()
            self._services.reconciler.wake()

    async def _check_vault(self) -> None:
        if self._services.vault.state() is not VaultState.OPEN:
            await self._services.vault.probe()

    async def _check_sockets(self) -> None:
        """Make sockets again that a clean-up of temporary folders removed."""
        services = self._services
        if self._control.is_taken:
            log.error("Another Lou took the place of this one, which ends")
            services.quit_wanted.notify("another Lou")
            return
        if self._control.is_gone:
            log.warning("The folder of Lou's sockets was emptied; they are made again")
            await self._control.start_again()
        for each in services.supervisor.all():
            if each.state is ServerState.READY and each.endpoint and _is_gone(each.endpoint):
                await services.supervisor.restart(each.name)
        self._watch_files()

    def _watch_files(self) -> None:
        """Let the system tell when config.json changes or a socket goes."""
        addresses = [each.endpoint for each in self._services.supervisor.all() if each.endpoint]
        sockets = map(Path, (endpoint.control_socket(), *addresses))
        self._folder_watch.watch((self._services.settings.path, *sockets))

    async def _measure_load(self) -> None:
        metrics = self._services.metrics
        await self._services.supervisor.measure()
        for each in self._services.supervisor.all():
            if each.pid is not None:
                metrics.process(each.name, each.rss_bytes, each.cpu_percent)
        metrics.process(APP, self._process.memory_info().rss, self._process.cpu_percent())


def _is_gone(address: str) -> bool:
    """Whether the socket of a server was deleted."""
    return not Path(address).exists()
