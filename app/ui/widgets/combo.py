"""A box to choose from whose width does not depend on how long somebody's names are."""

from __future__ import annotations

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox


class _Combo(QComboBox):
    """Chooses nothing by the wheel, which is turned to scroll what the box is part of."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def combo(name: str, *, letters: int) -> QComboBox:
    """A box called `name` for a screen reader, with room for so many letters and the icon."""
    made = _Combo()
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(letters)
    return made
