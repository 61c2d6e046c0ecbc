"""Newcomers whose computer is not as it should be: no way ends without a word about what to do.

Each does one thing in the real window. It ends in a working call, or in a sentence that says what
happened and what to do, with a button that leads there.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QSpinBox

from app.clients.views import ClientView
from app.ui.dialogs.changes import ChangesDialog
from app.ui.dialogs.own_server import ServerDialog
from app.ui.pages.http_settings import HttpRow
from app.ui.widgets.switch import Switch
from tests import strangers
from tests.patience import PATIENCE_S
from tests.strangers import immutable
from tests.ui.dialogs import AddServerView, KeysView
from tests.ui.finding import button, find
from tests.ui.pages import ServersView, StripView, TryView
from tests.ui.rig import Rig
from tests.ui.scenes import opened_by
from tests.ui.screen import ROOT
from tests.ui.test_ui_own_servers import SERVER, opened

WORKING = f"'{SERVER[0]}' '{SERVER[1]}' 0 1"
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "newcomer", "version": "1"},
}
_NUMBERS = itertools.count()


@contextmanager
def answering(status: int, body: bytes = b"", kind: str = "application/json") -> Iterator[str]:
    """The address of a web server that answers everything like this."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_DELETE = do_POST  # noqa: N815 - the names that the handler has

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/mcp"
        server.shutdown()


@contextmanager
def own_server(lou: Rig, entry: dict[str, Any], name: str = "") -> Iterator[StripView]:
    """A server of one's own that has trouble, and what its page says."""
    name = name or f"mine{next(_NUMBERS)}"  # nothing is left of the server before
    lou.core.add_server(name, entry)
    try:
        lou.until(lambda: lou.core.server(name).trouble)
        page = lou.page("servers")
        page.choose(name)
        strip = StripView(ServersView(page).detail)

        def is_told() -> bool:
            """Whether the page tells this trouble, and not that of the server before."""
            trouble = lou.core.server(name).trouble
            is_shown = strip.isVisible() and strip.button.isVisible()
            return is_shown and trouble is not None and trouble.message in strip.text

        lou.until(is_told)
        yield strip
    finally:
        lou.run(lou.core.remove_server(name))


@pytest.mark.parametrize(
    ("entry", "happened", "do", "leads"),
    [
        ({"command": "/nowhere/at/all"}, "was not found", "install it", "Edit it..."),
        ({"command": "/etc/passwd"}, "may not be executed", "full path", "Edit it..."),
        ({"command": "/bin/cat", "cwd": "/nowhere"}, "'/nowhere'", "Correct", "Edit it..."),
        (
            {"command": sys.executable, "args": ["-c", "exit('No module named mcp_x')"]},
            "No module named mcp_x", "Read its log", "",
        ),
        (
            {"command": "/bin/cat", "env": {"A": "${keyring:MY_KEY}"}},
            "needs the key MY_KEY", "lou keys set MY_KEY", "Open keys",
        ),
        (
            {"command": "/bin/sleep", "args": ["600"]},
            "has answered nothing for", "restart it", "Show the log",
        ),
    ],
    ids=["wrong command", "no program", "no folder", "ends at once", "missing key", "stuck"],
)  # fmt: skip
def test_a_command_that_does_not_work(
    lou: Rig, entry: dict[str, Any], happened: str, do: str, leads: str
) -> None:
    with own_server(lou, entry) as strip:
        assert happened in strip.text
        assert do in strip.text
        leading = [leads] if leads else ["Edit it...", "Show the log"]
        lou.until(lambda: strip.button.text() in leading, what=strip.button.text())
        lou.until(button(lou.window.page("servers"), "Restart", "Retry").isEnabled)


@pytest.mark.parametrize(
    ("status", "happened", "do", "leads"),
    [
        (401, "wants a key (401)", "Authorization: Bearer", "Edit it..."),
        (403, "does not allow this (403)", "may lack a permission", "Edit it..."),
        (404, "404 Not Found", "Check the server's address", "Edit it..."),
        (200, "is no MCP", "Read its log", ""),
    ],
)
def test_an_address_that_does_not_work(
    lou: Rig, status: int, happened: str, do: str, leads: str
) -> None:
    with (
        answering(status, b"<html>Welcome</html>", "text/html") as url,
        own_server(lou, {"url": url}) as strip,
    ):
        assert happened in strip.text
        assert do in strip.text
        assert strip.button.text() in ([leads] if leads else ["Edit it...", "Show the log"])


def test_an_address_without_a_network(lou: Rig) -> None:
    with own_server(lou, {"url": "https://no-such-host.invalid/mcp"}) as strip:
        assert "no-such-host.invalid cannot be reached" in strip.text
        assert "Check the address and the network. Lou tries again by itself" in strip.text
        assert strip.button.text() == "Edit it..."


