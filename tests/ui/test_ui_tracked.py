"""The Tracked page over the real tracker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QTableView, QWidget

from app.ui.dialogs.conflict import ConflictDialog
from app.ui.dialogs.entry import EntryDialog
from app.ui.dialogs.import_file import ImportDialog
from app.ui.pages.tracked_job import TrackedJob
from app.ui.tracked_source import ConflictError, Filter, TrackedSource
from tests.ui.rig import Rig

VALUES = {"email": "ann@example.com", "url": "https://example.com/team", "note": "from the fair"}


def table(page: QWidget) -> QTableView:
    return page.findChild(QTableView)


def track(lou: Rig, **more: Any) -> TrackedSource:
    source = TrackedSource(lou.core)
    lou.run(source.add({**VALUES, **more}))
    return source


def cells(page: QWidget) -> list[str]:
    model = table(page).model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_an_entry_is_shown_changed_deleted_and_brought_back(lou: Rig) -> None:
    page = lou.page("tracked")
    known = len(lou.problems)
    source = track(lou)
    page._begin()
    page._filter._text.setText("ann example")
    lou.until(lambda: cells(page) == ["ann@example.com"])
    entry = page._model.entry(0)
    lou.run(source.change(entry, {**entry, "status": "contacted", "tags": ["fair"]}))
    page._begin()
    lou.until(lambda: page._model.index(0, 2).data() == "Contacted")
    table(page).selectRow(0)
    page._delete.click()
    lou.until(lambda: cells(page) == [] and page._strip.isVisible())
    page._strip._button.click()
    lou.until(lambda: cells(page) == ["ann@example.com"])
    page._filter._text.clear()
    lou.until(lambda: page._wanted.text == "")
    assert lou.problems[known:] == []


def test_what_a_client_tracks_appears_by_itself_and_the_choice_stays(lou: Rig) -> None:
    page = lou.page("tracked")
    track(lou, email="dora@example.com")
    lou.until(lambda: "dora@example.com" in cells(page))
    table(page).selectRow(cells(page).index("dora@example.com"))
    lou.page("servers")
    track(lou, email="emil@example.com")
    lou.page("tracked")
    lou.until(lambda: "emil@example.com" in cells(page))
    assert [entry["email"] for entry in page._chosen()] == ["dora@example.com"]


def test_closing_the_dialog_while_it_saves_is_no_problem(lou: Rig) -> None:
    page = lou.page("tracked")
    known = len(lou.problems)
    source = TrackedSource(lou.core)
    for turns in (0, 1, 3):
        dialog = EntryDialog(page._desk, source, None, None)
        gone: list[object] = []
        dialog.destroyed.connect(lambda *_, gone=gone: gone.append(1))
        dialog.open()
        dialog._form.set_values({**VALUES, "email": f"half{turns}@example.com", "status": "new"})
        dialog._save.click()
        for _ in range(turns):
            lou.app.processEvents()
        dialog.reject()
        lou.until(lambda gone=gone: gone)
    lou.until(lambda: not page._desk.tasks._running)
    assert lou.problems[known:] == []


def test_a_job_whose_server_stops_says_that_it_was_cut_short(lou: Rig, tmp_path: Path) -> None:
    page = lou.page("tracked")
    source_file = tmp_path / "in.csv"
    rows = "".join(f"q{n}@example.org,https://example.org/{n}\n" for n in range(20_000))
    source_file.write_text(f"email,url\n{rows}")
    job: TrackedJob = page._job
    known = len(lou.problems)
    page._desk.tasks.start(job.import_file(source_file, {"email": "email", "url": "url"}))
    lou.until(lambda: job.is_busy)
    assert not page._import.isEnabled()
    lou.run(lou.core.enable("tracker", False), 30)
    lou.until(lambda: not job.is_busy)
    assert "cut short" in job._words.text()
    lou.run(lou.core.enable("tracker", True), 30)
    lou.until(lambda: len(lou.problems) == known + 1)
    lou.until(page._import.isEnabled)


def test_a_conflict_is_shown_side_by_side_and_the_choice_is_saved(lou: Rig) -> None:
    page = lou.page("tracked")
    source = track(lou, email="bob@example.com")
    page._begin()
    lou.until(lambda: "bob@example.com" in cells(page))
    whole = lou.run(source.whole(page._model.entry(cells(page).index("bob@example.com"))["id"]))
    dialog = EntryDialog(page._desk, source, None, whole)
    ended: list[int] = []
    dialog.finished.connect(ended.append)
    dialog.open()
    lou.run(source.change(whole.entry, {**whole.entry, "note": "theirs", "status": "won"}))
    dialog._form.set_values({**whole.entry, "note": "mine"})
    dialog._save.click()
    lou.until(lambda: dialog.findChild(ConflictDialog) is not None)
    conflict = dialog.findChild(ConflictDialog)
    assert conflict.theirs() == set()
    theirs = [
        b for b in conflict._mine["status"].group().buttons() if conflict._mine["status"] is not b
    ]
    theirs[0].setChecked(True)
    conflict.accept()
    lou.until(lambda: ended)
    after = lou.run(source.whole(whole.entry["id"])).entry
    assert (after["note"], after["status"]) == ("mine", "won")


def test_an_old_version_is_refused_with_the_present_entry(lou: Rig) -> None:
    source = track(lou, email="cid@example.com")
    entry = lou.run(source.find(Filter())).entries[0]
    lou.run(source.change(entry, {**entry, "note": "first"}))
    with pytest.raises(ConflictError) as refused:
        lou.run(source.change(entry, {**entry, "note": "second"}))
    assert refused.value.current["note"] == "first"


def test_a_file_is_imported_with_progress_and_exported_again(lou: Rig, tmp_path: Path) -> None:
    page = lou.page("tracked")
    rows = "\n".join(f"p{n}@example.org,https://example.org/{n}" for n in range(300))
    source_file = tmp_path / "in.csv"
    source_file.write_text(f"email,url\n{rows}\nnot an address,https://example.org/x\n")
    job: TrackedJob = page._job
    lou.run(job.import_file(source_file, {"email": "email", "url": "url"}), 30)
    assert "Done: 301 rows" in job._words.text()
    assert "Row 302" in job._problems.toPlainText() or "Row 301" in job._problems.toPlainText()
    lou.until(lambda: len(cells(page)) >= 100)
    target = tmp_path / "out.csv"
    lou.run(job.give_out(target, page._filter.wanted()), 30)
    assert "p299@example.org" in target.read_text(encoding="utf-8-sig")


def test_a_person_sees_the_columns_and_doubts_and_changes_them_before_anything_is_stored(
    lou: Rig, tmp_path: Path
) -> None:
    page = lou.page("tracked")
    source_file = tmp_path / "crm.csv"
    source_file.write_text(
        "Name,Email,Owner Email,Source,Website\n"
        "Ann,lead1@acme-corp.net,kim@my-agency.org,Webinar,https://acme-corp.net\n"
        "Bob,lead2@acme-corp.net,kim@my-agency.org,Referral,none\n"
    )
    job: TrackedJob = page._job
    doing = lou.loop.create_task(job.take_in(source_file, page))
    lou.until(lambda: lou.window.findChild(ImportDialog) is not None)
    dialog = lou.window.findChild(ImportDialog)
    boxes = {name: box for name, _, box in dialog._boxes}
    chosen = {name: box.currentData() for name, box in boxes.items() if box.currentData()}
    assert chosen == {"Email": "email", "Website": "url"}
    assert "Owner Email" in dialog._doubts.text()
    assert "Row 3: not stored: url" in dialog._doubts.text()
    boxes["Email"].setCurrentIndex(0)
    assert not dialog._begin.isEnabled()
    boxes["Owner Email"].setCurrentIndex(boxes["Owner Email"].findData("email"))
    lou.until(lambda: "Owner Email" not in dialog._doubts.text())
    assert dialog.mapping().ignore == ["Email"]
    boxes["Owner Email"].setCurrentIndex(0)
    boxes["Email"].setCurrentIndex(boxes["Email"].findData("email"))
    dialog.accept()
    lou.until(doing.done, 60)
    assert "1 refused" in job._words.text()
    assert "Row 3: url" in job._problems.toPlainText()
    page._filter._text.setText("lead1")
    lou.until(lambda: cells(page) == ["lead1@acme-corp.net"])
    page._filter._text.clear()
    lou.until(lambda: page._wanted.text == "")


def test_scrolling_down_brings_in_the_rest_of_the_entries(lou: Rig) -> None:
    page = lou.page("tracked")
    lou.until(lambda: page._model.rowCount() >= 100)
    while page._model.canFetchMore(page._model.index(-1, -1)):
        before = page._model.rowCount()
        table(page).scrollToBottom()
        page._model.fetchMore(page._model.index(-1, -1))
        lou.until(lambda b=before: page._model.rowCount() > b or not page._cursor)
    assert page._model.rowCount() >= 302
    assert len(set(cells(page))) == len(cells(page))
