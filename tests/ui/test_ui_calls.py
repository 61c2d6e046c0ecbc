"""The Calls page: what clients asked and got is listed, found, shown, copied, and tried again."""

from __future__ import annotations

import json
import shlex
import time
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTabWidget,
    QTreeView,
)
from pytestqt.modeltest import ModelTester

from app.calls.kept_call import KeptCall
from app.config.config_model import Config
from app.system import paths
from app.ui.models.calls import CLIENT, MOST_ROWS, OUTCOME, SERVER, TOOL, CallsModel
from app.ui.pages.call_detail import CallView, JsonView
from app.ui.pages.calls import CallTable
from tests.ui.finding import button, find
from tests.ui.rig import Rig


class CallsView:
    """The Calls page as a person uses it."""

    def __init__(self, lou: Rig) -> None:
        self.lou = lou
        lou.run(lou.core.call_log.clear())
        self.page = lou.page("calls")
        self.table = find(self.page, CallTable)
        self.detail = find(self.page, CallView)
        self.text = find(self.page, QLineEdit, "Find in calls")
        self.own = find(self.page, QCheckBox)
        self.until_rows(0)

    def column(self, column: int) -> list[str]:
        model = self.table.model()
        return [model.index(row, column).data() for row in range(model.rowCount())]

    def until_rows(self, count: int) -> None:
        self.lou.until(lambda: len(self.column(TOOL)) == count, what=lambda: f"not {count} rows")

    def choice(self, name: str) -> QComboBox:
        return find(self.page, QComboBox, name)

    def choose(self, row: int) -> CallView:
        self.table.selectRow(row)
        self.lou.until(self.detail.isVisible)
        return self.detail

    def clipboard(self) -> str:
        return QGuiApplication.clipboard().text()


def add(lou: Rig, **more: Any) -> None:
    facts = {"tool": "find_tracked", "client": "claude-ai", "version": "1", "ms": 2.0, "own": False}
    answer = {"structuredContent": {"entries": [], "cursor": ""}, "isError": False}
    facts |= {"outcome": "ok", "at": time.time(), "bytes": 90, "cut": "", "answer": answer}
    server = more.pop("server", "tracker")
    lou.core.call_log.add(server, {**facts, "request": {"status": "new"}, **more})


def keep_calls(lou: Rig, *, on: bool) -> None:
    def switched(config: Config) -> Config:
        return replace(config, settings=replace(config.settings, keep_calls=on))

    lou.core.settings.update(switched)


def test_model_keeps_the_rules_of_models(lou: Rig) -> None:
    model = CallsModel(lou.theme)
    ModelTester(model)

    def calls(*ids: int) -> list[KeptCall]:
        facts = ("tracker", "find", "claude", "1", 1.0, "odd", "", 5)
        return [KeptCall(each, 1000.0, *facts, own=False) for each in ids]

    model.show_rows(calls(5, 4))
    model.prepend(calls(7, 6))
    model.append(calls(3))
    assert [model.rows[row].id for row in range(model.rowCount())] == [7, 6, 5, 4, 3]
    assert model.rowCount(QModelIndex()) == 5
    assert model.rows[0].id == 7
    assert model.index(0, OUTCOME).data() == "odd"


def test_calls_come_in_while_the_page_is_open(lou: Rig) -> None:
    view = CallsView(lou)
    add(lou)
    view.until_rows(1)
    add(lou, client="lou", outcome="error", tool="get_entry")
    view.until_rows(2)
    assert view.column(TOOL) == ["get_entry", "find_tracked"]
    assert view.column(CLIENT) == ["You, in Lou", "claude-ai"]
    assert view.column(OUTCOME) == ["Failed", "Done"]


