"""The Doctor page: the checks in groups, what mends a failed one, and the path of a client."""

from __future__ import annotations

import time

from PySide6.QtWidgets import QLabel, QWidget

from app.system import version
from app.ui import doctor_mends, wording
from app.ui.page_context import PageContext
from app.ui.pages.client_path import ClientPath
from app.ui.translation import tr
from app.ui.widgets.buttons import Button, copier
from app.ui.widgets.card import Card, IconLabel, scroll_page
from app.ui.widgets.flow import bar
from app.ui.widgets.layouts import FREE, TOP, grid, holder, vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.text import heading, label, show_toned
from app.views import Check

_STALE_AFTER_S = 60.0
"""Results older than this are checked again when the page is shown."""


class DoctorPage(QWidget):
    """Runs the checks when it is first shown, and again on request."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._checks: list[Check] = []
        self._is_running = False
        self._checked_at = 0.0
        theme = context.theme
        self._again = Button(theme, "Check again", self._run, icon="restart")
        self._copy = Button(theme, "Copy report", copier(self._report), icon="copy", kind="quiet")
        self._summary = label(tone="soft", wrap=True, name="summary")
        self._groups = QWidget()
        self._path = ClientPath(context)
        self._column = vertical(self._summary, self._path, self._groups, FREE)
        top = bar(heading("Doctor", "title"), right=(self._copy, self._again))
        scroll_page(self, top, self._column, "What was checked")
        WhileVisible(self, self._shown)

    def choose(self, name: str) -> None:
        """Walk the path of the client with the id `name`."""
        self._path.choose(name)

    def _shown(self) -> None:
        if not self._checks or time.monotonic() > self._checked_at + _STALE_AFTER_S:
            self._run()

    def _run(self) -> None:
        if not self._is_running:
            self._is_running = True
            self._again.setEnabled(False)
            show_toned(self._summary, "Checking...", "soft")
            self._context.tasks.start(self._examine())

    async def _examine(self) -> None:
        try:
            self._show(await self._context.core.doctor())
        finally:
            self._is_running = False
            self._again.setEnabled(True)

    def _show(self, checks: list[Check]) -> None:
        self._checks, self._checked_at = checks, time.monotonic()
        wrong = [check for check in checks if not check.ok]
        total = wording.counted(len(checks), "check")
        text = f"{len(wrong)} of {total} need you."
        if len(wrong) < 2:
            text = f"1 of {total} needs you." if wrong else f"All {len(checks)} checks passed."
        show_toned(self._summary, text, "warn" if wrong else "good")
        column = vertical(spacing=10)
        for title, own in doctor_mends.grouped(checks):
            column.addWidget(heading(title))
            column.addWidget(self._card(own))
        groups = holder(column)
        self._column.replaceWidget(self._groups, groups)
        self._groups.deleteLater()
        self._groups = groups

    def _card(self, checks: list[Check]) -> Card:
        table = grid(across=10, down=8)
        for row, check in enumerate(checks):
            table.addWidget(self._sign(check), row, 0, TOP)
            text = check.sentence if check.ok else f"{check.sentence}\n{check.fix}".strip()
            words = label(text, tone="soft" if check.ok else "", wrap=True, selectable=True)
            table.addWidget(words, row, 1)
            mend = None if check.ok else doctor_mends.mend_of(check)
            if mend:
                place = mend.place
                button = Button(self._context.theme, mend.words, self._context.opener(place))
                button.setAccessibleDescription(tr(check.sentence))
                table.addWidget(button, row, 2, TOP)
        return Card(table)

    def _sign(self, check: Check) -> QLabel:
        shown = ("check", "good") if check.ok else ("alert", "warn")
        sign = IconLabel(self._context.theme, 16, *shown)
        sign.setAccessibleName(tr("passed" if check.ok else "needs you"))
        return sign

    def _report(self) -> str:
        text = doctor_mends.report(self._checks, f"Lou {version.current()}")
        return self._context.core.redactor(text)
