"""The log page: no line twice, none missing, the place kept, and a file of what was wanted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.modeltest import ModelTester

from app.logs.log_search import LogQuery
from app.logs.logbook import Logbook
from app.ui.models.log_feed import LogFeed
from app.ui.models.logs import MESSAGE, MOST_ROWS, LogsModel
from app.ui.pages.log_saving import LogExport
from tests.ui.pages import LogsView
from tests.ui.rig import Rig


@pytest.fixture
def logbook(tmp_path: Path) -> Iterator[Logbook]:
    made = Logbook(tmp_path / "logs", lambda text: text)
    yield made
    made.close()


def messages(lines: list) -> list[str]:
    return [line.message for line in lines]


def fill(logbook: Logbook, first: int, last: int, server: str = "search") -> None:
    for number in range(first, last):
        logbook.add(server, "INFO", "here", f"line {number}")


def test_lines_that_come_while_the_files_are_read_are_shown_once(
    lou: Rig, logbook: Logbook
) -> None:
    fill(logbook, 0, 1_000)
    feed = LogFeed(logbook)
    writer = threading.Thread(target=fill, args=(logbook, 1_000, 6_000))
    writer.start()
    shown = messages(lou.run(feed.begin(LogQuery())))
    writer.join()
    shown += messages(feed.new())
    assert shown == [f"line {number}" for number in range(int(shown[0].split()[1]), 6_000)]


def test_older_lines_come_page_by_page_to_the_very_first(lou: Rig, logbook: Logbook) -> None:
    fill(logbook, 0, 5_000)
    feed = LogFeed(logbook)
    shown = messages(lou.run(feed.begin(LogQuery())))
    while feed.has_older:
        shown = messages(lou.run(feed.older())) + shown
    assert shown == [f"line {number}" for number in range(5_000)]


def test_a_filter_holds_for_stored_and_for_new_lines(lou: Rig, logbook: Logbook) -> None:
    fill(logbook, 0, 500)
    logbook.add("tracker", "ERROR", "there", "Disk FULL")
    feed = LogFeed(logbook)
    assert messages(lou.run(feed.begin(LogQuery("", "WARNING", "full")))) == ["Disk FULL"]
    logbook.add("tracker", "ERROR", "there", "disk full again")
    logbook.add("tracker", "INFO", "there", "disk full, they say")
    assert messages(feed.new()) == ["disk full again"]


def test_model_keeps_the_rules_of_models(lou: Rig) -> None:
    model = LogsModel(lou.theme)
    ModelTester(model)
    logbook = lou.core.logbook
    fill(logbook, 0, 200)
    model.show_rows(logbook.since(0, None, 50))
    model.append(logbook.since(0, None, 100))
    model.insert(0, logbook.since(0, None, 30))
    assert model.rowCount() == 180


def test_far_too_many_rows_are_cut_at_the_old_end(lou: Rig) -> None:
    model = LogsModel(lou.theme)
    logbook = lou.core.logbook
    fill(logbook, 0, 3_000)
    lines = logbook.since(0, "search", 3_000)
    for _ in range(9):
        model.append(lines)
    assert MOST_ROWS <= model.rowCount() <= MOST_ROWS + 4_000
    assert model.index(model.rowCount() - 1, MESSAGE).data() == "line 2999"


def test_page_follows_the_newest_line_until_a_person_scrolls_away(lou: Rig) -> None:
    logs = LogsView(lou)
    logs.wait()
    fill(lou.core.logbook, 0, 2_000)
    lou.until(lambda: logs.model.rowCount() > 1_000 and not logs.missed)
    assert logs.is_at_end()
    logs.table.verticalScrollBar().setValue(300)
    assert not logs.follow.isChecked()
    top = logs.topmost()
    fill(lou.core.logbook, 2_000, 2_500)
    lou.until(lambda: not logs.missed)
    assert logs.topmost() == top
    logs.follow.click()
    assert logs.is_at_end()


def test_hidden_page_pulls_nothing(lou: Rig) -> None:
    logs = LogsView(lou)
    lou.until(lambda: not logs.missed)
    lou.page("servers")
    before = logs.model.rowCount()
    fill(lou.core.logbook, 0, 100)
    lou.until(lambda: logs.missed >= 100)
    assert logs.model.rowCount() == before


def test_a_chosen_line_is_shown_whole_and_as_plain_text(lou: Rig) -> None:
    logs = LogsView(lou)
    hostile = "<b>bold</b> <a href='file:///etc/passwd'>x</a>" + "y" * 900
    lou.core.logbook.add("search", "ERROR", "here", hostile)
    lou.until(lambda: not logs.missed)
    rows = [row for row in range(logs.model.rowCount()) if logs.model.rows[row].message == hostile]
    logs.table.selectRow(rows[-1])
    assert logs.line.toPlainText() == hostile


def test_saved_file_holds_every_wanted_line_in_order(logbook: Logbook, tmp_path: Path) -> None:
    fill(logbook, 0, 12_000)
    logbook.add("tracker", "ERROR", "there", "not wanted")
    target = tmp_path / "out.log"
    told: list[int] = []
    count = LogExport(logbook, LogQuery("search"), target).run(told.append)
    lines = target.read_text().splitlines()
    assert count == 12_000 == told[-1]
    assert [line.rsplit(" - ", 1)[1] for line in lines] == [f"line {n}" for n in range(12_000)]


def test_stopped_saving_leaves_no_file(logbook: Logbook, tmp_path: Path) -> None:
    fill(logbook, 0, 12_000)
    export = LogExport(logbook, LogQuery(), tmp_path / "out.log")
    assert export.run(lambda _count: export.stop()) == -1
    assert not (tmp_path / "out.log").exists()
