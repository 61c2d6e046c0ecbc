"""The keyring of the system: a real gnome-keyring that locks, hangs and dies."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.errors import VaultError
from app.keys.vault import VaultState
from app.keys.vaults.system_keyring import SystemVault
from tests.desktop import Desktop
from tests.patience import eventually

pytestmark = pytest.mark.anyio

SECRET = "tvly-canary-5f0c9e51b7a24d"


@pytest.fixture
async def vault(desktop: Desktop) -> AsyncIterator[SystemVault]:
    vault = SystemVault(desktop.home / "keys.json", profile="test")
    yield vault
    await vault.close()


async def test_a_key_comes_back_as_it_was_set(vault: SystemVault) -> None:
    await vault.set("TAVILY_API_KEY", f"  {SECRET}\n")
    assert await vault.get("TAVILY_API_KEY") == SECRET
    assert vault.names() == ("TAVILY_API_KEY",)
    assert vault.state() is VaultState.OPEN
    assert abs(vault.changed_at("TAVILY_API_KEY") - time.time()) < 10


async def test_a_value_longer_than_windows_takes_comes_back_whole(vault: SystemVault) -> None:
    account = json.dumps({"private_key": "x" * 2300, "client_email": "a@b.example"})
    await vault.set("FIREBASE_CREDENTIALS", account)
    assert await vault.get("FIREBASE_CREDENTIALS") == account
    await vault.unset("FIREBASE_CREDENTIALS")
    assert await vault.get("FIREBASE_CREDENTIALS") is None


async def test_values_are_in_no_file_in_plain_text(vault: SystemVault, desktop: Desktop) -> None:
    await vault.set("TAVILY_API_KEY", SECRET)
    await vault.set("BRAVE_API_KEY", SECRET[::-1])
    for path in [path for path in desktop.home.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        assert SECRET.encode() not in content, path
        assert SECRET[::-1].encode() not in content, path


async def test_the_old_value_stays_until_the_new_one_is_read_back(
    vault: SystemVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    await vault.set("TAVILY_API_KEY", SECRET)
    with monkeypatch.context() as patch:
        # A keyring that forgets what it is given, as PYTHON_KEYRING_BACKEND=null does.
        patch.setattr(vault._keyring, "set", lambda item, value: None)
        with pytest.raises(VaultError) as refused:
            await vault.set("TAVILY_API_KEY", "another-value")
    assert refused.value.code == "not_kept"
    assert await vault.get("TAVILY_API_KEY") == SECRET


async def test_two_homes_do_not_share_items(vault: SystemVault, desktop: Desktop) -> None:
    other = SystemVault(desktop.home / "other.json", profile="other")
    await vault.set("TAVILY_API_KEY", SECRET)
    await other.set("TAVILY_API_KEY", "of-the-other-home")
    assert await vault.get("TAVILY_API_KEY") == SECRET
    await other.close()


@pytest.mark.parametrize("value", ["clé-secrète-123", "", "   ", "nul\0inside"])
async def test_what_cannot_be_redacted_is_no_key(vault: SystemVault, value: str) -> None:
    with pytest.raises(VaultError):
        await vault.set("TAVILY_API_KEY", value)
    assert vault.names() == ()


async def test_a_locked_collection_says_so_at_once_and_opens_by_itself(
    vault: SystemVault, desktop: Desktop
) -> None:
    await vault.set("TAVILY_API_KEY", SECRET)
    desktop.lock()
    began = time.monotonic()
    with pytest.raises(VaultError) as closed:
        await vault.get("TAVILY_API_KEY")
    assert time.monotonic() - began < 2
    assert closed.value.code == "keyring_locked"
    assert "lou keys unlock" in closed.value.hint
    assert vault.names() == ("TAVILY_API_KEY",)
    desktop.unlock()
    assert await vault.probe() is VaultState.OPEN
    assert await vault.get("TAVILY_API_KEY") == SECRET


async def test_a_daemon_that_hangs_is_given_up_in_time_and_heard_again(
    vault: SystemVault, desktop: Desktop, figure
) -> None:
    await vault.set("TAVILY_API_KEY", SECRET)
    desktop.hang()
    began, ticks = time.monotonic(), [time.monotonic()]

    async def tick() -> None:
        while True:
            await asyncio.sleep(0.005)
            ticks.append(time.monotonic())

    ticker = asyncio.create_task(tick())
    with pytest.raises(VaultError) as closed:
        await vault.get("TAVILY_API_KEY")
    took = time.monotonic() - began
    ticker.cancel()
    lag = max(b - a for a, b in itertools.pairwise(ticks)) - 0.005
    figure("keyring daemon stopped: time to an answer", took, "s", at_most=5.5, enforce=True)
    figure("keyring daemon stopped: longest loop lag", lag * 1000, "ms", at_most=50)
    assert closed.value.code == "keyring_hung"
    began = time.monotonic()
    with pytest.raises(VaultError):
        await vault.get("TAVILY_API_KEY")
    assert time.monotonic() - began < 0.5, "a second call waits for nothing"
    seen: list[VaultState] = []
    vault.state_changed.subscribe(seen.append)
    desktop.wake()
    await eventually(lambda: VaultState.OPEN in seen)
    assert await vault.get("TAVILY_API_KEY") == SECRET


async def test_a_daemon_that_was_killed_leaves_a_locked_keyring(
    vault: SystemVault, desktop: Desktop
) -> None:
    await vault.set("TAVILY_API_KEY", SECRET)
    desktop.kill()
    with pytest.raises(VaultError) as closed:
        await vault.get("TAVILY_API_KEY")
    assert closed.value.code in {"keyring_locked", "keyring_absent"}
    desktop.unlock()
    await vault.probe()
    assert await vault.get("TAVILY_API_KEY") == SECRET


async def test_without_a_bus_the_keyring_is_absent(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    vault = SystemVault(home / "keys.json")
    assert await vault.probe() is VaultState.ABSENT
    with pytest.raises(VaultError) as absent:
        await vault.set("TAVILY_API_KEY", SECRET)
    assert absent.value.code == "keyring_absent"
    assert "lou keys store file" in absent.value.hint
    assert not [path for path in home.rglob("*") if path.is_file()]
    await vault.close()


@pytest.mark.parametrize(
    "backend", ["keyring.backends.null.Keyring", "keyring.backends.chainer.ChainerBackend"]
)
async def test_the_environment_cannot_choose_the_keyring(
    home: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    vault = SystemVault(home / "keys.json")
    with pytest.raises(VaultError):
        await vault.set("TAVILY_API_KEY", SECRET)
    assert vault.names() == ()
    await vault.close()


async def test_a_property_of_the_environment_changes_nothing(
    vault: SystemVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYRING_PROPERTY_PREFERRED_COLLECTION", "/nowhere")
    await vault.set("TAVILY_API_KEY", SECRET)
    assert await vault.get("TAVILY_API_KEY") == SECRET


async def test_a_lost_index_finds_the_value_again(vault: SystemVault, desktop: Desktop) -> None:
    await vault.set("ENCRYPTION_KEY", "first")
    await vault.set("ENCRYPTION_KEY", "second")
    (desktop.home / "keys.json").unlink()
    later = SystemVault(desktop.home / "keys.json", profile="test")
    assert later.names() == ()
    assert await later.recover("ENCRYPTION_KEY")
    assert await later.get("ENCRYPTION_KEY") == "second"
    assert not await later.recover("TAVILY_API_KEY")
    await later.close()


async def test_a_broken_index_is_kept_aside(desktop: Desktop) -> None:
    (desktop.home / "keys.json").write_text("{broken")
    vault = SystemVault(desktop.home / "keys.json", profile="test")
    assert vault.names() == ()
    assert [p.read_text() for p in desktop.home.glob("keys.json.broken-*")] == ["{broken"]
