"""The Try it page over real servers: a form, a call, a result; cancel, history, again."""

from __future__ import annotations

import json
import socket
import time

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.modeltest import ModelTester

from app.ui.models.json_tree import JsonTree
from app.ui.tool_attempts import Attempt, result_text
from app.views import Answer
from tests.ui.finding import problem
from tests.ui.pages import TryView
from tests.ui.rig import Rig


def choose(lou: Rig, server: str, tool: str) -> TryView:
    page = TryView(lou)
    page.choose(server, tool)
    return page


def test_a_tool_is_called_from_its_form_and_the_result_is_shown(lou: Rig) -> None:
    page = choose(lou, "tracker", "track_url_email")
    page.fill(url="https://example.com/a", email="eve@example.com", tags=["x"])
    before = page.count()
    attempt = page.run_and_wait()
    assert page.count() == before + 1
    assert (attempt.outcome, attempt.answer.data["outcome"]) == ("ok", "created")
    assert page.outcome.text() == "Done"
    page.copy.click()
    copied = json.loads(QGuiApplication.clipboard().text())
    assert copied["arguments"]["email"] == "eve@example.com"


def test_a_needed_field_left_empty_is_said_and_nothing_is_called(lou: Rig) -> None:
    page = choose(lou, "tracker", "track_url_email")
    before = page.count()
    page.run.click()
    assert not page.is_running()
    assert page.count() == before
    assert any(problem(each).isVisible() for each in page.form.editors)


def test_a_failing_call_tells_why(lou: Rig) -> None:
    page = choose(lou, "tracker", "track_url_email")
    page.fill(url="nowhere", email="nobody")
    attempt = page.run_and_wait()
    assert attempt.outcome == "error"
    assert "email" in attempt.answer.text


