"""Every text of the window has a German translation, and every page shows it."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from html import unescape
from itertools import product

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QTableView,
    QTreeView,
    QWidget,
)

from app.system import paths
from app.ui import translation, wording
from app.ui.pages.log_table import LogTable
from app.ui.widgets.rows import ROW, Row, RowList
from app.ui.widgets.text import Elided
from tests.ui import scenes
from tests.ui.finding import find
from tests.ui.own_process import tell, told_by
from tests.ui.rig import Rig
from tests.ui.window_texts import reasons, sentences, texts

_ENGLISH = re.compile(r"\b(the|and|of|is|are|with|not|this|that|for|your|it)\b", re.IGNORECASE)
_ENGLISH_IN_PART = re.compile(
    r"\b(the|and|of|are|with|not|this|that|for|your|it|no|set|ago|key|entry)\b"
    r"|\d\.\d+ (%|ms|s|MB|GB)",
    re.IGNORECASE,
)
"""A word or a figure that no German text of the window has."""
_GIVEN = {
    *("It failed.", "Do this.", "Remove it?", "It is gone then."),
    *("Met at the fair, asks for a price list", "Claude Desktop with another provider"),
    *("Copilot for JetBrains", "JetBrains AI Assistant and Junie"),
}
"""What the scenes and the clients put in."""
_COPY = "&Copy"
"""As Qt calls it in English."""
_CONTINUES = re.compile(r"^Entries that are known already")
"""The end of a sentence of its own, which says how many rows there are."""
NAMES = {"Search", "Tracker"}
"""Of servers; they are what a client calls them, too."""
KNOWN = translation.texts_of("de")
SPOKEN = int(Qt.ItemDataRole.AccessibleTextRole)


CORE = ("clients", "config", "doctor", "keys", "supervision", "system", "formats")
SERVERS = ("search", "tracker", "relay", "contract/key_text.py", "contract/service_account.py")


FOR_PROGRAMS = (
    *("app/cli", "app/control", "servers/__main__.py", "servers/bridge", "servers/guard.py"),
    *("servers/contract/envelope.py", "servers/contract/fork_request.py"),
    *("servers/contract/greeting.py", "servers/fork_server.py", "servers/host/control.py"),
    *("servers/host/mcp", "servers/host/served.py", "servers/host/tools/schema.py"),
    "servers/relay/wire_message.py",
)
"""What is told there is read on the command line, by a client's model, or by who writes a tool."""


def untranslated(texts: set[str]) -> set[str]:
    """Those that stay English in whole or in part, with anything put in."""
    german = translation.catalogue("de")
    said = {text: german.text(text.replace("{}", "Xy")) for text in texts if text not in KNOWN}
    return {
        text
        for text, each in said.items()
        if each == text.replace("{}", "Xy") or _ENGLISH.search(each)
    }


def test_every_text_has_a_translation(figure) -> None:
    found = texts()
    missing = untranslated(found)
    share = 100 * (1 - len(missing) / len(found))
    figure("texts of the window that are in German", share, "%", at_least=100)
    assert share > 95, sorted(missing)


@pytest.mark.parametrize(
    ("whose", "rooms"),
    [
        ("the core", [f"app/{room}" for room in CORE]),
        ("the servers", [f"servers/{room}" for room in SERVERS]),
    ],
)
def test_sentences_from_behind_the_window_are_in_german(
    whose: str, rooms: list[str], figure
) -> None:
    found = sentences(*rooms)
    missing = untranslated(found)
    share = 100 * (1 - len(missing) / len(found))
    figure(f"sentences of {whose} that are in German", share, "%", at_least=100)
    assert share > 95, sorted(missing)


def test_every_reason_of_a_failure_has_a_translation() -> None:
    assert untranslated(reasons(*FOR_PROGRAMS)) == set()


def test_a_text_that_ends_with_a_part_that_may_be_empty_is_in_german() -> None:
    ends = {
        text.removesuffix("{}").rstrip() for text in texts() if re.search(r"[.!?] ?\{\}$", text)
    }
    assert untranslated(ends) == set()


