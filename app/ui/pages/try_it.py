"""The Try it page: calls a tool from a form made of its schema; shows results and history."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from app.calls.kept_call import CallDetail
from app.errors import AppError
from app.ui import wording
from app.ui.form_fields import Field, FieldError, Kind
from app.ui.models.attempts import AttemptsModel
from app.ui.models.lists import ServersModel
from app.ui.models.tracked import field_title
from app.ui.page_context import PageContext
from app.ui.pages.try_result import TryResult
from app.ui.schema_fields import from_schema
from app.ui.tool_attempts import Attempt
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import ScrollArea, indented
from app.ui.widgets.flow import bar
from app.ui.widgets.form import Form, editor
from app.ui.widgets.inputs import combo
from app.ui.widgets.layouts import FREE, holder, horizontal, splitter, vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.row_table import RowTable
from app.ui.widgets.rows import KEY
from app.ui.widgets.text import heading, label, scaled, show_text
from app.views import Answer

_KEPT = 100
_STACKS_BELOW = 640
_FIRST_FIELD = 130
"""The height in pixels of what a tool says of itself and its first field."""
_TIMEOUT = Field(
    "timeout", Kind.INTEGER, "Seconds to wait", default=50, required=True, least=1, most=600
)


class TryPage(QWidget):
    """Calls tools without a client and a language model."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._attempts: deque[Attempt] = deque(maxlen=_KEPT)
        self._tools: list[dict[str, Any]] = []
        self._server_state: tuple[object, ...] = ()
        self._running: asyncio.Task[Any] | None = None
        self._form: Form | None = None
        self._form_of: tuple[str, dict[str, Any]] | None = None
        """The server and the tool that the form was made for."""
        self._pending_attempt: Attempt | None = None
        self._wanted_tool = ""
        self._types_into = ("", "")
        """The server and the tool into whose form the person is to type next."""
        self._note_of = ("", "", "")
        self._trouble = ""
        self._is_ready = False
        """Whether the chosen server listed its tools."""
        self._servers_model = ServersModel(context.core.servers)
        self._server = combo("Server", letters=8)
        self._server.setModel(self._servers_model)
        self._tool = combo("Tool", letters=16)
        self._note = label(tone="soft", wrap=True, name="note")
        self._timeout = editor(context.theme, _TIMEOUT, bare=True)
        self._timeout.set_value(50)
        self._timeout.setFixedWidth(scaled(64, self))
        self._run = Button(context.theme, "Run", self._run_clicked, icon="run", kind="main")
        self._run.setObjectName("run")
        self._cancel = Button(context.theme, "Cancel", self._cancel_clicked, icon="stop")
        self._cancel.setEnabled(False)
        self._result = TryResult(context)
        self._history_model = AttemptsModel(context.theme)
        self._history = TryHistory(self._history_model)
        self._history.clicked.connect(lambda index: self._show_again(index.row()))
        self._history.activated.connect(lambda index: self._run_again(index.row()))
        self._lay_out()
        self._server.currentIndexChanged.connect(lambda _row: self._pull())
        self._tool.currentIndexChanged.connect(lambda _row: self._show_form())
        WhileVisible(self, self._pull, listen=(context.core.servers_changed,))

    def choose(self, name: str) -> None:
        """Select a server, or one of its tools: `search`, `search web_search`.

        A JSON object after them fills in the form, but for what was masked in it.
        """
        server, _, tool = name.partition(" ")
        tool, _, request = tool.partition(" ")
        self._note_of = ("", "", "")
        if request:
            self._fill(server, tool, CallDetail(request))
        else:
            self._select(server, tool)
            self._types_into = server, tool
            self._begin_typing()
        self._show_note()

    def _select(self, server: str, tool: str) -> None:
        self._servers_model.pull()
        if self._servers_model.row_of(server) < 0:
            self._note_of = "", "", f"There is no server called {server} any more."
            return
        is_listed = server == self._chosen_server() and bool(self._tools)
        self._wanted_tool = "" if is_listed else tool
        self._server.setCurrentIndex(self._servers_model.row_of(server))
        if is_listed and tool:
            self._select_listed(tool)

    def _select_listed(self, tool: str) -> None:
        if self._tool.findData(tool) < 0:
            self._note_of = "", "", f"{self._chosen_server()} has no tool called {tool} any more."
        else:
            self._tool.setCurrentIndex(self._tool.findData(tool))

    def _fill(self, server: str, tool: str, request: CallDetail) -> None:
        masked = request.masked()
        given = {name: text for name, text in request.arguments().items() if name not in masked}
        text = f"Masked in the call, so give again: {', '.join(masked)}." if masked else ""
        self._note_of = server, tool, text
        answer = Answer("success")
        self._show_form_of(Attempt(server, tool, given, time.time(), 0.0, "ok", answer))

    def _show_note(self) -> None:
        """Say what the form lacks, while it is the form of the call that was tried again.

        Without a server the note is of no form, and stays until something is run.
        """
        server, tool, text = self._note_of
        is_of_it = (server, tool) == (self._chosen_server(), self._tool.currentData())
        is_of_it = is_of_it or not server
        show_text(self._note, self._trouble or (text if is_of_it else ""))

    def _lay_out(self) -> None:
        choice = horizontal((self._server, 1), (self._tool, 2), spacing=8)
        self._scroll = ScrollArea(None, "What the tool takes")
        self._scroll.setMinimumHeight(scaled(_FIRST_FIELD, self))
        limit = (label("Give up after", tone="soft"), self._timeout, label("s", tone="soft"))
        buttons = bar(self._run, self._cancel, right=(holder(horizontal(*limit, spacing=8)),))
        top, foot = (indented(choice), indented(self._note)), indented(buttons)
        left = holder(vertical(*top, (self._scroll, 1), foot, spacing=10))
        self._upper = splitter(left, self._result, sizes=(380, 460))
        whole = splitter(self._upper, self._history, sizes=(480, 140), grows=0, is_vertical=True)
        whole.setHandleWidth(14)
        whole.setChildrenCollapsible(True)
        page = (heading("Try it", "title"), (whole, 1))
        self.setLayout(vertical(*page, margins=(20, 18, 20, 20), spacing=14))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = event.size().width() < scaled(_STACKS_BELOW, self)
        way = Qt.Orientation.Vertical if is_narrow else Qt.Orientation.Horizontal
        self._upper.setOrientation(way)

    def _pull(self) -> None:
        chosen = self._chosen_server()
        with QSignalBlocker(self._server):
            self._servers_model.pull()
            self._server.setCurrentIndex(max(0, self._servers_model.row_of(chosen)))
        name = self._chosen_server()
        if not name:
            return
        server = self._context.core.server(name)
        server_state = (name, server.state, server.tools)
        if server_state != self._server_state:
            self._server_state = server_state
            self._context.tasks.start(self._fetch(name), on_error=self._show_list_error)

    def _chosen_server(self) -> str:
        return str(self._server.currentData(KEY) or "")

    async def _fetch(self, name: str) -> None:
        server = self._context.core.server(name)
        if server.state != "ready":
            raise AppError(*wording.why_not_ready(server))
        tools = await self._context.core.tools(name)
        if self._chosen_server() == name:
            self._trouble = ""
            self._offer_tools(tools)

    def _show_list_error(self, error: AppError) -> None:
        if self._form_of is None or self._form_of[0] != self._chosen_server():
            self._offer_tools([])
        self._is_ready = False
        self._run.setEnabled(False)  # the form keeps its values until the server is back
        self._trouble = str(error)
        self._show_note()

    def _offer_tools(self, tools: list[dict[str, Any]]) -> None:
        chosen = self._wanted_tool or self._tool.currentData()
        wanted, self._wanted_tool = self._wanted_tool, ""
        self._tools = tools
        self._is_ready = bool(tools)
        with QSignalBlocker(self._tool):
            self._tool.clear()
            for tool in tools:
                title = tr(str(tool.get("title") or tool["name"]))
                self._tool.addItem(wording.one_line(title, 80), tool["name"])
            self._tool.setCurrentIndex(max(0, self._tool.findData(chosen)) if tools else -1)
        if wanted and tools:
            self._select_listed(wanted)
        self._show_form()

    def _show_form(self) -> None:
        tool = self._chosen_tool()
        self._show_note()
        self._run.setEnabled(tool is not None and self._running is None)
        if tool is None:
            self._form = self._form_of = None
            self._scroll.setWidget(QWidget())
            return
        if not self._result.is_of(self._chosen_server(), tool["name"]):
            self._result.clear()
        pending, self._pending_attempt = self._pending_attempt, None
        server, before = self._chosen_server(), self._form_of
        is_same = before is not None and (before[0], before[1]["name"]) == (server, tool["name"])
        if self._form is None or before != (server, tool):
            typed = self._form.typed() if self._form and is_same else {}
            self._form_of = server, tool
            self._form = self._build_form(tool)
            self._form.set_values(typed)
        if pending and (pending.server, pending.tool) == (server, tool["name"]):
            self._form.set_values(pending.arguments)
        self._begin_typing()

    def _begin_typing(self) -> None:
        """Put the focus into the form of the tool that was asked for, once it is there."""
        if not (self._form and self._form_of and self._form.editors):
            return
        if (self._form_of[0], self._form_of[1]["name"]) == self._types_into:
            self._types_into = ("", "")
            self._form.editors[0].input.setFocus()

    def _build_form(self, tool: dict[str, Any]) -> Form:
        fields = from_schema(tool.get("input_schema", {}))
        if self._chosen_server() == "tracker":
            fields = tuple(replace(each, title=field_title(each.name)) for each in fields)
        form = Form(self._context.theme, fields)
        form.entered.connect(self._run_clicked)
        text = " ".join(str(tool.get("description", "")).split())
        parts = (label(text, tone="soft", wrap=True), form) if text else (form,)
        inside = vertical(*parts, FREE, margins=(0, 2, 8, 2), spacing=10)
        self._scroll.setWidget(holder(inside))
        before: QWidget = self._tool
        for each in form.findChildren(QWidget):  # new widgets are last in the tab order
            is_here = each.window() is form.window()  # the popup list of a combo box is not
            if is_here and each.focusPolicy() & Qt.FocusPolicy.TabFocus:
                QWidget.setTabOrder(before, each)
                before = each
        return form

    def _chosen_tool(self) -> dict[str, Any] | None:
        row = self._tool.currentIndex()
        return self._tools[row] if 0 <= row < len(self._tools) else None

    def _run_clicked(self) -> None:
        tool = self._chosen_tool()
        if tool is None or self._form is None or self._running is not None:
            return
        try:
            arguments = self._form.values()
        except FieldError:
            return
        self._start(self._chosen_server(), str(tool["name"]), arguments)

    def _start(self, server: str, tool: str, arguments: dict[str, Any]) -> None:
        try:
            limit_s = float(self._timeout.value())
        except FieldError:
            return
        self._note_of = ("", "", "")
        self._show_note()
        self._run.setEnabled(False)
        self._cancel.setEnabled(True)
        self._run.setText("Running...")
        at, began = time.time(), time.perf_counter()

        def ended(task: asyncio.Task[tuple[str, Answer]]) -> None:
            outcome, answer = _outcome(task)
            ms = answer.ms or (time.perf_counter() - began) * 1_000
            self._show_finished(Attempt(server, tool, arguments, at, ms, outcome, answer))

        self._running = self._context.tasks.start(self._call(server, tool, arguments, limit_s))
        self._running.add_done_callback(ended)

    async def _call(
        self, server: str, tool: str, arguments: dict[str, Any], limit_s: float
    ) -> tuple[str, Answer]:
        try:
            answer = await self._context.core.call(server, tool, arguments, limit_s)
        except AppError as error:
            outcome = "timeout" if error.code == "timed_out" else "error"
            return outcome, Answer("failure", text=str(error), is_error=True)
        failed = answer.is_error or answer.status != "success"
        return "error" if failed else "ok", answer

    def _show_finished(self, attempt: Attempt) -> None:
        self._running = None
        self._attempts.appendleft(attempt)
        self._history_model.show_rows(self._attempts)
        self._result.show_attempt(attempt)
        self._run.setText("Run")
        self._run.setEnabled(self._form is not None and self._is_ready)
        self._cancel.setEnabled(False)

    def _cancel_clicked(self) -> None:
        if self._running:
            self._running.cancel()

    def _show_again(self, row: int) -> None:
        attempt = self._history_model.rows[row]
        self._show_form_of(attempt)
        self._result.show_attempt(attempt)

    def _show_form_of(self, attempt: Attempt) -> None:
        """Show the form of the tool as it was filled in then."""
        self._pending_attempt = attempt
        is_shown = self._chosen_tool() and self._tool.currentData() == attempt.tool
        if is_shown and self._chosen_server() == attempt.server:
            self._show_form()
        else:
            self._select(attempt.server, attempt.tool)

    def _run_again(self, row: int) -> None:
        attempt = self._history_model.rows[row]
        if self._running is None:
            self._start(attempt.server, attempt.tool, dict(attempt.arguments))


class TryHistory(RowTable):
    """The history of calls: a click shows a call again, Enter runs it again."""

    def __init__(self, model: AttemptsModel) -> None:
        super().__init__(model, "What was tried", wide=2, air=10)
        self.setToolTip(tr("Press Enter on a row to run it again"))
        header = self.horizontalHeader()
        for section in range(model.columnCount()):
            header.resizeSection(section, max(100, header.sectionSizeHint(section)))


def _outcome(task: asyncio.Task[tuple[str, Answer]]) -> tuple[str, Answer]:
    if task.cancelled():
        return "cancelled", Answer("failure", text="You cancelled the call.")
    if task.exception():
        return "error", Answer("failure", text="The call failed inside Lou.", is_error=True)
    return task.result()
