"""Draws resources/icons/tray.png and lou.png from the SVG files beside them: `make icons`."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from PySide6.QtCore import QRectF, Qt  # noqa: E402 - the lines before find what follows
from PySide6.QtGui import QGuiApplication, QPainter, QPixmap  # noqa: E402

from app.ui import icons  # noqa: E402

_SHADES = ("#1b2126", "#f2f4f5")
"""For a light panel, for a dark one."""
_RING_STEPS = 16


def strips() -> dict[str, QPixmap]:
    """Each picture by the name of its file."""
    rows = []
    for state in icons.TRAY_STATES:
        for inner, outer in (_SHADES, _SHADES[::-1]):
            name = f"tray-{state}"
            rows.append(
                [
                    _outlined(*(icons.pixmap(name, shade, size, 1) for shade in (inner, outer)))
                    for size in icons.TRAY_SIZES
                ]
            )
    own = [icons.pixmap("lou", "", size, 1) for size in icons.APP_SIZES]
    return {"tray.png": _joined(rows), "lou.png": _joined([own])}


def _joined(rows: Sequence[Sequence[QPixmap]]) -> QPixmap:
    """The drawings of a row beside each other, the rows below each other."""
    width, height = sum(each.width() for each in rows[0]), rows[0][-1].height()
    whole = QPixmap(width, height * len(rows))
    whole.fill(Qt.GlobalColor.transparent)
    painter = QPainter(whole)
    for number, row in enumerate(rows):
        left = 0
        for drawn in row:
            painter.drawPixmap(left, number * height, drawn)
            left += drawn.width()
    painter.end()
    return whole


def _outlined(inner: QPixmap, outer: QPixmap) -> QPixmap:
    """`inner`, a little smaller, on `outer` drawn in a ring around it."""
    size = inner.width()
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


if __name__ == "__main__":
    app = QGuiApplication([])
    for name, picture in strips().items():
        picture.save(str(ROOT / "resources" / "icons" / name))
