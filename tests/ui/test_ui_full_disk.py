"""A full disk: each thing that writes says so, leaves what was there, and works once there is room.

The disk of one process is full for as long as its files may not grow at all.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDialog, QFileDialog, QLabel, QWidget

from app.ui.dialogs.server_review import ServerReviewDialog
from app.ui.tracked_source import Filter
from app.ui.widgets.switch import Switch
from tests.ui.dialogs import AddServerView, KeysView
from tests.ui.finding import button, find
from tests.ui.pages import ServersView, StripView, TrackedView
from tests.ui.rig import Rig
from tests.ui.test_ui_newcomers import WORKING, changes, claude, client_page

if sys.platform != "linux":
    pytest.skip("a limit for another process needs Linux", allow_module_level=True)

import resource

__all__ = ["claude"]


@contextlib.contextmanager
def full_disk(pid: int = 0) -> Iterator[None]:
    """No file of this process, or of `pid`, grows meanwhile."""
    pid = pid or os.getpid()
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def told(lou: Rig, act: Callable[[], object], what: str) -> None:
    """Do `act`; the sentence about `what` comes in a dialog, which is closed again."""
    act()

    def words() -> str:
        shown = (each for each in lou.app.topLevelWidgets() if isinstance(each, QDialog))
        parts = (part for each in shown if each.isVisible() for part in each.findChildren(QLabel))
        return " ".join(part.text() for part in parts)

    lou.until(lambda: f"The disk is full: {what}" in words(), what=words)
    assert "Free some space" in words()
    lou.close_dialogs()


def test_a_setting_shows_what_is_true_and_is_kept_later(lou: Rig) -> None:
    page = lou.page("settings")
    switch = find(page, Switch, "Show notifications")
    with full_disk():
        told(lou, switch.click, "config.json was not saved.")
        assert switch.isChecked()
        appearance = find(page, QComboBox, "Appearance")
        told(lou, lambda: appearance.setCurrentIndex(1), "config.json was not saved.")
        assert appearance.currentIndex() == 0
    switch.click()
    lou.until(lambda: not lou.core.settings.config.settings.notifications)
    switch.click()
    lou.until(lambda: lou.core.settings.config.settings.notifications)


def test_a_server_that_cannot_be_switched_stays_on(lou: Rig) -> None:
    page = lou.page("servers")
    page.choose("search")
    switch = find(page, Switch, "Search on or off")
    with full_disk():
        told(lou, switch.click, "config.json was not saved.")
        assert switch.isChecked()
    assert lou.state("search") == "ready"


def test_a_server_that_cannot_start_starts_once_there_is_room(lou: Rig) -> None:
    page = lou.page("servers")
    page.choose("search")
    strip = StripView(ServersView(page).detail)
    with full_disk():
        lou.run(lou.core.restart("search"))
        assert lou.state("search") == "blocked"
        lou.until(lambda: "The disk is full, so it cannot start." in strip.text)
        assert "Free some space. Lou notices by itself." in strip.text
    lou.until(lambda: lou.state("search") == "ready")


def test_a_clients_file_stays_as_it_was(lou: Rig, claude: Path) -> None:
    claude.write_text('{"theirs": 1}')
    page, _ = client_page(lou)
    lou.until(button(page, "Connect...").isVisible)
    with full_disk():
        button(page, "Connect...").click()
        told(lou, changes(lou).accept, f"{claude.name} was not changed.")
        assert claude.read_text() == '{"theirs": 1}'
    button(page, "Connect...").click()
    changes(lou).accept()
    lou.until(lambda: lou.core.clients.view("claude-desktop").state == "connected")
    lou.run(lou.core.clients.disconnect("claude-desktop"))


def test_the_form_of_a_server_keeps_what_was_typed(lou: Rig) -> None:
    view = AddServerView(lou, lou.window)
    view.dialog.show()
    view.form.set_values({"name": "mine", "run": WORKING})

    def agree() -> None:
        view.add.click()
        seen = view.dialog.findChildren
        lou.until(lambda: [each for each in seen(ServerReviewDialog) if each.isVisible()])
        next(each for each in seen(ServerReviewDialog) if each.isVisible()).accept()

    with full_disk():
        agree()
        lou.until(lambda: "The disk is full: config.json was not saved." in view.problem.text())
        assert view.dialog.isVisible()
    agree()
    lou.until(lambda: "mine" in lou.core.settings.config.servers)
    lou.run(lou.core.remove_server("mine"))


def test_a_key_is_in_the_keyring_or_its_dialog_says_that_it_is_not(lou: Rig) -> None:
    keys = KeysView(lou, "TAVILY_API_KEY")
    lou.until(keys.entry.isEnabled)
    keys.type("tvly-on-a-full-disk")
    with full_disk():
        keys.save.click()
        lou.until(lambda: "Saved" in keys.verdict or "disk is full" in keys.verdict)
    keys.dialog.close()
    lou.close_dialogs()
    lou.run(lou.core.unset_key("TAVILY_API_KEY"))


@pytest.mark.parametrize(
    ("page", "named"),
    [("metrics", "CSV"), ("metrics", "PNG"), ("logs", "Save these lines to a file")],
)
def test_a_file_that_a_person_saves_over_stays_as_it_was(
    lou: Rig, tmp_path: Path, page: str, named: str
) -> None:
    target = tmp_path / "saved before.txt"
    target.write_text("what was there")
    shown = lou.page(page)
    lou.until(lambda: getattr(shown, "report", True))

    def save() -> None:
        find(shown, QAbstractButton, named).click()
        lou.until(lambda: asked(shown))
        dialog = asked(shown)[0]
        dialog.fileSelected.emit(str(target))  # by hand it first asks whether to replace the file
        dialog.reject()

    with full_disk():
        told(lou, save, f"{target.name} was not saved.")
    assert [each.name for each in tmp_path.iterdir()] == [target.name]
    assert target.read_text() == "what was there"
    save()
    lou.until(lambda: target.read_bytes() != b"what was there")


def asked(page: QWidget) -> list[QFileDialog]:
    return [each for each in page.findChildren(QFileDialog) if each.isVisible()]


def test_an_export_of_entries_stays_as_it_was(lou: Rig, tmp_path: Path) -> None:
    tracked = TrackedView(lou)
    entry = {"email": "full@example.org", "url": "https://example.org/full"}
    lou.run(lou.core.call("tracker", "track_url_email", entry))
    target = tmp_path / "entries.csv"
    target.write_text("what was there")
    pid = lou.core.server("tracker").pid
    assert pid
    with full_disk(pid):
        lou.run(tracked.job.export_file(target, Filter()))
    said = "Failed. The disk is full: entries.csv was not written. Free some space and try again."
    assert tracked.job_words.text() == said
    assert target.read_text() == "what was there"
    lou.run(tracked.job.export_file(target, Filter()))
    assert tracked.job_words.text().startswith("Done: ")
    assert "full@example.org" in target.read_text(encoding="utf-8-sig")
