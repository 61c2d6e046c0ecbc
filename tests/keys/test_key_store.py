"""From the keyring to a sealed file and back: no key is lost, and none is made twice."""

from __future__ import annotations

import pytest

from app.config.config_model import Config
from app.errors import VaultError
from app.keys.sealing_key import TrackerKeyFile
from app.keys.service import Keys
from app.keys.store import KeyStore
from app.keys.vault import VaultState
from app.system import paths
from servers.contract.redaction import Redactor
from tests.desktop import Desktop

pytestmark = pytest.mark.anyio

PASSPHRASE = "a long enough passphrase"


def keys_of(store: KeyStore) -> Keys:
    key_file = TrackerKeyFile(paths.data_folder("tracker.key"))
    return Keys(store, Config, Redactor(), key_file)


async def test_keys_move_to_the_file_and_back(desktop: Desktop) -> None:
    store = KeyStore("system")
    await store.vault.set("TAVILY_API_KEY", "value-one")
    states: list[VaultState] = []
    store.state_changed.subscribe(states.append)
    await store.use("file", PASSPHRASE)
    assert await store.vault.get("TAVILY_API_KEY") == "value-one"
    assert KeyStore("system").vault.names() == (), "nothing is left behind"
    assert states[-1] is VaultState.OPEN
    await store.use("system", "")
    assert await store.vault.get("TAVILY_API_KEY") == "value-one"
    assert KeyStore("file").vault.names() == ()
    await store.vault.close()


async def test_a_closed_keyring_does_not_keep_anybody_from_the_file(desktop: Desktop) -> None:
    store = KeyStore("system")
    await store.vault.set("TAVILY_API_KEY", "value-one")
    await store.vault.set("ENCRYPTION_KEY", "old-key")
    desktop.lock()
    await store.use("file", PASSPHRASE)
    assert store.vault.names() == ()
    with pytest.raises(VaultError) as refused:
        await keys_of(store).encryption_key()
    assert refused.value.code == "key_left_behind", "no second key is ever made"
    desktop.unlock()
    await store.use("file", PASSPHRASE)
    assert await store.vault.get_all(["TAVILY_API_KEY", "ENCRYPTION_KEY"]) == {
        "TAVILY_API_KEY": "value-one",
        "ENCRYPTION_KEY": "old-key",
    }
    await store.vault.close()


async def test_the_tracker_key_is_made_once(desktop: Desktop) -> None:
    store = KeyStore("system")
    keys = keys_of(store)
    assert await keys.encryption_key() == {}
    first = await store.vault.get("ENCRYPTION_KEY")
    assert first
    assert len(first) == 44
    await keys.encryption_key()
    assert await store.vault.get("ENCRYPTION_KEY") == first
    await keys.rotate("ENCRYPTION_KEY")
    fresh, old = str(await store.vault.get("ENCRYPTION_KEY")).split(",")
    assert old == first
    assert len(fresh) == 44
    await store.vault.close()


async def test_without_a_keyring_the_tracker_key_waits_in_a_file_for_one(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = KeyStore("system")
    keys = keys_of(store)
    path = paths.data_folder("tracker.key")
    with monkeypatch.context() as patch:
        patch.delenv("DBUS_SESSION_BUS_ADDRESS")
        patch.setenv("XDG_RUNTIME_DIR", "/nowhere")
        waiting = await keys.encryption_key()
        assert waiting == await keys.encryption_key()
        assert path.read_text().strip() == waiting["ENCRYPTION_KEY"]
        assert path.stat().st_mode & 0o777 == 0o600
    assert await keys.encryption_key() == {}
    assert await store.vault.get("ENCRYPTION_KEY") == waiting["ENCRYPTION_KEY"]
    assert not path.exists(), "it moved into the keyring"
    await store.vault.close()


async def test_a_locked_keyring_never_leads_to_a_key_file(desktop: Desktop) -> None:
    store = KeyStore("system")
    desktop.lock()
    with pytest.raises(VaultError) as closed:
        await keys_of(store).encryption_key()
    assert closed.value.code == "keyring_locked"
    assert not paths.data_folder("tracker.key").exists()
    await store.vault.close()


async def test_a_key_file_that_cannot_be_read_is_no_reason_for_a_new_key(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = paths.data_folder("tracker.key")
    path.mkdir(parents=True)
    store = KeyStore("system")
    with pytest.raises(VaultError) as unreadable:
        await keys_of(store).encryption_key()
    assert unreadable.value.code == "key_file_unreadable"
    assert store.vault.names() == ()
    await store.vault.close()
