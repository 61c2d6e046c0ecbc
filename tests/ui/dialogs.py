"""The dialogs as a person uses them: one class for each, over the dialog itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QTabWidget,
    QWidget,
)

from app.ui.dialogs.conflict import ConflictDialog
from app.ui.dialogs.entry import EntryDialog
from app.ui.dialogs.import_file import ImportDialog
from app.ui.dialogs.key_detail import KeyDetail
from app.ui.dialogs.keys import KeysDialog
from app.ui.dialogs.own_server import ServerDialog
from app.ui.dialogs.passphrase import PassphraseDialog
from app.ui.widgets.card import Scrolled
from app.ui.widgets.form import Form
from app.ui.widgets.rows import KEY, RowList
from tests.ui.finding import button, choose_file, find, problem
from tests.ui.pages import StripView
from tests.ui.rig import Rig


class KeysView:
    """The dialog of the keys, with one key chosen."""

    def __init__(self, lou: Rig, key: str) -> None:
        self.lou = lou
        lou.session.go(f"keys {key}")
        self.dialog = next(
            each for each in lou.app.topLevelWidgets() if isinstance(each, KeysDialog)
        )
        self.list = find(self.dialog, RowList, "Keys")
        self.strip = StripView(self.dialog)
        self.detail = find(self.dialog, KeyDetail)
        self.entry = find(self.detail, QLineEdit, "The key")
        self.eye = button(self.detail, "Show while pressed")
        self.save = button(self.detail, "Save", "Replace")
        self.test = button(self.detail, "Test", "Stop")
        self.recovery = button(self.detail, "Save a recovery key...")
        lou.until(self.dialog.isVisible)
        lou.until(lambda: self.is_shown(key))

    @property
    def verdict(self) -> str:
        """What the dialog says of the last thing that was done."""
        return find(self.detail, QLabel, "verdict").text()

    def names(self) -> list[str]:
        """The names of all keys on show."""
        model = self.list.model()
        return [model.index(row, 0).data(KEY) for row in range(model.rowCount())]

    def is_shown(self, key: str) -> bool:
        """Whether `key` is the one shown in full."""
        words = [each.text() for each in self.detail.findChildren(QLabel)]
        return any(text == key or text.endswith(f" as {key}.") for text in words)

    def is_busy(self) -> bool:
        """Whether something is still being done."""
        return self.verdict in {"Saving...", "Asking the provider..."}

    def type(self, text: str) -> None:
        """Type `text` as the key."""
        self.entry.setText(text)

    def paste(self) -> None:
        """Press Ctrl+V in the entry."""
        QTest.keyClick(self.entry, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)

    def export_to(self, path: Path) -> None:
        """Save a recovery key in the file at `path`."""
        self.recovery.click()
        choose_file(self.detail, str(path))

    def question(self) -> QDialog:
        """The question that the dialog asks now."""
        asked: list[QDialog] = []
        window = self.detail.window()

        def is_asked() -> bool:
            asked[:] = [each for each in window.findChildren(QDialog) if each.isVisible()]
            return bool(asked)

        self.lou.until(is_asked)
        return asked[0]


class PassphraseView:
    """The dialog that asks for a passphrase."""

    def __init__(self, dialog: PassphraseDialog) -> None:
        self.dialog = dialog
        self.first = find(dialog, QLineEdit, "Passphrase")
        self.again = find(dialog, QLineEdit, "Passphrase again")
        self.save = button(dialog, "Use it", "Unlock")
        self.problem = problem(dialog)


class AddServerView:
    """The dialog that adds or changes a server."""

    def __init__(
        self, lou: Rig, parent: QWidget | None = None, *, dialog: ServerDialog | None = None
    ) -> None:
        self.dialog = dialog or ServerDialog(lou.session.context, parent)
        self.form = find(self.dialog, Form)
        self.add = button(self.dialog, "Add", "Save")
        self.problem = problem(self.dialog)

    @property
    def ways(self) -> QTabWidget:
        """The two ways to add."""
        return find(self.dialog, QTabWidget)

    @property
    def pasted(self) -> QPlainTextEdit:
        """Where a configuration is pasted."""
        return find(self.dialog, QPlainTextEdit, "Servers as another client has them")


class EntryView:
    """The dialog of one tracked entry."""

    def __init__(self, dialog: EntryDialog) -> None:
        self.dialog = dialog
        self.form = find(dialog, Form)
        self.save = button(dialog, "Add", "Save")


class ConflictView:
    """The dialog that shows two versions of one entry."""

    def __init__(self, dialog: ConflictDialog) -> None:
        self.dialog = dialog

    def keep_theirs(self, field: str) -> None:
        """Choose what somebody else wrote into `field`."""
        find(self.dialog, QRadioButton, f"{field.capitalize()}, As it is now").setChecked(True)


class ImportView:
    """The dialog in which the columns of a file get their use."""

    def __init__(self, dialog: ImportDialog) -> None:
        self.dialog = dialog
        self.begin = button(dialog, "Import")
        self.boxes = {
            box.accessibleName().removeprefix("Use of "): box
            for box in dialog.findChildren(QComboBox)
        }

    @property
    def doubts(self) -> str:
        """What is doubtful about the columns as they are chosen."""
        return find(find(self.dialog, Scrolled, "What is doubtful"), QLabel).text()

    def chosen(self) -> dict[str, Any]:
        """The use of each column that has one."""
        return {name: box.currentData() for name, box in self.boxes.items() if box.currentData()}

    def choose(self, column: str, use: str) -> None:
        """Choose the use of a column; empty for none."""
        box = self.boxes[column]
        box.setCurrentIndex(box.findData(use))
