"""Strings that others wrote are shown as they are: no markup, no link, never a crash."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from app.errors import AppError
from app.ui.dialogs.problem_dialog import ProblemDialog
from app.ui.models.json_tree import JsonTree
from app.ui.models.tracked import TrackedModel
from app.ui.pages.server_detail import ServerDetail
from app.ui.pages.try_result import TryResult
from app.ui.tool_attempts import Attempt, result_text
from app.ui.widgets.text import Elided, tooltip
from app.ui.wording import one_line
from app.views import Answer, ServerView, Trouble
from tests.ui.pages import LogsView
from tests.ui.rig import Rig

HOSTILE = [
    "<b>bold</b>",
    "<img src='file:///etc/passwd'>",
    "<a href='file:///etc/passwd'>click</a>",
    "<h1>" * 50,
    "&lt;b&gt; &amp; &",
    "a\u202egpj.exe",
    "line\nline\r\nline\u2028line",
    "\x1b[31mred\x00nul\x07",
    "x" * 10_000,
    "\U0001f600" * 500,
    "%s {0} {name} $HOME",
    "\uffff\ufdd0",
]


def labels(widget: QWidget) -> list[QLabel]:
    return [each for each in widget.findChildren(QLabel) if each.text()]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_server_of_that_name_and_trouble_is_shown_as_text(lou: Rig, text: str) -> None:
    detail = ServerDetail(lou.session.context)
    trouble = Trouble("odd", text, text)
    view = ServerView(
        "search",
        True,
        "failed",
        title=text,
        purpose=text,
        command=(text,),
        trouble=trouble,
        disabled_tools=(text,),
    )
    detail.show_server(view)
    detail.grab()
    assert text in [each.text() for each in labels(detail)]
    assert all(each.textFormat() == Qt.TextFormat.PlainText for each in labels(detail))
    detail.deleteLater()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_problem_of_those_words_is_shown_as_text(lou: Rig, text: str) -> None:
    dialog = ProblemDialog(lou.theme, AppError(text, text), lambda _place: None, None)
    dialog.grab()
    assert [each.textFormat() for each in labels(dialog)].count(Qt.TextFormat.PlainText) == len(
        labels(dialog)
    )
    dialog.deleteLater()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_result_of_that_text_is_shown_as_text(lou: Rig, text: str) -> None:
    result = TryResult(lou.session.context)
    attempt = Attempt(
        text, text, {text: text}, 0.0, 1.0, "ok", Answer("success", data={text: [text]})
    )
    result.show_attempt(attempt)
    result.grab()
    assert result_text(attempt)
    tree = JsonTree()
    tree.show_value({text: {text: text}})
    assert isinstance(tree.index(0, 0).data(), str)
    result.deleteLater()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_tooltip_of_that_text_shows_the_text(text: str) -> None:
    assert "<b>" not in tooltip(text)
    assert "<img" not in tooltip(text)
    assert "<a " not in tooltip(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_line_that_gives_way_shows_the_text(lou: Rig, text: str) -> None:
    line = Elided(text)
    line.resize(80, 20)
    line.grab()
    assert line.text() == text
    assert not {"<b>", "<img", "<a "} & set(line.toolTip().split())


@pytest.mark.parametrize("text", HOSTILE)
def test_an_entry_of_that_text_is_shown_as_text(lou: Rig, text: str) -> None:
    model = TrackedModel(lou.theme, lambda: None)
    entry = {
        "email": text,
        "url": text,
        "status": text,
        "tags": [text],
        "note": text,
        "changed": text,
    }
    model.show_entries([entry], has_more=False)
    shown = model.index(0, 0).data()
    assert shown == one_line(text)
    assert "\n" not in shown


@pytest.mark.parametrize("text", HOSTILE)
def test_a_log_line_of_that_text_is_shown_as_text(lou: Rig, text: str) -> None:
    logs = LogsView(lou)
    lou.core.logbook.add("search", "ERROR", "x", text)
    logs.wait()
    logs.table.selectRow(logs.model.rowCount() - 1)
    logs.page.grab()
    assert logs.line.isVisible()
    assert all(
        each.textFormat() == Qt.TextFormat.PlainText
        for each in labels(logs.page)
        if each.pixmap().isNull()
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_menu_of_that_text_has_one_line_and_no_shortcut(lou: Rig, text: str) -> None:
    from app.ui.wording import menu_text

    shown = menu_text(text)
    assert "\n" not in shown
    assert len(shown) <= 130
    assert shown.replace("&&", "").count("&") == 0
