"""What each living process has imported: the boundaries hold at run time, too.

The interpreter itself reports its imports; every process does its real work first.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import desktop as desktops
from tests.app.running import Lou, lou
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
REPORT = [sys.executable, "-X", "importtime"]
UNUSED = {"mcp.client", "mcp.server.mcpserver", "starlette.applications", "uvicorn"}
"""What the SDK would import into a server that has no use for it."""
ENCRYPTION_KEY = "bG91IGxvdSBsb3UgbG91IGxvdSBsb3UgbG91IGxvdSE="


def imported(report: str) -> set[str]:
    """The modules in an import report."""
    return set(re.findall(r"^import time: +\d+ \| +\d+ \| +([\w.]+)$", report, re.MULTILINE))


def tops(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@pytest.fixture
def private(home: Path) -> Iterator[Lou]:
    with desktops.session(home) as desktop, lou(desktop.environment) as found:
        yield found


def a_supervised_server(private: Lou, words: list[str], settings: dict, keys: dict) -> set[str]:
    """Run it as the app does until it is ready, list its tools, and close its stdin."""
    params = {"keys": keys, "settings": settings, "disabled_tools": [], "debug": False}
    configure = {"type": "request", "id": "1", "method": "configure", "params": params}
    tools = {"type": "request", "id": "2", "method": "list_tools", "params": {}}
    report = private.home / "imports.txt"
    with report.open("wb") as errors, subprocess.Popen(
        [*REPORT, "-m", "servers", *words, "--lou-instance=rules"], cwd=ROOT,
        env=private.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
    ) as server:  # fmt: skip
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(configure).encode() + b"\n")
        server.stdin.flush()
        for line in server.stdout:
            said = json.loads(line)
            if said.get("event") == "ready":
                server.stdin.write(json.dumps(tools).encode() + b"\n")
                server.stdin.flush()
            if said.get("id") == "2":
                break
        else:
            raise AssertionError(report.read_text()[-2000:])
        server.stdin.close()
        server.wait(PATIENCE_S)
    return imported(report.read_text())


def folders(private: Lou) -> dict[str, str]:
    return {"data": str(private.home / "data"), "cache": str(private.home / "cache")}


def test_search_imports_no_desktop_and_no_keyring(private: Lou) -> None:
    settings = {"folders": folders(private)}
    modules = a_supervised_server(private, ["search"], settings, {})
    assert {"mcp", "aiohttp"} <= tops(modules)
    assert not {"PySide6", "keyring", "app", "firebase_admin", "psutil"} & tops(modules)
    assert not UNUSED & modules


def test_tracker_imports_firebase_only_when_that_store_is_chosen(private: Lou) -> None:
    settings = {"folders": folders(private)}
    keys = {"ENCRYPTION_KEY": ENCRYPTION_KEY}
    modules = a_supervised_server(private, ["tracker"], settings, keys)
    assert {"mcp", "cryptography"} <= tops(modules)
    banned = {"PySide6", "keyring", "app", "firebase_admin", "grpc", "aiohttp"}
    assert not banned & tops(modules)
    assert not UNUSED & modules


def test_the_relay_of_a_command_imports_the_standard_library_and_lou_alone(private: Lou) -> None:
    command = {"command": sys.executable, "args": [str(ROOT / "tests/relay/upstream_server.py")]}
    settings = {"folders": folders(private), "upstream": command}
    modules = a_supervised_server(private, ["relay", "mine"], settings, {})
    site = {"_distutils_hack", "sitecustomize", "org"}  # of the interpreter's own start
    assert tops(modules) - sys.stdlib_module_names - site == {"servers"}, "no SDK for a wire"


def test_the_bridge_imports_the_standard_library_and_lou_alone(private: Lou) -> None:
    private.start()
    private.wait_for("search", "ready")
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {},
                   "clientInfo": {"name": "rules", "version": "1"}},
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-E", "-X", "importtime", ROOT / "servers/bridge/__main__.py",
         "search"],
        env={"HOME": private.environment["HOME"], "LOU_HOME": private.environment["LOU_HOME"]},
        input=json.dumps(hello).encode() + b"\n", capture_output=True,
        check=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert json.loads(done.stdout.splitlines()[0])["id"] == 1
    modules = imported(done.stderr.decode())
    foreign = tops(modules) - sys.stdlib_module_names - {"servers"}
    assert foreign == set()
    ours = {module for module in modules if module.startswith("servers.")}
    assert all(module.startswith(("servers.bridge", "servers.contract")) for module in ours)
    needless = {"__future__", "asyncio", "ctypes", "enum", "json", "re", "socket", "typing"}
    assert not needless & tops(modules), "the first answer does not need them"


def test_qt_leaves_the_import_of_other_modules_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_AFTER_QT], cwd=ROOT, text=True, capture_output=True,
        check=True,
    )  # fmt: skip
    assert done.stdout == "the same, nothing read\n"


_IMPORT_AFTER_QT = """
import builtins
before = builtins.__import__
from app.ui.memory_footprint import load_qt
load_qt()
import linecache, mailbox
read = [name for name in linecache.cache if name.endswith("mailbox.py")]
print("the same" if builtins.__import__ is before else "changed", read or "nothing read", sep=", ")
"""


def the_app(private: Lou, words: list[str], **extra: str) -> set[str]:
    """Run a face of the app until its servers are ready and a tool was called; then quit it."""
    report = private.home / "imports.txt"
    with report.open("wb") as errors, subprocess.Popen(
        [*REPORT, "-m", "app", *words], cwd=ROOT, env={**private.environment, **extra},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
    ) as app:  # fmt: skip
        private.wait_for("search", "ready")
        private.wait_for("tracker", "ready")
        assert private.run("call", "tracker", "find_tracked").returncode == 0
        assert private.run("doctor").returncode in {0, 1}
        assert private.run("metrics").returncode == 0
        assert private.run("quit").returncode == 0
        assert app.wait(PATIENCE_S) == 0
    return imported(report.read_text(errors="replace"))


HEAVY = {"mcp", "mcp_types", "pydantic", "starlette", "anyio", "aiohttp", "firebase_admin", "numpy"}


KEYRING = {"keyring", "secretstorage", "jeepney", "cryptography"}


def test_the_headless_app_has_no_qt_and_nothing_heavy(private: Lou) -> None:
    modules = the_app(private, ["serve"])
    assert "app.core" in modules
    assert not ({"PySide6", "qasync"} | KEYRING | HEAVY) & tops(modules)
    assert not [module for module in modules if module.startswith("app.ui")]


def test_the_tray_has_nothing_heavy(private: Lou) -> None:
    modules = the_app(private, [], QT_QPA_PLATFORM="offscreen")
    assert {"PySide6", "qasync"} <= tops(modules)
    assert not (KEYRING | HEAVY) & tops(modules)


def test_the_core_and_its_features_are_light_and_without_qt() -> None:
    features = ", ".join(f"app.{path.stem}" for path in (ROOT / "app").glob("[a-z]*.py"))
    done = subprocess.run(
        [*REPORT, "-c", f"import {features}, app.clients.service"], cwd=ROOT, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    late = {"PySide6", "keyring", "secretstorage", "cryptography"}
    assert not (late | HEAVY) & tops(imported(done.stderr))


def test_a_command_starts_without_the_core() -> None:
    with lou() as absent:
        done = subprocess.run(
            [*REPORT, "-m", "app", "status"], cwd=ROOT, env=absent.environment, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        modules = imported(done.stderr)
        assert done.returncode == 3
        assert not {"app.core", "asyncio", "sqlite3", "keyring", "psutil"} & modules
