"""`python -m tests.screenshots`: the real application with real servers and data, page by page.

Writes docs/screenshots/PAGE-SCHEME.png, and PAGE-SCHEME@2x.png for screens of 200 %. Everything is
real but the search provider, which is a stand-in on loopback: nothing here reaches the internet.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "screenshots"
QUERIES = ("open data portals", "heat pump suppliers", "python qt tray", "trade fairs 2027")
PAGES = (
    *("welcome", "servers", "providers", "try", "tracked", "clients", "calls", "logs", "metrics"),
    *("doctor", "settings", "about", "keys", "tray"),
)
_OPENED_BY = {"providers": "servers search", "tray": "servers"}
_CLIENT = {"name": "claude-ai", "version": "0.14.2"}


def main() -> int:
    """Take every picture; one process for each scale, since Qt reads it once."""
    from tests import desktop as desktops
    from tests.ui.screen import screen as screens

    TARGET.mkdir(parents=True, exist_ok=True)
    for scale in ("1", "2"):
        home = Path(tempfile.mkdtemp(prefix="lou-", dir="/tmp"))
        os.environ["LOU_HOME"] = str(home / "lou")
        size = f"{1300 * int(scale)}x{900 * int(scale)}"
        with desktops.session(home), screens(home, size) as screen:
            screen.tray()
            argv = [sys.executable, "-m", "tests.screenshots", "inside", scale]
            env = {**screen.environment, "QT_SCALE_FACTOR": scale}
            subprocess.run(argv, env=env, cwd=ROOT, check=True, timeout=300)
    return 0


class Provider(BaseHTTPRequestHandler):
    """A SearXNG that always has something to say."""

    def do_GET(self) -> None:
        results = [
            {
                "title": f"Result {n}: what {place} knows about it",
                "url": f"https://{place}.example/articles/{n}",
                "content": "A short and readable summary of the page, as a search engine tells it.",
            }
            for n, place in enumerate(("library", "institute", "journal", "museum", "archive"), 1)
        ]
        body = json.dumps({"query": "x", "number_of_results": 5, "results": results}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


def prepare_home(address: str) -> None:
    """What a person who has used Lou for a while has: settings, a client's file, past figures."""
    home = Path(os.environ["LOU_HOME"])
    home.mkdir(parents=True, mode=0o700, exist_ok=True)
    settings = {
        "welcome_seen": False,
        "search": {"searxng": {"base_url": address}, "chain": ["searxng", "tavily", "wikipedia"]},
    }
    (home / "config.json").write_text(json.dumps({"settings": settings}))
    claude = Path(os.environ["HOME"]) / ".config" / "Claude"
    claude.mkdir(parents=True)
    entry = {
        "command": "npx",
        "args": ["-y", "@modelcontextprotocol/server-filesystem", "/home/me"],
    }
    document = {"globalShortcut": "Ctrl+Space", "mcpServers": {"files": entry}}
    (claude / "claude_desktop_config.json").write_text(json.dumps(document, indent=2))


async def past(hours: int) -> None:
    """Figures of the last hours, recorded as they would have been then."""
    import math
    import random

    from app.metrics.collector import Metrics
    from app.system import paths
    from app.views import CallRecord

    dice = random.Random(7)
    now = [time.time() - hours * 3600]
    metrics = Metrics(paths.data_folder("metrics.sqlite"), clock=lambda: now[0])
    while now[0] < time.time() - 60:
        busy = 2 + 3 * math.sin(now[0] / 2_000) + dice.random() * 2
        for _ in range(max(0, round(busy))):
            tool, ms = dice.choice((("web_search", 180), ("web_search", 12), ("fetch_page", 420)))
            taken = dice.lognormvariate(math.log(ms), 0.4)
            failed = dice.random() < 0.02
            outcome, kind = ("error", "rate_limited") if failed else ("ok", "")
            metrics.call(CallRecord("search", tool, taken, outcome, kind, "claude-ai", at=now[0]))
            metrics.usage("search", {"api": "searxng", "ms": taken, "outcome": "ok"})
            metrics.usage("search", {"cache": "search", "hit": dice.random() < 0.4})
        metrics.call(CallRecord("tracker", "track_url_email", dice.uniform(0.8, 2.4), "ok"))
        metrics.process("search", 92_000_000 + int(dice.random() * 4e6), 1 + busy / 3)
        metrics.process("tracker", 61_000_000 + int(dice.random() * 2e6), 0.5)
        now[0] += 60
        if int(now[0]) % 3600 < 60:
            await metrics.save()
    await metrics.stop()