def test_a_call_can_be_cancelled(lou: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        own = {"searxng": {"base_url": address}}
        lou.core.settings.update(lambda config: config.with_own("search", own))
        page = choose(lou, "search", "web_search")
        page.fill(query="anything", provider="searxng")
        before = page.count()
        silent.settimeout(10)
        page.run.click()
        lou.until(page.cancel.isEnabled)
        page.cancel.click()
        lou.until(lambda: page.count() > before)
    assert page.attempts.rows[0].outcome == "cancelled"
    assert page.run.isEnabled()


def test_a_row_of_the_history_runs_again_with_the_same_arguments(lou: Rig) -> None:
    page = choose(lou, "tracker", "find_tracked")
    page.fill(email="eve@example.com")
    assert page.run_and_wait().tool == "find_tracked"
    before = page.count()
    page.history.activated.emit(page.attempts.index(0, 0))
    lou.until(lambda: page.count() > before)
    assert page.attempts.rows[0].arguments == page.attempts.rows[1].arguments


def test_what_was_typed_stays_when_the_tools_change_and_the_server_restarts(lou: Rig) -> None:
    page = choose(lou, "tracker", "track_url_email")
    page.fill(url="https://example.com/typed", note="half a")
    typed = {"url": "https://example.com/typed", "note": "half a"}
    tools = lou.run(lou.core.tools("tracker"))
    mine = next(tool for tool in tools if tool["name"] == "track_url_email")
    page.offer([{**mine, "description": "Another"}, *tools[:2]])
    assert typed.items() <= page.form.typed().items()
    lou.run(lou.core.enable("tracker", False))
    lou.until(lambda: not page.note.isHidden())
    assert not page.run.isEnabled()
    lou.run(lou.core.enable("tracker", True), 30)
    lou.until(lambda: page.note.isHidden() and page.run.isEnabled())
    assert page.tool.currentData() == "track_url_email"
    assert typed.items() <= page.form.typed().items()


def test_the_chosen_server_stays_when_another_comes_and_goes(lou: Rig) -> None:
    page = choose(lou, "tracker", "track_url_email")
    page.fill(url="https://example.com/typed")
    form = page.form
    lou.core.add_server("other", {"command": "/nowhere/at/all", "disabled": True})
    lou.until(lambda: page.server.count() == 3)
    assert (page.chosen_server(), page.form) == ("tracker", form)
    page.page.choose("other")
    lou.until(lambda: page.form is None)
    lou.run(lou.core.remove_server("other"))
    lou.until(lambda: page.server.count() == 2 and page.form is not None)
    assert page.chosen_server() == "search"


def test_a_form_of_any_words_fits_its_place(lou: Rig) -> None:
    page = choose(lou, "tracker", "track_url_email")
    long = "Rindfleischetikettierungsueberwachungsaufgabenuebertragungsgesetz" * 3
    fields = {long: {"type": "string", "description": long}, "pick": {"enum": [long, long * 2]}}
    tools = [{"name": long, "description": long, "input_schema": {"properties": fields}}]
    page.offer(tools)
    holder = page.area.widget()
    lou.until(lambda: holder.minimumSizeHint().width() <= page.area.viewport().width())
    page.offer(lou.run(lou.core.tools("tracker")))


def test_a_result_of_a_megabyte_is_cut_and_says_so() -> None:
    big = {"text": "x" * 1_000_000, "many": ["y" * 3_000] * 200}
    attempt = Attempt("s", "t", {}, 0.0, 1.0, "ok", Answer("success", data=big))
    text = result_text(attempt)
    assert len(text) < 500_000
    assert "more characters" in text
    assert max(len(line) for line in text.splitlines()) < 2_200
    assert json.loads(attempt.as_json())["result"] == big


def test_a_result_is_shown_as_the_json_that_it_is() -> None:
    value = {
        "a": [1, {"b": None, "c": []}],
        "d": {},
        "e": "\u00e9\n",
        "f": [True, 1.5],
        "": {"g": 0},
    }
    shown = result_text(Attempt("s", "t", {}, 0.0, 1.0, "ok", Answer("success", data=value)))
    assert shown == json.dumps(value, ensure_ascii=False, indent=2)


@pytest.mark.parametrize(
    "value",
    [
        {"rows": [{"number": n, "name": "n" * 50} for n in range(20_000)]},
        {f"key {n}": n for n in range(50_000)},
    ],
)
def test_a_large_result_is_shown_at_once(lou: Rig, value: object) -> None:
    page = TryView(lou)
    attempt = Attempt("s", "t", {}, 0.0, 1.0, "ok", Answer("success", data=value))
    began = time.thread_time()  # of this thread alone: other programs may keep the machine busy
    page.result.show_attempt(attempt)
    QTest.qWait(20)
    took = time.thread_time() - began
    assert "Copy has them all" in page.result_text.toPlainText()
    assert took < 0.4


def test_a_result_nested_without_end_is_shown_and_the_page_goes_on(lou: Rig) -> None:
    page = choose(lou, "tracker", "find_tracked")
    value: dict = {}
    for _ in range(900):
        value = {"next": value}
    attempt = Attempt("s", "t", {}, 0.0, 1.0, "ok", Answer("success", data=value))
    page.finish(attempt)
    assert "..." in result_text(attempt)
    assert page.run.isEnabled()
    page.copy.click()
    assert json.loads(QGuiApplication.clipboard().text())["tool"] == "t"


def test_json_tree_keeps_the_rules_of_models(qapp) -> None:
    tree = JsonTree()
    ModelTester(tree)
    tree.show_value({"a": [1, {"b": None}], "c": "<b>x</b>", "d": {}})
    a = tree.index(0, 0)
    assert tree.rowCount(a) == 2
    assert tree.index(1, 1, a).data() == ""
    assert tree.index(1, 1).data() == "<b>x</b>"
    tree.show_value([f"item {n}" for n in range(2_500)])
    assert (tree.rowCount(), tree.index(24, 0).data()) == (25, "2,401 to 2,500")
    last = tree.index(24, 0)
    assert [tree.index(99, column, last).data() for column in (0, 1)] == ["2500", "item 2499"]
    tree.show_value("plain")
    assert tree.index(0, 1).data() == "plain"
