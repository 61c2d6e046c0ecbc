"""Makes the running servers match the configuration, and restarts those that must.

In: config.json as it changes, keys, switches, pause and resume. Out: calls of the supervisor, and
`prepare`, which the supervisor calls before each start.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from app.config.config_file import ConfigFile
from app.config.config_model import Config, ServerEntry
from app.errors import AppError, ServerError
from app.keys.service import Keys
from app.supervision import launch_plan
from app.supervision.launch_command import Launch
from app.supervision.supervisor import Supervisor
from app.system import version
from app.system.background_tasks import BackgroundTasks, log_failure
from app.system.listeners import Listeners
from app.views import ANSWERING, ServerState, Trouble
from servers.contract import messages

log = logging.getLogger(__name__)

_SETTLES_WITHIN_S = 25.0
_NOT_WHOLE = Trouble(
    "updating",
    "Lou's files are not all there: an update is under way, or Lou was removed.",
    "The server starts by itself when they are.",
)


class Reconciler:
    """Decides which servers and tools run, with which configuration."""

    def __init__(self, settings: ConfigFile, keys: Keys) -> None:
        self.changed: Listeners[str] = Listeners()
        """A server was added, removed or switched."""
        self.paused = False
        self._settings = settings
        self._keys = keys
        self._supervisor: Supervisor
        self._trials: dict[str, ServerEntry] = {}
        """Entries of servers that are only tried, by name; they are not in config.json."""
        self._applied = Config()
        self._edited_by_hand = True
        """A change of the file did not come from this object, so it must still be applied."""
        self._keys_given: dict[str, dict[str, str]] = {}
        """The keys that each server has: a tool can be switched while the vault is closed."""
        self._background = BackgroundTasks(_log_missed_change)
        self.close = self._background.stop

    def serve(self, supervisor: Supervisor) -> None:
        """Apply the configuration to the servers of `supervisor`, now and at every change."""
        self._supervisor = supervisor
        self._apply(self._settings.config)
        self._settings.changed.subscribe(self._apply)

    async def prepare(self, name: str) -> Launch | Trouble:
        """The launch of the server, or the precondition that is missing."""
        if not version.is_whole():
            return _NOT_WHOLE
        entry = self._trials.get(name) or self._settings.config.servers.get(name)
        if entry is None:
            return Trouble("removed", f"{name} is no longer in config.json.")
        keys = await self._keys.values_for(name, entry)
        if isinstance(keys, Trouble):
            return keys
        self._keys_given[name] = keys
        try:
            return launch_plan.launch(name, entry, self._settings.config.settings, keys)
        except ServerError as refused:
            return Trouble(refused.code, refused.title, refused.hint)

    @contextlib.contextmanager
    def trying(self, name: str, entry: ServerEntry) -> Iterator[None]:
        """Let `prepare` start `entry` under `name` meanwhile.

        Raises:
            ServerError: another one is being tried, or a server has this name.
        """
        if name in self._trials or name in self._settings.config.servers:
            raise ServerError("Another server is being tried.", "Wait until that ended.")
        self._trials[name] = entry
        try:
            yield
        finally:
            del self._trials[name]

    def entry(self, name: str) -> ServerEntry:
        self._supervisor.observed(name)
        entry = self._settings.config.servers.get(name)
        if entry is None:  # it is being stopped
            raise ServerError(f"{name} was removed.", "Add it again.", code="unknown_server")
        return entry

    async def enable(self, name: str, on: bool) -> None:
        """Switch a server; returns when it is on or off, blocked or failed."""
        entry = self.entry(name)
        if entry.disabled == on:
            self._update(name, lambda found: replace(found, disabled=not on))
        self._supervisor.want(name, on)
        await self._supervisor.settled(name, _SETTLES_WITHIN_S)

    async def enable_tool(self, name: str, tool: str, on: bool) -> None:
        """Switch a tool; returns when the server applies it."""

        def switched(found: ServerEntry) -> ServerEntry:
            others = tuple(each for each in found.disabled_tools if each != tool)
            return replace(found, disabled_tools=others if on else (*others, tool))

        self._update(name, switched)
        if name in self._keys_given:
            await self._send_configuration(name, self._keys_given[name])

    async def restart(self, name: str) -> None:
        """Restart it; returns when it is ready, blocked or failed."""
        self.entry(name)
        await self._supervisor.restart(name)
        await self._supervisor.settled(name, _SETTLES_WITHIN_S)

    async def pause(self) -> None:
        """Switch all servers off until `resume`, without a change of config.json."""
        self.paused = True
        await self._switch_all()

    async def resume(self) -> None:
        self.paused = False
        await self._switch_all()

    async def _switch_all(self) -> None:
        servers = self._settings.config.servers
        for name, entry in servers.items():
            self._want(name, entry)
        await asyncio.gather(
            *(self._supervisor.settled(name, _SETTLES_WITHIN_S) for name in servers)
        )

    def _want(self, name: str, entry: ServerEntry) -> None:
        self._supervisor.want(name, not entry.disabled and not self.paused)

    async def configure(self, names: Iterable[str]) -> None:
        """Send their configuration to servers that run; let those start that wait for a key.

        Raises:
            AppError: one of them could not be configured.
        """
        await asyncio.gather(*(self._configure(name) for name in names))

    def wake(self) -> None:
        """Let blocked servers try again, because the vault opened or an update ended."""
        for each in self._supervisor.all():
            if each.state is ServerState.BLOCKED:
                self._supervisor.wake(each.name)

    async def _configure(self, name: str) -> None:
        observed = self._supervisor.observed(name)
        if observed.state is ServerState.STARTING:  # its first configuration is outdated already
            observed = await self._supervisor.settled(name, _SETTLES_WITHIN_S)
        if observed.state not in ANSWERING:
            self._supervisor.wake(name)
            return
        keys = await self._keys.values_for(name, self._settings.config.servers[name])
        if isinstance(keys, Trouble):
            raise ServerError(keys.message, keys.hint, code=keys.code)
        self._keys_given[name] = keys
        await self._send_configuration(name, keys)

    async def _send_configuration(self, name: str, keys: Mapping[str, str]) -> None:
        """Send its configuration to a server; one that refuses it is restarted."""
        if self._supervisor.observed(name).state not in ANSWERING:
            return
        config = self._settings.config
        params = launch_plan.configuration(name, config.servers[name], config.settings, keys)
        try:
            await self._supervisor.configure(name, params)
        except ServerError as refused:
            log.warning("%s is restarted, since it did not follow a change: %s", name, refused)
            await self._supervisor.restart(name)

    def _update(self, name: str, change: Callable[[ServerEntry], ServerEntry]) -> None:
        def changed(config: Config) -> Config:
            entry = config.servers.get(name)
            if entry is None:
                raise ServerError(
                    f"{name} is no longer in config.json.", code=messages.UNKNOWN_SERVER
                )
            return config.with_server(name, change(entry))

        self._edited_by_hand = False
        try:
            self._settings.update(changed)
        finally:
            self._edited_by_hand = True

    def _apply(self, config: Config) -> None:
        before, self._applied = self._applied, config
        for name in before.servers.keys() - config.servers.keys():
            self._background.start(self._remove(name))
            self.changed.notify(name)
        for name, entry in config.servers.items():
            known = before.servers.get(name)
            if known is None:
                self._supervisor.add(name)
                self._want(name, entry)
            elif not _differs(name, before, config):
                continue
            elif self._edited_by_hand:
                self._apply_entry(name, known, entry)
            self.changed.notify(name)

    async def _remove(self, name: str) -> None:
        """Remove a server, unless it was added again before this began."""
        if name not in self._settings.config.servers:
            await self._supervisor.remove(name)

    def _apply_entry(self, name: str, before: ServerEntry, entry: ServerEntry) -> None:
        if entry.disabled != before.disabled:
            self._want(name, entry)
        if launch_plan.needs_restart(name, before, entry) and not entry.disabled:
            self._background.start(self._supervisor.restart(name))
        elif entry == before or replace(entry, disabled=before.disabled) != before:
            self._background.start(self.configure([name]))


def _log_missed_change(error: Exception) -> None:
    if isinstance(error, AppError):
        log.warning("A change of the configuration did not reach a server: %s", error)
    else:
        log_failure(error)


def _differs(name: str, before: Config, after: Config) -> bool:
    return (
        before.servers[name] != after.servers[name]
        or before.settings.of(name) != after.settings.of(name)
        or before.settings.debug != after.settings.debug
        or before.settings.keep_calls != after.settings.keep_calls
    )
