"""`lou uninstall`: ends Lou and takes out what it wrote into other programs' places.

Data and keys stay unless `--purge` says otherwise; the answer says where they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from app import errors
from app.cli import clients, status
from app.cli.output import Output
from app.cli.parser import CommandParser
from app.config.config_file import ConfigFile
from app.control.client import NotRunningError
from app.errors import AppError
from app.keys.store import KeyStore
from app.system import autostart, desktop_entry, installation, paths
from servers.contract import endpoint


def declare(parser: CommandParser) -> None:
    """Whether data and keys go as well."""
    parser.add_switch("--purge", "delete Lou's data, settings, logs and keys as well")
    parser.add_switch("--yes", "do not ask before --purge")
    parser.set_defaults(run=_uninstall)


def _uninstall(args: Namespace, output: Output) -> int:
    if args.purge and not args.yes and not _agrees(output):
        return 1
    refused: list[str] = []
    step = partial(_going_on, output, refused)
    with step(), contextlib.suppress(NotRunningError):
        status.stop()
        output.line("Lou and its servers stopped.")
    is_running = bool(refused)
    with step():
        if clients.disconnect_all(output):
            refused.append("clients")
    with step():
        autostart.apply(False)
    with step():
        for path in desktop_entry.remove() if desktop_entry.is_supported() else ():
            output.line(f"{path} is deleted.")
    with step():  # so no client starts Lou any more
        Path(endpoint.launch_file()).unlink(missing_ok=True)
    if args.purge and not is_running:
        _purge(output, step)
    else:
        for what, where in _kept():
            output.line(f"{what} stay in {where}")
        output.line("Your keys stay in the keyring. Delete all of it: lou uninstall --purge")
    if not is_running:
        _remove_program(output)
    return 1 if refused else 0


@contextlib.contextmanager
def _going_on(output: Output, refused: list[str]) -> Iterator[None]:
    """What fails inside is told, and added to `refused`: the other steps are taken all the same."""
    try:
        yield
    except (AppError, OSError) as failure:
        error = failure if isinstance(failure, AppError) else errors.of_system(failure)
        refused.append(error.title)
        output.complain(str(error), "red")


def _agrees(output: Output) -> bool:
    output.line("This deletes every tracked entry, every setting and every key of Lou for good:")
    for _, where in _kept():
        output.line(f"  {where}")
    if not sys.stdin.isatty():
        output.complain("Say --yes to agree.")
        return False
    output.line("Type yes to delete it:")
    return sys.stdin.readline().strip() == "yes"


def _kept() -> list[tuple[str, Path]]:
    places = (
        ("Settings", paths.config_file().parent),
        ("Tracked entries and figures", paths.data_folder()),
        ("Logs", paths.log_folder()),
        ("Cached pages", paths.cache_folder()),
        ("Notes for the bridge", paths.state_folder()),
    )
    return [(what, where) for what, where in places if where.is_dir()]


def _purge(output: Output, step: Callable[[], AbstractContextManager[None]]) -> None:
    with step():
        asyncio.run(_delete_keys(output))
    for _, where in _kept():
        shutil.rmtree(where, ignore_errors=True)
        with step():
            if where.exists():
                raise AppError(f"{where} could not be deleted whole.")
            output.line(f"{where} is deleted.")


async def _delete_keys(output: Output) -> None:
    vault = KeyStore(ConfigFile.of_home().config.settings.key_store).vault
    try:
        await vault.probe()
        for name in vault.names():
            with contextlib.suppress(AppError):  # a locked file of keys goes with the data
                await vault.unset(name)
        output.line("Lou's keys are deleted.")
    finally:
        await vault.close()


def _remove_program(output: Output) -> None:
    """The archive's own files go here; every other way to install has a command of its own."""
    found = installation.current()
    if found.kind != "archive":
        output.line(f"Now remove the program itself: {found.remove}")
        return
    tree = Path(sys.prefix)
    links = [Path.home() / ".local/bin" / name for name in ("lou", "lou-server", "lou-connect")]
    share = desktop_entry.places()[0].parents[1]
    links += [share / path.relative_to(tree / "share") for path in (tree / "share").rglob("*")]
    for link in links:
        if link.is_symlink() and link.resolve().is_relative_to(tree.resolve()):
            link.unlink()
    shutil.rmtree(tree, ignore_errors=True)
    output.line(f"{tree} is deleted. Lou is gone.")
