"""The dialog that maps the columns of a file to fields before an import.

It starts from the mapping that the tracker proposes. Every change is checked again, so that the
doubts on show are those of the current mapping. Nothing is stored before the user agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from app.ui.dialogs.confirm import FittedDialog, result_of
from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Scrolled
from app.ui.widgets.inputs import combo
from app.ui.widgets.layouts import grid, holder
from app.ui.widgets.text import Elided, heading, label, show_text
from app.ui.wording import counted, one_line

_USES = {
    "": "Not used",
    "email": "E-mail",
    "url": "Page",
    "status": "Status",
    "do_not_contact": "Do not contact",
    "tags": "Tags",
    "note": "Note",
}
_NEEDED = ("email", "url")
_ONLY_ONE = ("url", "status")
_COLUMNS_HEIGHT, _DOUBTS_HEIGHT, _EDGE = 420, 130, 8


@dataclass(frozen=True, slots=True)
class FileMapping:
    """The columns for each field, and the proposed columns to ignore."""

    columns: dict[str, list[str]] = field(default_factory=dict)
    ignore: list[str] = field(default_factory=list)


class ImportDialog(FittedDialog):
    """One row for each column: its name, sample cells, and a box with its use."""

    changed = Signal()

    def __init__(
        self, theme: Theme, parent: QWidget | None, path: Path, found: Mapping[str, Any]
    ) -> None:
        super().__init__(parent, "Import")
        self.setMinimumWidth(560)
        self._boxes: list[tuple[str, str, QComboBox]] = []
        self._grid = grid(across=14, down=6)
        self._grid.setColumnStretch(0, 4)
        self._grid.setColumnStretch(1, 5)
        for column in sorted(found["columns"], key=lambda column: not column["used"]):
            self._add(column)
        self._doubts = label("", wrap=True, selectable=True)
        self._doubts_place = Scrolled(self._doubts, most=_DOUBTS_HEIGHT, name="What is doubtful")
        self._doubts_title = heading("Please look at this first", "strong")
        self._missing = label("", tone="bad", wrap=True)
        self._count = label("", tone="soft", wrap=True, name="count")
        self._begin = Button(theme, "Import", self.accept, kind="main")
        self._lay_out(theme, path)
        self.show_doubts(found)

    def _add(self, column: Mapping[str, Any]) -> None:
        row = len(self._boxes)
        name, used = str(column["name"]), str(column["used"])
        shown = Elided(one_line(name, 200) or "(no name)")
        example = Elided(one_line(", ".join(filter(None, column["cells"])), 200))
        example.setProperty("tone", "soft")
        box = combo(f"Use of {one_line(name, 60)}", letters=11)
        for value, words in _USES.items():
            box.addItem(tr(words), value)
        box.setCurrentIndex(max(0, box.findData(used)))
        box.currentIndexChanged.connect(lambda _index: self._chosen(box))
        self._grid.addWidget(shown, row, 0)
        self._grid.addWidget(example, row, 1)
        self._grid.addWidget(box, row, 2)
        self._boxes.append((name, used, box))

    def _lay_out(self, theme: Theme, path: Path) -> None:
        rows = holder(self._grid)
        area = Scrolled(rows, most=_COLUMNS_HEIGHT, name="Columns of the file")
        area.setMaximumHeight(rows.sizeHint().height() + _EDGE)
        title = heading(f"Import {one_line(path.name, 160)}", wrap=True)
        doubts = (self._doubts_title, self._doubts_place, self._missing)
        buttons = (Button(theme, "Cancel", self.reject), self._begin)
        self.lay_out(title, self._count, area, *doubts, buttons=buttons, grows=area)
        self.resize(660, 560)

    def show_doubts(self, found: Mapping[str, Any]) -> None:
        """Show how many rows there are, and the doubts about the current mapping."""
        rows = counted(int(found["rows"]), "row")
        more = " and more" if found["has_more"] else ""
        self._count.setText(
            f"{rows}{more}. Entries that are known already are merged; nothing is dropped."
        )
        doubts = [one_line(tr(str(each)), 400) for each in found["doubts"]]
        self._doubts.setText("\n".join(f"\u2022 {each}" for each in doubts))
        self._doubts_title.setVisible(bool(doubts))
        self._doubts_place.setVisible(bool(doubts))
        self._doubts_place.updateGeometry()
        self._show_button()

    def mapping(self) -> FileMapping:
        uses = ("email", "url", "status", "tags", "note")
        chosen: dict[str, list[str]] = {use: [] for use in uses}
        ignore: list[str] = []
        for name, used, box in self._boxes:
            use = str(box.currentData())
            if use:
                chosen.setdefault(use, []).append(name)
            elif used:
                ignore.append(name)
        return FileMapping(chosen, ignore)

    def _chosen(self, box: QComboBox) -> None:
        use = box.currentData()
        if use in _ONLY_ONE:
            for _, _, other in self._boxes:
                if other is not box and other.currentData() == use:
                    other.setCurrentIndex(0)
        self._show_button()
        self.changed.emit()

    def _show_button(self) -> None:
        used = {box.currentData() for _, _, box in self._boxes}
        missing = [_USES[one] for one in _NEEDED if one not in used]
        words = " and for ".join(missing)
        show_text(self._missing, f"Choose a column for {words}." if missing else "")
        self._begin.setEnabled(not missing)


async def ask_mapping(
    theme: Theme,
    parent: QWidget | None,
    path: Path,
    found: Mapping[str, Any],
    *,
    changed: Callable[[ImportDialog], object],
) -> FileMapping | None:
    """Show the dialog; returns the mapping, or None. `changed` is called at each change."""
    dialog = ImportDialog(theme, parent, path, found)
    dialog.changed.connect(lambda: changed(dialog))
    return await result_of(dialog, dialog.mapping)
