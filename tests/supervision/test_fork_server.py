"""Lou's own servers as forks: they are what they would be as programs of their own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.supervision.launch_command import Launch, server_argv, server_environment
from app.supervision.states import RestartPolicy
from app.supervision.supervisor import Supervisor
from app.views import ServerState, ServerStatus
from servers.contract import endpoint, ping_timer
from servers.contract.envelope import Event
from tests.patience import PATIENCE_S
from tests.supervision.conftest import arguments, real_launch, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks its servers"),
]
ROOT = Path(__file__).parents[2]
WIRE = str(Path(__file__).parents[1] / "relay" / "wire_upstream.py")
APP = str(Path(__file__).with_name("forking_app.py"))
SECRET = "s3cret-of-the-fork-tests-0123456789"


def relay_launch(name: str, key: str = SECRET) -> Launch:
    upstream = {
        "command": sys.executable,
        "args": [WIRE],
        "env": {"TOKEN": "${keyring:TOKEN}"},
    }
    configure = {"keys": {"TOKEN": key}, "settings": {"upstream": upstream}}
    return Launch(server_argv("relay", name), server_environment(), configure=configure)


class Forks:
    """A supervisor over real servers: `relayN` are relays, others Lou's own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.exits: list[tuple[str, str]] = []
        self.changes: dict[str, Any] = {}
        self.supervisor = Supervisor(
            self.prepare,
            run_folder=Path(endpoint.run_folder()),
            policy=RestartPolicy(delay_unit=0.01, restart_limit=1000, breaker_limit=1000),
        )
        self.supervisor.messages.subscribe(self._note)

    def _note(self, message: tuple[str, Event]) -> None:
        if message[1].event == "bye":
            self.exits.append((message[0], str(message[1].data)))

    async def prepare(self, name: str) -> Launch:
        is_relay = name.startswith("relay")
        made = relay_launch(name) if is_relay else real_launch(name, self.home)
        return replace(made, **self.changes)

    async def ready(self, name: str) -> ServerStatus:
        self.supervisor.add(name)
        self.supervisor.want(name, True)
        status = await self.supervisor.settled(name, PATIENCE_S)
        assert status.state is ServerState.READY, status
        return status

    async def again(self, name: str, *, other_than: int | None) -> ServerStatus:
        """Wait until it is ready as another process than `other_than`; polls nothing."""
        changed = asyncio.Event()
        unsubscribe = self.supervisor.changed.subscribe(lambda _: changed.set())
        async with asyncio.timeout(PATIENCE_S):
            while True:
                changed.clear()
                status = self.supervisor.observed(name)
                if status.state is ServerState.READY and status.pid not in {None, other_than}:
                    unsubscribe()
                    return status
                await changed.wait()


@pytest.fixture
async def forks(home: Path) -> AsyncIterator[Forks]:
    made = Forks(home)
    yield made
    await made.supervisor.stop(quick=True)
    await until(lambda: not fork_servers(), what="a fork server is left")


def fork_servers(root: int | None = None) -> list[psutil.Process]:
    children = psutil.Process(root or os.getpid()).children()
    return [child for child in children if "servers.fork_server" in arguments(child)]


def guard_of(status: ServerStatus) -> psutil.Process:
    assert status.pid is not None
    return psutil.Process(psutil.Process(status.pid).ppid())


async def test_a_fork_is_what_its_own_program_would_be(forks: Forks):
    status = await forks.ready("relay1")
    assert status.pid is not None
    server, guard = psutil.Process(status.pid), guard_of(status)
    (fork_server,) = fork_servers()
    assert guard.ppid() == fork_server.pid
    own = [*server_argv("relay", "relay1")]
    assert arguments(server)[: len(own)] == own
    assert any(word.startswith("--lou-instance=") for word in arguments(server))
    assert arguments(guard)[:3] == ["lou-guard", "relay", "relay1"]
    assert (server.name(), guard.name(), fork_server.name()) == (
        "lou-relay", "lou-guard", "lou-forks",
    )  # fmt: skip
    assert os.getsid(server.pid) == server.pid
    assert os.getsid(guard.pid) == guard.pid
    assert server.cwd() == str(Path(endpoint.run_folder()).resolve())


def descriptors(pid: int) -> set[str]:
    """What it holds and others could hold, too."""
    held = {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}
    return {one for one in held if one.startswith(("pipe:", "socket:"))}