def test_a_server_at_an_address_that_is_down_and_comes_back(lou: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as asked:
        port = asked.getsockname()[1]
    with own_server(lou, {"url": f"http://127.0.0.1:{port}/mcp"}, "away") as strip:
        assert f"127.0.0.1:{port}" in strip.text
        assert "Lou tries again by itself" in strip.text, strip.text
        upstream = [sys.executable, str(ROOT / "tests/relay/upstream_server.py"), "http", str(port)]
        with subprocess.Popen(upstream, stderr=subprocess.DEVNULL) as server:
            try:
                lou.until(lambda: lou.state("away") == "ready")
                tried = TryView(lou)
                tried.choose("away", "add")
                tried.fill(a=1)
                assert tried.run_and_wait().outcome == "ok"
            finally:
                server.kill()


def test_an_address_with_a_wrong_key_leads_to_that_key(lou: Rig) -> None:
    lou.run(lou.core.set_key("MY_WEB_KEY", "not-the-right-one"))
    headers = {"Authorization": "Bearer ${keyring:MY_WEB_KEY}"}
    with answering(401) as url, own_server(lou, {"url": url, "headers": headers}) as strip:
        assert "refused the key (401)" in strip.text
        assert strip.button.text() == "Open keys"
        strip.button.click()
        keys = KeysView(lou, "MY_WEB_KEY")
        lou.until(keys.save.isVisible)
        keys.dialog.close()
    lou.run(lou.core.unset_key("MY_WEB_KEY"))


def test_a_server_that_wants_a_sign_in_is_not_told_to_be_off(lou: Rig) -> None:
    with answering(401) as url, own_server(lou, {"url": url}, "firm") as strip:
        assert "wants a key" in strip.text
        tried = TryView(lou)
        tried.page.choose("firm")
        lou.until(lambda: "wants a key" in tried.note.text())
        assert "Servers" in tried.note.text()


def test_while_lou_is_paused_every_page_says_how_to_go_on(lou: Rig) -> None:
    lou.run(lou.core.pause_all())
    tried = TryView(lou)
    tried.page.choose("search")
    lou.until(lambda: "Lou is paused. Resume all" in tried.note.text())
    tracked = lou.page("tracked")
    lou.until(lambda: any("Resume all" in each.text() for each in tracked.findChildren(QLabel)))
    welcome = lou.page("welcome")
    lou.until(lambda: button(welcome, "Resume all").isVisible())
    button(welcome, "Resume all").click()
    lou.until(lambda: not lou.core.is_paused)
    lou.until(lambda: all(lou.state(name) == "ready" for name in ("search", "tracker")))


def test_a_wrong_command_is_put_right_and_called(lou: Rig) -> None:
    with own_server(lou, {"command": "/nowhere/at/all"}, "mine") as strip:
        strip.button.click()
        seen = lambda: [d for d in lou.window.findChildren(ServerDialog) if d.isVisible()]  # noqa: E731
        lou.until(seen)
        view = AddServerView(lou, dialog=seen()[0])
        view.form.set_values({"name": "mine", "run": WORKING})
        view.add.click()
        lou.until(lambda: lou.state("mine") == "ready")
        tried = TryView(lou)
        tried.page.choose("mine")
        lou.until(lambda: tried.tool.count() == 1 and tried.form is not None)
        assert tried.run_and_wait().outcome == "ok"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "tried", "run": "npx 'a"}, "The command cannot be read."),
        ({"name": "tried", "run": "frob --x"}, "'frob' was not found. Give its full path"),
        ({"name": "search", "run": "/bin/cat"}, "search"),
        ({"name": "My Server", "run": "/bin/cat"}, "a-z"),
        ({"name": "tried", "run": "/bin/cat", "env": ["A"]}, "is not NAME=value"),
    ],
    ids=["quotes", "wrong command", "taken name", "wrong name", "variable"],
)
def test_a_form_filled_in_wrongly(lou: Rig, values: dict[str, Any], said: str) -> None:
    dialog = opened(lou, "add", ServerDialog)
    view = AddServerView(lou, dialog=dialog)
    view.form.set_values(values)
    words = lambda: " ".join(each.text() for each in dialog.findChildren(QLabel))  # noqa: E731
    (view.add if values["name"] != "tried" else button(dialog, "Test")).click()
    try:
        lou.until(lambda: said in words(), what=f"{said!r} is not said: {words()}")
        assert {*lou.core.settings.config.servers} == {"search", "tracker"}
    finally:
        dialog.reject()


