"""A list whose rows show a title, a detail line, a state dot and a switch."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.widgets.card import scroll_area_around
from app.ui.widgets.switch import SIZE, draw_switch
from servers.contract import harmless

_LONGEST = 300

KEY = int(Qt.ItemDataRole.UserRole)
"""The role under which a model gives the key of a row."""
ROW = KEY + 1
"""The role under which a model gives its `Row`."""

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Row:
    """The content of one row. `on` is None for a row without a switch."""

    title: str
    detail: str = ""
    tone: str = "soft"
    """The colour of the detail."""
    dot: str = ""
    """The colour of the dot; empty for none."""
    on: bool | None = None
    live: bool = True


class RowList(QListView):
    """The list view; `asked` has the key of the row whose switch the user flips, and the new state.

    The switch itself shows what the model says.
    """

    asked = Signal(str, bool)

    def __init__(
        self, theme: Theme, name: str, model: QAbstractItemModel, *, selectable: bool = True
    ) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName(tr(name))
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setItemDelegate(_RowDelegate(self, theme, selectable=selectable))
        theme.changed.connect(self.viewport().update)

    def chosen(self) -> str:
        """The key of the selected row; empty if none is selected."""
        return str(self.currentIndex().data(KEY) or "")

    def choose(self, key: str) -> bool:
        """Select the row of `key`; whether there is one."""
        first = self.model().index(0, 0)
        found = self.model().match(first, KEY, key, 1, Qt.MatchFlag.MatchExactly)
        for index in found:
            self.setCurrentIndex(index)
        return bool(found)

    def switch(self, index: Index) -> None:
        """Emit `asked` with the opposite of the shown state."""
        row = index.data(ROW)
        if isinstance(row, Row) and row.on is not None and row.live:
            self.asked.emit(str(index.data(KEY)), not row.on)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            self.switch(self.currentIndex())
            return
        super().keyPressEvent(event)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        area = scroll_area_around(self)
        inside = area.widget() if area else None
        if area and inside and self.hasFocus():
            row = self.visualRect(current)
            place = self.viewport().mapTo(inside, row.center())
            area.ensureVisible(place.x(), place.y(), 0, row.height())

    def fit_to_rows(self) -> None:
        """Set the height to that of all rows, so that the page scrolls and not the list."""
        rows = self.model().rowCount()
        height = self.sizeHintForRow(0) * rows + 2 * self.frameWidth() if rows else 0
        self.setFixedHeight(height)


class _RowDelegate(QStyledItemDelegate):
    def __init__(self, view: RowList, theme: Theme, *, selectable: bool) -> None:
        super().__init__(view)
        self._view = view
        self._theme = theme
        self._selectable = selectable

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        height = QFontMetrics(option.font).height()
        return QSize(180, 2 * height + 20)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW)
        if not isinstance(row, Row):
            return
        box: QRect = option.rect
        state: QStyle.StateFlag = option.state
        font: QFont = option.font
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_back(painter, box, state)
        left = box.left() + 14
        if row.dot:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour(row.dot))
            painter.drawEllipse(QPointF(left + 4, box.center().y() + 0.5), 4.5, 4.5)
            left += 20
        right = box.right() - 14
        if row.on is not None:
            switch = _switch_box(box)
            draw_switch(painter, switch, self._theme.colours, on=row.on, live=row.live)
            right = int(switch.left()) - 12
        self._draw_words(painter, QRect(left, box.top(), right - left, box.height()), row, font)
        painter.restore()

    def _draw_back(self, painter: QPainter, box: QRect, state: QStyle.StateFlag) -> None:
        chosen = bool(state & QStyle.StateFlag.State_Selected) and self._selectable
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        inner = QRectF(box).adjusted(4, 2, -4, -2)
        painter.setPen(Qt.PenStyle.NoPen)
        if chosen or hovered:
            painter.setBrush(self._theme.colour("chosen" if chosen else "hover"))
            painter.drawRoundedRect(inner, 7, 7)
        if state & QStyle.StateFlag.State_HasFocus and self._view.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.colour("accent"), 1))
            painter.drawRoundedRect(inner, 7, 7)

    def _draw_words(self, painter: QPainter, box: QRect, row: Row, font: QFont) -> None:
        strong = QFont(font)
        strong.setWeight(QFont.Weight.DemiBold)
        lines = [(row.title, strong, self._theme.colour("text"))]
        if row.detail:
            lines.append((tr(row.detail), font, self._theme.colour(row.tone or "soft")))
        height = QFontMetrics(font).height()
        top = box.center().y() - (height * len(lines)) // 2 + 1
        for text, face, colour in lines:
            is_name = " " not in text  # and names that begin alike differ at their ends
            mode = Qt.TextElideMode.ElideMiddle if is_name else Qt.TextElideMode.ElideRight
            line = harmless.one_line(text, _LONGEST)
            shown = QFontMetrics(face).elidedText(line, mode, box.width())
            painter.setFont(face)
            painter.setPen(QColor(colour))
            painter.drawText(box.left(), top + QFontMetrics(face).ascent(), shown)
            top += height

    def editorEvent(
        self,
        event: QEvent,
        _model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonRelease:
            box = _switch_box(option.rect)
            if box.adjusted(-6, -6, 6, 6).contains(event.position()):
                self._view.switch(index)
                return True
        return False


def _switch_box(box: QRect) -> QRectF:
    left = box.right() - 12 - SIZE.width()
    return QRectF(left, box.center().y() - SIZE.height() / 2 + 1, SIZE.width(), SIZE.height())
