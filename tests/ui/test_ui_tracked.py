"""The Tracked page over the real tracker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel

from app.ui.dialogs.conflict import ConflictDialog
from app.ui.dialogs.entry import EntryDialog
from app.ui.dialogs.import_file import ImportDialog
from app.ui.tracked_source import ConflictError, Filter, TrackedSource
from tests.ui.dialogs import ConflictView, EntryView, ImportView
from tests.ui.finding import find
from tests.ui.pages import TrackedView
from tests.ui.rig import Rig

VALUES = {"email": "ann@example.com", "url": "https://example.com/team", "note": "from the fair"}


def track(lou: Rig, **more: Any) -> TrackedSource:
    source = TrackedSource(lou.core)
    lou.run(source.add({**VALUES, **more}))
    return source


def test_an_entry_is_shown_changed_deleted_and_brought_back(lou: Rig) -> None:
    tracked = TrackedView(lou)
    known = len(lou.problems)
    source = track(lou)
    tracked.search("ann example")
    lou.until(lambda: tracked.cells() == ["ann@example.com"])
    entry = tracked.model.rows[0]
    lou.run(source.change(entry, {**entry, "status": "contacted", "tags": ["fair"]}))
    lou.until(lambda: tracked.model.index(0, 2).data() == "Contacted")
    tracked.table.selectRow(0)
    tracked.delete.click()
    lou.until(lambda: tracked.cells() == [] and tracked.strip.isVisible())
    tracked.strip.button.click()
    lou.until(lambda: tracked.cells() == ["ann@example.com"])
    tracked.search("")
    assert lou.problems[known:] == []


def test_what_a_client_tracks_appears_by_itself_and_the_choice_stays(lou: Rig) -> None:
    tracked = TrackedView(lou)
    track(lou, email="dora@example.com")
    lou.until(lambda: "dora@example.com" in tracked.cells())
    tracked.table.selectRow(tracked.cells().index("dora@example.com"))
    lou.page("servers")
    track(lou, email="emil@example.com")
    lou.page("tracked")
    lou.until(lambda: "emil@example.com" in tracked.cells())
    assert tracked.chosen() == ["dora@example.com"]


def test_closing_the_dialog_while_it_saves_is_no_problem(lou: Rig) -> None:
    lou.page("tracked")
    known = len(lou.problems)
    source = TrackedSource(lou.core)
    for turns in (0, 1, 3):
        dialog = EntryDialog(lou.session.context, source, None, None)
        gone: list[object] = []
        dialog.destroyed.connect(lambda *_, gone=gone: gone.append(1))
        dialog.open()
        view = EntryView(dialog)
        view.form.set_values({**VALUES, "email": f"half{turns}@example.com", "status": "new"})
        view.save.click()
        for _ in range(turns):
            lou.app.processEvents()
        dialog.reject()
        lou.until(lambda gone=gone: gone)
    lou.until(lambda: not lou.session.context.tasks.running)
    assert lou.problems[known:] == []


def test_a_job_whose_server_stops_says_that_it_was_cut_short(lou: Rig, tmp_path: Path) -> None:
    tracked = TrackedView(lou)
    source_file = tmp_path / "in.csv"
    rows = "".join(f"q{n}@example.org,https://example.org/{n}\n" for n in range(20_000))
    source_file.write_text(f"email,url\n{rows}")
    job = tracked.job
    known = len(lou.problems)
    lou.session.context.tasks.start(job.import_file(source_file, {"email": "email", "url": "url"}))
    lou.until(lambda: job.is_busy)
    assert not tracked.take_in.isEnabled()
    lou.run(lou.core.enable("tracker", False), 30)
    lou.until(lambda: not job.is_busy)
    assert "cut short" in tracked.job_words.text()
    lou.run(lou.core.enable("tracker", True), 30)
    lou.until(lambda: len(lou.problems) == known + 1)
    lou.until(tracked.take_in.isEnabled)
    assert len(lou.close_dialogs()) == 1


def test_a_conflict_is_shown_side_by_side_and_the_choice_is_saved(lou: Rig) -> None:
    tracked = TrackedView(lou)
    source = track(lou, email="bob@example.com")
    lou.until(lambda: "bob@example.com" in tracked.cells())
    whole = lou.run(source.get(tracked.model.rows[tracked.cells().index("bob@example.com")]["id"]))
    dialog = EntryDialog(lou.session.context, source, None, whole)
    ended: list[int] = []
    dialog.finished.connect(ended.append)
    dialog.open()
    lou.run(source.change(whole.entry, {**whole.entry, "note": "theirs", "status": "won"}))
    view = EntryView(dialog)
    view.form.set_values({**whole.entry, "note": "mine"})
    view.save.click()
    lou.until(lambda: dialog.findChild(ConflictDialog) is not None)
    conflict = dialog.findChild(ConflictDialog)
    assert conflict.theirs() == set()
    ConflictView(conflict).keep_theirs("status")
    conflict.accept()
    lou.until(lambda: ended)
    after = lou.run(source.get(whole.entry["id"])).entry
    assert (after["note"], after["status"]) == ("mine", "won")


def test_an_old_version_is_refused_with_the_present_entry(lou: Rig) -> None:
    source = track(lou, email="cid@example.com")
    entry = lou.run(source.find(Filter())).entries[0]
    lou.run(source.change(entry, {**entry, "note": "first"}))
    with pytest.raises(ConflictError) as refused:
        lou.run(source.change(entry, {**entry, "note": "second"}))
    assert refused.value.current["note"] == "first"


def test_a_file_is_imported_with_progress_and_exported_again(lou: Rig, tmp_path: Path) -> None:
    tracked = TrackedView(lou)
    rows = "\n".join(f"p{n}@example.org,https://example.org/{n}" for n in range(300))
    source_file = tmp_path / "in.csv"
    source_file.write_text(f"email,url\n{rows}\nnot an address,https://example.org/x\n")
    job = tracked.job
    lou.run(job.import_file(source_file, {"email": "email", "url": "url"}), 30)
    assert "Done: 301 rows" in tracked.job_words.text()
    assert (
        "Row 302" in tracked.job_problems.toPlainText()
        or "Row 301" in tracked.job_problems.toPlainText()
    )
    lou.until(lambda: len(tracked.cells()) >= 100)
    target = tmp_path / "out.csv"
    lou.run(job.export_file(target, tracked.filter.wanted()), 30)
    assert "p299@example.org" in target.read_text(encoding="utf-8-sig")


def test_a_person_sees_the_columns_and_doubts_and_changes_them_before_anything_is_stored(
    lou: Rig, tmp_path: Path
) -> None:
    tracked = TrackedView(lou)
    source_file = tmp_path / "crm.csv"
    source_file.write_text(
        "Name,Email,Owner Email,Source,Website\n"
        "Ann,lead1@acme-corp.net,kim@my-agency.org,Webinar,https://acme-corp.net\n"
        "Bob,lead2@acme-corp.net,kim@my-agency.org,Referral,none\n"
    )
    job = tracked.job
    doing = lou.loop.create_task(job.preview_and_import(source_file, tracked.page))
    lou.until(lambda: lou.window.findChild(ImportDialog) is not None)
    dialog = lou.window.findChild(ImportDialog)
    view = ImportView(dialog)
    assert view.chosen() == {"Email": "email", "Website": "url"}
    assert find(dialog, QLabel, "count").text().startswith("2 rows. Entries that are known")
    assert "Owner Email" in view.doubts
    assert "Row 3: not stored: url" in view.doubts
    view.choose("Email", "")
    assert not view.begin.isEnabled()
    view.choose("Owner Email", "email")
    lou.until(lambda: "Owner Email" not in view.doubts)
    assert dialog.mapping().ignore == ["Email"]
    view.choose("Owner Email", "")
    view.choose("Email", "email")
    dialog.accept()
    lou.until(doing.done, 60)
    assert "1 refused" in tracked.job_words.text()
    assert "Row 3: Page is" in tracked.job_problems.toPlainText()
    tracked.search("lead1")
    lou.until(lambda: tracked.cells() == ["lead1@acme-corp.net"])
    tracked.search("")


def test_scrolling_down_brings_in_the_rest_of_the_entries(lou: Rig) -> None:
    tracked = TrackedView(lou)
    lou.until(lambda: tracked.model.rowCount() >= 100)
    while tracked.has_more():
        before = tracked.model.rowCount()
        tracked.table.scrollToBottom()
        tracked.model.fetchMore(tracked.model.index(-1, -1))
        lou.until(lambda b=before: tracked.model.rowCount() > b or not tracked.has_more())
    assert tracked.model.rowCount() >= 302
    assert len(set(tracked.cells())) == len(tracked.cells())
