"""The system's dialog that asks for a file or a folder, with what all uses of it share.

In: a title, a name to begin with, and a function. Out: a call of that function with the path that
the person chose; nothing if they chose none. The dialog is deleted when it is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget


class FileDialog(QFileDialog):
    """Asks for a file to read, or with `saves` for one to write; begins in the home folder."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        chosen: Callable[[Path], object],
        *,
        name: str = "",
        kinds: str = "",
        saves: bool = False,
    ) -> None:
        super().__init__(parent, title, str(Path.home() / name), kinds)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if saves:
            self.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        else:
            self.setFileMode(QFileDialog.FileMode.ExistingFile)
        self.fileSelected.connect(lambda path: chosen(Path(path)))
