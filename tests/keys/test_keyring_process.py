"""The keyring's own process: there while it is used, gone with its Lou, showing no secret."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from app.errors import VaultError
from app.keys.vault import VaultState
from app.keys.vaults.keyring_process import KeyringProcess, command
from app.keys.vaults.system_keyring import SystemVault
from tests.desktop import Desktop
from tests.patience import PATIENCE_S, eventually, wait_until

pytestmark = pytest.mark.anyio

SECRET = "tvly-canary-5f0c9e51b7a24d"


@pytest.fixture
async def vault(desktop: Desktop) -> AsyncIterator[SystemVault]:
    vault = SystemVault(desktop.home / "keys.json", profile="test")
    yield vault
    await vault.close()


def processes() -> list[psutil.Process]:
    """The keyring's processes of this one."""
    return [child for child in psutil.Process().children() if child.is_running() and is_ours(child)]


def is_ours(child: psutil.Process) -> bool:
    return child.status() != psutil.STATUS_ZOMBIE and "keyring" in child.cmdline()


async def test_it_is_there_while_it_is_used_and_starts_again_when_needed(desktop: Desktop) -> None:
    vault = SystemVault(desktop.home / "keys.json", profile="test", rests_after_s=0.2)
    await vault.set("TAVILY_API_KEY", SECRET)
    (first,) = processes()
    await eventually(lambda: not first.is_running())
    assert processes() == []
    assert await vault.get("TAVILY_API_KEY") == SECRET
    await vault.close()
    await eventually(lambda: processes() == [])


async def test_a_process_that_is_killed_in_a_call_is_an_error_and_the_next_call_works(
    vault: SystemVault, desktop: Desktop
) -> None:
    await vault.set("TAVILY_API_KEY", SECRET)
    desktop.hang()
    (before,) = processes()
    waiting = asyncio.ensure_future(vault.get("TAVILY_API_KEY"))
    await eventually(vault._keyring._turn.locked)
    before.kill()
    with pytest.raises(VaultError) as ended:
        await waiting
    assert ended.value.code == "refused"
    assert ended.value.hint
    desktop.wake()
    assert await vault.get("TAVILY_API_KEY") == SECRET
    (after,) = processes()
    assert after.pid != before.pid


async def test_a_process_that_was_killed_in_between_is_no_error(vault: SystemVault) -> None:
    await vault.set("TAVILY_API_KEY", SECRET)
    (before,) = processes()
    before.kill()
    await eventually(lambda: vault._keyring._process.poll() is not None)
    assert await vault.get("TAVILY_API_KEY") == SECRET


def test_it_ends_with_its_lou_though_the_keyring_hangs(desktop: Desktop) -> None:
    with subprocess.Popen(
        command("test"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"call": "look", "with": []}\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"result": "open"}
        desktop.hang()
        process.stdin.write(b'{"call": "look", "with": []}\n')
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("question", [b'{"call": "_backend", "with": []}\n', b"what?\n"])
def test_what_is_no_call_ends_it(home: Path, question: bytes) -> None:
    done = subprocess.run(command("test"), input=question, capture_output=True, check=False)
    assert done.stdout == b""


async def test_a_secret_is_neither_in_its_arguments_nor_in_its_environment(
    vault: SystemVault,
) -> None:
    await vault.set("TAVILY_API_KEY", SECRET)
    (process,) = processes()
    for name in ("cmdline", "environ"):
        with contextlib.suppress(PermissionError):  # closed to this user, which is the point
            assert SECRET.encode() not in Path(f"/proc/{process.pid}/{name}").read_bytes()
    limits = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
    assert [line.split()[4:6] for line in limits if "core" in line] == [["0", "0"]]


def test_without_a_bus_nothing_is_started(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    keyring = KeyringProcess("test")
    assert keyring.look() is VaultState.ABSENT
    assert processes() == []
    with pytest.raises(VaultError):
        keyring.set("item", SECRET)
    keyring.rest()
    wait_until(lambda: processes() == [])


def test_no_other_process_may_read_its_memory() -> None:
    program = (
        "import ctypes; from servers.contract.memory_protection import forbid_reading;"
        "forbid_reading();"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"0"
