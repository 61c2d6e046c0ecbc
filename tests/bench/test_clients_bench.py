"""The promises about clients' files, at full length."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import random
import signal
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.clients import catalog
from app.clients.guard.file_guard import GuardPolicy
from app.clients.planning.plan import DesiredEntries
from app.clients.service import Clients
from app.errors import ClientConfigError
from app.system.safe_write import Disk
from tests.clients import mutation, test_apply_faults, test_apply_killed, test_golden
from tests.clients.changes import BEFORE, CLIENT, SCENES, WISH
from tests.clients.conftest import User, row
from tests.clients.faults import leftovers
from tests.clients.generated import files
from tests.clients.malformed import every
from tests.clients.roundtrip import there_and_back
from tests.clients.test_concurrent_writers import write_together
from tests.clients.test_formats import FORMATS
from tests.clients.test_malformed import _SIGN, contents

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

CASES = 2_000
KILLS = 1_000
CODES = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS, errno.EACCES)


@pytest.fixture
def memory() -> Iterator[Path]:
    """Many durable writes, on a disk that is quick."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="lou-", dir=base) as folder:
        yield Path(folder)


def someone(folder: Path) -> User:
    (folder / "home").mkdir(parents=True)
    return User(folder / "home", folder / "lou")


@pytest.mark.parametrize("name", FORMATS)
def test_every_byte_comes_back(name: str, figure) -> None:
    client, done = catalog.client(FORMATS[name]), 0

    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(content=st.one_of(files(client)))
    def check(content: bytes) -> None:
        nonlocal done
        there_and_back(client, content)
        done += 1

    check()
    figure(
        f"clients: {name}: files that came back byte for byte",
        done,
        "",
        at_least=CASES,
        enforce=True,
    )


def test_malformed_files_are_never_modified(tmp_path: Path, figure) -> None:
    modified = unclear = count = 0
    for number, broken in enumerate(every()):
        user = User(tmp_path / str(number), tmp_path / f"lou{number}")
        path = user.home / _SIGN[broken.client]
        path.parent.mkdir(parents=True)
        broken.make(path)
        before = contents(user.home)
        count += 1
        try:
            user.client_files().connect(row(broken.client))
            unclear += 1
        except ClientConfigError as refused:
            unclear += not (refused.title and refused.hint)
        modified += contents(user.home) != before
    figure("clients: malformed files", count, "kinds", at_least=300, enforce=True)
    figure("clients: malformed files that were modified", modified, "", at_most=0, enforce=True)
    figure("clients: malformed files without a clear reason", unclear, "", at_most=0, enforce=True)


def test_mutated_files_never_surprise(figure) -> None:
    runs = 0
    for name, client in FORMATS.items():
        count = 3_000 if name.startswith("yaml") else 15_000
        mutation.run(catalog.client(client), count, seed=20261122)
        runs += count
    figure(
        "clients: mutated files refused with words or edited and back",
        runs,
        "",
        at_least=80_000,
        enforce=True,
    )


def test_a_kill_at_every_step(memory: Path, figure) -> None:
    done = 0
    while done < KILLS:
        for make in SCENES:
            folder = memory / f"{done}"
            count = test_apply_killed.steps(make, folder / "counted")
            for number in range(1, count + 1):
                for when in ("before", "after"):
                    test_apply_killed.check_one_kill(make, folder / f"{number}{when}", number, when)
                    done += 1
    figure(
        "clients: kills at a step: old file or new, leftovers swept",
        done,
        "",
        at_least=KILLS,
        enforce=True,
    )


def test_a_kill_at_any_moment(tmp_path: Path, figure) -> None:
    """On a real disk, from outside, whenever it strikes."""
    rng, struck = random.Random(1), 0
    user = someone(tmp_path)
    path = user.write(".cursor/mcp.json", BEFORE)
    seen: set[bytes] = set()
    for number in range(300):
        desired = DesiredEntries((f"s{number}",), WISH.bridge)
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                user.client_files(desired).connect(CLIENT)
            os._exit(0)
        time.sleep(rng.random() * 0.02)
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        struck += os.WIFSIGNALED(status)
        (found,) = user.client_files(desired).inspect(CLIENT)
        assert found.finding.state.value in {"connected", "outdated", "absent"}
        seen.add(path.read_bytes())
    user.client_files().sweep()
    assert leftovers(tmp_path) == []
    user.client_files().disconnect(CLIENT)
    assert path.read_bytes() == BEFORE
    figure("clients: kills at any moment that struck the write", struck, "of 300")
    figure("clients: whole files seen between them", len(seen), "")


