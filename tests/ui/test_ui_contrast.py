"""Everything can be read: contrasts of the colours, and of the tray icon on any panel."""

from __future__ import annotations

import runpy

import pytest
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from app.ui import icons
from app.ui.theme import DARK, LIGHT, Colours
from tests.ui.screen import ROOT

BACKGROUNDS = ("window", "side", "card", "field", "hover", "chosen")
TEXTS = ("text", "soft", "faint", "accent", "good", "busy", "warn", "bad")
PANELS = ("#ffffff", "#f6f7f8", "#c0c0c0", "#808080", "#4a5560", "#2b2b2b", "#000000", "#3465a4")
TEXT, ICON = 4.5, 3.0


def luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: QColor | str, other: QColor | str) -> float:
    low, high = sorted((luminance(QColor(one)), luminance(QColor(other))))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_can_be_read_on_every_background(scheme: Colours, figure) -> None:
    pairs = [(text, back) for text in TEXTS for back in BACKGROUNDS]
    pairs += [(text, f"{tone}_card") for tone in ("warn", "bad", "good") for text in ("text", tone)]
    pairs.append(("on_accent", "accent"))
    found = {pair: contrast(*(scheme[name] for name in pair)) for pair in pairs}
    least = min(found, key=lambda pair: found[pair])
    figure(
        f"ui: least contrast of a text ({least[0]} on {least[1]})", found[least], "", at_least=TEXT
    )
    assert found[least] >= TEXT, least


@pytest.mark.parametrize("state", icons.TRAY_STATES)
@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("dark", [False, True])
def test_the_tray_icon_is_seen_on_every_panel(
    qapp: QApplication, state: str, panel: str, dark: bool
) -> None:
    size = 22
    picture = QImage(size, size, QImage.Format.Format_RGB32)
    picture.fill(QColor(panel))
    painter = QPainter(picture)
    painter.drawPixmap(0, 0, icons.tray_icon(state, dark_panel=dark).pixmap(size, size))
    painter.end()
    pixels = [picture.pixelColor(x, y) for x in range(size) for y in range(size)]
    seen = sum(contrast(pixel, panel) >= ICON for pixel in pixels)
    assert seen > 40, f"{seen} of {size * size} pixels stand out"


def test_the_pictures_of_icons_are_those_of_their_drawings(qapp: QApplication) -> None:
    """Another Qt may draw an edge a little softer, so a few steps of a colour are forgiven."""
    made = runpy.run_path(str(ROOT / "packaging" / "icons.py"))["strips"]()
    for name, drawn in made.items():
        wanted, kept = (
            bytes(picture.convertToFormat(QImage.Format.Format_RGBA8888_Premultiplied).constBits())
            for picture in (drawn.toImage(), QImage(str(ROOT / "resources" / "icons" / name)))
        )
        assert len(wanted) == len(kept), f"{name}: make icons"
        differing = sum(abs(one - other) > 24 for one, other in zip(wanted, kept, strict=True))
        assert differing < len(kept) / 200, f"{name}: make icons"
