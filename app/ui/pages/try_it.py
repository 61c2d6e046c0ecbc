"""Calls a tool by hand: a form made from its schema, the result, and what was tried before."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QScrollArea,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.errors import AppError
from app.facts import Answer
from app.ui.attempts import Attempt
from app.ui.desk import Desk
from app.ui.fields import Field, FieldProblem, Kind
from app.ui.models.attempts import AttemptsModel
from app.ui.models.servers import NAME, ServersModel
from app.ui.pages.try_result import TryResult
from app.ui.schemas import from_schema
from app.ui.widgets.buttons import Button
from app.ui.widgets.form import Form, editor
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.text import heading, label

_KEPT = 100
_TIMEOUT = Field(
    "timeout", Kind.INTEGER, "Seconds to wait", default=50, required=True, least=1, most=600
)


class TryPage(QWidget):
    """Needs no client and no model."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._attempts: deque[Attempt] = deque(maxlen=_KEPT)
        self._tools: list[dict[str, Any]] = []
        self._seen: tuple[object, ...] = ()
        self._running: asyncio.Task[Any] | None = None
        self._form: Form | None = None
        self._again: Attempt | None = None
        self._servers_model = ServersModel(desk.core.servers)
        self._server = QComboBox()
        self._server.setAccessibleName("Server")
        self._server.setModel(self._servers_model)
        self._tool = QComboBox()
        self._tool.setAccessibleName("Tool")
        self._note = label(tone="soft", wrap=True)
        self._timeout = editor(desk.theme, _TIMEOUT, bare=True)
        self._timeout.set_value(50)
        self._timeout.setFixedWidth(64)
        self._run = Button(desk.theme, "Run", self._run_clicked, icon="run", kind="main")
        self._cancel = Button(desk.theme, "Cancel", self._cancel_clicked, icon="stop")
        self._cancel.setEnabled(False)
        self._result = TryResult(desk)
        self._history_model = AttemptsModel(desk.theme, self._attempts)
        self._history = QTableView()
        self._lay_out()
        self._server.currentIndexChanged.connect(lambda _row: self._pull())
        self._tool.currentIndexChanged.connect(lambda _row: self._show_form())
        WhileVisible(self, self._pull, listen=(desk.core.servers_changed,))

    def choose(self, name: str) -> None:
        """Offer the tools of the server called `name`."""
        self._servers_model.pull()
        self._server.setCurrentIndex(max(0, self._servers_model.row_of(name)))

    def _lay_out(self) -> None:
        choice = QHBoxLayout()
        choice.setSpacing(8)
        choice.addWidget(self._server, 1)
        choice.addWidget(self._tool, 2)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._run)
        buttons.addWidget(self._cancel)
        buttons.addStretch()
        buttons.addWidget(label("Give up after", tone="soft"))
        buttons.addWidget(self._timeout)
        buttons.addWidget(label("s", tone="soft"))
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 12, 0)
        column.setSpacing(10)
        column.addLayout(choice)
        column.addWidget(self._note)
        column.addWidget(self._scroll, 1)
        column.addLayout(buttons)
        upper = QSplitter()
        upper.addWidget(left)
        upper.addWidget(self._result)
        upper.setSizes([380, 460])
        upper.setChildrenCollapsible(False)
        self._set_up_history()
        whole = QSplitter(Qt.Orientation.Vertical)
        whole.setHandleWidth(14)
        whole.addWidget(upper)
        whole.addWidget(self._history)
        whole.setStretchFactor(0, 1)
        whole.setSizes([480, 140])
        page = QVBoxLayout(self)
        page.setContentsMargins(20, 18, 20, 20)
        page.setSpacing(14)
        page.addWidget(heading("Try it", "title"))
        page.addWidget(whole, 1)

    def _set_up_history(self) -> None:
        table = self._history
        table.setModel(self._history_model)
        table.setAccessibleName("What was tried")
        table.setToolTip("Press Enter on a row to run it again")
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 10)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        table.clicked.connect(lambda index: self._show_again(index.row()))
        table.activated.connect(lambda index: self._run_again(index.row()))

    def _pull(self) -> None:
        chosen = self._server.currentIndex()
        self._servers_model.pull()
        if chosen < 0 and self._servers_model.rowCount():
            self._server.setCurrentIndex(0)
        name = str(self._server.currentData(NAME) or "")
        if not name:
            return
        server = self._desk.core.server(name)
        seen = (name, server.state, server.tools)
        if seen != self._seen:
            self._seen = seen
            self._desk.tasks.start(self._fetch(name), on_error=self._cannot_list)

    async def _fetch(self, name: str) -> None:
        if self._desk.core.server(name).state != "ready":
            title = self._desk.core.server(name).title
            raise AppError(f"{title} is not ready.", "Switch it on to try its tools.")
        tools = await self._desk.core.tools(name)
        if str(self._server.currentData(NAME)) == name:
            self._offer(tools)

    def _cannot_list(self, error: AppError) -> None:
        self._offer([])
        self._note.setText(f"{error.title} {error.hint}".strip())
        self._note.show()

    def _offer(self, tools: list[dict[str, Any]]) -> None:
        chosen = self._tool.currentData()
        self._tools = tools
        self._tool.blockSignals(True)
        self._tool.clear()
        for tool in tools:
            self._tool.addItem(str(tool.get("title") or tool["name"]), tool["name"])
        self._tool.setCurrentIndex(max(0, self._tool.findData(chosen)) if tools else -1)
        self._tool.blockSignals(False)
        self._show_form()

    def _show_form(self) -> None:
        tool = self._chosen_tool()
        self._run.setEnabled(tool is not None and self._running is None)
        self._form = None
        if tool is None:
            self._scroll.setWidget(QWidget())
            return
        told = " ".join(str(tool.get("description", "")).split())
        self._note.setText(told)
        self._note.setVisible(bool(told))
        self._form = Form(self._desk.theme, from_schema(tool.get("input_schema", {})))
        self._form.entered.connect(self._run_clicked)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 2, 8, 2)
        column.addWidget(self._form)
        column.addStretch()
        self._scroll.setWidget(holder)
        if self._again and self._again.tool == tool["name"]:
            self._form.set_values(self._again.arguments)
        self._again = None

    def _chosen_tool(self) -> dict[str, Any] | None:
        row = self._tool.currentIndex()
        return self._tools[row] if 0 <= row < len(self._tools) else None

    def _run_clicked(self) -> None:
        tool = self._chosen_tool()
        if tool is None or self._form is None or self._running is not None:
            return
        try:
            arguments = self._form.values()
            timeout = float(self._timeout.value())
        except FieldProblem:
            return
        server = str(self._server.currentData(NAME))
        self._start(server, str(tool["name"]), arguments, timeout)

    def _start(self, server: str, tool: str, arguments: dict[str, Any], limit_s: float) -> None:
        self._run.setEnabled(False)
        self._cancel.setEnabled(True)
        self._run.setText("Running...")
        at, began = time.time(), time.perf_counter()

        def ended(task: asyncio.Task[tuple[str, Answer]]) -> None:
            outcome, answer = _outcome(task)
            ms = answer.ms or (time.perf_counter() - began) * 1_000
            self._finish(Attempt(server, tool, arguments, at, ms, outcome, answer))

        self._running = self._desk.tasks.start(self._call(server, tool, arguments, limit_s))
        self._running.add_done_callback(ended)

    async def _call(
        self, server: str, tool: str, arguments: dict[str, Any], limit_s: float
    ) -> tuple[str, Answer]:
        try:
            answer = await self._desk.core.call(server, tool, arguments, limit_s)
        except AppError as error:
            told = f"{error.title} {error.hint}".strip()
            outcome = "timeout" if error.code == "timed_out" else "error"
            return outcome, Answer("failure", text=told, is_error=True)
        failed = answer.is_error or answer.status != "success"
        return "error" if failed else "ok", answer

    def _finish(self, attempt: Attempt) -> None:
        self._running = None
        self._attempts.appendleft(attempt)
        self._history_model.pull()
        self._result.show_attempt(attempt)
        self._run.setText("Run")
        self._run.setEnabled(True)
        self._cancel.setEnabled(False)

    def _cancel_clicked(self) -> None:
        if self._running:
            self._running.cancel()

    def _show_again(self, row: int) -> None:
        attempt = self._history_model.attempt(row)
        self._result.show_attempt(attempt)
        self._again = attempt
        self.choose(attempt.server)
        place = self._tool.findData(attempt.tool)
        if place == self._tool.currentIndex():
            self._show_form()
        elif place >= 0:
            self._tool.setCurrentIndex(place)

    def _run_again(self, row: int) -> None:
        attempt = self._history_model.attempt(row)
        if self._running is None:
            self._start(attempt.server, attempt.tool, dict(attempt.arguments), 50.0)


def _outcome(task: asyncio.Task[tuple[str, Answer]]) -> tuple[str, Answer]:
    """How a call ended; one that is cancelled may never have begun."""
    if task.cancelled():
        return "cancelled", Answer("failure", text="You cancelled the call.")
    if task.exception():
        return "error", Answer("failure", text="The call failed inside Lou.", is_error=True)
    return task.result()
