"""What tracker tests are about: boards, drafts, servers, and waiting for a condition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from servers.host.tools.service import Configuration
from servers.tracker.codec.record_codec import RecordCodec
from servers.tracker.codec.seal import Sealer
from servers.tracker.entry import Draft, Rules
from servers.tracker.entry_service import EntryService
from servers.tracker.server import TrackerServer, build
from servers.tracker.stores.base import Store
from tests.patience import PATIENCE_S, eventually

KEY = Fernet.generate_key()


def make_entry_service(store: Store, *keys: bytes, rules: Rules = Rules()) -> EntryService:  # noqa: B008 - frozen
    return EntryService(store, RecordCodec(Sealer(keys or (KEY,), rules), rules))


def draft(number: int, **fields: Any) -> Draft:
    plain = Draft(f"https://site{number}.example/contact", f"person{number}@site{number}.example")
    return replace(plain, **fields)


def configuration(folder: Path, *keys: bytes, **settings: Any) -> Configuration:
    text = b",".join(keys or (KEY,)).decode()
    folders = {"data": str(folder), "cache": str(folder)}
    return Configuration({"ENCRYPTION_KEY": text}, {"folders": folders, **settings})


async def started(folder: Path, *keys: bytes, **settings: Any) -> TrackerServer:
    server = build()
    await server.start(configuration(folder, *keys, **settings))
    return server


def tools(server: TrackerServer) -> dict[str, Callable[..., Any]]:
    return {tool.name: tool.run for tool in server.tools}


async def until(condition: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait until `condition` holds; fail when it does not in time."""
    await eventually(condition, seconds)
