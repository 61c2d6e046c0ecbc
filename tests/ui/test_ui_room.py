"""Every page and dialog lies wholly on a small screen, with the frames and the panel of a desktop.

Run as a program it opens each of them on the screen of the environment, and tells where
each was, and where the windows may be.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.patience import wait_until
from tests.ui.own_process import tell, told_by
from tests.ui.screen import Screen, screen

_PANEL = 28


@pytest.mark.parametrize(("size", "scale"), [("1366x768", 1), ("1440x900", 2)])
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_and_dialog_opens_within_the_screen(
    tmp_path: Path, size: str, scale: int, language: str
) -> None:
    with screen(tmp_path, size) as desk:
        _furnish(desk, scale)
        environment = {**desk.environment, "QT_SCALE_FACTOR": str(scale)}
        room, places = told_by("test_ui_room", language, environment=environment)
    width, height = (int(each) // scale for each in size.split("x"))
    assert room == [0, 0, width, height - _PANEL], "a panel is there"
    assert len(places) > 20
    left, top, right, bottom = room
    outside = {
        name: place
        for name, (place, _) in places.items()
        if place[0] < left or place[1] < top or place[2] > right or place[3] > bottom
    }
    assert outside == {}
    assert {name: hidden for name, (_, hidden) in places.items() if hidden} == {}


def _furnish(desk: Screen, scale: int) -> None:
    """A window manager, which draws frames, and a panel along the lower edge."""
    desk.start("openbox")
    root = ("xprop", "-root", "_NET_SUPPORTING_WM_CHECK")
    wait_until(lambda: "window id" in desk.ask(*root), what="a window manager")
    panel = ("--edge", "bottom", "--widthtype", "percent", "--width", "100")
    height = ("--heighttype", "pixel", "--height", str(_PANEL * scale))
    desk.start("trayer", "--SetDockType", "true", "--SetPartialStrut", "true", *panel, *height)
    wait_until(lambda: any("panel" in seen.name for seen in desk.windows()), what="a panel")


def main() -> int:
    """Open everything and print where it is."""
    from PySide6.QtCore import QPoint, QRect
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication, QPushButton, QScrollArea, QWidget

    from app.ui.page_registry import PAGES
    from tests.ui import rig as rigs
    from tests.ui import scenes

    def corners(rect: QRect) -> list[int]:
        return [rect.x(), rect.y(), rect.x() + rect.width(), rect.y() + rect.height()]

    def hidden(top: QWidget) -> list[str]:
        """Buttons that lie outside of what they stand in, and that no scrolling brings."""
        return [
            each.text() or each.accessibleName()
            for each in top.findChildren(QPushButton)
            if each.isVisible()
            and not any(area.isAncestorOf(each) for area in top.findChildren(QScrollArea))
            and not top.rect().contains(QRect(each.mapTo(top, QPoint()), each.size()))
        ]

    app = QApplication(sys.argv[:1])
    places: dict[str, object] = {}
    with rigs.rig(app, language=sys.argv[1]) as lou:
        scenes.fill(lou)
        for name in scenes.names():
            if places and name not in [spec.name for spec in PAGES]:
                lou.window.resize(lou.window.minimumSize())  # dialogs open above its middle
                lou.window.move(0, 0)
            top = scenes.show(lou, name).window()
            QTest.qWaitForWindowExposed(top)
            lou.until(lambda top=top: top.frameGeometry().height() > top.height())  # it has a frame
            places[name] = corners(top.frameGeometry()), hidden(top)
            scenes.close(top)
        free = app.primaryScreen().availableGeometry()
        lou.close_dialogs()
        tell((corners(free), places))
    return 0


if __name__ == "__main__":
    sys.exit(main())