def test_a_port_that_another_program_has(lou: Rig) -> None:
    page = lou.page("settings")
    row = next(each for each in page.findChildren(HttpRow) if each.server == "tracker")
    port, switch = find(row, QSpinBox, "Port of Tracker"), find(row, Switch, "HTTP for Tracker")
    words = lambda: " ".join(each.text() for each in row.findChildren(QLabel))  # noqa: E731
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        port.setValue(taken)
        switch.click()
        lou.until(lambda: f"Port {taken} cannot be used" in words(), what=words)
        assert "Choose another in Lou's settings, under HTTP" in words()
        servers = lou.page("servers")
        servers.choose("tracker")
        strip = StripView(ServersView(servers).detail)
        lou.until(lambda: f"Port {taken} cannot be used" in strip.text, what=lambda: strip.text)
        assert strip.button.text() == "Open settings"
        strip.button.click()
        lou.until(page.isVisible)
    with socket.create_server(("127.0.0.1", 0)) as asked:
        free = asked.getsockname()[1]
    port.setValue(free)
    lou.until(lambda: lou.state("tracker") == "ready")
    lou.until(lambda: f"http://127.0.0.1:{free}/mcp" in words(), what=words)
    token = lou.run(lou.core.vault.get("LOU_HTTP_TOKEN"))
    assert initialized(f"http://127.0.0.1:{free}/mcp", token) == "tracker"
    switch.click()
    lou.until(lambda: "Off" in words())
    lou.until(lambda: lou.state("tracker") == "ready")
    lou.run(lou.core.unset_key("LOU_HTTP_TOKEN"))


def initialized(url: str, token: str) -> str:
    """The name that the server at `url` says to a client with this token."""
    asked = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }
    request = urllib.request.Request(url, json.dumps(asked).encode(), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
        said = reply.read().decode()
    return str(
        json.loads(said[said.index("{") : said.rindex("}") + 1])["result"]["serverInfo"]["name"]
    )


@pytest.fixture
def claude(lou: Rig) -> Iterator[Path]:
    """Where Claude Desktop has its file; its folder is there, and the file is not."""
    folder = lou.home / ".config" / "Claude"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "claude_desktop_config.json"
    file.unlink(missing_ok=True)
    yield file
    shutil.rmtree(folder)
    lou.run(lou.core.clients.refresh())


def client_page(lou: Rig) -> tuple[Any, str]:
    """The page of Claude Desktop, looked at again, and all that it says."""
    lou.run(lou.core.clients.refresh("claude-desktop"))
    page = lou.page("clients")
    page.choose("claude-desktop")
    lou.until(lambda: any(each.text() == "Claude Desktop" for each in page.findChildren(QLabel)))
    return page, " ".join(each.text() for each in page.findChildren(QLabel) if each.isVisible())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"mcpServers": {"a": {},,}}', "Line 1, column 2"),
        ("[]", "The file holds no JSON object."),
        ('{"mcpServers": []}', "is not an object"),
        (None, "Where the file should be is a folder."),
    ],
    ids=["broken", "no object", "a list of servers", "a folder"],
)
def test_a_client_whose_file_cannot_be_changed(
    lou: Rig, claude: Path, content: str | None, said: str
) -> None:
    claude.mkdir() if content is None else claude.write_text(content)
    page, words = client_page(lou)
    assert said in words
    assert "Lou leaves" in words
    assert "Lou adds its entries once the file can be read." in words
    shown = {each.text() for each in page.findChildren(type(button(page))) if each.isVisible()}
    assert not {"Connect...", "Repair..."} & shown, "it is offered, and would fail"
    assert {"Show the file", "Copy the entry", "Look again"} <= shown


@strangers.needs_another_user
def test_a_clients_file_that_nobody_may_change(lou: Rig, claude: Path) -> None:
    claude.write_text('{"theirs": 1}')
    page, _ = client_page(lou)
    lou.until(button(page, "Connect...").isVisible)
    with immutable(claude):
        button(page, "Connect...").click()
        changes(lou).accept()
        lou.until(lambda: lou.problems and "Allow writing to" in lou.problems[-1].hint)
        lou.close_dialogs()
        assert claude.read_text() == '{"theirs": 1}'
    button(page, "Connect...").click()
    changes(lou).accept()
    lou.until(lambda: lou.core.clients.view("claude-desktop").state == "connected")
    lou.run(lou.core.clients.disconnect("claude-desktop"))


@pytest.mark.parametrize("content", ["", "{}", None])
def test_a_client_with_an_empty_file_or_none_is_connected(
    lou: Rig, claude: Path, content: str | None
) -> None:
    if content is not None:
        claude.write_text(content)
    page, _ = client_page(lou)
    lou.until(button(page, "Connect...").isVisible)
    button(page, "Connect...").click()
    changes(lou).accept()
    lou.until(lambda: lou.core.clients.view("claude-desktop").state == "connected")
    lou.run(lou.core.clients.disconnect("claude-desktop"))


