"""Keys in the Credential Manager, which takes 2,560 bytes an item and writes UTF-16."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.errors import VaultError
from app.keys.vault import LONGEST_VALUE, VaultState
from app.keys.vaults.keyring_backend import Keyring
from app.keys.vaults.system_keyring import SystemVault
from tests.patience import PATIENCE_S

PROFILE = f"test-{os.getpid()}"
NAME = "TAVILY_API_KEY"


def items() -> list[dict[str, Any]]:
    """What the Credential Manager has of this profile."""
    from win32ctypes.pywin32 import pywintypes, win32cred

    try:
        found = win32cred.CredEnumerate(None, 0)
    except pywintypes.error:
        return []
    return [dict(each) for each in found if f"lou-{PROFILE}" in each["TargetName"]]


@asynccontextmanager
async def vault(folder: Path) -> AsyncIterator[SystemVault]:
    found = SystemVault(folder / "keys.json", profile=PROFILE, quick_s=PATIENCE_S)
    try:
        yield found
    finally:
        await found.close()


@pytest.fixture(autouse=True)
def _no_items_are_left() -> Iterator[None]:
    assert not items()
    yield
    assert not items()


@pytest.mark.parametrize("length", [1, 1_000, 1_281, 6_000, LONGEST_VALUE])
def test_a_key_of_any_length_is_stored_read_and_deleted(folder: Path, length: int) -> None:
    value = "".join(chr(33 + (7 * n) % 94) for n in range(length))

    async def scene() -> None:
        async with vault(folder) as first:
            assert await first.probe() is VaultState.OPEN
            await first.set(NAME, "before")
            await first.set(NAME, value)
        async with vault(folder) as later:
            assert await later.get(NAME) == value
            stored = items()
            blobs = b"".join(each["CredentialBlob"] for each in reversed(stored))
            assert len(blobs) == 2 * length
            assert all(len(each["CredentialBlob"]) <= 2_560 for each in stored)
            assert {each["Persist"] for each in stored} == {2}, "it must stay on this machine"
            await later.unset(NAME)

    asyncio.run(scene())


def test_a_refusal_of_the_system_is_told_in_words() -> None:
    keyring = Keyring(PROFILE)
    with pytest.raises(VaultError, match="refused"):
        keyring.set("x" * 40_000, "value")  # a name that Windows does not take
    keyring.set("after", "value")
    assert keyring.get("after") == "value"
    keyring.delete("after")
    assert keyring.get("after") is None
