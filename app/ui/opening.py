"""Opens an address or a folder in the program that the desktop has for it."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from servers.contract import ownership


def open_url(url: QUrl) -> None:
    """Open `url`; a program that is started for it has the umask of the user's session."""
    with ownership.UsersUmask():
        QDesktopServices.openUrl(url)
