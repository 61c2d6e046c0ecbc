"""Renders icons from SVG files; `currentColor` is replaced by a colour of the theme."""

from __future__ import annotations

import math
import sys
from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.system import paths

_SCALES = (1.0, 1.5, 2.0)
_IS_MAC: bool = sys.platform == "darwin"
_TRAY_SIZES = (16, 22, 24, 32, 48, 64)
_RING_STEPS = 16


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
    """The tray's icon for `well`, `busy`, `attention` or `off`.

    Its outline has the opposite shade, so that it is seen where the guess of the panel is wrong.
    """
    shades = ("#f2f4f5", "#1b2126") if dark_panel else ("#1b2126", "#f2f4f5")
    source, outline = (_source(f"tray-{state}", shade) for shade in shades)
    made = QIcon()
    for size in _TRAY_SIZES:
        drawn = _draw(source, size)
        made.addPixmap(drawn if _IS_MAC else _outlined(drawn, _draw(outline, size), size))
    made.setIsMask(_IS_MAC)  # a template image: the menu bar gives it its colour
    return made


def app_icon() -> QIcon:
    """Lou's own icon, for windows and task bars."""
    source = _source("lou", "")
    made = QIcon()
    for size in (16, 32, 48, 128):
        made.addPixmap(_draw(source, size))
    return made


def _outlined(inner: QPixmap, outer: QPixmap, size: int) -> QPixmap:
    """`inner`, a little smaller, on `outer` drawn in a ring around it."""
    drawn = QPixmap(size, size)
    drawn.fill(Qt.GlobalColor.transparent)
    ring = max(1.0, size / 16)
    box = QRectF(ring, ring, size - 2 * ring, size - 2 * ring)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    whole = QRectF(0, 0, size, size)
    for turn in range(_RING_STEPS):
        angle = 2 * math.pi * turn / _RING_STEPS
        painter.drawPixmap(
            box.translated(ring * math.cos(angle), ring * math.sin(angle)), outer, whole
        )
    painter.drawPixmap(box, inner, whole)
    painter.end()
    return drawn


@lru_cache(maxsize=128)
def _source(name: str, colour: str) -> bytes:
    text = paths.resource("icons", f"{name}.svg").read_text(encoding="utf-8")
    return text.replace("currentColor", colour).encode()


def _draw(source: bytes, size: int) -> QPixmap:
    drawn = QPixmap(size, size)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    QSvgRenderer(QByteArray(source)).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return drawn
