"""What follows when something changes: a server, a setting, a key, the vault, the load."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import psutil

from app.config.config_file import GONE
from app.config.config_model import Config
from app.doctor import folder_checks
from app.errors import AppError, ServerError, SettingsError
from app.event_handlers import EventHandlers
from app.heartbeat import Heartbeat
from app.keys import sealing_key
from app.keys.service import Keys
from app.keys.vault import VaultState
from app.supervision.lifecycle_log import LifecycleLog
from app.supervision.reconciler import Reconciler
from app.supervision.supervisor import ServerState
from app.system import autostart, launch_file, paths, version
from app.views import APP, Notice

if TYPE_CHECKING:
    from app.core import Core

log = logging.getLogger(__name__)

_MB = 1_000_000


class Wiring:
    """Subscribes the parts of the core to each other, and looks at what nobody tells."""

    def __init__(self, core: Core, switches: Reconciler, intake: EventHandlers, keys: Keys) -> None:
        self._core = core
        self._switches = switches
        self._intake = intake
        self._keys = keys
        self._settings = core.settings.config.settings
        self._chronicle = LifecycleLog(core.logbook)
        self._heartbeat = Heartbeat()
        self._process = psutil.Process()
        self._work: set[asyncio.Task[None]] = set()
        self._update = ""
        """The version that was installed while this Lou runs."""
        self._is_whole = True
        self._told: tuple[Notice, ...] = ()

    def join(self) -> None:
        """Let every change reach those it concerns."""
        core = self._core
        core.supervisor.messages.subscribe(self._intake.event)
        core.supervisor.stderr.subscribe(self._intake.words)
        core.supervisor.gave_up.subscribe(self._intake.gave_up)
        core.supervisor.changed.subscribe(self._server_changed)
        self._switches.changed.subscribe(core.servers_changed.tell)
        core.settings.changed.subscribe(self._settings_changed)
        core.settings.troubled.subscribe(self._settings_broken)
        core.vault_changed.subscribe(self.vault_seen)
        core.connections.subscribe(self._chronicle.client)
        core.calls.subscribe(self._chronicle.call)
        core.connections.subscribe(core.clients.saw)
        core.calls.subscribe(core.clients.called)
        core.clients.notices.subscribe(core.notices.tell)
        self._switches.changed.subscribe(lambda _: core.clients.servers_changed())

    def begin(self) -> None:
        """Bring files outside up to date, and begin to look at what nobody tells."""
        core = self._core
        if core.settings.trouble:
            self._settings_broken(core.settings.trouble)
        self._keep_from(self._settings.log_level)
        self._try(self._write_first_files)
        self._start(core.clients.start())
        self._heartbeat.every(1, self._look_at_settings)
        self._heartbeat.every(1, self._look_at_vault)
        self._heartbeat.every(1, self._look_at_installation)
        self._heartbeat.every(15, self._look_at_closed_vault)
        self._heartbeat.every(3, self._weigh)
        self._heartbeat.every(5, self._look_at_sockets)
        self._heartbeat.start()

    async def end(self) -> None:
        """Look no more."""
        await self._heartbeat.stop()
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    async def key_changed(self, name: str) -> None:
        """Give a new value to the servers that use it."""
        self._intake.key_changed(name)
        await self._switches.configure(self._keys.users(name))

    def lasting(self) -> tuple[Notice, ...]:
        """What a person should know for as long as it is so, the gravest first."""
        settings = self._core.settings
        notices: list[Notice] = []
        if settings.trouble:
            notices.append(_config_notice(settings.trouble))
        elif settings.problems:
            notices.append(_parts_notice(settings.problems))
        if self._update:
            notices.append(_update_notice(self._update))
        return tuple(notices)

    def vault_seen(self, state: VaultState) -> None:
        """An open vault lets those go on that waited for it."""
        if state is VaultState.OPEN:
            self._switches.wake()
            self._start(self._move_key())

    async def _move_key(self) -> None:
        """Every key of the tracker comes together in a vault that is there now."""
        if self._keys.users(sealing_key.NAME) and await self._keys.gather_sealing_keys():
            await self.key_changed(sealing_key.NAME)

    def _server_changed(self, name: str) -> None:
        try:
            now = self._core.supervisor.observed(name)
        except ServerError:  # it was removed meanwhile, and its views with it
            return
        self._chronicle.server(now)
        if now.pid is None:
            self._intake.process_ended(name)
        self._core.servers_changed.tell(name)

    def _settings_changed(self, config: Config) -> None:
        before, self._settings = self._settings, config.settings
        after = config.settings
        self._keep_from(after.log_level)
        self._core.logbook.resize(after.log_total_mb * _MB)
        self._core.metrics.days = after.metrics_days
        if after.start_with_client != before.start_with_client:
            self._try(self._write_launch_file)
        if after.start_at_login != before.start_at_login:
            self._try(lambda: autostart.apply(after.start_at_login))

    def _keep_from(self, level: str) -> None:
        self._core.logbook.keep_from(level)
        logging.getLogger().setLevel(level)

    def _settings_broken(self, trouble: SettingsError | None) -> None:
        if trouble:
            log.error("%s", trouble)
            self._core.notices.tell(_config_notice(trouble))
        else:
            log.info("config.json is understood again")
        self._core.lasting_changed.tell(trouble.code if trouble else "")

    def _write_first_files(self) -> None:
        self._write_launch_file()
        if self._core.settings.trouble is None and not paths.config_file().exists():
            self._core.settings.update(lambda config: config)

    def _write_launch_file(self) -> None:
        launch_file.save(self._core.mode, self._settings.start_with_client)

    def _try(self, work: Any) -> None:
        try:
            work()
        except AppError as refused:
            log.warning("%s", refused)
            notice = Notice(refused.code, refused.title, refused.hint, action="settings")
            self._core.notices.tell(notice)

    async def _look_at_settings(self) -> None:
        self._core.settings.refresh(at_once=False)
        before, self._told = self._told, self.lasting()
        if self._told != before:
            self._core.lasting_changed.tell("")

    async def _look_at_installation(self) -> None:
        """A finished update is told; servers that waited for its end start."""
        was_whole, self._is_whole = self._is_whole, version.is_whole()
        if self._is_whole and not was_whole:
            self._switches.wake()
        update = version.update()
        if update and update != self._update:
            self._update = update
            notice = _update_notice(update)
            log.warning("%s %s", notice.title, notice.text)
            self._core.notices.tell(notice)
            self._core.lasting_changed.tell(notice.code)

    async def _look_at_vault(self) -> None:
        """Only while somebody waits for it."""
        waits = any(
            each.state is ServerState.BLOCKED and each.trouble and "keyring" in each.trouble.code
            for each in self._core.supervisor.all()
        )
        if waits and await self._core.vault.probe() is VaultState.OPEN:
            self._switches.wake()

    async def _look_at_closed_vault(self) -> None:
        if self._core.vault.state() is not VaultState.OPEN:
            await self._core.vault.probe()

    async def _look_at_sockets(self) -> None:
        """What cleans up temporary folders may take away how everybody reaches Lou."""
        core = self._core
        if core.control.is_taken:
            log.error("Another Lou took the place of this one, which ends")
            core.quit_wanted.tell("another Lou")
            return
        if core.control.is_gone:
            log.warning("The folder of Lou's sockets was emptied; they are made anew")
            await core.control.start_again()
        for each in core.supervisor.all():
            if (
                each.state is ServerState.READY
                and each.endpoint
                and folder_checks.is_gone(each.endpoint)
            ):
                await core.supervisor.restart(each.name)

    async def _weigh(self) -> None:
        metrics = self._core.metrics
        for each in self._core.supervisor.all():
            if each.pid is not None:
                metrics.process(each.name, each.rss_bytes, each.cpu_percent)
        metrics.process(APP, self._process.memory_info().rss, self._process.cpu_percent())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        async def logged() -> None:
            try:
                await work
            except AppError as refused:
                log.warning("%s", refused)

        task = asyncio.get_running_loop().create_task(logged())
        self._work.add(task)
        task.add_done_callback(self._work.discard)


def _config_notice(trouble: SettingsError) -> Notice:
    action = "" if trouble.code == GONE else "config"
    return Notice(trouble.code, trouble.title, trouble.hint, "error", action=action)


def _parts_notice(problems: tuple[str, ...]) -> Notice:
    more = f" There are {len(problems) - 1} more: lou doctor." if len(problems) > 1 else ""
    title = "A part of config.json is not understood, and left as it is."
    return Notice("config_parts", title, f"{problems[0]}{more}", action="config")


def _update_notice(update: str) -> Notice:
    return Notice(
        "update_waits",
        "Restart Lou to finish the update.",
        f"Lou {version.current()} runs, and {update} is installed. Your servers go on meanwhile. "
        "Quit Lou and start it again.",
    )