def test_filters_and_search_narrow_the_list(lou: Rig) -> None:
    view = CallsView(lou)
    add(lou)
    add(lou, server="search", tool="web_search", request={"query": "Tiny keyboards"})
    add(lou, outcome="timeout", client="cursor")
    add(lou, own=True, tool="tracker_stats")
    view.until_rows(3)
    lou.until(lambda: view.choice("Server").findData("search") >= 0)
    view.choice("Server").setCurrentIndex(view.choice("Server").findData("search"))
    view.until_rows(1)
    assert view.column(SERVER) == ["search"]
    view.choice("Server").setCurrentIndex(0)
    view.until_rows(3)
    view.choice("Outcome").setCurrentIndex(view.choice("Outcome").findData("timeout"))
    view.until_rows(1)
    assert view.column(CLIENT) == ["cursor"]
    view.choice("Outcome").setCurrentIndex(0)
    view.text.setText("tiny keyb")
    view.until_rows(1)
    view.text.setText("nowhere to be found")
    view.until_rows(0)
    assert any("No call matches" in each.text() for each in view.page.findChildren(QLabel))
    view.text.clear()
    view.own.setChecked(True)
    view.until_rows(4)
    assert view.column(CLIENT)[0] == "Lou itself"
    view.own.setChecked(False)
    view.until_rows(3)


def test_a_chosen_call_is_shown_and_copied(lou: Rig) -> None:
    view = CallsView(lou)
    add(lou, request={"text": "it's"}, answer={"content": [{"type": "text", "text": "Not so."}]})
    view.until_rows(1)
    detail = view.choose(0)
    answer = find(detail, QPlainTextEdit, "What it got: the chosen value")
    assert answer.toPlainText() == "Not so."
    assert not answer.isHidden()
    raw = json.loads(find(detail, QPlainTextEdit, "The call as it was").toPlainText())
    assert raw["request"] == {"text": "it's"}
    button(detail, "Copy as JSON").click()
    assert json.loads(view.clipboard()) == raw
    button(detail, "Copy as command").click()
    assert shlex.split(view.clipboard()) == [
        "lou", "call", "tracker", "find_tracked", '{"text":"it\'s"}',
    ]  # fmt: skip
    tabs = find(detail, QTabWidget)
    assert [tabs.tabText(at) for at in range(tabs.count())] == ["Answer", "Request", "Raw"]


def test_a_chosen_row_of_the_answer_is_tinted_as_a_whole(lou: Rig) -> None:
    view = JsonView("What it got")
    view.show_value({"query": "heat pumps", "count": 2})
    view.resize(600, 200)
    view.show()
    tree = find(view, QTreeView)
    first = tree.model().index(0, 0)
    assert not tree.selectionModel().selectedIndexes()
    tree.setCurrentIndex(first)
    box = tree.visualRect(first)
    drawn = tree.viewport().grab().toImage()
    places = (2, box.right() - 4, tree.viewport().width() - 4)
    colours = {drawn.pixelColor(x, box.bottom() - 2).name() for x in places}
    assert colours == {lou.theme.colours["chosen"]}


@pytest.mark.parametrize("answer", [None, [], {}, "text", {"content": "odd"}, {"content": [5]},
                                    {"structuredContent": {"a": ["\u202e" * 50, {}]}}])  # fmt: skip
def test_any_answer_can_be_shown(lou: Rig, answer: Any) -> None:
    view = CallsView(lou)
    add(lou, answer=answer, request=None, outcome="strange", cut="busy")
    view.until_rows(1)
    detail = view.choose(0)
    assert not button(detail, "Try again").isEnabled()


def test_a_call_is_tried_again_with_its_arguments_but_for_what_was_masked(lou: Rig) -> None:
    view = CallsView(lou)
    lou.until(lambda: lou.state("tracker") == "ready")
    add(lou, tool="find_tracked", request={"status": "won", "email": "[e-mail]", "limit": 7})
    view.until_rows(1)
    button(view.choose(0), "Try again").click()
    page = lou.window.page("try")
    lou.until(page.isVisible)
    note = find(page, QLabel, "note")
    lou.until(lambda: "Masked in the call, so give again: email." in note.text())
    lou.until(lambda: find(page, QComboBox, "Tool").currentData() == "find_tracked")
    assert find(page, QComboBox, "Server").currentText()
    lou.until(lambda: any(each.currentText() == "won" for each in page.findChildren(QComboBox)))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"server": "gone"}, "There is no server called gone any more."),
        ({"tool": "no_such_tool"}, "tracker has no tool called no_such_tool any more."),
    ],
)
def test_a_call_of_what_is_gone_says_so(lou: Rig, facts: dict[str, str], said: str) -> None:
    view = CallsView(lou)
    lou.until(lambda: lou.state("tracker") == "ready")
    add(lou, **facts)
    view.until_rows(1)
    button(view.choose(0), "Try again").click()
    page = lou.window.page("try")
    lou.until(lambda: page.isVisible() and find(page, QLabel, "note").text() == said)
    lou.session.go("try tracker")
    lou.until(lambda: find(page, QLabel, "note").text() != said)


