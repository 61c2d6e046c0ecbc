"""Which column of a file is which field of an entry: what was understood, for a person to mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QFormLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.ui.dialogs.confirm import answer_of
from app.ui.present import one_line
from app.ui.theme import Theme
from app.ui.tracked_source import FIELDS
from app.ui.widgets.buttons import Button
from app.ui.widgets.combo import combo
from app.ui.widgets.text import heading, label

_NEEDED = ("email", "url")


class ImportDialog(QDialog):
    """E-mail and page are needed; the rest may be left out."""

    def __init__(
        self,
        theme: Theme,
        parent: QWidget | None,
        path: Path,
        *,
        columns: Sequence[str],
        understood: Mapping[str, str],
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Import")
        self.setMinimumWidth(460)
        self._boxes: dict[str, QComboBox] = {}
        form = QFormLayout()
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(10)
        for name in FIELDS:
            box = combo(f"Column for {name}", letters=20)
            box.addItem("Not in the file", "")
            for name_in_file in columns:
                box.addItem(one_line(name_in_file, 80), name_in_file)
            box.setCurrentIndex(max(0, box.findData(understood.get(name, ""))))
            box.currentIndexChanged.connect(lambda _row: self._show_button())
            self._boxes[name] = box
            form.addRow(label(name.capitalize()), box)
        self._begin = Button(theme, "Import", self.accept, kind="main")
        self._begin.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(Button(theme, "Cancel", self.reject))
        buttons.addWidget(self._begin)
        told = "Entries that are known already are merged; nothing is dropped."
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 18)
        column.setSpacing(12)
        title = heading(f"Import {path.name}")
        title.setWordWrap(True)
        column.addWidget(title)
        column.addWidget(label(told, tone="soft", wrap=True))
        column.addLayout(form)
        column.addLayout(buttons)
        self._show_button()

    def mapping(self) -> dict[str, str]:
        """The column of each field that is in the file."""
        chosen = {name: str(box.currentData()) for name, box in self._boxes.items()}
        return {name: column for name, column in chosen.items() if column}

    def _show_button(self) -> None:
        self._begin.setEnabled(all(self._boxes[name].currentData() for name in _NEEDED))


async def ask_mapping(
    theme: Theme,
    parent: QWidget | None,
    path: Path,
    *,
    columns: Sequence[str],
    understood: Mapping[str, str],
) -> dict[str, str] | None:
    """What the person chose, or None when they cancelled."""
    dialog = ImportDialog(theme, parent, path, columns=columns, understood=understood)
    return await answer_of(dialog, dialog.mapping)
