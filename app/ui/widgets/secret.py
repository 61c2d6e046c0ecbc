"""A line edit for secrets: masked, readable while a button is pressed, cleared after use."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit, QWidget

from app.ui.theme import Theme
from app.ui.translation import tr
from app.ui.widgets.buttons import icon_button
from app.ui.widgets.layouts import horizontal


class SecretEntry(QWidget):
    """Holds one secret. `take` and `forget` remove it from the clipboard as well."""

    changed = Signal()
    entered = Signal()
    refused = Signal()
    """What was pasted is too long to be a secret; the entry is empty."""

    def __init__(self, theme: Theme, name: str, hint: str = "") -> None:
        super().__init__()
        self._edit = _PasteTrimmed()
        self._edit.setEchoMode(QLineEdit.EchoMode.Password)
        self._edit.setPlaceholderText(tr(hint))
        self._edit.setAccessibleName(tr(name))
        self._edit.setInputMethodHints(
            Qt.InputMethodHint.ImhHiddenText
            | Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhNoPredictiveText
        )
        self._edit.textChanged.connect(lambda _text: self.changed.emit())
        self._edit.returnPressed.connect(self.entered)
        self._edit.inputRejected.connect(self._refuse)
        reveal = icon_button(theme, "eye", "Show while pressed")
        reveal.pressed.connect(lambda: self._reveal(True))
        reveal.released.connect(lambda: self._reveal(False))
        self.setFocusProxy(self._edit)
        self.setLayout(horizontal((self._edit, 1), reveal, spacing=4))

    def has_text(self) -> bool:
        return bool(self.peek())

    def setPlaceholderText(self, hint: str) -> None:
        self._edit.setPlaceholderText(tr(hint))

    def peek(self) -> str:
        """The secret, without clearing it."""
        return self._edit.text().strip()

    def take(self) -> str:
        """Return the secret; clears it from the entry and the clipboard."""
        secret = self.peek()
        self.forget(secret)
        return secret

    def forget(self, secret: str) -> None:
        """Clear `secret` from the entry and the clipboard."""
        if self.peek() == secret:
            self.clear()
        clipboard = QGuiApplication.clipboard()
        if secret and clipboard.text().split() == secret.split():  # the entry dropped line breaks
            clipboard.clear()

    def clear(self) -> None:
        self._edit.clear()
        self._reveal(False)

    def _refuse(self) -> None:
        self.clear()  # a truncated key is useless
        self.refused.emit()

    def _reveal(self, shown: bool) -> None:
        echo = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        self._edit.setEchoMode(echo)


class _PasteTrimmed(QLineEdit):
    """A line edit that trims pasted text, because keys copied from web pages carry blanks."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste_trimmed()
            return
        super().keyPressEvent(event)

    def paste_trimmed(self) -> None:
        """Insert the clipboard's text without the blanks around it."""
        self.insert(QGuiApplication.clipboard().text().strip())
