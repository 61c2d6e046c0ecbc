"""Three tables of a metrics report: tools, kinds of errors, providers."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QBoxLayout, QWidget

from app.metrics.reports import Report
from app.ui import wording
from app.ui.widgets.card import Card
from app.ui.widgets.layouts import grid, holder, horizontal
from app.ui.widgets.text import heading, label

_MOST = 12


class Breakdown(QWidget):
    """Three cards, one for each table: side by side, or below each other where it is narrow."""

    def __init__(self) -> None:
        super().__init__()
        self._tools = _Table("Tools", ("", "Calls", "Failed", "p95"))
        self._kinds = _Table("Errors by kind", ("", "Times"))
        self._apis = _Table("Provider calls", ("", "Calls", "Failed"))
        self._cards = (self._tools, self._kinds, self._apis)
        parts = ((self._tools, 2), (self._kinds, 1), (self._apis, 1))
        self._row = horizontal(*parts, spacing=12)
        self.setLayout(self._row)

    def minimumSizeHint(self) -> QSize:
        widest = max(card.minimumSizeHint().width() for card in self._cards)
        return QSize(widest, super().minimumSizeHint().height())

    def event(self, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.Resize, QEvent.Type.LayoutRequest}:
            self._fit(self.width())
        return super().event(event)

    def _fit(self, width: int) -> None:
        needed = sum(card.minimumSizeHint().width() for card in self._cards)
        is_enough = width >= needed + 2 * self._row.spacing()
        direction = QBoxLayout.Direction
        self._row.setDirection(direction.LeftToRight if is_enough else direction.TopToBottom)

    def show_report(self, report: Report) -> None:
        """Show the tables of `report`, largest counts first."""
        tools = sorted(report.tools, key=lambda row: row.calls, reverse=True)
        self._tools.show_rows(
            [
                (
                    row.tool,
                    f"{row.calls:,}",
                    f"{row.errors:,}",
                    "-" if row.p95 is None else wording.milliseconds(row.p95),
                )
                for row in tools
                if row.calls
            ]
        )
        kinds = sorted(report.total.kinds.items(), key=lambda item: item[1], reverse=True)
        self._kinds.show_rows([(kind.replace("_", " "), f"{times:,}") for kind, times in kinds])
        apis = sorted(report.total.apis.items(), key=lambda item: item[1].calls, reverse=True)
        self._apis.show_rows([(name, f"{use.calls:,}", f"{use.errors:,}") for name, use in apis])


class _Table(Card):
    def __init__(self, title: str, columns: tuple[str, ...]) -> None:
        super().__init__(heading(title, "strong"), margin=12)
        self._columns = columns
        self._shown: list[tuple[str, ...]] | None = None
        self._body = QWidget()
        self.inside.addWidget(self._body)
        self.inside.addStretch()
        self.show_rows([])

    def show_rows(self, rows: Sequence[tuple[str, ...]]) -> None:
        fresh = list(rows[:_MOST])
        if fresh == self._shown:
            return
        self._shown = fresh
        table = grid(across=16, down=4, grows=0)
        if not fresh:
            table.addWidget(label("None in this time.", tone="soft"), 0, 0)
        for place, words in enumerate(self._columns if fresh else ()):
            table.addWidget(_cell(words, place, tone="soft"), 0, place)
        for number, row in enumerate(fresh, 1):
            for place, words in enumerate(row):
                table.addWidget(_cell(wording.one_line(words, 40), place), number, place)
        body = holder(table)
        self.inside.replaceWidget(self._body, body)
        self._body.deleteLater()
        self._body = body


def _cell(words: str, place: int, tone: str = "") -> QWidget:
    made = label(words, tone=tone)
    if place:
        made.setAlignment(Qt.AlignmentFlag.AlignRight)
    return made