async def converse() -> asyncio.subprocess.Process:
    """A client's session through the real bridge, left open."""
    bridge = await asyncio.create_subprocess_exec(
        str(ROOT / ".venv" / "bin" / "lou-connect"),
        "search",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert bridge.stdin
    assert bridge.stdout
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": _CLIENT}
    asked = [("initialize", hello), ("tools/list", {})]
    asked += [
        ("tools/call", {"name": "web_search", "arguments": {"query": query}})
        for query in QUERIES * 4
    ]
    for number, (method, params) in enumerate(asked, 1):
        line = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        bridge.stdin.write(json.dumps(line).encode() + b"\n")
        await asyncio.wait_for(bridge.stdout.readline(), 20)
        if number == 1:
            done = {"jsonrpc": "2.0", "method": "notifications/initialized"}
            bridge.stdin.write(json.dumps(done).encode() + b"\n")
    return bridge


async def fill(core: Any) -> None:
    """Entries, keys, a connected client."""
    statuses = ("new", "contacted", "replied", "won", "lost")
    notes = ("Met at the fair, asks for a price list", "Answers within a day", "", "Call in March")
    for number in range(60):
        place = ("library", "institute", "journal", "museum", "archive")[number % 5]
        entry = {
            "url": f"https://{place}.example/people/{number}",
            "email": f"{('ann', 'bob', 'cara', 'dan')[number % 4]}{number}@{place}.example",
            "note": notes[number % 4],
            "tags": [("fair", "press", "team")[number % 3], "2026"],
            "status": statuses[number % 5],
        }
        await core.call("tracker", "track_url_email", entry)
    await core.set_key("TAVILY_API_KEY", "tvly-not-a-real-key")
    await core.clients.connect("claude-desktop")


async def photograph(rig: Any, scale: str) -> None:
    """Every page in both schemes."""
    suffix = "@2x" if scale == "2" else ""
    update = rig.core.settings.update
    for scheme in ("light", "dark"):
        update(lambda config, scheme=scheme: config.with_settings(theme=scheme))
        for page in PAGES:
            rig.go(_OPENED_BY.get(page, page))
            await asyncio.sleep(0.2)
            await act(rig, page)
            await asyncio.sleep(1.2)
            shown = rig.shown(page)
            shown.grab().save(str(TARGET / f"{page}-{scheme}{suffix}.png"))
            if page in {"keys", "tray"}:
                shown.close()


async def act(rig: Any, page: str) -> None:
    """What a person does on a page before it is worth a picture."""
    from PySide6.QtWidgets import QScrollArea

    from app.ui.pages.calls import CallTable
    from app.ui.pages.log_table import LogTable
    from app.ui.widgets.form import Form
    from tests.ui.finding import button, find

    if page == "try":
        tried = rig.session.window.page("try")
        while tried.findChild(Form) is None:
            await asyncio.sleep(0.05)
        tried.findChild(Form).set_values({"query": "heat pump suppliers"})
        button(tried, "run").click()
        while button(tried, "run").text() == "Running...":
            await asyncio.sleep(0.05)
    if page == "logs":
        table = find(rig.session.window.page("logs"), LogTable)
        await asyncio.sleep(0.4)
        table.selectRow(max(0, table.model().rowCount() - 3))
    if page == "calls":
        table = find(rig.session.window.page("calls"), CallTable)
        while not table.model().rowCount():
            await asyncio.sleep(0.05)
        table.selectRow(0)
    if page == "doctor":
        again = button(rig.session.window.page("doctor"), "Check again")
        while not again.isEnabled():
            await asyncio.sleep(0.05)
    if page == "keys":
        rig.go("keys TAVILY_API_KEY")
    if page == "tray":
        rig.shown("tray").popup(rig.session.window.pos())
    scroll = rig.session.window.page("servers").findChild(QScrollArea).verticalScrollBar()
    scroll.setValue(scroll.maximum() if page == "providers" else 0)


class Shown:
    """The application in this process."""

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        from app.core import Core
        from app.ui.dialogs.problem import Problems
        from app.ui.session import TraySession
        from app.ui.theme import Theme
        from app.ui.tray import Tray

        theme = Theme(app)
        self.app = app
        self.core = Core("tray")
        self.tray = tray = Tray(theme)
        self.session = TraySession(self.core, theme, tray, Problems(theme), loop=loop)
        self.go = self.session.go

    def shown(self, page: str) -> Any:
        """The window or the dialog that shows `page`."""
        from app.ui.dialogs.keys import KeysDialog

        if page == "tray":
            return self.tray.icon.contextMenu()
        if page == "keys":
            return next(each for each in self.app.topLevelWidgets() if isinstance(each, KeysDialog))
        return self.session.window


async def inside(app: Any, scale: str) -> None:
    """Run, fill, photograph, end."""
    await past(26)
    shown = Shown(app, asyncio.get_running_loop())
    running = asyncio.ensure_future(shown.session.run())
    core = shown.core
    while not core.servers() or any(server.state != "ready" for server in core.servers()):
        await asyncio.sleep(0.05)
    await fill(core)
    bridge = await converse()
    await photograph(shown, scale)
    bridge.terminate()
    await bridge.wait()
    shown.session.quit()
    await running


def run_inside(scale: str) -> int:
    """The part that has a screen."""
    from PySide6.QtWidgets import QApplication

    from app.ui.event_loop import EventLoop

    provider = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    prepare_home(f"http://127.0.0.1:{provider.server_port}")
    app = QApplication(["lou"])
    app.setQuitOnLastWindowClosed(False)
    with EventLoop(app) as loop:
        loop.run_until_complete(inside(app, scale))
    return 0


if __name__ == "__main__":
    sys.exit(run_inside(sys.argv[2]) if sys.argv[1:2] == ["inside"] else main())