def test_a_page_of_many_calls_goes_on_below(lou: Rig) -> None:
    view = CallsView(lou)
    for number in range(450):
        add(lou, ms=float(number))
    lou.until(lambda: len(view.column(TOOL)) >= 200)
    lou.until(lambda: lou.core.call_log.is_on and len(view.column(TOOL)) >= 200)
    bar = view.table.verticalScrollBar()

    def reached() -> bool:
        bar.setValue(bar.maximum())
        return len(view.column(TOOL)) == 450

    lou.until(reached)


def test_a_search_keeps_what_it_found_while_new_calls_come(lou: Rig) -> None:
    view = CallsView(lou)
    add(lou, request={"query": "the needle"})
    for _ in range(300):
        add(lou)
    lou.until(lambda: len(view.column(TOOL)) >= 200)
    view.text.setText("needle")
    view.until_rows(1)
    add(lou)
    add(lou, request={"query": "another needle"}, tool="newer")
    view.until_rows(2)
    assert view.column(TOOL) == ["newer", "find_tracked"]
    view.text.clear()


def test_calls_come_in_again_after_they_could_not_be_read(lou: Rig) -> None:
    view = CallsView(lou)
    add(lou)
    view.until_rows(1)
    file = paths.data_folder("calls.sqlite")
    keep_calls(lou, on=False)
    lou.until(lambda: not file.exists())  # and so the store has closed it
    file.write_bytes(b"")
    file.chmod(0o666)  # Lou reads no file that others may write
    seen = len(lou.problems)
    keep_calls(lou, on=True)
    lou.until(lambda: len(lou.problems) > seen)
    file.unlink()
    add(lou, request={"query": "the needle"})
    view.until_rows(1)  # each reader of the page has told by now that it could not read
    lou.close_dialogs()
    del lou.problems[seen:]


def test_calls_that_were_cleared_elsewhere_are_gone_from_a_hidden_page(lou: Rig) -> None:
    view = CallsView(lou)
    add(lou, tool="before")
    view.until_rows(1)
    lou.page("servers")
    lou.run(lou.core.call_log.clear())
    add(lou, tool="after")
    lou.page("calls")
    lou.until(lambda: view.column(TOOL) == ["after"])


def test_far_too_many_rows_are_cut_at_the_old_end(lou: Rig) -> None:
    model = CallsModel(lou.theme)
    facts = ("tracker", "find", "claude", "1", 1.0, "ok", "", 5)
    for start in range(0, MOST_ROWS + 5_000, 500):
        calls = [KeptCall(start + 500 - each, 1.0, *facts, own=False) for each in range(500)]
        model.prepend(calls)
    assert MOST_ROWS <= model.rowCount() <= MOST_ROWS + 1_000
    newest, oldest = model.rows[0].id, model.rows[-1].id
    assert newest == MOST_ROWS + 5_000
    assert oldest == newest - model.rowCount() + 1


def test_hostile_texts_stay_texts(lou: Rig) -> None:
    view = CallsView(lou)
    add(lou, answer={"content": [{"type": "text", "text": "a\u202eb\x1b[2Jc <b>d</b>"}]})
    view.until_rows(1)
    detail = view.choose(0)
    shown = find(detail, QPlainTextEdit, "What it got: the chosen value").toPlainText()
    raw = find(detail, QPlainTextEdit, "The call as it was").toPlainText()
    assert shown == "abc <b>d</b>"
    assert not {"\u202e", "\x1b"} & set(raw)
    assert json.loads(raw)["answer"]["content"][0]["text"] == "a\u202eb\x1b[2Jc <b>d</b>"


def test_switched_off_the_page_says_so(lou: Rig) -> None:
    view = CallsView(lou)
    add(lou)
    view.until_rows(1)

    keep_calls(lou, on=False)
    view.until_rows(0)
    lou.until(
        lambda: any("keeps no calls" in each.text() for each in view.page.findChildren(QLabel))
    )
    keep_calls(lou, on=True)
