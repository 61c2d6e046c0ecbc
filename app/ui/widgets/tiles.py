"""A row of figures: a value in large type over what it means."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from app.ui.widgets.card import Card
from app.ui.widgets.text import heading, label, set_tone


class Tiles(Card):
    """One tile for each of `names`, in one card."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self._values = {}
        row = QHBoxLayout()
        row.setSpacing(18)
        for name in names:
            column = QVBoxLayout()
            column.setSpacing(0)
            value = heading("", "part")
            self._values[name] = value
            column.addWidget(value)
            column.addWidget(label(name, tone="soft"))
            row.addLayout(column, 1)
        self.inside.addLayout(row)

    def tell(self, name: str, value: str, *, tone: str = "") -> None:
        """Show `value` over `name`."""
        shown = self._values[name]
        if shown.text() != value:
            shown.setText(value)
            shown.setAccessibleName(f"{name}: {value}")
        set_tone(shown, tone)
