"""The dialog for an edit conflict: stored and edited values, and a choice for each field."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QButtonGroup, QGridLayout, QRadioButton, QWidget

from app.ui.dialogs.confirm import FittedDialog, result_of
from app.ui.models.tracked import field_title
from app.ui.theme import Theme
from app.ui.tracked_source import Difference, Entry, differences
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Scrolled
from app.ui.widgets.layouts import TOP, grid, holder, horizontal
from app.ui.widgets.text import heading, label
from app.ui.wording import spoken

_HIGHEST = 460


class ConflictDialog(FittedDialog):
    """One row for each difference; the edited value is preselected."""

    def __init__(self, theme: Theme, parent: QWidget | None, found: tuple[Difference, ...]) -> None:
        super().__init__(parent, "Changed meanwhile")
        self.setMinimumWidth(600)
        self._mine: dict[str, QRadioButton] = {}
        rows = grid(across=16, down=10)
        rows.setColumnStretch(2, 1)
        rows.addWidget(label("As it is now", tone="soft"), 0, 1)
        rows.addWidget(label("As you want it", tone="soft"), 0, 2)
        for row, difference in enumerate(found, 1):
            self._add(rows, row, difference)
        leave = Button(theme, "Leave it as it is", self.reject)
        save = Button(theme, "Save my choice", self.accept, kind="main")
        title = heading("Somebody changed this entry meanwhile")
        words = label("Choose what each field shall be.", wrap=True)
        fields = Scrolled(holder(rows), most=_HIGHEST)
        self.lay_out(title, words, fields, buttons=(leave, save), grows=fields)

    def theirs(self) -> set[str]:
        """The fields for which the stored value was chosen."""
        return {name for name, mine in self._mine.items() if not mine.isChecked()}

    def _add(self, rows: QGridLayout, row: int, difference: Difference) -> None:
        group = QButtonGroup(self)
        title = field_title(difference.field)
        rows.addWidget(heading(title, "strong"), row, 0, TOP)
        for column, value in ((1, difference.theirs), (2, difference.mine)):
            choice = QRadioButton()
            whose = "As it is now" if column == 1 else "As you want it"
            choice.setAccessibleName(spoken(title, whose))
            group.addButton(choice)
            line = horizontal((choice, TOP))
            line.addWidget(label(value_text(value), wrap=True, selectable=True), 1, TOP)
            rows.addWidget(holder(line), row, column)
        self._mine[difference.field] = choice
        choice.setChecked(True)


def value_text(value: Any) -> str:
    """The value of a field, as a person reads it."""
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "(none)"
    return str(value) if value not in ("", None) else "(none)"


async def resolve_conflict(
    theme: Theme, parent: QWidget | None, current: Entry, values: dict[str, Any]
) -> dict[str, Any] | None:
    """Ask about each difference; returns the values to save, or None when the user cancelled."""
    found = differences(current, values)
    if not found:
        return values
    dialog = ConflictDialog(theme, parent, found)
    theirs = await result_of(dialog, dialog.theirs)
    if theirs is None:
        return None
    return {**values, **{each.field: each.theirs for each in found if each.field in theirs}}
