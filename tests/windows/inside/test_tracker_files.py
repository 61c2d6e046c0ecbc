"""The tracker's file when it is damaged, held by another program, or write-protected."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.tracker.stores.base import StoreError
from servers.tracker.stores.sqlite import backup, disk
from servers.tracker.stores.sqlite.sqlite_file import SqliteFile
from tests.patience import PATIENCE_S, eventually

HOLD = "import sys; file = open(sys.argv[1], 'rb'); print('held', flush=True); input()"


class Told:
    """What the tracker told the app."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    def __call__(self, trouble: StoreError, *, cleared: bool) -> None:
        if not cleared:
            self.codes.append(trouble.code)


async def made(folder: Path) -> Path:
    """A tracker's file with a table of the user, and a backup of it."""
    store = SqliteFile(folder / "tracker.db", Told())
    await store.open()
    await store.write(lambda connection: connection.execute("CREATE TABLE mine (word)"))
    await store.write(lambda connection: connection.execute("INSERT INTO mine VALUES ('kept')"))
    await store.back_up()
    await store.close()
    return store.file


async def opened(file: Path, told: Told) -> SqliteFile:
    store = SqliteFile(file, told)
    await asyncio.wait_for(store.open(), PATIENCE_S)
    return store


async def kept(store: SqliteFile) -> object:
    return await store.read(lambda connection: connection.execute("SELECT word FROM mine").get)


def damage(file: Path) -> bytes:
    content = b"no database at all" * 1000
    file.write_bytes(content)
    return content


@pytest.fixture
def holder() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_a_damaged_file_is_put_aside_and_the_backup_takes_its_place(folder: Path) -> None:
    async def scene() -> None:
        file = await made(folder)
        content = damage(file)
        told = Told()
        store = await opened(file, told)
        assert await kept(store) == "kept"
        assert told.codes == ["damaged", "restored"]
        await store.close()
        (aside,) = folder.glob("tracker-*.damaged.db")
        assert aside.read_bytes() == content

    asyncio.run(scene())


def test_a_damaged_file_that_another_program_holds_is_told_and_mended_later(
    folder: Path, holder: list[subprocess.Popen[bytes]]
) -> None:
    async def scene() -> None:
        file = await made(folder)
        content = damage(file)
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", HOLD, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        holder.append(process)
        assert process.stdout
        process.stdout.readline()
        told = Told()
        store = await opened(file, told)
        assert told.codes[-1] == disk.HELD.code
        with pytest.raises(StoreError, match="another program"):
            await kept(store)
        assert file.read_bytes() == content
        process.communicate(b"\n")
        await eventually(lambda: told.codes[-1] == "restored")
        assert await kept(store) == "kept"
        await store.close()

    asyncio.run(scene())


def test_a_write_protected_file_can_still_be_searched(folder: Path) -> None:
    async def scene() -> None:
        file = await made(folder)
        file.chmod(stat.S_IREAD)
        told = Told()
        store = await opened(file, told)
        assert await kept(store) == "kept"
        file.chmod(stat.S_IREAD | stat.S_IWRITE)  # root, who runs Wine, could write to it anyway
        await store.close()

    asyncio.run(scene())


def test_a_backup_is_made_of_a_file_in_use(folder: Path) -> None:
    async def scene() -> None:
        file = await made(folder)
        store = await opened(file, Told())
        found = await store.back_up("before")
        assert found in backup.backups(file.parent / "backups")
        await store.close()

    asyncio.run(scene())
