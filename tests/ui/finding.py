"""Finds widgets as a person or a screen reader does: by kind, accessible name and text."""

from __future__ import annotations

from typing import Any, TypeVar

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLabel, QLineEdit, QWidget

from app.ui.translation import tr
from app.ui.widgets.buttons import Button

W = TypeVar("W", bound=QWidget)


def find(parent: QWidget, kind: type[W], *names: str) -> W:
    """The widget of `kind` whose accessible name, object name or text is one of `names`.

    They may be shown in another language. Where several are, the first visible one.
    """
    wanted = {*names, *map(tr, names)}
    found = [each for each in parent.findChildren(kind) if not names or _names(each) & wanted]
    assert found, f"{parent} shows no {kind.__name__} called {names}"
    return max(found, key=lambda each: each.isVisible())


def button(parent: QWidget, *names: str) -> Button:
    """The button with one of these texts or names."""
    return find(parent, Button, *names)


def problem(parent: QWidget) -> QLabel:
    """The label in which a dialog or an editor itself tells what is wrong."""
    direct = Qt.FindChildOption.FindDirectChildrenOnly
    label = parent.findChild(QLabel, "problem", direct)
    assert label is not None
    return label


def emissions(signal: SignalInstance) -> list[Any]:
    """A list that gets one more item each time `signal` is emitted."""
    seen: list[Any] = []
    signal.connect(lambda *values: seen.append(values))
    return seen


def choose_file(parent: QWidget, path: str) -> None:
    """Choose `path` in the file dialog that `parent` has opened.

    `QFileDialog.selectFile` leaves the name as it was where that has the focus already.
    """
    dialog = next(each for each in parent.findChildren(QFileDialog) if each.isVisible())
    find(dialog, QLineEdit, "fileNameEdit").setText(path)
    dialog.accept()
    assert not dialog.isVisible(), f"{path} was not accepted"


def _names(widget: QWidget) -> set[str]:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return {widget.accessibleName(), widget.objectName(), text}