def test_figures_have_the_marks_of_the_language() -> None:
    try:
        translation.choose("de")
        assert wording.milliseconds(4.12) == "4,1 ms"
        assert translation.tr("1,234 entries") == "1.234 Einträge"
        translation.choose("en")
        assert wording.milliseconds(4.12) == "4.1 ms"
    finally:
        translation.choose("en")


def test_a_translation_takes_what_the_text_puts_in() -> None:
    for english, german in translation.texts_of("de").items():
        holes = set(range(len(re.findall(r"\{#?\}", english))))
        used = {int(number) for number in re.findall(r"\{(\d+)\}", german)}
        assert used <= holes, english


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Servers", "Server"),
        ("3 of 12 checks need you.", "Bei 3 von 12 Prüfungen ist etwas zu tun."),
        ("1 of 2 servers ready", "1 von 2 Servern bereit"),
        (
            "It starts something that Lou was never told.",
            "It starts something that Lou was never told.",
        ),
        (
            "Install and start one, e.g. gnome-keyring, or keep the keys in a file that a "
            "passphrase encrypts (`lou keys store file`).",
            "Installieren und starten Sie einen, z. B. gnome-keyring, oder verwahren Sie die "
            "Schlüssel in einer Datei, die eine Passphrase verschlüsselt (`lou keys store file`).",
        ),
        (
            "search: no session yet\ntracker: no session yet",
            "search: noch keine Sitzung\ntracker: noch keine Sitzung",
        ),
        (
            "2 entries on this computer. 1 copy kept.",
            "2 Einträge auf diesem Rechner. 1 Kopie aufbewahrt.",
        ),
        ("Removed. Stopped.", "Entfernt. Angehalten."),
        ("The command 'npx' was not found.", "Der Befehl 'npx' wurde nicht gefunden."),
        ("2 rows. It was not ready after 9 s.", "2 Zeilen. Er war nach 9 s nicht bereit."),
        (
            "The server at a.example cannot be reached: Connection refused.",
            "Der Server auf a.example ist nicht zu erreichen: Connection refused.",
        ),
        (
            "No provider answered: tried google, because its limit is reached; brave, because it "
            "took no connection within 5 s.",
            "Kein Anbieter hat geantwortet: versucht wurden google, denn sein Limit ist erreicht; "
            "brave, denn er nahm in 5 s keine Verbindung an.",
        ),
        ("Cursor had lost Lou's entry", "Cursor hatte Lous Eintrag verloren"),
        ("my own server", "my own server"),
        ("", ""),
    ],
)
def test_texts_with_figures_and_several_sentences_are_translated(english: str, german: str) -> None:
    assert translation.catalogue("de").text(english) == german


@pytest.mark.parametrize("both", ["{} Removed.", "Removed. {}"])
def test_a_text_beside_another_one_is_translated_as_it_is_alone(both: str) -> None:
    german = translation.catalogue("de")
    filled = {text.replace("{#}", "7").replace("{}", "Xy") for text in KNOWN if text[-1] in ".!?"}
    said = {text: german.text(both.format(text)) for text in filled if not text.startswith("\n")}
    wanted = german.text("Removed.")
    wrong = {
        each
        for text, each in said.items()
        if each != both.replace("Removed.", wanted).format(german.text(text))
        and not _CONTINUES.search(text)
    }
    assert wrong == set()


def test_what_would_run_is_told_in_german_and_left_as_it_is(lou: Rig) -> None:
    translation.choose("de")
    try:
        top = scenes.show(lou, "reviewed server")
        shown = find(top, QPlainTextEdit).toPlainText()
        assert shown.splitlines() == [
            "files (startet sofort)",
            "  startet: npx -y @scope/files",
            "  im Ordner: Ihr Benutzerordner",
        ]
        scenes.close(top)
    finally:
        translation.choose("en")


def test_what_the_rows_of_clients_tell_is_in_german() -> None:
    rows = json.loads(paths.resource("clients.json").read_text(encoding="utf-8"))["clients"]
    told = {row.get(column) for row in rows for column in ("reload_words", "note")} - {None}
    assert half_german(told) == set()


def test_what_the_own_servers_tell_of_their_tools_is_in_german(lou: Rig) -> None:
    told: set[str] = set()
    for server in ("search", "tracker"):
        for tool in lou.core.remembered_tools(server):
            fields = tool["input_schema"].get("properties", {}).values()
            told |= {
                tool["title"],
                tool["description"],
                *(each.get("description") for each in fields),
            }
    assert half_german(told - {None}) == set()


