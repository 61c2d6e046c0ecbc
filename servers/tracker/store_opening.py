"""Opens the store and the sealer that the settings and keys name, or says why it cannot."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from servers.contract import ownership
from servers.contract.manifest import ENCRYPTION_KEY, FIREBASE_CREDENTIALS
from servers.contract.self_test import in_words
from servers.host.tools import calls
from servers.host.tools.service import StartRefusedError
from servers.tracker.codec.seal import KeyFormatError, Sealer, parse_keys
from servers.tracker.settings import TrackerSettings
from servers.tracker.stores.base import Store, StoreError, TroubleListener
from servers.tracker.stores.sqlite.sqlite_store import SqliteStore


def report_trouble(trouble: StoreError, *, cleared: bool) -> None:
    """Tell the app that the store fails, or works again."""
    calls.trouble(trouble.code, trouble.reason, trouble.hint, cleared=cleared)


def report_refused(refused: StartRefusedError) -> None:
    """Tell the app that the tracker cannot work as it is configured."""
    calls.trouble(refused.code, refused.message, refused.hint, key=ENCRYPTION_KEY)


def place(settings: TrackerSettings, keys: Mapping[str, str]) -> tuple[Any, ...]:
    """The identity of the store: two equal values mean the same store."""
    if not _uses_firestore(settings, keys):
        return ("sqlite", settings.folder)
    credentials = keys.get(FIREBASE_CREDENTIALS, "")
    return ("firestore", credentials, settings.collection, settings.emulator)


def has_firestore(settings: TrackerSettings, keys: Mapping[str, str]) -> bool:
    return bool(keys.get(FIREBASE_CREDENTIALS) or settings.emulator)


def _uses_firestore(settings: TrackerSettings, keys: Mapping[str, str]) -> bool:
    if settings.store == "firestore" and not has_firestore(settings, keys):
        raise StartRefusedError(
            "firestore_missing",
            "The tracker is set to Firestore and there is no service account.",
            "Set FIREBASE_CREDENTIALS, or choose the SQLite store.",
        )
    return settings.store != "sqlite" and has_firestore(settings, keys)


async def opened(settings: TrackerSettings, keys: Mapping[str, str]) -> Store:
    """The chosen store; raises StartRefusedError if its folder is unusable, or taken."""
    store: Store
    if _uses_firestore(settings, keys):
        store = await firestore(settings, keys, report_trouble)
    else:
        _make_private(settings.folder)
        store = SqliteStore(settings.folder, report_trouble=report_trouble)
    try:
        await store.open()
    except StoreError as refused:
        raise StartRefusedError(refused.code, refused.reason, refused.hint) from None
    return store


async def firestore(
    settings: TrackerSettings, keys: Mapping[str, str], report: TroubleListener
) -> Store:
    """The store in Firestore, not opened yet."""
    # Firestore's libraries cost most of a second and are loaded only where they are used.
    module = "servers.tracker.stores.firestore.firestore_store"
    try:
        firestore = await asyncio.to_thread(importlib.import_module, module)
    except ImportError as missing:
        if find_spec("firebase_admin") is None:
            raise StartRefusedError(
                "firestore_not_installed",
                "Firestore's packages are not installed, so the team's entries cannot be reached.",
                "Add them: `lou install firestore`. Or keep entries on this computer: set "
                "`settings.tracker.store` to `sqlite`.",
            ) from None
        raise StartRefusedError(
            "incomplete",
            f"Firestore's libraries cannot be loaded: {in_words(missing)}.",
            "Install Lou again, the way it was installed; `lou doctor` tries every part.",
        ) from None
    store: Store = firestore.FirestoreStore(
        keys.get(FIREBASE_CREDENTIALS, ""),
        collection=settings.collection,
        emulator=settings.emulator,
        report_trouble=report,
    )
    return store


def _make_private(folder: Path) -> None:
    try:
        ownership.make_private(str(folder))
        ownership.require_database(str(folder / "tracker.db"), makes=False)
    except ownership.ForeignError as foreign:
        raise StartRefusedError("permission_folder", f"{foreign.what}.", foreign.remedy) from None
    except OSError as refused:
        raise StartRefusedError(
            "permission_folder",
            f"The tracker's folder cannot be used: {refused.strerror}.",
            f"Make {folder} writable for you.",
        ) from None


def sealer(text: str, settings: TrackerSettings) -> Sealer:
    """The sealer with the keys in `text`; raises StartRefusedError if there is none."""
    if not text:
        raise StartRefusedError(
            "key_missing",
            "The tracker seals addresses with ENCRYPTION_KEY, and there is none.",
            "Lou makes one and keeps it in the keyring. For a server of your own, make one with "
            "`python -c 'from cryptography.fernet import Fernet; "
            "print(Fernet.generate_key().decode())'`, keep a copy, and set it as ENCRYPTION_KEY.",
        )
    try:
        return Sealer(parse_keys(text), settings.rules)
    except KeyFormatError as wrong:
        raise StartRefusedError(
            "key_malformed",
            f"ENCRYPTION_KEY cannot be used: {wrong}.",
            "Put the right key back in Lou's keys.",
        ) from None
