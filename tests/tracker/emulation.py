"""The official Firestore emulator, once for all tests of a run."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

_LAUNCHER = Path(
    "/usr/lib/google-cloud-sdk/platform/cloud-firestore-emulator/cloud_firestore_emulator"
)
_STARTS_WITHIN_S = 60.0


@pytest.fixture(scope="session")
async def one_loop() -> AsyncIterator[None]:
    """Keeps one loop for all tests that need the emulator: gRPC clings to the first it meets."""
    yield  # noqa: PT022 - it is the end that matters


@pytest.fixture(scope="session")
def emulator(one_loop: None) -> Iterator[str]:
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
                break
    else:
        raise AssertionError("the emulator did not answer in time")
    # Its first answer takes seconds, since Java loads the code: no test is to wait for it.
    knock = (
        "from google.auth.credentials import AnonymousCredentials as Nobody\n"
        "from google.cloud.firestore import Client\n"
        "found = Client('demo-lou', Nobody()).collection('notes').document('knock')\n"
        f"found.set({{}}, timeout={PATIENCE_S}); found.get(timeout={PATIENCE_S})"
    )
    environment = {**os.environ, "FIRESTORE_EMULATOR_HOST": f"127.0.0.1:{port}"}
    subprocess.run([sys.executable, "-c", knock], env=environment, check=True)
