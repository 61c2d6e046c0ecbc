"""Dialogs hold any words: they fit a small screen, nothing covers anything, all can be read."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QWidget

from app.errors import AppError
from app.ui.dialogs.conflict import ConflictDialog
from app.ui.dialogs.import_file import ImportDialog
from app.ui.dialogs.problem_dialog import ProblemDialog
from app.ui.tracked_source import Difference
from app.ui.widgets.inputs import TextArea
from app.ui.widgets.text import Elided, label
from tests.ui import scenes
from tests.ui.cut_texts import settle
from tests.ui.dialogs import AddServerView
from tests.ui.finding import button, problem
from tests.ui.measures import lag
from tests.ui.pages import ServersView, TryView
from tests.ui.rig import Rig

SMALL = (800, 600)
LONG = ["word " * 600, "x" * 3_000, "/a/long/path" * 200, "語" * 2_000, "line\n" * 200]


def fits(lou: Rig, dialog: QWidget) -> None:
    dialog.show()
    QTest.qWait(20)
    assert (dialog.width(), dialog.height()) <= SMALL
    assert dialog.height() <= SMALL[1]
    for each in dialog.findChildren(QLabel):
        if each.isVisible() and each.wordWrap() and each.text():
            lou.until(lambda e=each: e.height() >= e.heightForWidth(e.width()), what=each.text)
    dialog.close()
    dialog.deleteLater()


@pytest.mark.parametrize("text", LONG)
def test_a_problem_of_any_length_leaves_its_buttons_in_sight(lou: Rig, text: str) -> None:
    fits(lou, ProblemDialog(lou.theme, AppError("It failed.", text), lambda _place: None, None))


def test_a_short_problem_takes_little_room(lou: Rig) -> None:
    dialog = ProblemDialog(lou.theme, AppError("It failed.", "Do it."), lambda _place: None, None)
    dialog.show()
    assert dialog.height() < 200
    dialog.close()


@pytest.mark.parametrize("text", LONG)
def test_both_sides_of_a_conflict_can_be_read(lou: Rig, text: str) -> None:
    found = (Difference("note", text, text[:-1]), Difference("tags", [text], []))
    fits(lou, ConflictDialog(lou.theme, None, found))


def test_a_file_of_a_long_name_is_named_in_full(lou: Rig) -> None:
    path = Path("/tmp") / f"{'f' * 150}.csv"
    names = ["c" * 300, "مرحبا", *(f"column {number}" for number in range(60))]
    columns = [{"name": name, "used": "", "cells": ["x" * 60] * 3} for name in names]
    found = {
        "columns": columns,
        "doubts": [text * 3 for text in LONG],
        "fault": "",
        "rows": 7,
        "has_more": False,
    }
    fits(lou, ImportDialog(lou.theme, None, path, found))


def test_what_is_wrong_with_a_new_server_covers_nothing(lou: Rig) -> None:
    view = AddServerView(lou)
    dialog, editors = view.dialog, view.form.editors
    dialog.show()
    view.add.click()
    lou.until(problem(editors[0]).isVisible)
    fits(lou, dialog)
    for above, below in itertools.pairwise(editors):
        assert above.geometry().bottom() < below.geometry().top()


def test_a_long_word_breaks_and_is_copied_as_it_was(lou: Rig) -> None:
    word = "tvly" + "0123456789" * 9
    shown = label(f"The key {word} was refused.", wrap=True, selectable=True)
    shown.show()
    assert shown.minimumSizeHint().width() < 200
    shown.setSelection(0, len(QLabel.text(shown)))
    QTest.keySequence(shown, "Ctrl+C")
    assert QGuiApplication.clipboard().text() == f"The key {word} was refused."
    shown.close()


@pytest.mark.parametrize("text", ["x" * 10_000_000, "word " * 2_000_000, "l\n" * 5_000_000])
def test_a_paste_of_ten_megabytes_is_refused_and_stalls_nothing(lou: Rig, text: str) -> None:
    area = TextArea()
    refused: list[bool] = []
    area.refused.connect(lambda: refused.append(True))
    area.show()
    QGuiApplication.clipboard().setText(text)
    with lag() as measured:
        area.paste()
        QTest.qWait(1)
    assert (refused, area.toPlainText()) == ([True], "")
    assert measured.longest < 500
    area.close()


def test_a_long_word_that_may_be_pasted_is_laid_out_at_once(lou: Rig) -> None:
    area = TextArea()
    area.resize(300, 100)
    area.show()
    QGuiApplication.clipboard().setText("x" * 100_000)
    with lag() as measured:
        area.paste()
        QTest.qWait(1)
    assert len(area.toPlainText()) == 100_000
    assert measured.longest < 1_000
    area.close()


def test_what_belongs_to_one_row_stands_on_one_line_and_boxes_are_equally_wide(lou: Rig) -> None:
    dialog = scenes.show(lou, "import")
    settle(dialog)
    boxes = dialog.findChildren(QComboBox)
    assert len({box.width() for box in boxes}) == 1
    titles = {"Mail", "Site", "Colour"}
    names = [each for each in dialog.findChildren(Elided) if each.text() in titles]
    assert [middle(name, dialog) for name in names] == pytest.approx(
        [middle(box, dialog) for box in boxes], abs=2
    )
    scenes.close(dialog)
    page = lou.page("servers")
    page.choose("tracker")
    detail = ServersView(page).detail
    title = next(each for each in detail.findChildren(Elided) if each.text() == "Tracker")
    restart = button(detail, "Restart", "Retry")
    state = next(each for each in detail.findChildren(QLabel) if each.text() == "Ready")
    line = middle(restart, detail)
    assert [middle(each, detail) for each in (title, state)] == pytest.approx([line, line], abs=2)
    form = TryView(lou)
    form.choose("tracker", "find_tracked")
    lou.until(lambda: form.form is not None and form.form.findChildren(QLineEdit))
    settle(lou.window)
    widths = {each.width() for each in form.form.findChildren(QLineEdit) if each.isVisible()}
    assert len(widths) == 1


def middle(widget: QWidget, top: QWidget) -> float:
    return widget.mapTo(top, QPoint()).y() + widget.height() / 2
