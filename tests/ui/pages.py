"""The pages of the window as a person uses them: one class for each, over the page itself."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QTableView,
    QWidget,
)

from app.ui.models.logs import MESSAGE
from app.ui.pages.filters import TrackedFilter
from app.ui.pages.log_table import LogTable
from app.ui.pages.providers import Providers
from app.ui.pages.server_detail import ServerDetail
from app.ui.pages.settings import SettingRow
from app.ui.pages.tracked_job import TrackedJob
from app.ui.pages.try_result import TryResult
from app.ui.pages.welcome_steps import WelcomeStep
from app.ui.tool_attempts import Attempt
from app.ui.widgets.card import Strip
from app.ui.widgets.form import Form
from app.ui.widgets.rows import KEY, RowList
from app.ui.widgets.switch import Switch
from tests.ui.finding import button, emissions, find
from tests.ui.rig import Rig


class StripView:
    """A strip that tells trouble."""

    def __init__(self, parent: QWidget, name: str = "") -> None:
        self.strip = find(parent, Strip, *([name] if name else []))
        self.button = button(self.strip)
        self.isVisible = self.strip.isVisible

    @property
    def text(self) -> str:
        """What the strip tells."""
        return self.strip.accessibleName()


class LogsView:
    """The Logs page."""

    def __init__(self, lou: Rig) -> None:
        self.lou = lou
        self.page = lou.page("logs")
        self.page.choose("")  # a link that another test followed may have chosen a server
        self.table = find(self.page, LogTable)
        self.model = self.table.model()
        self.follow = button(self.page, "Follow")
        self.filter = find(self.page, QLineEdit, "Filter by text")
        self.line = find(self.page, QPlainTextEdit, "The whole line")

    def wait(self) -> None:
        """Wait until every line written so far is in the table."""
        self.lou.until(lambda: not self.page.is_loading and not self.missed)

    @property
    def missed(self) -> int:
        """How many lines the page has not read yet."""
        return self.page.feed.missed

    def topmost(self) -> str:
        """The message of the first line on the screen."""
        top = self.table.indexAt(self.table.viewport().rect().topLeft())
        return top.siblingAtColumn(MESSAGE).data()

    def is_at_end(self) -> bool:
        """Whether the table is scrolled to its last line."""
        bar = self.table.verticalScrollBar()
        return bar.value() == bar.maximum()


class TryView:
    """The Try it page."""

    def __init__(self, lou: Rig) -> None:
        self.lou = lou
        self.page = lou.page("try")
        self.server = find(self.page, QComboBox, "Server")
        self.tool = find(self.page, QComboBox, "Tool")
        self.area = find(self.page, QScrollArea, "What the tool takes")
        self.run = button(self.page, "run")
        self.cancel = button(self.page, "Cancel")
        self.note = find(self.page, QLabel, "note")
        self.history = find(self.page, QTableView, "What was tried")
        self.attempts = self.history.model()
        self.result = find(self.page, TryResult)
        self.outcome = find(self.result, QLabel, "outcome")
        self.result_text = find(self.result, QPlainTextEdit, "Result as text")
        self.copy = button(self.result, "Copy as JSON")

    @property
    def form(self) -> Form | None:
        """The form of the chosen tool."""
        return self.area.findChild(Form)

    def choose(self, server: str, tool: str) -> None:
        """Choose a tool and wait for its empty form."""
        self.page.choose(server)
        self.lou.until(lambda: self.tool.findData(tool) >= 0)
        self.tool.setCurrentIndex(self.tool.findData(tool))
        self.lou.until(lambda: self.form is not None and self.tool.currentData() == tool)
        self.fill()

    def fill(self, **values: Any) -> None:
        """Type `values` and nothing else."""
        self.form.set_values(values)

    def chosen_server(self) -> str:
        """The name of the chosen server."""
        return self.server.currentData(KEY)

    def is_running(self) -> bool:
        """Whether a call runs."""
        return self.run.text() == "Running..."

    def count(self) -> int:
        """How many calls are in the history."""
        return self.attempts.rowCount()

    def run_and_wait(self) -> Attempt:
        """Run the tool; the attempt once it has ended."""
        before = self.count()
        self.run.click()
        self.lou.until(lambda: self.count() > before)
        return self.attempts.rows[0]

    def offer(self, tools: list[dict[str, Any]]) -> None:
        """Let the page offer tools that no server has."""
        self.page._offer_tools(tools)

    def finish(self, attempt: Attempt) -> None:
        """Let a call that no server was asked end."""
        self.page._show_finished(attempt)


class TrackedView:
    """The Tracked page."""

    def __init__(self, lou: Rig) -> None:
        self.lou = lou
        self.page = lou.page("tracked")
        self.table = find(self.page, QTableView, "Tracked entries")
        self.model = self.table.model()
        self.filter = find(self.page, TrackedFilter)
        self.text = find(self.filter, QLineEdit, "Search e-mail, page, note and tags")
        self.delete = button(self.page, "Delete", "Bring back")
        self.take_in = button(self.page, "Import...")
        self.strip = StripView(self.page)
        self.job = find(self.page, TrackedJob)
        self.job_words = find(self.job, QLabel, "words")
        self.job_problems = find(self.job, QPlainTextEdit, "Rows that were not stored, and doubts")

    def cells(self) -> list[str]:
        """The addresses on show."""
        return [self.model.index(row, 0).data() for row in range(self.model.rowCount())]

    def search(self, text: str) -> None:
        """Type a filter and wait until the entries were found with it."""
        changed = emissions(self.filter.changed)
        self.text.setText(text)
        self.lou.until(lambda: changed)
        found = emissions(self.model.modelReset)
        self.lou.until(lambda: found)

    def chosen(self) -> list[str]:
        """The addresses of the chosen entries."""
        rows = self.table.selectionModel().selectedRows()
        return [self.model.rows[index.row()]["email"] for index in rows]

    def has_more(self) -> bool:
        """Whether scrolling brings in more entries."""
        return self.model.canFetchMore(self.model.index(-1, -1))


class ProvidersView:
    """The order of the providers, on the page of the search server."""

    def __init__(self, lou: Rig) -> None:
        lou.page("servers").choose("search")
        self.part = find(lou.window, Providers)
        self.list = find(self.part, RowList, "Search providers")
        self.model = self.list.model()
        self.up = button(self.part, "Ask it earlier")
        self.down = button(self.part, "Ask it later")
        lou.until(lambda: self.model.rowCount() > 3)

    def names(self) -> list[str]:
        """The providers in the order on show."""
        return [self.model.index(row).data(KEY) for row in range(self.model.rowCount())]

    def choose(self, name: str) -> None:
        """Choose a provider."""
        self.list.setCurrentIndex(self.model.index(self.model.row_of(name)))


class WelcomeView:
    """The Welcome page."""

    def __init__(self, lou: Rig) -> None:
        self.page = lou.page("welcome")
        self.servers = find(self.page, WelcomeStep, "Your servers")
        self.proof = find(self.page, WelcomeStep, "The proof")
        self.mend = button(self.servers, "mend")

    def text(self, step: WelcomeStep) -> str:
        """What a step says."""
        return find(step, QLabel, "words").text()

    def is_done(self, step: WelcomeStep) -> bool:
        """Whether a step has its tick."""
        return find(step, QLabel, "sign").accessibleName() == "done"


class ClientsView:
    """The Clients page, with one client chosen."""

    def __init__(self, lou: Rig, client: str) -> None:
        self.page = lou.page("clients")
        self.page.choose(client)
        lou.until(lambda: button(self.page, "Connect...", "Repair...").isVisible())
        self.connect = button(self.page, "Connect...", "Repair...")
        self.disconnect = button(self.page, "Disconnect...")


class MetricsView:
    """The Metrics page."""

    def __init__(self, lou: Rig) -> None:
        self.page = lou.page("metrics")
        self.server = find(self.page, QComboBox, "Server")
        self.tool = find(self.page, QComboBox, "Tool")

    def figure(self, name: str) -> str:
        """The value of the tile called `name`."""
        prefix = f"{name}: "
        names = [each.accessibleName() for each in self.page.findChildren(QLabel)]
        return next(each for each in names if each.startswith(prefix)).removeprefix(prefix)


class SettingView:
    """One setting on the Settings page."""

    def __init__(self, lou: Rig, name: str) -> None:
        rows = lou.page("settings").findChildren(SettingRow)
        self.lou = lou
        self.row = next(row for row in rows if row.choice.field.name == name)

    @property
    def line(self) -> QLineEdit:
        """Where a text or a number is typed."""
        return find(self.row, QLineEdit)

    @property
    def box(self) -> QComboBox:
        """Where a value is chosen."""
        return find(self.row, QComboBox)

    @property
    def problem(self) -> QLabel:
        """What is wrong with what was typed."""
        return find(self.row, QLabel, "problem")

    def in_force(self) -> Any:
        """The value in the configuration."""
        return self.row.choice.read(self.lou.core.settings.config)


class ServersView:
    """The Servers page and the chosen server on it."""

    def __init__(self, page: QWidget) -> None:
        self.list = find(page, RowList, "Servers")
        self.area = find(page, QScrollArea, "The chosen server")
        self.detail = find(self.area, ServerDetail)
        self.switch = find(self.detail, Switch)
        self.command = find(self.detail, QLabel, "command")