def test_a_clients_file_that_is_a_link(lou: Rig, claude: Path) -> None:
    real = lou.home / "claude-of-mine.json"
    claude.symlink_to(real)
    page, words = client_page(lou)
    assert "The file is a link to something that is not there." in words
    assert "Lou adds its entries once the file can be read." in words
    real.write_text("{}")
    client_page(lou)
    lou.until(button(page, "Connect...").isVisible)
    button(page, "Connect...").click()
    changes(lou).accept()
    lou.until(lambda: lou.core.clients.view("claude-desktop").state == "connected")
    assert claude.is_symlink()
    entry = json.loads(real.read_text())["mcpServers"]["lou-search"]
    assert initialized_through(entry) == "search"
    lou.run(lou.core.clients.disconnect("claude-desktop"))
    assert claude.is_symlink()


def initialized_through(entry: dict[str, Any]) -> str:
    """The name that the server says to a client that starts this entry."""
    asked = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO})
    argv = [entry["command"], *entry.get("args", ())]
    environment = {**os.environ, **entry.get("env", {})}
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as bridge:
        assert bridge.stdin
        assert bridge.stdout
        bridge.stdin.write(asked.encode() + b"\n")
        bridge.stdin.flush()
        reply = json.loads(bridge.stdout.readline())
        bridge.stdin.close()
    return str(reply["result"]["serverInfo"]["name"])


def changes(lou: Rig) -> ChangesDialog:
    """The dialog that shows what would change."""
    seen = lambda: [d for d in lou.window.findChildren(ChangesDialog) if d.isVisible()]  # noqa: E731
    lou.until(seen)
    return seen()[-1]


def test_a_client_with_another_entry_of_that_name(lou: Rig, claude: Path) -> None:
    claude.write_text('{"mcpServers": {"lou-search": {"command": "/usr/bin/other"}}}')
    page, words = client_page(lou)
    assert "There is an entry `lou-search` that Lou did not write." in words
    assert "Connect shows the difference before it replaces it." in words
    lou.until(button(page, "Connect...").isVisible)
    asked = opened_by(lou, button(page, "Connect...").click)
    button(asked, "Replace it...").click()
    dialog = changes(lou)
    diff = find(dialog, QPlainTextEdit, "What changes").toPlainText()
    assert "/usr/bin/other" in diff
    assert "/usr/bin/other" in claude.read_text()
    dialog.accept()
    lou.until(lambda: lou.core.clients.view("claude-desktop").state == "connected")
    lou.run(lou.core.clients.undo("claude-desktop"))
    assert "/usr/bin/other" in claude.read_text()


def test_a_client_that_runs_is_told_apart(lou: Rig, claude: Path) -> None:
    claude.write_text("{}")
    client_page(lou)
    view = lou.core.clients.view("claude-desktop")
    for can_quit, said in ((True, "reads its file only when it starts"), (False, "Quit Claude")):
        dialog = shown(lou, replace(view, running=True, can_quit=can_quit))
        words = " ".join(each.text() for each in dialog.findChildren(QLabel))
        assert "Claude Desktop is running" in words
        assert said in words
        assert dialog.agreed().restart is can_quit
        dialog.reject()


def shown(lou: Rig, client: ClientView) -> ChangesDialog:
    dialog = ChangesDialog(lou.theme, lou.window, client, action="connect", diff="+ more")
    dialog.open()
    return dialog


def test_no_client_at_all(lou: Rig) -> None:
    shutil.rmtree(lou.home / ".config" / "Claude", ignore_errors=True)
    lou.run(lou.core.clients.refresh())
    page = lou.page("welcome")
    lou.until(lambda: button(page, "By hand").isVisible())
    assert not button(page, "Connect Claude Desktop...").isVisible()
    button(page, "By hand").click()
    lou.until(button(page, "Copy").isVisible)
    assert button(page, "Try it without a client").isVisible()


@pytest.mark.parametrize("text", [" tvly-abc\n", "\u201ctvly-abc\u201d", "TAVILY_API_KEY=tvly-abc"])
def test_a_key_that_is_pasted_with_more_than_itself(lou: Rig, text: str) -> None:
    keys = KeysView(lou, "TAVILY_API_KEY")
    lou.until(keys.entry.isEnabled)
    keys.type(text)
    keys.save.click()
    lou.until(lambda: "Saved" in keys.verdict)
    assert lou.run(lou.core.vault.get("TAVILY_API_KEY")) == "tvly-abc"
    keys.dialog.close()
    lou.run(lou.core.unset_key("TAVILY_API_KEY"))


def test_a_key_of_other_letters_is_refused_in_words(lou: Rig) -> None:
    keys = KeysView(lou, "TAVILY_API_KEY")
    lou.until(keys.entry.isEnabled)
    keys.type("\u043a\u043b\u044e\u0447")
    keys.save.click()
    lou.until(lambda: "Copy the key once more" in keys.verdict)
    keys.dialog.close()