@pytest.mark.skipif(os.geteuid() != 0, reason="protected processes are root's to read")
async def test_forks_share_no_descriptor_and_no_secret(forks: Forks):
    """Each reads its own pipes; the fork server keeps none, and never sees a key."""
    first, second = await forks.ready("relay1"), await forks.ready("relay2")
    (fork_server,) = fork_servers()
    await until(lambda: len(descriptors(fork_server.pid)) == 1)  # only its control socket
    kept = descriptors(fork_server.pid)
    private = [descriptors(status.pid) for status in (first, second)]
    assert not private[0] & private[1]
    assert not private[0] & kept
    assert SECRET.encode() in memory(first.pid)
    for process in (fork_server, guard_of(first), guard_of(second)):
        assert SECRET.encode() not in memory(process.pid)
        assert not psutil.Process(process.pid).environ().get("LOU_INSTANCE")


def memory(pid: int) -> bytes:
    """What a process has written in its memory."""
    found = []
    with Path(f"/proc/{pid}/mem").open("rb", 0) as content:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, mode, *_ = line.split()
            if mode.startswith("rw"):
                begin, end = (int(part, 16) for part in span.split("-"))
                content.seek(begin)
                with contextlib.suppress(OSError):
                    found.append(content.read(end - begin))
    return b"".join(found)


async def test_other_processes_cannot_read_it(forks: Forks):
    status = await forks.ready("relay1")
    assert Path(f"/proc/{status.pid}/environ").stat().st_uid == 0, "not dumpable"
    for fork_server in fork_servers():
        assert Path(f"/proc/{fork_server.pid}/environ").stat().st_uid == 0
        assert len(list(Path(f"/proc/{fork_server.pid}/task").iterdir())) == 1, "has threads"


async def test_a_relay_has_no_sdk_and_a_search_server_no_loop_of_another(forks: Forks):
    relay, search = await forks.ready("relay1"), await forks.ready("search")
    assert guard_of(relay).ppid() != guard_of(search).ppid()
    maps = Path(f"/proc/{relay.pid}/maps").read_text()
    assert "pydantic_core" not in maps
    assert "pydantic_core" in Path(f"/proc/{search.pid}/maps").read_text()


@pytest.mark.parametrize(("name", "times"), [("relay1", 20), ("search", 3)])
async def test_kills_in_a_row(forks: Forks, name: str, times: int):
    status = await forks.ready(name)
    for _ in range(times):
        assert status.pid is not None
        os.kill(status.pid, signal.SIGKILL)
        status = await forks.again(name, other_than=status.pid)
    assert len(fork_servers()) == 1, "the fork server serves on"
    assert status.restarts >= times


async def test_how_it_ended_is_told(forks: Forks):
    """A refused start ends with the exit code of the refusal, and its words."""
    forks.changes = {"configure": {"keys": {}, "settings": {"upstream": {"command": "/no/such"}}}}
    forks.supervisor.add("relay1")
    forks.supervisor.want("relay1", True)
    observed = await forks.supervisor.settled("relay1", PATIENCE_S)
    assert observed.trouble is not None
    assert "/no/such" in observed.trouble.message
    forks.changes = {"argv": server_argv("relay", "Not A Name")}
    forks.supervisor.add("relay2")
    forks.supervisor.want("relay2", True)
    await until(lambda: forks.supervisor.observed("relay2").trouble)
    assert "a NAME has 1 to 32" in str(forks.supervisor.observed("relay2").trouble)


async def test_a_killed_fork_server_hurts_no_server_and_comes_back(forks: Forks, caplog):
    status = await forks.ready("relay1")
    (fork_server,) = fork_servers()
    with caplog.at_level(logging.WARNING):
        fork_server.kill()
        await until(lambda: "that forks servers (relays) ended" in caplog.text)
    assert not fork_servers(), "it is reaped"
    assert psutil.pid_exists(status.pid)
    assert forks.supervisor.observed("relay1").pid == status.pid
    os.kill(status.pid, signal.SIGKILL)
    await forks.again("relay1", other_than=status.pid)
    assert [each.pid for each in fork_servers()] not in ([], [fork_server.pid])


async def test_a_fork_that_hangs_is_noticed_and_watched_again_once_it_goes_on(forks: Forks):
    status = await forks.ready("relay1")
    server = psutil.Process(status.pid)
    server.suspend()
    await until(lambda: forks.supervisor.observed("relay1").state is ServerState.UNHEALTHY)
    server.resume()
    await until(lambda: forks.supervisor.observed("relay1").state is ServerState.READY)
    server.suspend()
    await forks.again("relay1", other_than=status.pid)
    assert not psutil.pid_exists(status.pid)


