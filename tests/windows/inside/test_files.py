"""Files that other programs have open, and files of killed programs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.system import files
from app.system.safe_write import ChangedError, Disk
from servers.contract import greeting, ownership

REPLACEMENTS = 40
READ_TIGHTLY = """
import sys
while True:
    try:
        with open(sys.argv[1], 'rb') as file:
            file.read()
    except OSError:
        pass
"""


@pytest.fixture
def reader(folder: Path) -> Iterator[Path]:
    """A file that another program reads without a pause, as a virus scanner does."""
    path = folder / "read.json"
    path.write_bytes(b"0")
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", READ_TIGHTLY, str(path)])
    yield path
    process.kill()
    process.wait()


def test_no_replacement_fails_while_another_program_reads(reader: Path) -> None:
    for number in range(REPLACEMENTS):
        files.write_atomic(reader, f"{number}".encode())
        assert ownership.read(str(reader)) == f"{number}".encode()
    assert [path.name for path in reader.parent.iterdir()] == [reader.name]


def test_a_port_file_is_replaced_under_bridges_that_read_it(reader: Path) -> None:
    for number in range(1, REPLACEMENTS):
        greeting.write_port(str(reader), greeting.this_port(number, "a1"))
        assert greeting.read_port(str(reader)).port == number


def test_a_change_keeps_what_another_program_writes_in_the_last_moment(folder: Path) -> None:
    path = folder / "client.json"
    path.write_bytes(b"before")

    class Late(Disk):
        """Another program writes between Lou's look and its exchange."""

        def exchange(self, one: Path, other: Path) -> bool:
            if other.read_bytes() == b"before":
                other.write_bytes(b"foreign")
            return super().exchange(one, other)

    with pytest.raises(ChangedError):
        Late().swap(path, b"before", b"after")
    assert path.read_bytes() == b"foreign"
    assert list(folder.iterdir()) == [path]


def test_a_file_that_a_client_holds_open_is_changed_once_it_is_free(folder: Path) -> None:
    path = folder / "client.json"
    path.write_bytes(b"before")
    held = path.open("rb")
    threading.Timer(0.5, held.close).start()
    Disk().swap(path, b"before", b"after")
    assert path.read_bytes() == b"after"


def test_no_left_over_file_ends_the_process_whose_number_it_has(folder: Path) -> None:
    innocent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        left = folder / f".lou-{innocent.pid}-01234567"
        left.touch()
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        gone = folder / f".lou-{dead.pid}-01234567"
        gone.touch()
        disk = Disk()
        disk.sweep(folder)
        assert left.exists()
        assert not gone.exists()
        assert innocent.poll() is None
    finally:
        innocent.communicate(b"\n")


@pytest.mark.parametrize("name", ["config.json", "Ünïcödé (1).json"])
def test_a_file_set_aside_keeps_its_content(folder: Path, name: str) -> None:
    path = folder / name
    path.write_text(json.dumps({"a": 1}))
    aside = files.set_aside(path, "damaged")
    assert not path.exists()
    assert json.loads(aside.read_text()) == {"a": 1}


def test_a_folder_or_a_missing_file_is_told_at_once(folder: Path) -> None:
    disk = Disk()
    assert disk.read(folder / "missing.json") is None
    with pytest.raises(OSError, match=r"."):
        disk.read(folder)
