"""Shows HTML made by `app.ui.readable`: links open in the browser, nothing else is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtWidgets import QTextBrowser

from app.ui.translation import tr

_WIDEST = 560


class Reader(QTextBrowser):
    """A text browser that goes nowhere by itself; `open_url` gets each web address clicked on."""

    def __init__(self, name: str, open_url: Callable[[QUrl], None]) -> None:
        super().__init__()
        self._pictures: dict[str, QImage] = {}
        self.setAccessibleName(tr(name))
        self.setOpenLinks(False)
        self.setTabChangesFocus(True)
        self.anchorClicked.connect(
            lambda url: open_url(url) if url.scheme() in ("http", "https") else None
        )

    def show_html(self, html: str, pictures: Mapping[str, bytes]) -> None:
        self._pictures = {}
        for name, content in pictures.items():
            picture = QImage.fromData(content)
            if picture.width() > _WIDEST:
                picture = picture.scaledToWidth(_WIDEST, Qt.TransformationMode.SmoothTransformation)
            self._pictures[name] = picture
        self.setHtml(html)

    def loadResource(self, kind: int, url: QUrl | str) -> Any:
        """The picture of that name; no file and no address is ever read."""
        name = url.toString() if isinstance(url, QUrl) else url
        is_picture = kind == QTextDocument.ResourceType.ImageResource.value
        return self._pictures.get(name, QImage()) if is_picture else None
