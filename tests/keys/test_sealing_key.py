"""The tracker's key is never lost: whatever the keyring, its index and the key file go through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.config.config_model import Config
from app.errors import SettingsError, VaultError
from app.keys.sealing_key import NAME, TrackerKeyFile
from app.keys.service import Keys
from app.keys.store import KeyStore
from app.keys.vault import VaultState
from app.system import paths
from servers.contract.redaction import Redactor
from tests.desktop import Desktop
from tests.keys.key_histories import PASSPHRASE, World, in_memory, lost_keys

pytestmark = pytest.mark.anyio

A, B, C = (Fernet.generate_key().decode() for _ in range(3))


def keys_of(store: KeyStore) -> Keys:
    return Keys(store, Config, Redactor(), TrackerKeyFile(paths.data_folder("tracker.key")))


def put_in_file(text: str) -> Path:
    path = paths.data_folder("tracker.key")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def world(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    found = World()
    with in_memory(monkeypatch) as choose:
        choose(found)
        yield found


async def test_no_order_of_events_loses_a_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await lost_keys(home, range(100), monkeypatch) == 0


async def test_a_key_of_a_time_without_keyring_joins_one_that_the_index_lost(
    desktop: Desktop,
) -> None:
    store = KeyStore("system")
    await store.vault.set(NAME, A)
    await store.vault.close()
    paths.data_folder("keys.json").unlink()
    path = put_in_file(f"{B}\n")
    store = KeyStore("system")
    assert await keys_of(store).encryption_key() == {}
    assert await store.vault.get(NAME) == f"{B},{A}", "both, the newer one first"
    assert not path.exists(), "the keyring gave it back"
    assert await store.vault.others(NAME) == ()
    await store.vault.close()


async def test_a_real_keyring_goes_through_a_history_without_losing_a_key(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, index = paths.data_folder("tracker.key"), paths.data_folder("keys.json")
    ever: set[str] = set()
    for number in range(4):
        if number == 1:
            index.unlink()
            put_in_file(B)
        if number == 2:
            desktop.lock()
        store = KeyStore("system")
        keys = keys_of(store)
        if number == 2:
            with pytest.raises(VaultError):
                await keys.rotate(NAME)
            desktop.unlock()
        await keys.encryption_key()
        await keys.rotate(NAME)
        value = str(await store.vault.get(NAME))
        assert ever <= set(value.split(","))
        ever |= set(value.split(","))
        await store.vault.close()
    assert B in ever
    assert not path.exists()


async def test_a_key_in_the_file_joins_one_that_the_index_knows(world: World) -> None:
    store = KeyStore("system")
    keys = keys_of(store)
    await keys.encryption_key()
    made = await store.vault.get(NAME)
    path = put_in_file(B)
    await keys.encryption_key()
    assert set(str(await store.vault.get(NAME)).split(",")) == {B, made}
    assert not path.exists()
    await store.vault.close()


async def test_the_file_stays_while_the_keyring_does_not_give_the_key_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put_in_file(B)
    store = KeyStore("system")
    with monkeypatch.context() as patch:
        patch.setattr(store.vault._keyring, "set", lambda item, value: None)  # type: ignore[attr-defined]
        with pytest.raises(VaultError) as refused:
            await keys_of(store).encryption_key()
    assert refused.value.code == "not_kept"
    assert path.read_text() == B
    await keys_of(store).encryption_key()
    assert await store.vault.get(NAME) == B
    await store.vault.close()


async def test_a_recovery_key_goes_in_front_of_what_is_there(world: World) -> None:
    store = KeyStore("system")
    keys = keys_of(store)
    await keys.set(NAME, A)
    await keys.set(NAME, f" {B}\n")
    assert await store.vault.get(NAME) == f"{B},{A}"
    await keys.set(NAME, A)
    assert await store.vault.get(NAME) == f"{A},{B}"
    with pytest.raises(VaultError) as wrong:
        await keys.set(NAME, "not a key")
    assert wrong.value.code == "not_a_key"
    assert await store.vault.get(NAME) == f"{A},{B}"
    await store.vault.close()


async def test_an_index_of_another_day_points_at_nothing_and_the_key_is_found(
    world: World,
) -> None:
    store = KeyStore("system")
    keys = keys_of(store)
    await keys.encryption_key()
    index = paths.data_folder("keys.json")
    before = index.read_bytes()
    await keys.rotate(NAME)
    value = await store.vault.get(NAME)
    await store.vault.close()
    index.write_bytes(before)
    store = KeyStore("system")
    await keys_of(store).encryption_key()
    assert await store.vault.get(NAME) == value
    await store.vault.close()


async def test_a_key_that_the_keyring_lost_is_told_and_not_replaced(world: World) -> None:
    store = KeyStore("system")
    await keys_of(store).encryption_key()
    await store.vault.close()
    world.items.clear()
    store = KeyStore("system")
    keys = keys_of(store)
    for work in (keys.encryption_key(), keys.rotate(NAME)):
        with pytest.raises(VaultError) as gone:
            await work
        assert gone.value.code == "key_gone"
        assert "lou keys set" in gone.value.hint
    await keys.set(NAME, A)
    assert await store.vault.get(NAME) == A
    await store.vault.close()


async def test_a_key_that_only_the_keyring_knows_moves_with_the_store(world: World) -> None:
    store = KeyStore("system")
    await store.vault.set(NAME, A)
    await store.vault.close()
    paths.data_folder("keys.json").unlink()
    store = KeyStore("system")
    await store.use("file", PASSPHRASE)
    assert await store.vault.get(NAME) == A
    assert not [item for item in world.items if NAME in item]
    await store.vault.close()


async def test_two_stores_with_a_key_each_become_one_list(world: World) -> None:
    store = KeyStore("system")
    await store.vault.set(NAME, A)
    world.state = VaultState.LOCKED
    await store.use("file", PASSPHRASE)
    await store.vault.set(NAME, B)
    world.state = VaultState.OPEN
    await store.use("file", PASSPHRASE)
    assert await store.vault.get(NAME) == f"{B},{A}"
    assert KeyStore("system").vault.names() == ()
    await store.vault.close()


async def test_asking_again_for_a_store_does_not_bring_older_values_back(world: World) -> None:
    store = KeyStore("system")
    await store.vault.set("TAVILY_API_KEY", "older")
    world.state = VaultState.LOCKED
    await store.use("file", PASSPHRASE)
    await store.vault.set("TAVILY_API_KEY", "newer")
    world.state = VaultState.OPEN
    await store.use("file", PASSPHRASE)
    assert await store.vault.get("TAVILY_API_KEY") == "newer"
    await store.vault.close()


async def test_no_key_is_made_beside_one_that_another_store_has_unindexed(world: World) -> None:
    store = KeyStore("system")
    await store.vault.set(NAME, A)
    await store.vault.close()
    paths.data_folder("keys.json").unlink()
    store = KeyStore("file")
    await store.vault.unlock(PASSPHRASE)
    with pytest.raises(VaultError) as refused:
        await keys_of(store).encryption_key()
    assert refused.value.code == "key_left_behind"
    await store.vault.close()


async def test_a_sealed_file_that_came_back_meanwhile_is_opened_not_replaced(world: World) -> None:
    path = paths.data_folder("keys.sealed.json")
    store = KeyStore("file")
    await store.vault.unlock(PASSPHRASE)
    await store.vault.set(NAME, A)
    await store.vault.close()
    saved = path.read_bytes()
    path.unlink()
    store = KeyStore("file")
    path.write_bytes(saved)
    await store.vault.unlock(PASSPHRASE)
    assert await store.vault.get(NAME) == A
    path.write_bytes(saved.replace(b'"version": 1', b'"version": 1, "of": "elsewhere"'))
    await store.vault.set("TAVILY_API_KEY", "value")
    assert list(path.parent.glob("keys.sealed.json.other-*"))
    await store.vault.close()


async def test_a_file_that_holds_no_key_stays_and_stops_nobody_who_has_one(world: World) -> None:
    store = KeyStore("system")
    await keys_of(store).encryption_key()
    value = await store.vault.get(NAME)
    path = put_in_file("what a broken disk left")
    assert await keys_of(store).encryption_key() == {}
    assert await store.vault.get(NAME) == value
    assert path.read_text() == "what a broken disk left"
    await store.vault.close()


async def test_a_recovery_key_holds_all_keys_and_follows_no_link(world: World, home: Path) -> None:
    world.state = VaultState.ABSENT
    store = KeyStore("system")
    keys = keys_of(store)
    waiting = (await keys.encryption_key())[NAME]
    await keys.export(NAME, home / "one")
    assert (home / "one").read_text() == f"{waiting}\n"
    world.state = VaultState.OPEN
    world.items[f"{NAME}/3"] = A
    await keys.export(NAME, home / "all")
    assert set((home / "all").read_text().strip().split(",")) == {waiting, A}
    (home / "link").symlink_to(home / "elsewhere")
    for name in ("all", "link", "x" * 300, "no folder/x"):
        with pytest.raises(SettingsError):
            await keys.export(NAME, home / name)
    assert not (home / "elsewhere").exists()
    await store.vault.close()


async def test_what_the_user_forgets_does_not_come_back(world: World) -> None:
    world.items[f"{NAME}/3"] = A
    store = KeyStore("system")
    keys = keys_of(store)
    await keys.encryption_key()
    world.items[f"{NAME}/7"] = B
    await keys.unset(NAME)
    assert not [item for item in world.items if NAME in item]
    await store.vault.close()
