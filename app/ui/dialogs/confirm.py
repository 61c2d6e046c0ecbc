"""A confirmation dialog, the base of all dialogs, and a helper that awaits their results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QTabWidget,
    QWidget,
)
from shiboken6 import isValid

from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import GUTTER, ScrollArea, indented
from app.ui.widgets.layouts import FREE, horizontal, room, vertical
from app.ui.widgets.text import heading, label, scaled

T = TypeVar("T")
_NARROWEST, _LOW_ENOUGH = 400, 460
"""The least width of a dialog for the usual font, and a height that is enough, in pixels."""

MARGINS = (22, 20, 22 - GUTTER, 18)
_FIELDS = (QLineEdit, QPlainTextEdit, QComboBox, QCheckBox, QRadioButton)


class FittedDialog(QDialog):
    """A dialog that opens wholly on the screen, and never so small that its words are cut off."""

    def __init__(self, parent: QWidget | None, title: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr(title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def lay_out(
        self, *parts: QWidget, buttons: Sequence[QWidget], grows: QWidget | None = None
    ) -> None:
        """Put `parts` above each other, `buttons` below at the right; `grows` takes free height."""
        wide = (ScrollArea, QTabWidget)
        placed = [
            (part if isinstance(part, wide) else indented(part), 1 if part is grows else 0)
            for part in parts
        ]
        foot = indented(horizontal(FREE, *buttons))
        self.setLayout(vertical(*placed, FREE, foot, margins=MARGINS, spacing=10))

    def centre_on(self, window: QWidget) -> None:
        """Centre it, before it is shown, on a window that is not its parent."""
        frame = self.frameGeometry()
        frame.setSize(frame.size().boundedTo(room(window)))
        frame.moveCenter(window.frameGeometry().center())
        free = window.screen().availableGeometry()
        self.move(max(frame.x(), free.x()), max(frame.y(), free.y()))

    def event(self, event: QEvent) -> bool:
        is_done = super().event(event)
        if event.type() in (QEvent.Type.Show, QEvent.Type.LayoutRequest):
            self._keep_readable()
        return is_done

    def showEvent(self, event: QShowEvent) -> None:
        prepare_keys(self)
        self._keep_readable()
        self.resize(self.size().boundedTo(self._room()))
        super().showEvent(event)

    def _room(self) -> QSize:
        return room(self.parentWidget() or self)

    def _keep_readable(self) -> None:
        """Qt leaves out the height of wrapped texts when it bounds the size of a window."""
        layout = self.layout()
        if layout is None:
            return
        hint = layout.totalMinimumSize()
        width = max(hint.width(), scaled(_NARROWEST, self), self.minimumWidth())
        needed = min(layout.totalMinimumHeightForWidth(width), _LOW_ENOUGH)
        height = max(needed, self.minimumHeight())
        self.setMinimumSize(QSize(width, height).boundedTo(self._room()).expandedTo(hint))


def prepare_keys(dialog: QDialog) -> None:
    """Let Enter do the main thing of `dialog`, and typing begin in its first field.

    Qt lets Enter press the first button of all where none was made the default in its dialog.
    """
    buttons = dialog.findChildren(Button)
    default = [each for each in buttons if each.isDefault()]
    for each in default or [each for each in buttons if each.property("kind") == "main"]:
        each.setDefault(False)  # one that got its parent later is not known to the dialog
        each.setDefault(True)
    if dialog.focusWidget() is None:
        field = dialog.nextInFocusChain()
        while field and field is not dialog:
            if isinstance(field, _FIELDS) and field.isEnabled() and field.isVisibleTo(dialog):
                field.setFocus()
                break
            field = field.nextInFocusChain()


async def confirm(theme: Theme, parent: QWidget | None, title: str, text: str, *, yes: str) -> bool:
    """Ask the question `title`; true when the user clicks the button `yes`."""
    dialog = FittedDialog(parent, "Lou")
    dialog.setMinimumWidth(420)
    question = heading(title, wrap=True)
    no = Button(theme, "Cancel", dialog.reject)
    sure = Button(theme, yes, dialog.accept, kind="danger")
    dialog.lay_out(question, label(text, wrap=True), buttons=(no, sure))
    no.setDefault(True)
    return bool(await result_of(dialog, lambda: True))


async def result_of(dialog: QDialog, read: Callable[[], T]) -> T | None:
    """Open `dialog` and wait; returns `read()` when it is accepted, None when it is not.

    The event loop goes on meanwhile. The dialog may be deleted when this returns.
    """
    answer: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()

    def take(result: int) -> None:
        if not answer.done():
            answer.set_result(read() if result == QDialog.DialogCode.Accepted else None)

    dialog.finished.connect(take)
    dialog.open()
    try:
        return await answer
    except asyncio.CancelledError:
        if isValid(dialog):
            dialog.reject()
        raise
