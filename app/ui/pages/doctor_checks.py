"""Runs the doctor's checks from the Settings page and lists their results."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.ui import icons
from app.ui.page_context import PageContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.text import label
from app.views import Check


class Checks(QWidget):
    """A button, and after a run one line for each check."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._button = Button(context.theme, "Check Lou", self._clicked, icon="check")
        self._summary = label("Looks at files, keys, servers and clients.", tone="soft", wrap=True)
        self._lines = QWidget()
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._button)
        row.addWidget(self._summary, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addLayout(row)
        self._column.addWidget(self._lines)

    def _clicked(self) -> None:
        self._button.setEnabled(False)
        self._summary.setText("Looking...")
        self._context.tasks.start(self._look())

    async def _look(self) -> None:
        try:
            self._show(await self._context.core.doctor())
        finally:
            self._button.setEnabled(True)

    def _show(self, checks: list[Check]) -> None:
        wrong = [check for check in checks if not check.ok]
        good = f"All {len(checks)} checks passed."
        self._summary.setText(f"{len(wrong)} of {len(checks)} need you." if wrong else good)
        lines = QWidget()
        grid = QGridLayout(lines)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setColumnStretch(1, 1)
        for number, check in enumerate((*wrong, *(c for c in checks if c.ok))):
            grid.addWidget(self._sign(check), number, 0, Qt.AlignmentFlag.AlignTop)
            text = check.sentence if check.ok else f"{check.sentence}\n{check.fix}".strip()
            grid.addWidget(label(text, wrap=True, selectable=True), number, 1)
        self._column.replaceWidget(self._lines, lines)
        self._lines.deleteLater()
        self._lines = lines

    def _sign(self, check: Check) -> QLabel:
        sign = QLabel()
        colours = self._context.theme.colours
        name, colour = ("check", colours.good) if check.ok else ("alert", colours.warn)
        sign.setPixmap(icons.pixmap(name, colour, 16, self.devicePixelRatioF()))
        sign.setAccessibleName("passed" if check.ok else "needs you")
        return sign
