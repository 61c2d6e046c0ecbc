"""The filters above the tables of the pages Logs, Calls and Tracked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QCheckBox, QComboBox

from app.calls.kept_call import CallQuery
from app.logs.log_search import LogQuery
from app.ui import wording
from app.ui.tracked_source import STATUSES, Filter
from app.ui.translation import tr
from app.ui.widgets.filter_bar import FilterBar
from app.ui.widgets.inputs import offer
from servers.contract import messages

_LEVELS = (
    ("All levels", ""),
    ("Info and up", "INFO"),
    ("Warnings and up", "WARNING"),
    ("Errors", "ERROR"),
)
_ALL = {"client": "All clients", "server": "All servers", "tool": "All tools"}
_LETTERS = {"client": 10, "server": 8, "tool": 12}
_SORTS = (
    ("Last changed first", "changed"),
    ("Last changed last", "oldest"),
    ("Newest first", "created"),
    ("By page", "url"),
)


class LogFilter(FilterBar):
    """Chooses by server, level and text."""

    def __init__(self) -> None:
        super().__init__(typing_ms=50)
        self._server = self.add_choice("Server", [("All servers", "")], letters=8)
        self._level = self.add_choice("Level", _LEVELS)
        self._line = self.add_line("Filter by text", stretch=True)

    def wanted(self) -> LogQuery:
        return LogQuery(
            str(self._server.currentData() or ""),
            str(self._level.currentData() or ""),
            self._line.text().strip(),
        )

    def is_narrow(self) -> bool:
        """Whether the filter leaves out any lines."""
        return self.wanted() != LogQuery()

    def choose(self, server: str) -> None:
        self._server.setCurrentIndex(max(0, self._server.findData(server)))

    def fill_servers(self, names: Sequence[str]) -> None:
        """Offer `names`; the selected server stays selected."""
        offer(self._server, [(tr("All servers"), ""), *((name, name) for name in names)])


class CallFilter(FilterBar):
    """Chooses by client, server, tool, outcome and text."""

    def __init__(self) -> None:
        super().__init__(typing_ms=150)
        self._choices: dict[str, QComboBox] = {}
        for name, words in _ALL.items():
            self._choices[name] = self.add_choice(
                name.capitalize(), [(words, "")], letters=_LETTERS[name]
            )
        outcomes = [(wording.CALLS[outcome].words, outcome) for outcome in messages.OUTCOMES]
        self._choices["outcome"] = self.add_choice(
            "Outcome", [("All outcomes", ""), *outcomes], letters=10
        )
        self._line = self.add_line("Find in calls", stretch=True)
        self._own = QCheckBox(tr("Lou's own"))
        self._own.setToolTip(tr("Also the calls that Lou makes for its own pages and checks"))
        self._own.toggled.connect(lambda _on: self.changed.emit())
        self.row.add(self._own)

    def wanted(self) -> CallQuery:
        chosen = {name: str(each.currentData() or "") for name, each in self._choices.items()}
        return CallQuery(**chosen, text=self._line.text().strip(), own=self._own.isChecked())

    def choose(self, server: str) -> None:
        choice = self._choices["server"]
        if choice.findData(server) < 0:
            choice.addItem(server, server)
        choice.setCurrentIndex(choice.findData(server))

    def fill(self, names: Mapping[str, Sequence[str]]) -> None:
        """Offer the clients, servers and tools in `names`; what is selected stays selected."""
        for column, words in _ALL.items():
            choice = self._choices[column]
            chosen = choice.currentData()
            offered = dict.fromkeys(["", *names[column], *([chosen] if chosen else [])])
            texts = {name: wording.one_line(name, 60) or tr(words) for name in offered}
            offer(choice, [(text, name) for name, text in texts.items()])


class TrackedFilter(FilterBar):
    """Chooses by text, tag and status; also says the order."""

    def __init__(self) -> None:
        super().__init__(typing_ms=200)
        self._line = self.add_line("Search e-mail, page, note and tags", stretch=True)
        self._tag = self.add_line("Tag")
        self._tag.setMaximumWidth(max(130, self._tag.minimumWidth()))
        statuses = [(wording.words(status), status) for status in STATUSES]
        self._status = self.add_choice("Status", [("Any status", ""), *statuses])
        self._which = self.add_choice("Kept or deleted", [("Kept", False), ("Deleted", True)])
        self._sort = self.add_choice("Order", _SORTS)

    def wanted(self) -> Filter:
        return Filter(
            text=self._line.text().strip(),
            status=str(self._status.currentData()),
            tag=self._tag.text().strip(),
            deleted=bool(self._which.currentData()),
            sort=str(self._sort.currentData()),
        )
