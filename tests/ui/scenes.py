"""Everything that the window shows: each page, and each dialog with something in it.

`show(lou, name)` puts one on the screen, `close(top)` takes a dialog away again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QTabWidget, QWidget

from app.clients.imports import server_import
from app.errors import AppError
from app.ui.dialogs.changes import ChangesDialog
from app.ui.dialogs.confirm import confirm
from app.ui.dialogs.conflict import ConflictDialog
from app.ui.dialogs.entry import EntryDialog
from app.ui.dialogs.import_file import ImportDialog
from app.ui.dialogs.keys import KeysDialog
from app.ui.dialogs.own_server import ServerDialog
from app.ui.dialogs.palette import PaletteDialog
from app.ui.dialogs.passphrase import PassphraseDialog
from app.ui.dialogs.problem_dialog import ProblemDialog
from app.ui.dialogs.server_review import ServerReviewDialog
from app.ui.dialogs.takeover import FoundServer, TakeoverDialog
from app.ui.page_registry import PAGES
from app.ui.tracked_source import Difference, EntryWithHistory, TrackedSource
from app.ui.widgets.form import Form
from tests.ui.finding import find
from tests.ui.rig import Rig

_COLUMNS = [
    {"name": "Mail", "used": "email", "cells": ["a@b.example", "c@d.example"]},
    {"name": "Site", "used": "url", "cells": ["https://b.example/team", ""]},
    {"name": "Colour", "used": "", "cells": ["red", "blue"]},
]
_FILE = {
    "columns": _COLUMNS,
    "doubts": ["2 rows have no address."],
    "fault": "",
    "rows": 40,
    "has_more": False,
}
_PASTED = {"mcpServers": {"files": {"command": "npx", "args": ["-y", "@scope/files"]}}}
_DIFF = "--- before\n+++ after\n@@ -1 +1,3 @@\n {\n-  }\n+  },\n+  more\n"
_ENTRY = {
    "id": 1,
    "version": 1,
    "email": "ann@library.example",
    "url": "https://library.example/",
    "status": "new",
    "tags": ["fair"],
    "note": "Met at the fair",
    "changed": "",
}
_EVENT = {"at": "2026-01-02T03:04:05Z", "action": "added", "client": "claude-ai"}


def names() -> list[str]:
    """What `show` can show."""
    return [*(spec.name for spec in PAGES), *_DIALOGS, "keys", "question"]


def fill(lou: Rig) -> None:
    """What a person has after some days: entries, a key, a client, a server that fails."""
    claude = lou.home / ".config" / "Claude"
    claude.mkdir(parents=True, exist_ok=True)
    (claude / "claude_desktop_config.json").write_text(json.dumps(_PASTED))
    lou.run(lou.core.clients.refresh())
    lou.core.add_server("broken", {"command": "/nowhere/at/all"})
    lou.until(lambda: lou.core.server("broken").trouble)
    for number in range(3):
        entry = {"email": f"ann{number}@library.example", "url": "https://library.example/people"}
        more = {"note": "Met at the fair, asks for a price list", "tags": ["fair", "2026"]}
        lou.run(lou.core.call("tracker", "track_url_email", {**entry, **more}))
    lou.run(lou.core.set_key("TAVILY_API_KEY", "tvly-not-a-real-key"))


def show(lou: Rig, name: str) -> QWidget:
    """Put the page or the dialog called `name` on the screen; returns its top widget."""
    if name in _DIALOGS:
        lou.page("servers")
        return _opened(lou, _DIALOGS[name](lou, lou.window))
    return {"keys": _keys, "question": _question}.get(name, lambda lou: _page(lou, name))(lou)


def close(top: QWidget) -> None:
    """Take away the dialog that was shown; a page stays."""
    if isinstance(top, QDialog):
        top.close()
        QTest.qWait(1)


def opened_by(lou: Rig, act: Callable[[], object]) -> QDialog:
    """The dialog that `act` puts on the screen, whatever is there before."""

    def visible() -> set[QDialog]:
        return {each for each in lou.window.findChildren(QDialog) if each.isVisible()}

    before = visible()
    act()
    lou.until(lambda: visible() - before)
    return next(iter(visible() - before))


def _page(lou: Rig, name: str) -> QWidget:
    page = lou.page(name)
    if name == "try":
        lou.until(lambda: page.findChild(Form) is not None)
    if name == "doctor":  # what is still being done is told softly
        lou.until(lambda: find(page, QLabel, "summary").property("tone") != "soft")
    return page


def _opened(lou: Rig, dialog: QDialog) -> QDialog:
    dialog.open()
    lou.until(dialog.isVisible)
    return dialog


def _keys(lou: Rig) -> QWidget:
    lou.session.go("keys TAVILY_API_KEY")
    return next(each for each in lou.app.topLevelWidgets() if isinstance(each, KeysDialog))


def _question(lou: Rig) -> QWidget:
    asked = confirm(lou.theme, lou.window, "Remove it?", "It is gone then.", yes="Remove")
    return opened_by(lou, lambda: lou.loop.create_task(asked))


def _problem(lou: Rig, parent: QWidget) -> QDialog:
    return ProblemDialog(lou.theme, AppError("It failed.", "Do this."), lambda _: None, parent)


def _pasted(lou: Rig, parent: QWidget) -> QDialog:
    dialog = ServerDialog(lou.session.context, parent)
    tabs = dialog.findChild(QTabWidget)
    assert tabs is not None
    tabs.setCurrentIndex(1)
    return dialog


def _changed_server(lou: Rig, parent: QWidget) -> QDialog:
    values = {"name": "mine", "run": "npx -y @scope/server", "env": ["A=b"]}
    return ServerDialog(lou.session.context, parent, "mine", values)


def _reviewed(lou: Rig, parent: QWidget) -> QDialog:
    shown = server_import.preview(lou.run(lou.core.plan_import(json.dumps(_PASTED))))
    return ServerReviewDialog(lou.theme, parent, shown, "A note.")


def _takeover(lou: Rig, parent: QWidget) -> QDialog:
    text = json.dumps(_PASTED)
    plan = lou.run(lou.core.plan_import(text))
    found = [FoundServer("claude-desktop", "Claude Desktop", "files", text, plan)]
    return TakeoverDialog(lou.theme, parent, found, "")


def _entry(lou: Rig, parent: QWidget, whole: EntryWithHistory | None) -> QDialog:
    return EntryDialog(lou.session.context, TrackedSource(lou.core), parent, whole)


def _conflict(lou: Rig, parent: QWidget) -> QDialog:
    found = (Difference("note", "theirs", "mine"), Difference("tags", ["a"], ["b"]))
    return ConflictDialog(lou.theme, parent, found)


def _changes(lou: Rig, parent: QWidget) -> QDialog:
    client = lou.core.clients.view("claude-desktop")
    return ChangesDialog(lou.theme, parent, client, action="connect", diff=_DIFF)


_DIALOGS: dict[str, Callable[[Rig, QWidget], QDialog]] = {
    "palette": lambda lou, parent: PaletteDialog(lou.session.context, parent),
    "problem": _problem,
    "new passphrase": lambda lou, parent: PassphraseDialog(lou.theme, parent, new=True),
    "known passphrase": lambda lou, parent: PassphraseDialog(lou.theme, parent, new=False),
    "new server": lambda lou, parent: ServerDialog(lou.session.context, parent),
    "pasted servers": _pasted,
    "changed server": _changed_server,
    "reviewed server": _reviewed,
    "servers of clients": _takeover,
    "import": lambda lou, parent: ImportDialog(lou.theme, parent, Path("/tmp/a.csv"), _FILE),
    "new entry": lambda lou, parent: _entry(lou, parent, None),
    "changed entry": lambda lou, at: _entry(lou, at, EntryWithHistory(_ENTRY, (_EVENT,))),
    "conflict": _conflict,
    "changes": _changes,
}
