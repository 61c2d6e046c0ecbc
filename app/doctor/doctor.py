"""The checks of `lou doctor` on a running app: servers, keys, clients, installation.

In: the services of a running Lou. Out: a `Check` each, with a stable code, a sentence and a fix.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

from app.clients.imports import server_import
from app.config import config_model
from app.doctor import folder_checks, self_tests
from app.doctor.folder_checks import check
from app.errors import AppError
from app.keys.vault import VaultState, not_open
from app.services import Services
from app.system import autostart, paths, version
from app.views import Check, ServerState
from servers.contract import endpoint, messages
from servers.contract.self_test import PartResult

_FINE = (ServerState.READY, ServerState.OFF)
_WIPED = "The guard stopped, because its file is wiped again and again."
_NOT_THERE = "Lou's entries are not in its file."
_INCOMPLETE = "Install Lou again, the way it was installed; a package of it is missing or broken."
_TESTS_WITHIN_S = 50.0


class Doctor:
    """Runs the checks, the most basic first."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def examine(self) -> list[Check]:
        """Run all checks; returns those that passed too."""
        return [
            Check("running", True, f"Lou {version.current()} runs."),
            self._update(),
            *folder_checks.configuration(self._services.settings),
            *folder_checks.checks(),
            await self._vault(),
            self._key_file(),
            *self._servers(commands := list(self._commands())),
            *self._keys(),
            *commands,
            *self._clients(),
            self._login(),
            *self._logs(),
            *await self._parts(),
        ]

    def _update(self) -> Check:
        update = version.update()
        if not version.is_whole():
            said = "Lou's files are not all there: an update is under way, or Lou was removed."
            return Check("update_finished", False, said, "Wait for its end, or install Lou again.")
        return check(
            "update_finished",
            ok=not update,
            fine="The Lou that is installed is the one that runs.",
            wrong=f"Lou {version.current()} runs, and {update} is installed.",
            fix="Restart Lou to finish the update: lou quit, then start it again.",
        )

    async def _parts(self) -> list[Check]:
        """What is loaded late, used once: the app's in children, a server's in the server."""
        with_window = self._services.mode == "tray"
        programs = [name for name in self_tests.PROGRAMS if name != "window" or with_window]
        ready = [
            server.name
            for server in self._services.servers()
            if server.embedded and server.state == ServerState.READY
        ]
        found = await asyncio.gather(
            *(self_tests.results(name) for name in programs), *map(self._server_parts, ready)
        )
        return [_part(part) for parts in found for part in parts]

    async def _server_parts(self, name: str) -> list[PartResult]:
        try:
            answer = await self._services.call(
                name, messages.SELF_TEST, {}, _TESTS_WITHIN_S, own=True
            )
        except AppError as refused:
            return [PartResult(name, f"The self test of {name}", refused.title)]
        if answer.is_error or not isinstance(answer.data, dict):
            return [PartResult(name, f"The self test of {name}", answer.text or "no answer")]
        return [PartResult(**part) for part in answer.data.get("parts", ())]

    async def _vault(self) -> Check:
        state = await self._services.vault.probe()
        reason = not_open(state)
        return check(
            "keyring",
            ok=state is VaultState.OPEN,
            fine="The keyring is open.",
            wrong=reason.title,
            fix=reason.hint,
        )

    def _key_file(self) -> Check:
        file = paths.data_folder("tracker.key")
        return check(
            "tracker_key",
            ok=not file.exists(),
            fine="The tracker's key is not in a plain file.",
            wrong=f"Without a keyring the tracker's key is in {file}, which only you can read.",
            fix="Encrypt your keys: `lou keys store file`.",
        )

    def _servers(self, commands: list[Check]) -> Iterator[Check]:
        """Each server, but for one that failed since its command is not there, as is told."""
        missing = {each.code.removeprefix("command_") for each in commands if not each.ok}
        for server in self._services.servers():
            if server.name in missing and server.state is ServerState.FAILED:
                continue
            trouble = server.trouble
            why = f" {trouble.message}" if trouble else ""
            is_fine = server.state in _FINE and server.wanted == (server.state == ServerState.READY)
            has_failed = server.state is ServerState.FAILED
            state = "has failed" if has_failed else f"is {server.state}"
            yield check(
                f"server_{server.name}",
                ok=is_fine,
                fine=f"{server.title} is {server.state}.",
                wrong=f"{server.title} {state}.{why}",
                fix=(trouble.hint if trouble else "")
                or f"lou logs {server.name}; lou restart {server.name}",
            )

    def _keys(self) -> Iterator[Check]:
        config = self._services.settings.config
        for name, entry in config.servers.items():
            if clear := server_import.left_in_clear(entry):
                yield Check(
                    f"plain_key_{name}",
                    False,
                    f"{name}: {'. '.join(clear)}.",
                    "Keep it in the keyring (lou keys set NAME), then write ${keyring:NAME} "
                    "in its place in `env`, `headers` or `url` of config.json. An argument takes "
                    "no key: give it as a variable, if the server reads one.",
                )

    def _commands(self) -> Iterator[Check]:
        for name, entry in self._services.settings.config.servers.items():
            if entry.url or entry.disabled or config_model.is_embedded(name, entry):
                continue
            found = shutil.which(entry.command, path=entry.env.get("PATH"))
            yield check(
                f"command_{name}",
                ok=found is not None,
                fine=f"{name} starts {found}.",
                wrong=f"{name} cannot start: its command {entry.command} was not found.",
                fix="Install it, or give its full path: edit the server, here or in config.json.",
            )

    def _clients(self) -> Iterator[Check]:
        for view in self._services.clients.views():
            if not view.wanted:
                continue
            is_stopped = view.guard == "stopped"
            yield check(
                f"client_{view.id}",
                ok=view.state == "connected" and not is_stopped,
                fine=f"{view.name} has Lou's entries.",
                wrong=f"{view.name}: {view.reason or (_WIPED if is_stopped else _NOT_THERE)}",
                fix=view.hint or f"lou clients connect {view.id}",
            )

    def _login(self) -> Check:
        wanted = self._services.settings.config.settings.start_at_login
        is_right = autostart.is_current() if wanted else not autostart.is_on()
        return check(
            "start_at_login",
            ok=is_right,
            fine="Lou starts at login." if wanted else "Lou does not start at login, as chosen.",
            wrong="What starts at login is not what the setting says.",
            fix="Switch `Start Lou when I log in` off and on again.",
        )

    def _logs(self) -> Iterator[Check]:
        problem = self._services.logbook.problem
        yield check(
            "logs_stored",
            ok=not problem,
            fine="Log lines are stored.",
            wrong=f"Log lines cannot be stored: {problem}.",
            fix=f"Free some space, and check that {paths.log_folder()} is writable.",
        )
        launch = Path(endpoint.launch_file())
        yield check(
            "start_with_client",
            ok=launch.exists(),
            fine="A client can start Lou.",
            wrong=f"{launch} is missing, so a client cannot start Lou.",
            fix="Start Lou once more; it writes the file.",
        )


def _part(part: PartResult) -> Check:
    return check(
        f"part_{part.code}",
        ok=not part.problem,
        fine=f"{part.title} works.",
        wrong=f"{part.title} does not work: {part.problem}.",
        fix=_INCOMPLETE,
    )
