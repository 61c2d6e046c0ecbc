"""A layout that wraps widgets into lines, as text does; used for button bars.

Fonts differ in width by a third, and no row of buttons fits every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QWidget


@dataclass
class _Line:
    """One line: its items with their widths, and the height of the tallest."""

    items: list[tuple[QLayoutItem, int]] = field(default_factory=list)
    height: int = 0


class Flow(QLayout):
    """Widgets from left to right, then from top to bottom; an invisible one takes no place.

    What has a stretch takes the rest of its line. After `break_here` come the widgets that stand at
    the right end of the line, or together in the next one.
    """

    def __init__(self, *, spacing: int = 8) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._stretched: set[QWidget] = set()
        self._right_from: QLayoutItem | None = None
        self._wants_right = False
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def add(self, widget: QWidget, *, stretch: bool = False) -> None:
        if stretch:
            self._stretched.add(widget)
        self.addWidget(widget)

    def break_here(self) -> None:
        """Align the widgets that follow to the right end of the line."""
        self._wants_right = True

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)
        if self._wants_right:
            self._right_from, self._wants_right = item, False

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation.Horizontal

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        lines = self._lines(width)
        return sum(line.height for line in lines) + self.spacing() * max(0, len(lines) - 1)

    def sizeHint(self) -> QSize:
        sizes = [self._hint(item) for item in self._shown()]
        width = sum(size.width() for size in sizes) + self.spacing() * max(0, len(sizes) - 1)
        return QSize(width, max((size.height() for size in sizes), default=0))

    def minimumSize(self) -> QSize:
        found = QSize(0, 0)
        for item in self._shown():
            found = found.expandedTo(item.minimumSize())
        return found

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        lines = self._lines(rect.width())
        y = rect.y()
        for line in lines:
            self._place(line, rect.x(), y, rect.width(), is_only=len(lines) == 1)
            y += line.height + self.spacing()

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _hint(self, item: QLayoutItem) -> QSize:
        """The size at which nothing is cut; a stretched item may shrink to its minimum width."""
        if item.widget() in self._stretched:
            return QSize(item.minimumSize().width(), item.sizeHint().height())
        return item.sizeHint().expandedTo(item.minimumSize())

    def _lines(self, width: int) -> list[_Line]:
        lines = [_Line()]
        used = 0
        shown = self._shown()
        apart = self._right_from if self._goes_below(shown, width) else None
        for item in shown:
            hint = self._hint(item)
            needed = min(hint.width(), width)
            if lines[-1].items and (item is apart or used + self.spacing() + needed > width):
                lines.append(_Line())
                used = 0
            used += needed + (self.spacing() if lines[-1].items else 0)
            lines[-1].items.append((item, needed))
            lines[-1].height = max(lines[-1].height, hint.height())
        return lines

    def _goes_below(self, shown: list[QLayoutItem], width: int) -> bool:
        """Whether what stands at the right end has a line of its own: only there it is together."""
        first = next((n for n, item in enumerate(shown) if item is self._right_from), 0)
        whole, right = (
            sum(self._hint(item).width() + self.spacing() for item in items) - self.spacing()
            for items in (shown, shown[first:])
        )
        return first > 0 and right <= width < whole

    def _place(self, line: _Line, x: int, y: int, width: int, *, is_only: bool) -> None:
        used = sum(needed for _, needed in line.items) + self.spacing() * (len(line.items) - 1)
        rest = max(0, width - used)
        takes = [item for item, _ in line.items if item.widget() in self._stretched]
        for item, needed in line.items:
            if is_only and item is self._right_from and not takes:
                x += rest
            wide = needed + (rest // len(takes) if item in takes else 0)
            tall = min(item.sizeHint().height(), line.height)
            item.setGeometry(QRect(x, y + (line.height - tall) // 2, wide, tall))
            x += wide + self.spacing()


def bar(*left: QWidget, right: tuple[QWidget, ...] = ()) -> QWidget:
    """A bar with `left` at its left end and `right` at its right end, wrapped as needed."""
    made = QWidget()
    flow = Flow()
    made.setLayout(flow)
    for widget in left:
        flow.add(widget)
    if right:
        flow.break_here()
    for widget in right:
        flow.add(widget)
    policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    made.setSizePolicy(policy)
    return made
