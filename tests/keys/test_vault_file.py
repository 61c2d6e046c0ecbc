"""The sealed file: never plain text, never without its passphrase."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.errors import VaultError
from app.keys.vault import SHORTEST_PASSPHRASE, VaultState
from app.keys.vaults.sealed_file import FileVault

pytestmark = pytest.mark.anyio

PASSPHRASE = "a long enough passphrase"
SECRET = "tvly-canary-5f0c9e51b7a24d"


async def test_a_key_is_back_after_a_restart_with_the_passphrase(home: Path) -> None:
    vault = FileVault(home / "keys")
    assert vault.state() is VaultState.ABSENT
    await vault.unlock(PASSPHRASE)
    await vault.set("TAVILY_API_KEY", SECRET)
    await vault.close()

    later = FileVault(home / "keys")
    assert later.state() is VaultState.LOCKED
    assert later.names() == ("TAVILY_API_KEY",)
    with pytest.raises(VaultError) as closed:
        await later.get("TAVILY_API_KEY")
    assert closed.value.code == "keyring_locked"
    await later.unlock(PASSPHRASE)
    assert await later.get("TAVILY_API_KEY") == SECRET
    await later.close()


async def test_another_passphrase_opens_nothing_and_changes_nothing(home: Path) -> None:
    vault = FileVault(home / "keys")
    await vault.unlock(PASSPHRASE)
    await vault.set("TAVILY_API_KEY", SECRET)
    before = (home / "keys").read_bytes()
    later = FileVault(home / "keys")
    with pytest.raises(VaultError) as wrong:
        await later.unlock("not the passphrase")
    assert wrong.value.code == "wrong_passphrase"
    assert later.state() is VaultState.LOCKED
    assert (home / "keys").read_bytes() == before


async def test_the_file_is_private_and_holds_no_value(home: Path) -> None:
    vault = FileVault(home / "keys")
    await vault.unlock(PASSPHRASE)
    await vault.set("TAVILY_API_KEY", SECRET)
    assert (home / "keys").stat().st_mode & 0o777 == 0o600
    content = (home / "keys").read_text()
    assert SECRET not in content
    assert PASSPHRASE not in content
    assert json.loads(content)["kdf"]["n"] >= 1 << 15


async def test_a_short_passphrase_is_refused_for_a_new_file_alone(home: Path) -> None:
    with pytest.raises(VaultError) as weak:
        await FileVault(home / "keys").unlock("x" * (SHORTEST_PASSPHRASE - 1))
    assert weak.value.code == "weak_passphrase"
    assert not (home / "keys").exists()

    await FileVault(home / "keys").unlock(PASSPHRASE)
    with pytest.raises(VaultError) as wrong:
        await FileVault(home / "keys").unlock("short")
    assert wrong.value.code == "wrong_passphrase"


async def test_unset_forgets(home: Path) -> None:
    vault = FileVault(home / "keys")
    await vault.unlock(PASSPHRASE)
    await vault.set("TAVILY_API_KEY", SECRET)
    await vault.unset("TAVILY_API_KEY")
    assert vault.names() == ()
    assert await vault.get("TAVILY_API_KEY") is None


async def test_a_broken_file_is_left_alone_and_said(home: Path) -> None:
    (home / "keys").write_text("{}")
    vault = FileVault(home / "keys")
    assert vault.state() is VaultState.LOCKED
    with pytest.raises(VaultError) as broken:
        await vault.unlock(PASSPHRASE)
    assert broken.value.code == "unreadable"
    assert (home / "keys").read_text() == "{}"
