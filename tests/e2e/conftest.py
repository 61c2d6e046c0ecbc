"""A running Lou, and a search that reaches nobody but this machine."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.spine import Spine, running

NOWHERE = "http://127.0.0.1:9"


def write_config(**search: object) -> None:
    """Settings under which no search provider outside this machine is asked."""
    names = ("tavily", "wikipedia", "duckduckgo", "google", "brave", "anthropic", "exa", "serper")
    providers = {name: {"base_url": NOWHERE} for name in names}
    path = Path(os.environ["LOU_HOME"]) / "config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    servers = {name: {"command": "lou-server", "args": [name]} for name in ("search", "tracker")}
    settings = {"search": {**providers, **search}}
    path.write_text(json.dumps({"mcpServers": servers, "settings": settings}), encoding="utf-8")
    path.chmod(0o600)


@pytest.fixture(scope="module")
def spine() -> Iterator[Spine]:
    """One for the tests of a module; each leaves both servers on."""
    folder = Path(tempfile.mkdtemp(prefix="lou-", dir="/tmp"))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("XDG_", "LOU_"))]:
            patch.delenv(name)
        patch.setenv("HOME", str(folder))
        patch.setenv("LOU_HOME", str(folder / "lou"))
        write_config()
        with running(folder) as started:
            yield started
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ready(spine: Spine) -> None:
    """Whatever the test before left behind."""
    for name in ("search", "tracker"):
        spine.ask("enable", server=name, on=True)
    spine.wait_ready("search", "tracker")
