"""A private desktop session for tests: a D-Bus bus and a real gnome-keyring in a private home.

`with session(home) as desktop:` starts both, unlocked, and points this process's environment at
them. `desktop.lock()`, `unlock()`, `hang()`, `wake()`, `kill()` do to the keyring what life does.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.patience import PATIENCE_S, wait_until

PASSWORD = "correct horse"


@dataclass
class Desktop:
    """A running session. `environment` is what a program needs to be part of it."""

    home: Path
    environment: dict[str, str]
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def lock(self) -> None:
        """Lock the login collection, as a desktop does when it is told to."""
        with self.collection() as collection:
            collection.lock()
            wait_until(collection.is_locked)

    def unlock(self) -> None:
        """Open it again, as a login does."""
        with self.collection() as collection:
            _unlock(collection)
            wait_until(lambda: not collection.is_locked(), what="the collection is open")

    def hang(self) -> None:
        """Stop the daemon where it is; it answers nothing."""
        for daemon in self.daemons():
            daemon.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let it go on."""
        for daemon in self.daemons():
            daemon.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill the daemon; the bus starts a new, locked one when somebody asks."""
        for daemon in self.daemons():
            with contextlib.suppress(psutil.NoSuchProcess):
                daemon.kill()
        wait_until(lambda: not self.daemons(), what="the daemons are gone")

    def daemons(self) -> list[psutil.Process]:
        """The keyring daemons of this session."""
        return [
            process
            for process in psutil.process_iter(["name", "status"])
            if process.info["name"].startswith("gnome-keyring-d")
            and process.info["status"] != psutil.STATUS_ZOMBIE
            and _home_of(process) == str(self.home)
        ]

    @contextlib.contextmanager
    def collection(self) -> Iterator[Any]:
        """The default collection, spoken to without Lou."""
        import secretstorage

        connection = secretstorage.dbus_init()
        try:
            yield secretstorage.get_default_collection(connection)
        finally:
            connection.close()

    def keyring_files(self) -> list[Path]:
        """Where the daemon keeps what it was given."""
        return [path for path in (self.home / ".local/share/keyrings").rglob("*") if path.is_file()]

    def start(self) -> None:
        runtime = Path(self.environment["XDG_RUNTIME_DIR"])
        runtime.mkdir(mode=0o700, exist_ok=True)
        address = f"unix:path={runtime}/bus"
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = address
        bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={address}"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(bus)
        wait_until((runtime / "bus").exists, what="the bus is there")
        subprocess.run(
            ["gnome-keyring-daemon", "--unlock", "--components=secrets"],
            input=PASSWORD.encode(),
            env=self.environment,
            check=True,
            timeout=PATIENCE_S,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.environ.update(self.environment)
        with self.collection() as collection:
            wait_until(lambda: not collection.is_locked(), what="the collection is open")

    def stop(self) -> None:
        self.wake()
        self.kill()
        for process in self._processes:
            process.kill()
            process.wait(PATIENCE_S)


@contextlib.contextmanager
def session(home: Path) -> Iterator[Desktop]:
    """A session whose home is `home`; the environment of this process is restored afterwards.

    A missing program is a failure, never a skip: the promises are about the real one.
    """
    for program in ("dbus-daemon", "gnome-keyring-daemon"):
        assert shutil.which(program), f"{program} is not installed; run `make desktop`"
    before = dict(os.environ)
    environment = {**before, "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "runtime")}
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "GNOME_KEYRING_CONTROL", "XDG_DATA_HOME"):
        environment.pop(name, None)
    desktop = Desktop(home, environment)
    try:
        desktop.start()
        yield desktop
    finally:
        desktop.stop()
        os.environ.clear()
        os.environ.update(before)


def _unlock(collection: Any) -> None:
    """What the login manager calls: opens a collection by its password, with no prompt."""
    from jeepney import DBusAddress, new_method_call

    service = DBusAddress("/org/freedesktop/secrets", "org.freedesktop.secrets", _SECRETS)
    plain = new_method_call(service, "OpenSession", "sv", ("plain", ("s", "")))
    _, session_path = collection.connection.send_and_get_reply(plain).body
    guilty = DBusAddress("/org/freedesktop/secrets", "org.freedesktop.secrets", _GUILTY)
    secret = (session_path, b"", PASSWORD.encode(), "text/plain")
    arguments = (collection.collection_path, secret)
    call = new_method_call(guilty, "UnlockWithMasterPassword", "o(oayays)", arguments)
    reply = collection.connection.send_and_get_reply(call)
    assert not reply.header.fields.get(4), f"the keyring refused the password: {reply.body}"


_SECRETS = "org.freedesktop.Secret.Service"
_GUILTY = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"


def _home_of(process: psutil.Process) -> str:
    try:
        return process.environ().get("HOME", "")
    except psutil.Error:
        return ""
