"""The side of the window: the list of pages, the keys, help, and the state of all servers.

In: the pages to offer, the state in words. Out: `chosen` with the name of a page. In a narrow
window it shows icons alone; their names are tooltips, and what a screen reader says.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from app.ui import icons
from app.ui.page_context import PageContext
from app.ui.page_registry import PageSpec
from app.ui.translation import tr
from app.ui.widgets.buttons import Button, with_keys
from app.ui.widgets.flow import Flow
from app.ui.widgets.layouts import vertical
from app.ui.widgets.text import heading, label, restyle, scaled, tooltip

_WIDTH, _WIDEST = 196, 240
_AROUND_ICONS = 30
"""The margins of the list and its scroll bar, in pixels."""
_AT_TITLE, _AT_ICONS = 8, 11
"""Puts the icons of the foot below the first letter of the title, or below those of the pages."""
_FOOT = (
    ("Find...", "Ctrl+K", "palette", "find"),
    ("Keys...", "", "keys", "keys"),
    ("About", "F1", "about", "info"),
)
"""Words, shortcut, place, and icon of each button below the pages."""
_TEXT, _NAME = int(Qt.ItemDataRole.UserRole), int(Qt.ItemDataRole.UserRole) + 1


class Navigation(QWidget):
    """Shows the pages given to `offer`; `fold` leaves their icons only."""

    chosen = Signal(str)

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._is_folded = False
        self._specs: tuple[PageSpec, ...] = ()
        self.setObjectName("side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._list = QListWidget()
        self._list.setObjectName("navigation")
        self._list.setAccessibleName(tr("Pages"))
        self._list.setIconSize(QSize(20, 20))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # A list that gets the focus makes a row the current one, which is no choice of the person.
        self._list.itemSelectionChanged.connect(self._row_chosen)
        self._name = heading("Lou", "title")
        self._state = label(tone="soft", wrap=True)
        self._foot = QWidget()
        theme, go = context.theme, context.go
        self._buttons = tuple(
            (words, keys, Button(theme, "", partial(go, to), icon=icon, kind="quiet"))
            for words, keys, to, icon in _FOOT
        )
        self._lay_out()
        context.theme.changed.connect(self._draw_icons)
        self._apply_fold()

    def offer(self, specs: Sequence[PageSpec], current: str) -> None:
        """Show `specs`, with the one called `current` selected; emits nothing."""
        with QSignalBlocker(self._list):
            if tuple(specs) != self._specs:
                self._specs = tuple(specs)
                self._list.clear()
                for number, spec in enumerate(specs, 1):
                    self._add(spec, number)
                self._draw_icons()
                self._apply_fold()
            names = [spec.name for spec in self._specs]
            self._list.setCurrentRow(names.index(current) if current in names else -1)
        self._show_current()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_current()

    def choose_row(self, row: int) -> None:
        """Open the page in `row`, or the last one."""
        self._list.setCurrentRow(min(row, len(self._specs) - 1))

    def show_state(self, words: str, tone: str) -> None:
        self._state.setText(words)
        self.setToolTip(tooltip(words) if self._is_folded else "")
        restyle(self._state, "tone", tone)

    def fold(self, on: bool) -> None:
        """Show icons alone, or their names too."""
        if on != self._is_folded:
            self._is_folded = on
            self._apply_fold()

    def _lay_out(self) -> None:
        self._name.setContentsMargins(20, 4, 0, 0)
        self._state.setContentsMargins(20, 0, 12, 0)
        flow = Flow(spacing=2)
        self._foot.setLayout(flow)
        for words, _, button in self._buttons:
            button.setAccessibleName(tr(words).removesuffix("..."))
            flow.add(button)
        column = (self._name, (self._list, 1), self._foot, self._state)
        self.setLayout(vertical(*column, margins=(0, 14, 0, 12), spacing=10))

    def _add(self, spec: PageSpec, number: int) -> None:
        item = QListWidgetItem()
        item.setData(_TEXT, tr(spec.title))
        item.setData(_NAME, spec.name)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, tr(spec.title))
        item.setToolTip(with_keys(spec.title, f"Ctrl+{number}" if number <= 9 else ""))
        self._list.addItem(item)

    def _apply_fold(self) -> None:
        wide = min(scaled(_WIDTH, self), _WIDEST)
        aside, right = (_AT_ICONS, _AT_ICONS) if self._is_folded else (_AT_TITLE, 0)
        self._foot.setContentsMargins(aside, 0, right, 0)
        self._name.setVisible(not self._is_folded)
        self._state.setVisible(not self._is_folded)
        for row in range(self._list.count()):
            item = self._list.item(row)
            item.setText("" if self._is_folded else item.data(_TEXT))
        narrow = self._list.sizeHintForColumn(0) + _AROUND_ICONS
        self.setFixedWidth(narrow if self._is_folded else wide)
        for words, keys, button in self._buttons:
            is_wide = not self._is_folded and words == "Keys..."
            button.setText(words if is_wide else "")
            button.setToolTip("" if is_wide else with_keys(words.removesuffix("..."), keys))

    def _show_current(self) -> None:
        """Scroll to the open page, where the list is longer than the window is high."""
        self._list.scrollToItem(self._list.currentItem())

    def _draw_icons(self) -> None:
        colour = self._context.theme.colours["text"]
        for row, spec in enumerate(self._specs):
            self._list.item(row).setIcon(icons.icon(spec.icon, colour, 20))

    def _row_chosen(self) -> None:
        for item in self._list.selectedItems():
            self.chosen.emit(str(item.data(_NAME)))
