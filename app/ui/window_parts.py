"""Self test of window parts that are loaded late; runs in its own process, without a screen."""

from __future__ import annotations

import os

from app.doctor.self_tests import run
from servers.contract.self_test import Part


def _draw_chart() -> None:
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415 - any of these may be broken

    from app.ui.theme import Theme  # noqa: PLC0415
    from app.ui.widgets.chart import Chart  # noqa: PLC0415

    app = QApplication(["lou"])
    chart = Chart(Theme(app), "Self test", {"calls": "good", "errors": "bad"})
    chart.resize(400, 200)
    chart.show_series([0.0, 60.0, 120.0], {"calls": [1, 2, None], "errors": [0, 1, 1]}, 60.0)
    if chart.grab().isNull():
        raise ValueError("nothing was drawn")
    chart.deleteLater()
    app.processEvents()


PARTS = {"charts": Part("Drawing charts", _draw_chart)}


def main() -> int:
    """Use each part once; exits with the result at once, without Qt's own clean-up."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    code = run(PARTS)
    os._exit(code)
