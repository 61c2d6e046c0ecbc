"""The Metrics page: latency, calls, errors, CPU and memory over time; exports CSV and PNG."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from app.metrics.reports import Report, TimeWindow, csv_rows
from app.system import files
from app.ui import wording
from app.ui.page_context import PageContext
from app.ui.pages.breakdown import Breakdown
from app.ui.translation import tr
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import GUTTER, ScrollArea, indented
from app.ui.widgets.chart import Chart
from app.ui.widgets.file_dialog import FileDialog
from app.ui.widgets.flow import bar
from app.ui.widgets.inputs import combo, offer
from app.ui.widgets.layouts import vertical
from app.ui.widgets.live import WhileVisible
from app.ui.widgets.text import heading
from app.ui.widgets.tiles import Tiles

_EVERY_MS = 5_000
_WINDOWS = (
    ("Last hour", TimeWindow.HOUR),
    ("Last day", TimeWindow.DAY),
    ("Last 30 days", TimeWindow.MONTH),
)
_FIGURES = ("Calls", "Failed", "Median", "p95", "p99", "Cache hits")
_MB = 1024 * 1024


class MetricsPage(QWidget):
    """Shows one report: for a time window, one or all servers, one or all tools."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self.report: Report | None = None
        self._request = 0
        theme = context.theme
        self._window = QComboBox()
        self._window.setAccessibleName(tr("How far back"))
        for words, window in _WINDOWS:
            self._window.addItem(tr(words), window)
        self._server = _chooser("Server", "All servers")
        self._tool = _chooser("Tool", "All tools")
        self._tiles = Tiles(_FIGURES)
        self._latency = Chart(
            theme, "Latency (ms)", {"p99": "bad", "p95": "warn", "median": "accent"}
        )
        self._calls = Chart(theme, "Calls", {"calls": "accent", "failed": "bad"}, bars=True)
        self._cpu = Chart(theme, "CPU (%)", {"cpu": "busy"})
        self._memory = Chart(theme, "Memory (MB)", {"memory": "good"})
        self._breakdown = Breakdown()
        self._files = (
            Button(theme, "CSV", self._exporter("lou-metrics.csv", self.save_csv), icon="save"),
            Button(theme, "PNG", self._exporter("lou-metrics.png", self.save_png), icon="save"),
        )
        self._allow_files(False, "Comes once the figures are here.")
        self._lay_out()
        self._server.currentIndexChanged.connect(lambda _row: self._offer(self._tool, []))
        for box in (self._window, self._server, self._tool):
            box.currentIndexChanged.connect(lambda _row: self._pull())
        WhileVisible(self, self._pull, every_ms=_EVERY_MS)

    def choose(self, name: str) -> None:
        self._offer(self._server, [server.name for server in self._context.core.servers()])
        self._server.setCurrentIndex(max(0, self._server.findData(name)))

    def _lay_out(self) -> None:
        choice = (self._window, self._server, self._tool)
        top = bar(heading("Metrics", "title"), right=(*choice, *self._files))
        self._sheet = QWidget()
        grid = QGridLayout(self._sheet)
        grid.setContentsMargins(0, 0, 0, 20)
        grid.setSpacing(12)
        grid.addWidget(self._tiles, 0, 0, 1, 2)
        for number, chart in enumerate((self._latency, self._calls, self._cpu, self._memory)):
            grid.addWidget(chart, 1 + number // 2, number % 2)
            chart.setMinimumHeight(190)
        grid.addWidget(self._breakdown, 3, 0, 1, 2)
        page = (indented(top), (ScrollArea(self._sheet, "Charts and tables"), 1))
        self.setLayout(vertical(*page, margins=(20, 18, 20 - GUTTER, 0), spacing=14))

    def _pull(self) -> None:
        self._offer(self._server, [server.name for server in self._context.core.servers()])
        self._request += 1
        self._context.tasks.start(self._fetch(self._request))

    async def _fetch(self, request: int) -> None:
        window = TimeWindow(str(self._window.currentData()))
        server, tool = str(self._server.currentData()), str(self._tool.currentData())
        report = await self._context.core.metrics.report(window, server, tool)
        if request == self._request:
            self.report = report
            self._allow_files(True)
            self._show(report)

    def _allow_files(self, allowed: bool, why: str = "") -> None:
        for button in self._files:
            button.setEnabled(allowed)
            button.setToolTip(tr(why))

    def _show(self, report: Report) -> None:
        if not self._tool.currentData():
            self._offer(self._tool, sorted({row.tool for row in report.tools if row.tool}))
        total = report.total
        self._tiles.set_value("Calls", f"{total.calls:,}")
        failed = f"{total.errors:,} ({wording.percent(total.error_rate)})" if total.errors else "0"
        self._tiles.set_value("Failed", failed, tone="bad" if total.errors else "")
        for name, ms in (("Median", total.p50), ("p95", total.p95), ("p99", total.p99)):
            self._tiles.set_value(name, "-" if ms is None else wording.milliseconds(ms))
        ratio = total.cache_hit_ratio
        self._tiles.set_value("Cache hits", "-" if ratio is None else wording.percent(ratio))
        self._draw(report)
        self._breakdown.show_report(report)

    def _draw(self, report: Report) -> None:
        points, step = report.points, report.step_s
        times = [point.at for point in points]
        latency = {
            "median": [point.p50 for point in points],
            "p95": [point.p95 for point in points],
            "p99": [point.p99 for point in points],
        }
        self._latency.show_series(times, latency, step)
        calls = {
            "calls": [point.calls for point in points],
            "failed": [point.errors for point in points],
        }
        self._calls.show_series(times, calls, step)
        # A step without a measurement is a gap, not zero.
        cpu = [point.cpu_percent if point.rss_bytes else None for point in points]
        self._cpu.show_series(times, {"cpu": cpu}, step)
        memory = [point.rss_bytes / _MB if point.rss_bytes else None for point in points]
        self._memory.show_series(times, {"memory": memory}, step)

    @staticmethod
    def _offer(box: QComboBox, names: list[str]) -> None:
        everything = (box.itemText(0), "")
        offer(box, [everything, *((wording.one_line(name, 80), name) for name in names)])

    def _exporter(self, name: str, save: Callable[[Path], None]) -> Callable[[], None]:
        async def saved(path: Path) -> None:
            save(path)

        def chosen(path: Path) -> None:
            self._context.tasks.start(saved(path))

        return lambda: FileDialog(self, tr("Export"), chosen, name=name, saves=True).open()

    def save_csv(self, target: Path) -> None:
        """Write the report as CSV, one row for each step."""
        if self.report:
            rows = io.StringIO(newline="")
            csv.writer(rows).writerows(csv_rows(self.report))
            with files.export(target) as file:
                file.write(rows.getvalue().encode())

    def save_png(self, target: Path) -> None:
        """Write the page as a PNG picture."""
        picture = QBuffer()
        with files.export(target) as file:
            if not self._sheet.grab().save(picture, "PNG"):
                raise OSError(0, "the picture could not be made")
            file.write(picture.data().data())


def _chooser(name: str, everything: str) -> QComboBox:
    box = combo(name, letters=9)
    box.addItem(tr(everything), "")
    return box
