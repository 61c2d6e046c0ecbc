"""No text is cut off: in small windows, with wide fonts, and at every size of the letters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from app.ui.widgets.flow import bar
from app.ui.widgets.steps import Steps
from app.ui.widgets.text import label
from tests import wide_fonts
from tests.ui.cut_texts import cut
from tests.ui.own_process import told_by
from tests.ui.rig import Rig


def found(**environment: str) -> dict[str, list[str]]:
    """What is cut on any page, in a process that starts with these fonts."""
    return told_by("cut_texts", environment={**os.environ, **environment})


@pytest.mark.parametrize(
    ("wider", "dpi", "language"),
    [(0, 96, "en"), (30, 96, "en"), (0, 120, "en"), (0, 96, "de"), (30, 96, "de")],
)
def test_no_text_of_a_page_is_cut_off(tmp_path: Path, wider: int, dpi: int, language: str) -> None:
    """`wider` in percent; 120 dpi are letters of 125 %."""
    fonts = {"FONTCONFIG_FILE": str(wide_fonts.make(tmp_path, wider))} if wider else {}
    assert found(QT_FONT_DPI=str(dpi), WINDOW_LANGUAGE=language, **fonts) == {}


def test_wide_fonts_are_as_high_and_as_much_wider_as_they_say(tmp_path: Path) -> None:
    program = (
        "from PySide6.QtGui import QFontMetrics, QGuiApplication\n"
        "app = QGuiApplication([]); metrics = QFontMetrics(app.font())\n"
        "print(metrics.horizontalAdvance('a wide text ' * 20), metrics.height())\n"
    )

    def measured(**environment: str) -> list[int]:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", **environment}
        argv = [sys.executable, "-c", program]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
        return [int(each) for each in done.stdout.split()]

    usual = wide_fonts.make(tmp_path / "usual", 0)
    wide = wide_fonts.make(tmp_path / "wide", 30)
    (width, height), (wider, as_high) = (
        measured(FONTCONFIG_FILE=str(each)) for each in (usual, wide)
    )
    assert as_high == height
    assert 1.2 < wider / width < 1.4


def test_what_is_cut_is_found(qapp: QApplication) -> None:
    window = QWidget()
    told, pressed = QLabel("A text that is long", window), QPushButton("Press this one", window)
    window.resize(600, 200)
    window.show()
    told.resize(told.sizeHint())
    pressed.resize(pressed.sizeHint())
    assert cut(window) == []
    told.resize(30, 20)
    pressed.resize(30, 30)
    assert len(cut(window)) == 2
    pressed.resize(pressed.sizeHint())
    pressed.move(590, 0)
    assert any("sticks out" in line for line in cut(window))
    window.close()


def test_a_bar_that_is_too_narrow_goes_on_in_the_next_line(qapp: QApplication) -> None:
    left = [QLabel("Title"), QLabel("a note")]
    right = [QPushButton("Import..."), QPushButton("Export..."), QPushButton("Delete")]
    made = bar(*left, right=tuple(right))
    window = QWidget()
    made.setParent(window)
    window.resize(900, 300)
    made.setGeometry(0, 0, 800, made.heightForWidth(800))
    window.show()
    assert len({each.geometry().center().y() for each in right}) == 1
    assert right[-1].geometry().right() == 799
    narrow = sum(each.sizeHint().width() for each in right)  # the spaces between them do not fit
    made.setGeometry(0, 0, narrow, made.heightForWidth(narrow))
    assert made.layout().heightForWidth(narrow) > made.layout().heightForWidth(800)
    assert cut(window) == []
    assert right[0].y() < right[-1].y()
    right[0].hide()
    QApplication.processEvents()
    assert made.layout().sizeHint().width() < 800
    window.close()


def test_what_stands_at_the_right_goes_into_the_next_line_together(qapp: QApplication) -> None:
    left, right = [QLabel("A title"), QLabel("of these")], [QPushButton(f"No {n}") for n in "1234"]
    made = bar(*left, right=tuple(right))
    window = QWidget()
    made.setParent(window)
    window.show()
    together = made.sizeHint().width() - left[0].sizeHint().width()
    made.setGeometry(0, 0, together, made.heightForWidth(together))
    assert len({each.y() for each in right}) == 1
    assert right[0].y() > left[1].y()
    window.close()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (
            "/home/ann/claude_desktop_config.json",
            "/home/ann/claude_|desktop_|config.|json",
        ),
        ("x" * 30, "x" * 10 + "|" + "x" * 10 + "|" + "x" * 10),
        ("short_name.json", "short_name.json"),
    ],
)
def test_a_long_name_breaks_where_one_of_its_parts_ends(lou: Rig, path: str, shown: str) -> None:
    made = label(path, wrap=True)
    assert QLabel.text(made).replace("\u200b", "|") == shown
    assert made.text() == path


def test_steps_stand_below_each_other_where_no_word_fits_beside(lou: Rig) -> None:
    steps = Steps(lou.theme, "How far")
    steps.show_steps([("Session opened", "12:00:00"), ("Tools listed", ""), ("Last call", "")])
    steps.resize(500, 100)
    beside = steps.sizeHint().height()
    steps.resize(60, 100)
    assert steps.sizeHint().height() > beside
    shown = steps.fontMetrics().horizontalAdvance("Session opened12:00:00")
    assert steps.minimumSizeHint().width() > shown
    steps.resize(steps.minimumSizeHint())
    assert not steps.grab().isNull()


def test_a_capital_umlaut_is_drawn_with_its_dots(lou: Rig) -> None:
    """Some fonts draw them above what they say is the height of a line."""

    def inked(least: int) -> int:
        drawn = label("ÄÖÜ")
        drawn.setParent(lou.window)
        drawn.setMinimumHeight(least)
        drawn.adjustSize()
        image = drawn.grab().toImage()
        paper = image.pixel(0, image.height() - 1)
        lines = range(image.height())
        return sum(any(image.pixel(x, y) != paper for x in range(image.width())) for y in lines)

    assert inked(0) == inked(60)