def half_german(texts: Iterable[str]) -> set[str]:
    """Sentences that stay English."""
    german = translation.catalogue("de")
    return {each for each in texts if _ENGLISH.search(german.text(" ".join(each.split())))}


def test_the_language_is_that_of_the_desktop_unless_one_is_chosen() -> None:
    try:
        translation.choose("de")
        assert translation.tr("Close") == "Schließen"
        translation.choose("en")
        assert translation.tr("Close") == "Close"
        translation.choose("fr")
        assert translation.tr("Close") == "Close"
    finally:
        translation.choose("en")


def test_no_page_shows_a_text_that_has_a_translation_in_english() -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    assert told_by("test_ui_translation", environment=environment) == []


def shown(top: QWidget) -> Iterator[str]:
    """What a person reads and a screen reader says."""
    for widget in (top, *top.findChildren(QWidget)):
        yield from (widget.toolTip(), widget.windowTitle())
        if not isinstance(widget, QLineEdit):
            yield widget.accessibleName()
        if isinstance(widget, QLabel | QAbstractButton | Elided):
            yield widget.text()
        if isinstance(widget, QLineEdit | QPlainTextEdit):
            yield widget.placeholderText()
        if isinstance(widget, QComboBox):
            yield from (widget.itemText(row) for row in range(widget.count()))
        if isinstance(widget, QTabBar):
            yield from (widget.tabText(tab) for tab in range(widget.count()))
        if isinstance(widget, QTableView | QTreeView | RowList) and not isinstance(
            widget, LogTable
        ):
            yield from of_view(widget)


def of_view(view: QAbstractItemView) -> Iterator[str]:
    """The headers, cells and tooltips of a list or table, as far as they are texts."""
    model, across = view.model(), Qt.Orientation.Horizontal
    columns = 1 if isinstance(view, RowList) else model.columnCount()
    roles = (*map(int, (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)), SPOKEN, ROW)
    told = [model.headerData(column, across) for column in range(columns)]
    for row, column, role in product(range(model.rowCount()), range(columns), roles):
        told.append(model.index(row, column).data(role))
    for each in told:
        if isinstance(each, Row):
            yield each.title  # its detail is translated when it is drawn
        elif isinstance(each, str):
            yield from each.split(", ") if isinstance(view, RowList) else [each]


def of_tray(lou: Rig) -> Iterator[str]:
    """What the tray says: its tooltip and every entry of its menu."""
    yield lou.tray.icon.toolTip()
    menu = lou.tray.icon.contextMenu()
    menu.aboutToShow.emit()
    for each in (menu, *(action.menu() for action in menu.actions() if action.menu())):
        yield from (action.text() for action in each.actions() if action.text())


def main() -> int:
    """Open every page, dialog and the tray in German; print the texts that are still English."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from tests.ui import rig as rigs
    from tests.ui.cut_texts import settle

    german = translation.catalogue("de")
    found: set[str] = set()

    def look(where: str, texts: Iterator[str]) -> None:
        plain = (unescape(re.sub(r"</?p[^>]*>", "", text)) for text in texts if text)
        found.update(f"{where}: {text}" for text in plain if is_english(where, text))

    def is_english(where: str, text: str) -> bool:
        is_left = where != "window" and text not in _GIVEN and _ENGLISH_IN_PART.search(text)
        return german.text(text) != text or bool(is_left)

    app = QApplication(["lou"])
    with rigs.rig(app, language="de") as lou:
        scenes.fill(lou)
        for is_connected in (False, True):
            if is_connected:
                lou.run(lou.core.clients.connect("claude-desktop"))
            for name in scenes.names():
                top = scenes.show(lou, name)
                settle(top.window())
                look(name, shown(top))
                scenes.close(top)
        look("window", shown(lou.window))
        look("tray", of_tray(lou))
        menu = QLineEdit(lou.window).createStandardContextMenu()
        found.update(
            f"menu of a field: {row.text()}" for row in menu.actions() if _COPY in row.text()
        )
        tell(sorted(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
