"""The filter of the Calls page: client, server, tool, outcome, text, and whether to show Lou's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QCheckBox, QComboBox

from app.calls.kept_call import CallQuery
from app.ui import wording
from app.ui.translation import tr
from app.ui.widgets.filter_bar import FilterBar
from app.ui.widgets.inputs import offer
from servers.contract import messages

_TYPING_MS = 150
_ALL = {"client": "All clients", "server": "All servers", "tool": "All tools"}
_LETTERS = {"client": 10, "server": 8, "tool": 12}


class CallFilter(FilterBar):
    """Chooses by client, server, tool, outcome and text."""

    def __init__(self) -> None:
        super().__init__(typing_ms=_TYPING_MS)
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
