"""A confirmation dialog, and a helper that awaits the result of any dialog."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.text import heading, label

T = TypeVar("T")


async def confirm(theme: Theme, parent: QWidget | None, title: str, text: str, *, yes: str) -> bool:
    """Ask the question `title`; true when the user clicks the button `yes`."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(tr("Lou"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setMinimumWidth(420)
    question = heading(title)
    question.setWordWrap(True)
    no = Button(theme, "Cancel", dialog.reject)
    buttons = QHBoxLayout()
    buttons.addStretch()
    buttons.addWidget(no)
    buttons.addWidget(Button(theme, yes, dialog.accept, kind="danger"))
    column = QVBoxLayout(dialog)
    column.setContentsMargins(22, 20, 22, 18)
    column.setSpacing(10)
    column.addWidget(question)
    column.addWidget(label(text, wrap=True))
    column.addSpacing(8)
    column.addLayout(buttons)
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
