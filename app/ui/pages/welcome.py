"""The Welcome page of the first run, and its steps: servers, keys, client, the first call."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.ui import wording
from app.ui.page_context import PageContext
from app.ui.pages.welcome_steps import ConnectStep, ExtrasStep, WelcomeStep
from app.ui.widgets.buttons import Button, copier
from app.ui.widgets.card import GUTTER, ScrollArea
from app.ui.widgets.layouts import FREE, holder, horizontal, vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.text import heading, label
from app.views import CallRecord, ClientEvent, ServerView
from servers.contract.messages import OWN_CLIENT

_WIDTH = 720
_LOOKS_EVERY_MS = 5_000
_MOST_SHOWN = 6
_PROMPT = "Search the web for today's news with Lou, and tell me which tool you used."


class WelcomePage(QWidget):
    """Four steps; each gets its tick when its condition holds."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._proof: ClientEvent | CallRecord | None = None
        theme = context.theme
        self._servers = WelcomeStep(theme, "1", "Your servers")
        self._action = self._servers.add_button("", lambda: context.go(self._action_page))
        self._action.setObjectName("mend")
        self._action_page = ""
        self._over = self._servers.add_button(
            "Bring them over...", lambda: context.go("takeover"), icon="clients"
        )
        self._over.hide()
        self._found_elsewhere = ""
        """Which clients have servers that Lou could run, as a sentence."""
        self._keys = WelcomeStep(theme, "2", "Keys, if you have any")
        self._keys.add_button("Add keys...", lambda: context.go("keys"), icon="keys")
        self._connect = ConnectStep(context)
        self._proven = WelcomeStep(theme, "4", "The proof")
        self._proven.add_button("Copy a prompt", copier(lambda: _PROMPT), icon="copy")
        self._proven.add_button(
            "Try it without a client", lambda: context.go("try search web_search"), icon="try"
        )
        self._extras = ExtrasStep(context)
        self._done = Button(theme, "Leave for later", context.starter(self._finish))
        self._lay_out()
        context.core.connections.subscribe(self._client_seen)
        context.core.calls.subscribe(self._call_seen)
        core = context.core
        listen = (
            core.servers_changed,
            core.keys_changed,
            core.calls,
            core.connections,
            core.settings.changed,
            core.clients.changed,
        )
        self._live = WhileVisible(self, self._pull, listen=listen)
        WhileVisible(self, context.starter(self._look_elsewhere), listen=(core.clients.changed,))
        WhileVisible(self, context.starter(core.clients.refresh), every_ms=_LOOKS_EVERY_MS)

    def _lay_out(self) -> None:
        steps = (self._servers, self._keys, self._connect, self._proven, self._extras)
        foot = horizontal(label("Settings brings this page back.", tone="soft"), FREE, self._done)
        inside = holder(vertical(*steps, foot, FREE, margins=(0, 0, 0, 20), spacing=12))
        inside.setMaximumWidth(_WIDTH)
        scroll = ScrollArea(inside, "The steps")
        scroll.setAlignment(Qt.AlignmentFlag.AlignLeft)
        words = "From here to a working connection takes about a minute."
        head = (heading("Welcome to Lou", "title"), label(words, tone="soft"))
        self.setLayout(vertical(*head, 8, (scroll, 1), margins=(20, 18, 20 - GUTTER, 0), spacing=6))

    def _pull(self) -> None:
        self._show_servers()
        self._show_keys()
        self._connect.pull()
        self._extras.pull()
        self._show_proof()

    def _show_servers(self) -> None:
        servers = self._context.core.servers()
        wanted = [server for server in servers if server.wanted]
        shown = sorted(servers, key=lambda server: server.trouble is None)[:_MOST_SHOWN]
        lines = [
            f"{server.title}: {wording.state_text(server).words.lower()}. "
            + wording.one_line(server.trouble.message if server.trouble else server.purpose, 160)
            for server in servers
            if server in shown
        ]
        if len(servers) > len(shown):
            lines.append(f"And {len(servers) - len(shown):,} more.")
        self._show_action(next((server for server in servers if server.trouble), None))
        is_up = bool(wanted) and all(server.state == "ready" for server in wanted)
        self._servers.show_state("\n".join([*lines, self._found_elsewhere]).strip(), done=is_up)

    async def _look_elsewhere(self) -> None:
        """Look for servers that clients have in their own files."""
        from app.ui.dialogs.takeover import found_servers  # noqa: PLC0415 - most never need it

        found = [each for each in await found_servers(self._context.core) if not each.refusal]
        names = " and ".join(dict.fromkeys(each.client_name for each in found))
        count = wording.counted(len(found), "server")
        text = f"{names}: {count} that Lou can run and watch too." if found else ""
        self._found_elsewhere = text
        self._over.setVisible(bool(found))
        self._show_servers()

    def _show_action(self, server: ServerView | None) -> None:
        is_paused = self._context.core.is_paused
        self._action.setVisible(is_paused or server is not None)
        if is_paused:
            self._action.setText("Resume all")
            self._action_page = "resume"
        elif server and server.trouble:
            action = wording.fix_of(server)
            self._action.setText(wording.fix(action))
            self._action_page = f"{action} {server.trouble.key or server.name}"

    def _show_keys(self) -> None:
        keys = self._context.core.keys()
        count = sum(key.is_set and not key.generated for key in keys)
        text = (
            "Nothing is needed to begin: without a key Lou searches the web through Tavily's free "
            "allowance, Wikipedia and DuckDuckGo, reads pages, and tracks what you find. Keys "
            "bring higher limits, more sources and contact search. They stay in your keyring."
        )
        have = f"{wording.counted(count, 'key')} set. " if count else ""
        self._keys.show_state(have + text, done=count > 0)

    def _show_proof(self) -> None:
        proof = self._proof
        if proof is None:
            text = f"Ask your client, for example: {_PROMPT} Its first call appears here."
            self._proven.show_state(text, done=False)
            return
        who = proof.client or "A client"
        when = time.strftime("%H:%M:%S", time.localtime(proof.at))
        if isinstance(proof, CallRecord):
            self._proven.show_state(
                f"{who} has called Lou: {proof.tool} at {when}. All is set.", done=True
            )
            self._done.setText("Done")
        else:
            text = f"{who} opened a session at {when}. Now ask it: {_PROMPT}"
            self._proven.show_state(text, done=False)

    def _client_seen(self, event: ClientEvent) -> None:
        if event.client != OWN_CLIENT and event.stage != "left" and self._proof is None:
            self._proof = event

    def _call_seen(self, call: CallRecord) -> None:
        if call.client != OWN_CLIENT and not isinstance(self._proof, CallRecord):
            self._proof = call

    async def _finish(self) -> None:
        update = self._context.core.settings.update
        update(lambda config: config.with_settings(welcome_seen=True))
        self._context.go("servers")
