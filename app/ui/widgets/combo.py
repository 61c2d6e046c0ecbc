"""A box to choose from whose width does not depend on how long somebody's names are."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox


def combo(name: str, *, letters: int) -> QComboBox:
    """A box called `name` for a screen reader, with room for so many letters and the icon."""
    made = QComboBox()
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(letters)
    return made
