"""Why a client does not see Lou: the steps of its path, and the one that fails."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.clients.planning.entries import installed_bridge
from app.doctor import client_logs, client_path
from app.doctor.client_path import PathStep
from app.ui import wording
from app.ui.page_context import PageContext
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card, IconLabel
from app.ui.widgets.flow import bar
from app.ui.widgets.inputs import combo, offer
from app.ui.widgets.layouts import grid, holder
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.text import heading, label

_SIGNS = {
    True: ("check", "good", "reached", ""),
    False: ("alert", "warn", "fails", "warn"),
    None: ("", "", "not known yet", "soft"),
}
"""By whether a step is reached: icon, its colour, what it says, and the colour of the title."""
_WORDS = {"connect": "Connect...", "try": "Try it"}


class ClientPath(Card):
    """A box with the clients, a button, and after a click the steps."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._box = combo("Client", letters=12)
        self._find = Button(context.theme, "Find out", self._clicked, icon="find")
        self._verdict = label(wrap=True, selectable=True, name="verdict")
        self._verdict.hide()
        self._steps = QWidget()
        self._steps.hide()
        self.inside.addWidget(heading("Why does a client not see Lou?", "strong"))
        self.inside.addWidget(bar(self._box, self._find))
        self.inside.addWidget(self._verdict)
        self.inside.addWidget(self._steps)
        WhileVisible(self, self._fill, listen=(context.core.clients.changed,))

    def choose(self, client: str) -> None:
        self._fill()
        row = self._box.findData(client)
        if row >= 0:
            self._box.setCurrentIndex(row)
            self._clicked()

    def _fill(self) -> None:
        """Offer the clients that are here, and the known ones after them."""
        views = sorted(
            self._context.core.clients.views(), key=lambda view: not (view.installed or view.wanted)
        )
        offer(self._box, [(view.name, view.id) for view in views])

    def _clicked(self) -> None:
        client = self._box.currentData()
        if client:
            self._context.tasks.start(self._walk(str(client)))

    async def _walk(self, client: str) -> None:
        core = self._context.core
        self._find.setEnabled(False)
        try:
            await core.clients.refresh(client)
            logged = await asyncio.to_thread(client_logs.complaints, client, core.redactor)
        finally:
            self._find.setEnabled(True)
        steps = client_path.walk(
            core.clients.view(client), core.servers(), installed_bridge(), logged
        )
        self._show(steps)

    def _show(self, steps: list[PathStep]) -> None:
        failed = next((step for step in steps if step.is_reached is False), None)
        self._verdict.setText(
            f"{failed.sentence} {failed.fix}".strip()
            if failed
            else "It sees Lou, and has called it. Nothing is in the way."
        )
        self._verdict.show()
        table = grid(across=10, margins=(0, 4, 0, 0))
        for row, step in enumerate(steps):
            name, colour, said, tone = _SIGNS[step.is_reached]
            sign = IconLabel(self._context.theme, 16, name, colour)
            sign.setFixedWidth(16)
            sign.setAccessibleName(tr(said))
            table.addWidget(sign, row, 0)
            table.addWidget(label(step.title, tone=tone, wrap=True), row, 1)
            if step.is_reached is False and step.action:
                action = step.action.partition(" ")[0]
                words = _WORDS.get(action) or wording.fix(action)
                go = Button(self._context.theme, words, self._context.opener(step.action))
                go.setAccessibleDescription(tr(step.title))
                table.addWidget(go, row, 2, Qt.AlignmentFlag.AlignRight)
        made = holder(table)
        self.inside.replaceWidget(self._steps, made)
        self._steps.deleteLater()
        self._steps = made
