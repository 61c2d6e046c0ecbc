"""Both stores for every test that asks for `store`: SQLite in a folder, Firestore emulated."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from servers.tracker.board import Board
from servers.tracker.scribe import new_id
from servers.tracker.stores.base import Store, StoreError
from servers.tracker.stores.sqlite import SqliteStore
from tests.tracker.scene import make_board

_LAUNCHER = Path(
    "/usr/lib/google-cloud-sdk/platform/cloud-firestore-emulator/cloud_firestore_emulator"
)
_STARTS_WITHIN_S = 60.0


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The address of the official Firestore emulator, in memory only, for this run."""
    launcher = shutil.which("cloud_firestore_emulator") or str(_LAUNCHER)
    if not Path(launcher).exists() or not shutil.which("java"):
        missing = (
            "the Firestore emulator is missing: install the Debian package "
            "google-cloud-cli-firestore-emulator and a Java runtime (`make desktop` does)"
        )
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [launcher, "start", "--host=127.0.0.1", f"--port={port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for_port(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the emulator ended at once"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as line:
            line.sendall(b"GET / HTTP/1.0\r\n\r\n")
            if line.recv(1):
                return
    raise AssertionError("the emulator did not answer in time")


@pytest.fixture(params=["sqlite", "firestore"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def told() -> list[tuple[StoreError, bool]]:
    """What the store told of trouble: what, and whether it ended."""
    return []


@pytest.fixture
async def store(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    told: list[tuple[StoreError, bool]],
) -> AsyncIterator[Store]:
    def tell(trouble: StoreError, *, cleared: bool) -> None:
        told.append((trouble, cleared))

    opened: Store
    if kind == "sqlite":
        opened = SqliteStore(tmp_path, tell=tell)
    else:
        from servers.tracker.stores.firestore import FirestoreStore

        address = request.getfixturevalue("emulator")
        opened = FirestoreStore("", collection=f"t{new_id()}", emulator=address, tell=tell)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def board(store: Store) -> Board:
    return make_board(store)
