"""The composition root: the services of Lou, the control socket, the doctor and the subscriptions.

The tray and `lou serve` make one `Core`, start it and stop it; nothing below imports it.
"""

from __future__ import annotations

import asyncio
import logging

from app.control import handlers
from app.control.listener import ControlSocket
from app.logs.logging_handler import LoggingHandler
from app.services import Services
from app.system import autostart, crash_trace, files, launch_file, paths
from app.views import Check, Notice
from app.wiring import Wiring

log = logging.getLogger(__name__)


class Core(Services):
    """Everything Lou does, without a face. Built cheaply; `start` does the work."""

    def __init__(self, mode: str = "tray") -> None:
        super().__init__(mode)
        self.control = ControlSocket(self, handlers.methods(self, self.doctor))
        self._logging_handler = LoggingHandler(self.logbook)
        self.last_crash: Notice | None = None
        """Set after a start whose last run ended by a native fault."""
        self._wiring = Wiring(self, self.control, self.heartbeat)

    async def start(self) -> None:
        """Returns before the servers are ready; raises AppError if Lou cannot run at all."""
        self._logging_handler.open()
        files.sweep(paths.config_file().parent)
        files.sweep(paths.data_folder())
        self._wiring.subscribe()
        await self.control.start()
        await self.metrics.start()
        await self.call_log.start()
        self.reconciler.serve(self.supervisor)
        self._wiring.start()
        self._report_crash()
        log.info("Lou runs (%s)", self.mode)

    def _report_crash(self) -> None:
        trace = crash_trace.take()
        if trace:
            log.error("Lou ended by a fault the last time. It was here:\n%s", trace)
            self.last_crash = Notice(
                "crashed",
                "Lou ended by a fault the last time.",
                "Its log says where. Nothing that was saved is lost.",
                action="logs",
            )
            self.notices.notify(self.last_crash)

    async def stop(self, *, quick: bool = False) -> None:
        """Stop the servers and put everything on disk; `quick` is for a logout."""
        self.is_ending = True
        await self._wiring.stop()
        await self.background.stop()
        await self.clients.stop()
        await self.reconciler.close()
        await self.supervisor.stop(quick=quick)
        await self.control.stop()
        await self.call_log.stop()
        await self.metrics.stop()
        await self.vault.close()
        log.info("Lou ends")
        self._logging_handler.close_hooks()
        self.logbook.close()

    async def doctor(self) -> list[Check]:
        """Run every check; one that failed names its fix."""
        from app.doctor.doctor import Doctor  # noqa: PLC0415 - only while it examines

        return await Doctor(self).examine()

    async def mend(self, what: str) -> None:
        """Rewrite what starts Lou, at `login` or for a client (`launch`); raises SettingsError."""
        chosen = self.settings.config.settings
        if what == "login":
            await asyncio.to_thread(autostart.apply, chosen.start_at_login)
        else:
            await asyncio.to_thread(launch_file.save, self.mode, chosen.start_with_client)