def test_a_loop_puts_off_pings_until_it_hangs(monkeypatch):
    monkeypatch.setattr(ping_timer, "BEAT_S", 0.02)
    monkeypatch.setattr(ping_timer, "_SLACK_S", PATIENCE_S / 60)
    timer = ping_timer.make()
    ping_timer.hand_over(timer)

    async def turn() -> None:
        ping_timer.wind(timer, 0)
        await until(lambda: is_due(0))
        ping_timer.put_off()
        for _ in range(5):
            await asyncio.sleep(0.02)
            assert not is_due(0)

    def is_due(seconds: float) -> bool:
        return bool(select.select([timer], [], [], seconds)[0])

    asyncio.run(turn())
    assert is_due(PATIENCE_S), "nothing turns the loop any more"
    os.close(timer)


async def test_after_an_update_the_next_start_has_the_new_code(
    forks: Forks, caplog, monkeypatch, tmp_path
):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    status = await forks.ready("relay1")
    (fork_server,) = fork_servers()
    times = folder.stat()
    (folder / "lou-2.dist-info").mkdir()
    os.utime(folder, ns=(times.st_atime_ns, times.st_mtime_ns))  # as dpkg and tar leave it
    with caplog.at_level(logging.WARNING):
        os.kill(status.pid, signal.SIGKILL)
        status = await forks.again("relay1", other_than=status.pid)
    assert guard_of(status).ppid() not in {fork_server.pid, os.getpid()}
    assert not psutil.pid_exists(fork_server.pid), "and it is reaped"
    assert not caplog.text


async def test_a_stopped_fork_server_does_not_hold_the_start(forks: Forks, caplog, monkeypatch):
    await forks.ready("relay1")
    monkeypatch.setattr("app.supervision.fork_client._FORKED_WITHIN_S", 0.5)
    (fork_server,) = fork_servers()
    fork_server.suspend()
    with caplog.at_level(logging.WARNING):
        status = await forks.ready("relay2")
    assert "could not be forked: its fork server does not answer" in caplog.text
    assert guard_of(status).ppid() == os.getpid(), "started by itself"


async def test_without_a_fork_server_servers_start_by_themselves(forks: Forks, caplog, monkeypatch):
    monkeypatch.setattr("app.supervision.fork_client._MODULE", "servers.no_such_module")
    with caplog.at_level(logging.WARNING):
        for number in range(1, 5):
            status = await forks.ready(f"relay{number}")
            assert guard_of(status).ppid() == os.getpid()
    assert "failed too often" in caplog.text
    assert not fork_servers()


@contextlib.contextmanager
def forking_app(home: Path) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """An app whose servers are ready, and all its processes; it is killed at the end."""
    folder = str(home / "lou" / "run")
    app = subprocess.Popen([sys.executable, APP, folder], stdout=subprocess.PIPE, text=True)
    with app:
        try:
            assert app.stdout is not None
            assert app.stdout.readline() == "ready\n"
            yield app, psutil.Process(app.pid).children(recursive=True)
        finally:
            app.kill()


@pytest.mark.parametrize("how", ["killed", "with all stopped", "without its fork server"])
async def test_nothing_outlives_a_killed_app(home: Path, how: str):
    with forking_app(home) as (app, family):
        # A fork server, and for each relay its guard, itself, and the user's server.
        assert len(family) == 1 + 2 * 3
        if how == "with all stopped":
            for process in family:
                process.suspend()
        elif how == "without its fork server":
            fork_servers(app.pid)[0].kill()
    await until(lambda: not [each for each in family if arguments(each)], what="survivors")


async def test_the_environment_of_a_launch_reaches_the_users_server(forks: Forks):
    forks.changes = {"env": {**server_environment(), "TZ": "Asia/Tokyo", "TERM": "a b=c\udc80"}}
    status = await forks.ready("relay1")
    (users_server,) = psutil.Process(status.pid).children()
    given = users_server.environ()
    assert (given["TZ"], given["TERM"]) == ("Asia/Tokyo", "a b=c\udc80")
    assert given["TOKEN"] == SECRET


WARMING = """
import asyncio, logging, os, signal, threading
from servers import fork_server
before = set(os.listdir("/proc/self/fd")), dict(os.environ)
fork_server._load("sdk")
from servers.host import call_details, redact
assert not call_details._hidden, "of the tracker alone"
assert not logging.getLogger().handlers
assert threading.active_count() == len(os.listdir("/proc/self/task")) == 1
assert set(os.listdir("/proc/self/fd")) == before[0]
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
assert signal.set_wakeup_fd(-1) == -1
try:
    asyncio.get_running_loop()
except RuntimeError:
    print("clean")
"""


def test_what_is_imported_and_rehearsed_leaves_nothing_for_the_forks_but_memory():
    done = subprocess.run(
        [sys.executable, "-c", WARMING], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("clean\n", "")
