"""Every client on every platform: the right files, with just these bytes, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.clients import catalog
from app.clients.catalog import Client
from app.clients.files.locations import expand
from tests.clients.conftest import User

GOLDEN = Path(__file__).parent / "golden"
PATHS: dict[str, dict[str, list[str]]] = json.loads((GOLDEN / "paths.json").read_text())
CASES = [
    pytest.param(
        catalog.client(name),
        platform,
        [p.removeprefix("HOME/") for p in paths],
        id=f"{name} on {platform}",
    )
    for name, platforms in PATHS.items()
    for platform, paths in platforms.items()
]


def golden(client: Client, kind: str) -> bytes:
    ending = {"toml": "toml", "yaml": "yaml"}.get(client.layout.format, "json")
    return (GOLDEN / f"{client.id}.{kind}.{ending}").read_bytes()


def test_every_client_with_a_file_has_golden_files() -> None:
    assert set(PATHS) == {row.id for row in catalog.clients() if row.has_file}
    for row in catalog.clients():
        assert set(PATHS.get(row.id, {})) == set(row.files)


@pytest.mark.parametrize(("client", "platform", "paths"), CASES)
def test_files_that_are_there_get_the_golden_bytes_and_come_back(
    user: User, client: Client, platform: Any, paths: list[str]
) -> None:
    user = user.on(platform)
    before = golden(client, "before")
    files = [user.write(path, before) for path in paths]
    client_files = user.client_files()
    client_files.connect(client)
    written = [file for file in files if file.read_bytes() != before]
    assert written == (files if client.pick == "every" else files[:1])
    assert {file.read_bytes() for file in written} == {golden(client, "after")}
    client_files.disconnect(client)
    assert {file.read_bytes() for file in files} == {before}


@pytest.mark.parametrize(("client", "platform", "paths"), CASES)
def test_a_missing_file_is_made_with_the_golden_bytes_and_unmade(
    user: User, client: Client, platform: Any, paths: list[str]
) -> None:
    user = user.on(platform)
    places = user.places()
    files = [user.home / path for path in paths]
    for template in client.detect[platform]:
        for sign in expand(template.replace("*", "pzs8sxrjxfjjc"), places):
            if sign not in files and sign.is_relative_to(user.home):
                sign.mkdir(parents=True, exist_ok=True)
    client_files = user.client_files()
    client_files.connect(client)
    written = [file for file in files if file.exists()]
    assert written == (files if client.pick == "every" else files[:1])
    assert {file.read_bytes() for file in written} == {golden(client, "new")}
    assert {file.stat().st_mode & 0o777 for file in written} == {0o600}
    client_files.disconnect(client)
    assert not any(file.exists() for file in files)
