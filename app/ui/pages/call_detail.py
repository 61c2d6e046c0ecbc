"""One kept call: what it asked and got as trees and as text, to copy it, and to try it again."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QTabWidget

from app.calls.kept_call import CallDetail, KeptCall, as_command, as_json, value_of
from app.ui import wording
from app.ui.models.calls import client_name, outcome_text, time_text
from app.ui.models.json_tree import JsonTree
from app.ui.page_context import PageContext
from app.ui.translation import tr
from app.ui.widgets.buttons import Button, copier, icon_button
from app.ui.widgets.card import Card
from app.ui.widgets.flow import bar
from app.ui.widgets.inputs import text_viewer, tree_viewer
from app.ui.widgets.layouts import horizontal
from app.ui.widgets.text import Elided, heading, label, show_text, show_toned
from servers.contract import harmless

_CUT = {
    "long": "A part is left out, because it is long.",
    "busy": "What it asked and got was not kept, because calls came too quickly.",
    "large": "What it asked and got was not kept, because that is too large.",
}
_FEW_CHARACTERS = 10_000
"""Of a value that is shown unfolded."""
_LONG = 60
"""Characters of a text that a row of a tree shows whole."""


class CallView(Card):
    """Hidden until `show_call`."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(margin=12, spacing=6)
        self._context = context
        self._shown: tuple[KeptCall, CallDetail] | None = None
        self._outcome = heading("", "strong", name="outcome")
        self._facts = Elided(tone="soft")
        self._note = label(tone="soft", wrap=True)
        self._request = JsonView("What it asked")
        self._answer = JsonView("What it got")
        self._raw = text_viewer("The call as it was")
        self._tabs = QTabWidget()
        self._tabs.tabBar().setAccessibleName(tr("Parts of the call"))
        for part, words in ((self._answer, "Answer"), (self._request, "Request")):
            self._tabs.addTab(part, tr(words))
        self._tabs.addTab(self._raw, tr("Raw"))
        theme = context.theme
        self._again = Button(theme, "Try again", self._try_again, icon="try")
        self._again.setToolTip(tr("Open the tool on the page Try it, filled in as in this call"))
        whole = copier(lambda: as_json(*self._shown) if self._shown else "")
        command = copier(lambda: as_command(*self._shown) if self._shown else "")
        copies = (
            Button(theme, "Copy as JSON", whole, icon="copy"),
            Button(theme, "Copy as command", command, icon="copy"),
        )
        close = icon_button(theme, "close", "Close", self.hide)
        self.inside.addLayout(horizontal(self._outcome, (self._facts, 1), close))
        self.inside.addWidget(self._note)
        self.inside.addWidget(self._tabs, 1)
        self.inside.addWidget(bar(self._again, *copies))
        self.hide()

    def show_call(self, call: KeptCall, detail: CallDetail) -> None:
        self._shown = call, detail
        state = outcome_text(call)
        show_toned(self._outcome, state.words, state.tone)
        who = " ".join(filter(None, (client_name(call), wording.one_line(call.version, 40))))
        took, size = wording.milliseconds(call.ms), wording.size(call.size)
        reason = tr(wording.words(call.error)) if call.error else ""
        facts = (wording.one_line(call.tool, 80), call.server, reason, who, time_text(call))
        self._facts.setText(" \u00b7 ".join(filter(None, (*facts, took, size))))
        show_text(self._note, _CUT.get(call.cut, ""))
        self._request.show_value(value_of(detail.request))
        self._answer.show_value(_readable(value_of(detail.answer)))
        self._raw.setPlainText(harmless.spelled(as_json(call, detail)))
        self._again.setEnabled(bool(detail.request))
        self.show()

    def _try_again(self) -> None:
        if self._shown:
            call, detail = self._shown
            arguments = detail.request or "{}"
            self._context.go(f"try {call.server} {call.tool} {arguments}")


class JsonView(QSplitter):
    """A JSON value as a tree; beside it the chosen text in full, if a row cannot show it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._model = JsonTree()
        self._tree = tree_viewer(self._model, name)
        self._tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._whole = text_viewer(f"{name}: the chosen value")
        self.addWidget(self._tree)
        self.addWidget(self._whole)
        self.setSizes([600, 400])
        self.setChildrenCollapsible(False)
        self._tree.selectionModel().currentChanged.connect(lambda *_: self._show_chosen())

    def show_value(self, value: Any) -> None:
        """Show `value`; None for nothing. A text needs no tree."""
        is_text = isinstance(value, str)
        self._tree.setHidden(is_text)
        self._whole.setVisible(is_text)
        if is_text:
            self._whole.setPlainText(harmless.visible(value))
            return
        self._model.show_value({} if value is None else value)
        self._tree.setColumnWidth(0, 200)
        self._tree.expandToDepth(2 if len(json.dumps(value)) < _FEW_CHARACTERS else 0)
        self._choose_first_long_text()

    def _choose_first_long_text(self) -> None:
        """A long text that comes first, such as a page, is read in full at once."""
        index = self._model.index(0, 0)
        while index.isValid() and self._model.rowCount(index) == 1:
            index = self._model.index(0, 0, index)
        if index.isValid() and _is_long_text(self._model.value(index)):
            self._tree.setCurrentIndex(index)

    def _show_chosen(self) -> None:
        value = self._model.value(self._tree.currentIndex())
        is_long = _is_long_text(value)
        self._whole.setVisible(is_long)
        if is_long:
            self._whole.setPlainText(harmless.visible(value))


def _is_long_text(value: Any) -> bool:
    """Whether a row of the tree cannot show it whole."""
    return isinstance(value, str) and (len(value) > _LONG or "\n" in value)


def _readable(answer: Any) -> Any:
    """The part of an answer that a person looks for: its data, or its content."""
    if not isinstance(answer, dict):
        return answer
    found = answer.get("structuredContent")
    if found is not None:
        return found
    content = answer.get("content")
    if isinstance(content, list) and content:
        texts = [_text_of(block) for block in content]
        return texts[0] if len(texts) == 1 else texts
    return answer


def _text_of(block: Any) -> Any:
    """The text of a part of a result, as JSON if it is that; another part whole."""
    text = block.get("text") if isinstance(block, dict) else None
    if not isinstance(text, str) or set(block) - {"type", "text"}:
        return block
    if text.lstrip()[:1] in {"{", "["}:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text
