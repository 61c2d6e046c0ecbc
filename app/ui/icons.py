"""Renders icons from SVG files; `currentColor` is replaced by a colour of the theme."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from PySide6.QtGui import QIcon, QPixmap

from app.system import paths

_SCALES = (1.0, 1.5, 2.0)
_IS_MAC: bool = sys.platform == "darwin"
TRAY_STATES = ("well", "busy", "attention", "off")
TRAY_SIZES, APP_SIZES = (16, 22, 24, 32, 48, 64), (16, 32, 48, 128)
"""Pixels; the icon of a tray is drawn at each, since a scaled one is blurred."""


@lru_cache(maxsize=256)
def icon(name: str, colour: str, size: int = 18) -> QIcon:
    """The icon called `name`, drawn in `colour`; a disabled control shows it paler."""
    made = QIcon()
    for scale in _SCALES:
        pixmap = _draw(_source(name, colour), round(size * scale))
        made.addPixmap(pixmap)
    return made


def pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    """One drawing of `size` logical pixels on a screen of `ratio` device pixels each."""
    drawn = _draw(_source(name, colour), round(size * ratio))
    drawn.setDevicePixelRatio(ratio)
    return drawn


@lru_cache(maxsize=16)
def tray_icon(state: str, *, dark_panel: bool) -> QIcon:
    """The tray's icon for one of `TRAY_STATES`.

    Its outline has the opposite shade, so that it is seen where the guess of the panel is wrong.
    """
    if _IS_MAC:  # a template image: the menu bar gives it its colour
        made = QIcon()
        for size in TRAY_SIZES:
            made.addPixmap(pixmap(f"tray-{state}", "#000000", size, 1))
        made.setIsMask(True)
        return made
    row = TRAY_STATES.index(state) * 2 + dark_panel
    return _from_strip(paths.resource("icons", "tray.png"), TRAY_SIZES, row * TRAY_SIZES[-1])


def app_icon() -> QIcon:
    """Lou's own icon, for windows and task bars."""
    return _from_strip(paths.resource("icons", "lou.png"), APP_SIZES, 0)


def _from_strip(file: Path, sizes: Sequence[int], top: int) -> QIcon:
    """The drawings of `sizes` that stand beside each other in a file, from the line `top` on.

    `make icons` draws them: the tray alone needs no reader of SVG, which with what it draws on
    would take 3.5 MB.
    """
    strip, left, made = QPixmap(), 0, QIcon()
    strip.loadFromData(file.read_bytes(), "PNG")  # from a file's name Qt would keep it in a cache
    for size in sizes:
        made.addPixmap(strip.copy(left, top, size, size))
        left += size
    return made


@lru_cache(maxsize=128)
def _source(name: str, colour: str) -> bytes:
    text = paths.resource("icons", f"{name}.svg").read_text(encoding="utf-8")
    return text.replace("currentColor", colour).encode()


def _draw(source: bytes, size: int) -> QPixmap:
    from PySide6.QtCore import QByteArray, QRectF, Qt  # noqa: PLC0415 - see `_from_strip`
    from PySide6.QtGui import QPainter  # noqa: PLC0415
    from PySide6.QtSvg import QSvgRenderer  # noqa: PLC0415

    drawn = QPixmap(size, size)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    QSvgRenderer(QByteArray(source)).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return drawn
