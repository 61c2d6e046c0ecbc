"""The first run on odd computers: each time in a process that starts there.

A person connects Claude Desktop, Claude calls a tool through its entry, the person calls one in
the window and then searches the web; where the web is out of reach, a sentence says what to do.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE_S
from tests.secure_site import secure_site
from tests.ui.own_process import tell, told_by

_AWAY = "https://no-such-host.invalid"
_PROVIDERS = ("tavily", "keenable", "duckduckgo", "wikipedia")
_NO_NETWORK = {name: {"base_url": _AWAY} for name in _PROVIDERS}
_PATH = f"{Path(sys.executable).parent}:/usr/bin:/bin"
_LETTERS = "J\u00fcrgen M\u00fcller's \u65e5\u672c\u8a9e/My  Documents"
_LONG = "/".join("abcdefghij" * 8 for _ in range(3))


def first_run(environment: dict[str, str] | None = None, **way: Any) -> dict[str, Any]:
    """How the first run ends in a process with this `environment`."""
    whole = {**os.environ, **(environment or {})}
    return told_by("test_ui_odd_computers", json.dumps(way), environment=whole)


def assert_works(ended: dict[str, Any], said: str = "its name could not be resolved") -> None:
    assert ended["state"] == "connected"
    assert "created" in ended["by_client"]
    assert ended["by_hand"] == "ok"
    assert said in ended["search"], ended["search"]
    assert ended["cut"] == {}
    assert ended["problems"] == []


@pytest.mark.parametrize("within", [_LETTERS, _LONG], ids=["other letters", "a long path"])
def test_a_home_of_an_odd_name(within: str) -> None:
    assert_works(first_run(within=within, search=_NO_NETWORK))


def test_german_at_200_percent() -> None:
    ended = first_run({"QT_SCALE_FACTOR": "2"}, language="de", search=_NO_NETWORK)
    assert_works(ended, "Prüfen Sie das Netz")


def test_a_proxy_that_is_not_there() -> None:
    ended = first_run(proxy="http://127.0.0.1:9", search=_NO_NETWORK)
    assert_works(ended, "(through the proxy of the environment)")


@pytest.mark.parametrize("from_day", [-3_650, 3_650], ids=["clock ahead", "clock behind"])
def test_a_clock_that_is_years_off(tmp_path: Path, from_day: int) -> None:
    """To such a clock every certificate is what this one is to a clock that is right."""
    with secure_site(tmp_path, from_day) as (address, trusted):
        search = {name: {"base_url": address} for name in _PROVIDERS}
        ended = first_run({"SSL_CERT_FILE": trusted}, search=search)
    assert_works(ended, "is the clock of this computer right?")


def main() -> int:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    from tests.ui import rig as rigs

    way = json.loads(sys.argv[1])
    own = {"search": way.get("search", {})}
    settings = {"servers": own, "language": way.get("language", "en"), "welcome_seen": False}
    app = QApplication(["lou"])
    with rigs.rig(app, within=way.get("within", "."), **settings) as lou:
        if "proxy" in way:
            entry = lou.core.settings.config.servers["search"]
            entry = replace(entry, env={"HTTPS_PROXY": way["proxy"]})
            lou.core.settings.update(lambda config: config.with_server("search", entry))
            lou.run(lou.core.restart("search"))
            lou.until(lambda: lou.state("search") == "ready")
        tell(_walked(lou))
    return 0


def _walked(lou: Any) -> dict[str, Any]:
    from app.ui.widgets.reader import Reader
    from tests.ui.cut_texts import cut, settle
    from tests.ui.finding import button
    from tests.ui.pages import TryView
    from tests.ui.test_ui_newcomers import changes

    claude = lou.home / ".config" / "Claude"
    claude.mkdir(parents=True)
    lou.run(lou.core.clients.refresh())
    page = lou.page("welcome")
    connect = button(page, "Connect Claude Desktop...")
    lou.until(connect.isVisible)
    connect.click()
    changes(lou).accept()
    lou.until(lambda: lou.core.clients.view("claude-desktop").state == "connected")
    entries = json.loads((claude / "claude_desktop_config.json").read_text())["mcpServers"]
    by_client = lou.run(_called(entries["lou-tracker"], str(lou.home)))
    tried = TryView(lou)
    tried.choose("tracker", "tracker_stats")
    by_hand = tried.run_and_wait().outcome
    tried.choose("search", "web_search")
    tried.fill(query="anything")
    tried.run_and_wait()
    search = tried.result.findChild(Reader).toPlainText()
    cuts = {}
    for name in ("welcome", "try", "clients", "logs", "calls", "about"):
        lou.page(name)
        settle(lou.window)
        cuts[name] = cut(lou.window)
    return {
        "state": lou.core.clients.view("claude-desktop").state,
        "by_client": by_client,
        "by_hand": by_hand,
        "search": search,
        "cut": {name: texts for name, texts in cuts.items() if texts},
        "problems": [str(each) for each in lou.problems],
    }


async def _called(entry: dict[str, Any], home: str) -> str:
    """What the tracker answers to a client that starts `entry` with nothing but its own."""
    bridge = await asyncio.create_subprocess_exec(
        entry["command"],
        *entry.get("args", ()),
        env={"HOME": home, "PATH": _PATH, **entry.get("env", {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert bridge.stdin
    assert bridge.stdout
    hello = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "claude-ai", "version": "1"},
    }
    new = {"email": "new@example.org", "url": "https://example.org/"}
    asked = [("initialize", hello), ("tools/call", {"name": "track_url_email", "arguments": new})]
    answer = b""
    for number, (method, params) in enumerate(asked):
        line = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        bridge.stdin.write(json.dumps(line).encode() + b"\n")
        answer = await asyncio.wait_for(bridge.stdout.readline(), PATIENCE_S)
    bridge.stdin.close()
    await bridge.wait()
    return answer.decode()


if __name__ == "__main__":
    sys.exit(main())
