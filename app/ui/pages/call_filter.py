"""The filter of the Calls page: client, server, tool, outcome, text, and whether to show Lou's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from app.calls.kept_call import CallQuery
from app.ui import wording
from app.ui.translation import tr
from app.ui.widgets.flow import Flow
from app.ui.widgets.inputs import combo
from app.ui.widgets.text import fit_placeholder
from servers.contract import messages

_TYPING_MS = 150
_ALL = {"client": "All clients", "server": "All servers", "tool": "All tools"}
_LETTERS = {"client": 10, "server": 8, "tool": 12}


class CallFilter(QWidget):
    """Emits `changed` when the filter changes; while the user types, after a short pause."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._choices: dict[str, QComboBox] = {}
        row = Flow()
        self.setLayout(row)
        for name, words in _ALL.items():
            self._choices[name] = combo(name.capitalize(), letters=_LETTERS[name])
            self._choices[name].addItem(tr(words), "")
        self._choices["outcome"] = combo("Outcome", letters=10)
        self._choices["outcome"].addItem(tr("All outcomes"), "")
        for outcome in messages.OUTCOMES:
            self._choices["outcome"].addItem(tr(wording.CALLS[outcome].words), outcome)
        for choice in self._choices.values():
            row.add(choice)
            choice.currentIndexChanged.connect(lambda _row: self.changed.emit())
        self._text = QLineEdit()
        self._text.setPlaceholderText(tr("Find in calls"))
        self._text.setAccessibleName(tr("Find in calls"))
        self._text.setClearButtonEnabled(True)
        fit_placeholder(self._text)
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._text.textChanged.connect(lambda _text: self._typing.start())
        self._typing.timeout.connect(self.changed)
        row.add(self._text, stretch=True)
        self._own = QCheckBox(tr("Lou's own"))
        self._own.setToolTip(tr("Also the calls that Lou makes for its own pages and checks"))
        self._own.toggled.connect(lambda _on: self.changed.emit())
        row.add(self._own)

    def wanted(self) -> CallQuery:
        chosen = {name: str(each.currentData() or "") for name, each in self._choices.items()}
        return CallQuery(**chosen, text=self._text.text().strip(), own=self._own.isChecked())

    def choose(self, server: str) -> None:
        choice = self._choices["server"]
        if choice.findData(server) < 0:
            choice.addItem(server, server)
        choice.setCurrentIndex(choice.findData(server))

    def focus_text(self) -> None:
        self._text.setFocus()
        self._text.selectAll()

    def fill(self, names: Mapping[str, Sequence[str]]) -> None:
        """Offer the clients, servers and tools in `names`; what is selected stays selected."""
        for column, words in _ALL.items():
            choice = self._choices[column]
            chosen = choice.currentData()
            offered = dict.fromkeys(["", *names[column], *([chosen] if chosen else [])])
            if [choice.itemData(row) for row in range(choice.count())] == list(offered):
                continue
            choice.blockSignals(True)
            choice.clear()
            for name in offered:
                choice.addItem(wording.one_line(name, 60) or tr(words), name)
            choice.setCurrentIndex(max(0, choice.findData(chosen)))
            choice.blockSignals(False)
