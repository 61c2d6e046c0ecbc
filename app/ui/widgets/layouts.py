"""Layouts in one expression: what stands beside or below each other, in its order.

A part is a widget or a layout, `FREE` for free space, or a number for that many pixels. In a tuple
with a number a part takes free space by that factor; with an alignment it keeps its own size.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final, Literal, TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QGridLayout,
    QHBoxLayout,
    QLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)


class _Space(Enum):
    FREE = "free"


FREE: Final = _Space.FREE
TOP: Final = Qt.AlignmentFlag.AlignTop
MIDDLE: Final = Qt.AlignmentFlag.AlignVCenter

Item = QWidget | QLayout
Part = Item | tuple[Item, int | Qt.AlignmentFlag] | Literal[_Space.FREE] | int
Margins = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels."""
T = TypeVar("T", bound=QBoxLayout)
_FRAME = QSize(16, 40)
"""Pixels that the frame and the title of a window may take."""


def vertical(
    *parts: Part, margins: Margins = (0, 0, 0, 0), spacing: int | None = None
) -> QVBoxLayout:
    """`parts` below each other, `spacing` pixels apart, or as far as the style says."""
    return _filled(QVBoxLayout(), parts, margins, spacing)


def horizontal(
    *parts: Part, margins: Margins = (0, 0, 0, 0), spacing: int | None = None
) -> QHBoxLayout:
    """`parts` beside each other, as in `vertical`."""
    return _filled(QHBoxLayout(), parts, margins, spacing)


def grid(
    *, across: int, down: int | None = None, grows: int = 1, margins: Margins = (0, 0, 0, 0)
) -> QGridLayout:
    """An empty grid with pixels between columns and rows; the column `grows` takes free width."""
    made = QGridLayout()
    made.setContentsMargins(*margins)
    made.setHorizontalSpacing(across)
    if down is not None:
        made.setVerticalSpacing(down)
    made.setColumnStretch(grows, 1)
    return made


def holder(layout: QLayout) -> QWidget:
    made = QWidget()
    made.setLayout(layout)
    return made


def room(widget: QWidget) -> QSize:
    """The largest size with which a window lies wholly on the screen of `widget`."""
    return widget.screen().availableSize() - _FRAME


def stacked(*parts: QWidget) -> QStackedWidget:
    """`parts` in one place, of which one is shown."""
    made = QStackedWidget()
    for part in parts:
        made.addWidget(part)
    return made


def splitter(
    *parts: QWidget, sizes: Sequence[int], grows: int | None = None, is_vertical: bool = False
) -> QSplitter:
    """`parts` with handles between them; the one with the number `grows` takes free space."""
    made = QSplitter(Qt.Orientation.Vertical if is_vertical else Qt.Orientation.Horizontal)
    for part in parts:
        made.addWidget(part)
    if grows is not None:
        made.setStretchFactor(grows, 1)
    made.setSizes(sizes)
    made.setChildrenCollapsible(False)
    return made


def _filled(box: T, parts: Sequence[Part], margins: Margins, spacing: int | None) -> T:
    box.setContentsMargins(*margins)
    if spacing is not None:
        box.setSpacing(spacing)
    for part in parts:
        if isinstance(part, int):
            box.addSpacing(part)
        elif part is FREE:
            box.addStretch()
        else:
            _add(box, *(part if isinstance(part, tuple) else (part, 0)))
    return box


def _add(box: QBoxLayout, item: Item, how: int | Qt.AlignmentFlag) -> None:
    align = how if isinstance(how, Qt.AlignmentFlag) else Qt.AlignmentFlag(0)
    factor = 0 if align else int(how)  # an alignment is a number, too
    if isinstance(item, QLayout):
        box.addLayout(item, factor)
    else:
        box.addWidget(item, factor, align)