def test_a_fault_at_every_call(memory: Path, figure) -> None:
    calls = 0
    for code in CODES:
        for make in SCENES:
            folder = memory / f"{code}-{make.__name__}"
            calls += test_apply_faults.check_every_call(make, folder, code)
    figure(
        "clients: failing system calls: old file or new, clear words",
        calls,
        "",
        at_least=500,
        enforce=True,
    )


def test_three_writers(tmp_path: Path, figure) -> None:
    found = write_together(someone(tmp_path), 200)
    figure(
        "clients: 600 updates by 3 writers: foreign changes lost",
        found["foreign"],
        "",
        at_most=0,
        enforce=True,
    )
    figure(
        "clients: of them Lou's, overwritten by the foreign one and redone",
        found["lous"],
        "",
        at_most=6,
    )
    figure(
        "clients: Lou's entries missing at the end",
        found["absent at the end"],
        "",
        at_most=0,
        enforce=True,
    )
    figure("clients: plans that were refused and redone", found["refused"], "")


@pytest.mark.anyio
async def test_how_soon_the_guard_restores(tmp_path: Path, figure) -> None:
    user = someone(tmp_path)
    path = user.write(".cursor/mcp.json", BEFORE)
    clients = Clients(
        user.lou, lambda: WISH, places=user.places(), policy=GuardPolicy(restores=100)
    )
    await clients.start()
    await clients.connect("cursor")
    rng, took = random.Random(3), []
    for _ in range(20):
        await asyncio.sleep(1.2 + rng.random())
        path.write_bytes(b'{"theme": "reset"}')
        begun = time.monotonic()
        async with asyncio.timeout(10):
            while b"lou-search" not in path.read_bytes():
                await asyncio.sleep(0.005)
        took.append(time.monotonic() - begun)
    await clients.stop()
    figure("clients: wipe to restored, median of 20", statistics.median(took), "s", at_most=5)
    figure("clients: wipe to restored, longest of 20", max(took), "s", at_most=5, enforce=True)


@pytest.mark.anyio
async def test_what_the_guard_costs(tmp_path: Path, figure) -> None:
    user = someone(tmp_path)
    signs = (".cursor", ".codex", ".config/goose", ".config/zed", ".kiro", ".gemini", ".vibe")
    signs += (".factory", ".kimi", ".lmstudio", ".copilot", ".config/opencode")
    for sign in signs:
        (user.home / sign).mkdir(parents=True)
    clients = Clients(user.lou, lambda: WISH, places=user.places())
    begun = time.perf_counter()
    await clients.start()
    figure("clients: look at every client", (time.perf_counter() - begun) * 1e3, "ms", at_most=500)
    names = [view.id for view in clients.views() if view.installed]
    took = []
    for name in names:
        begun = time.perf_counter()
        await clients.connect(name)
        took.append((time.perf_counter() - begun) * 1e3)
    figure(
        f"clients: connect, median of {len(names)} clients",
        statistics.median(took),
        "ms",
        at_most=250,
    )
    await asyncio.sleep(5)
    begun, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(20)
    share = (time.process_time() - used) / (time.perf_counter() - begun) * 100
    figure(f"clients: guard over {len(names)} clients, CPU at rest", share, "%", at_most=0.5)
    await clients.stop()


def test_golden_files(figure) -> None:
    paths = sum(len(found) for each in test_golden.PATHS.values() for found in each.values())
    figure(
        "clients: clients with golden files", len(test_golden.PATHS), "", at_least=16, enforce=True
    )
    figure("clients: of them client x platform x path", paths, "", at_least=48, enforce=True)


def test_a_large_file_is_edited_quickly(tmp_path: Path, figure) -> None:
    """As Claude Code's own file grows with every project."""
    history = {f"/home/me/project{n}": {"history": ["text " * 20] * 20} for n in range(2_000)}
    user = someone(tmp_path)
    path = user.write(".claude.json", json.dumps({"projects": history}, indent=2).encode())
    size = path.stat().st_size
    begun = time.perf_counter()
    user.client_files(disk=Disk()).connect(row("claude-code"))
    figure(
        f"clients: connect in a file of {size / 1e6:.1f} MB",
        (time.perf_counter() - begun) * 1e3,
        "ms",
        at_most=2_000,
    )
