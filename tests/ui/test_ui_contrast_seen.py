"""What the window really draws can be read: contrasts measured on pictures of all of it.

Each text and each icon is measured in the pixels of its own place: its ink is the colour that
stands out most from its background, which is the most frequent colour there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QWidget,
)

from app.ui.widgets.switch import Switch
from app.ui.widgets.text import Elided
from tests.ui.rig import Rig
from tests.ui.scenes import close, names, show
from tests.ui.test_ui_contrast import ICON, TEXT, contrast

SHOWN = (QLabel, Elided, QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit)


def measured(top: QWidget) -> Iterator[tuple[str, float, float]]:
    """Of each text and icon in `top`: what it is, its contrast, and the least that it needs."""
    window = top.window()
    picture = window.grab().toImage()
    ratio = picture.devicePixelRatio()
    for each in top.findChildren(QWidget):
        if not isinstance(each, SHOWN) or not each.isVisibleTo(top) or not each.isEnabled():
            continue
        place = seen_part(each, window)
        least = needed(each)
        if place.width() < 6 or place.height() < 6 or not least:
            continue
        box = QRect(place.topLeft() * ratio, place.size() * ratio)
        found = best(picture.copy(box))
        if found:
            yield f"{type(each).__name__} {said(each)!r}", found, least


def needed(widget: QWidget) -> float:
    """The least contrast of what `widget` shows; 0 where it shows nothing."""
    if isinstance(widget, QLabel) and not widget.pixmap().isNull():
        return ICON
    if isinstance(widget, Switch):
        return ICON
    if isinstance(widget, QAbstractButton) and not widget.text():
        return ICON if not widget.icon().isNull() else 0
    return TEXT if said(widget) else 0


def said(widget: QWidget) -> str:
    if isinstance(widget, QComboBox):
        return widget.currentText()
    if isinstance(widget, QPlainTextEdit):
        return widget.toPlainText()[:40] or widget.placeholderText()
    if isinstance(widget, QLineEdit):
        return widget.text() or widget.placeholderText()
    text = widget.text() if isinstance(widget, QLabel | Elided | QAbstractButton) else ""
    return (text or widget.accessibleName())[:40]


def seen_part(widget: QWidget, top: QWidget) -> QRect:
    """The part of `widget` that is not scrolled away, in the coordinates of `top`."""
    place = QRect(widget.mapTo(top, QPoint()), widget.size())
    above = widget.parentWidget()
    while above is not None and above is not top:
        if isinstance(above.parentWidget(), QScrollArea):
            place &= QRect(above.parentWidget().mapTo(top, QPoint()), above.parentWidget().size())
        above = above.parentWidget()
    return place & top.rect()


def best(part: QImage) -> float:
    """The greatest contrast with the most frequent colour; 0 where all is of one colour."""
    part = part.convertToFormat(QImage.Format.Format_RGB32)
    pixels = memoryview(part.constBits()).cast("I")
    counted = Counter(pixels.tolist() if hasattr(pixels, "tolist") else list(pixels))
    back = QColor.fromRgb(counted.most_common(1)[0][0])
    return max(contrast(QColor.fromRgb(each), back) for each in counted) if len(counted) > 1 else 0


def test_everything_that_is_drawn_can_be_read(lou: Rig, figure) -> None:
    """The scheme changes while all is there: nothing keeps the colours of the other one."""
    was_dark = lou.theme.is_dark
    shown = {name: show(lou, name) for name in reversed(names())}
    found: dict[tuple[str, str, str], tuple[float, float]] = {}
    for scheme in ("light", "dark", "light") if was_dark else ("dark", "light"):
        lou.theme.choose(scheme)
        for name, top in shown.items():
            if not top.isWindow():
                lou.page(name)
            QTest.qWait(10)
            for what, has, least in measured(top):
                found[name, scheme, what] = has, least
    lou.theme.choose("dark" if was_dark else "light")
    for top in shown.values():
        close(top)
    for kind, least in (("text", TEXT), ("icon", ICON)):
        worst = min(has for has, wanted in found.values() if wanted == least)
        figure(f"ui: least contrast of a drawn {kind}, light and dark", worst, "", at_least=least)
    assert len(found) > 500
    assert {what: has for what, (has, least) in found.items() if has < least} == {}


def test_what_cannot_be_read_is_found(lou: Rig) -> None:
    window = QWidget()
    QLabel("You hardly see this", window).setStyleSheet("color: #c0c0c0")
    window.setStyleSheet("background: #ffffff")
    window.show()
    assert [has < least for _, has, least in measured(window)] == [True]
    window.close()
