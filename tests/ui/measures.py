"""How the promises of the window are measured; the tests do it briefly, the benches at length."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import psutil
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QWidget

from app.logs.line_format import Stamps, render
from app.ui.models.logs import MESSAGE
from app.ui.widgets.rows import RowList
from tests.ui.dialogs import KeysView
from tests.ui.pages import LogsView
from tests.ui.rig import Rig
from tests.ui.screen import ROOT

BEAT_MS = 5
SENDER = ROOT / "tests" / "ui" / "flooding_server.py"


class Lag(QObject):
    """Beats every 5 ms and remembers the longest time without a beat, in milliseconds."""

    def __init__(self) -> None:
        super().__init__()
        self.longest = 0.0
        self.last = time.perf_counter()
        self.timer = QTimer(self, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.beat)
        self.timer.start()

    def beat(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, (now - self.last) * 1_000 - BEAT_MS)
        self.last = now

    def stop(self) -> float:
        """The longest gap."""
        self.beat()
        self.timer.stop()
        return self.longest


@contextlib.contextmanager
def lag() -> Iterator[Lag]:
    """Measures while the block runs."""
    made = Lag()
    try:
        yield made
    finally:
        made.stop()


def wait(seconds: float) -> None:
    """Turn the loop for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QTest.qWait(2)


@dataclass
class Flood:
    """What a flood of log lines did to the window."""

    longest_stall_ms: float = 0.0
    grown_mb: float = 0.0
    p95_ms: float = 0.0
    sent: int = 0
    stored: int = 0
    per_second: float = 0.0
    waits: list[float] = field(default_factory=list)


def flood(rig: Rig, seconds: float, per_second: int = 5_000) -> Flood:
    """Another process sends lines, each with its time, into the logbook; the log page is open.

    They come over a pipe of the test's own: the host of a real server sends no more than 200 a
    second and counts the rest.
    """
    logs = LogsView(rig)
    rig.until(lambda: not logs.page.is_loading)
    found = Flood()
    model = logs.model

    def seen(_parent: object, first: int, last: int) -> None:
        for row in {first, last}:
            text = model.index(row, MESSAGE).data()
            if text.startswith("beat "):
                found.waits.append((time.time() - float(text.split()[2])) * 1_000)

    model.rowsInserted.connect(seen)
    process = psutil.Process()
    before = process.memory_info().rss
    began = time.monotonic()
    with lag() as measured:
        found.sent = rig.run(_take_in(rig, seconds, per_second), seconds + 60)
        rig.until(lambda: not logs.missed)
    found.per_second = found.sent / (time.monotonic() - began)
    found.grown_mb = (process.memory_info().rss - before) / 1e6
    found.longest_stall_ms = measured.longest
    rig.core.logbook._writer.flush()
    found.stored = stored_beats(rig)
    found.p95_ms = quantiles(found.waits, n=20)[-1] if len(found.waits) > 1 else 0.0
    model.rowsInserted.disconnect(seen)
    return found


async def _take_in(rig: Rig, seconds: float, per_second: int) -> int:
    argv = [sys.executable, str(SENDER), "send", str(seconds), str(per_second)]
    sender = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    assert sender.stdout
    taken = 0
    async for line in sender.stdout:
        rig.core.logbook.add("flood", "INFO", "flood", line.decode().rstrip())
        taken += 1
    assert await sender.wait() == 0
    return taken


def stored_beats(rig: Rig) -> int:
    """How many lines of the flood are in the files."""
    return sum(
        path.read_bytes().count(b"- beat ") for path in rig.core.logbook.folder.glob("flood*.log")
    )


def store_lines(folder: Path, count: int) -> None:
    """`count` lines in the files of one server, written as the logbook writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    stamps, at = Stamps(), time.time() - count * 0.01
    per_file = 80_000
    for number in range(1, -(-count // per_file) + 1):
        last = number * per_file >= count
        name = "search.log" if last else f"search.{number:06d}.log"
        lines = range((number - 1) * per_file, min(number * per_file, count))
        levels = ("INFO", "INFO", "INFO", "WARNING")
        text = "".join(
            render(stamps(at + n * 0.01), "lou.search", levels[n % 4], f"asked provider {n} for it")
            for n in lines
        )
        (folder / name).write_text(text)


def client_call(rig: Rig) -> subprocess.Popen[bytes]:
    """A client's open session with the search server through the real bridge."""
    client = subprocess.Popen(
        [str(ROOT / ".venv" / "bin" / "lou-connect"), "tracker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    hello = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    }
    say(client, {"id": 1, "method": "initialize", "params": hello})
    hear(client, 1)
    say(client, {"method": "notifications/initialized"})
    return client


def say(client: subprocess.Popen[bytes], message: dict) -> None:
    assert client.stdin
    client.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    client.stdin.flush()


def hear(client: subprocess.Popen[bytes], number: int) -> dict:
    """The answer with this id; what comes before it is passed over."""
    assert client.stdout
    while True:
        message = json.loads(client.stdout.readline())
        if message.get("id") == number:
            return message


def act_at_random(rig: Rig, count: int, seed: int = 3) -> None:
    """Pages, sizes, switches, filters, keys, themes: what a person in a hurry does."""
    dice = random.Random(seed)
    acts = (
        _other_page, _other_page, _other_page, _resize, _switch_server, _switch_tool,
        _choose_in_a_box, _type, _open_keys, _theme, _hide, _scroll,
    )  # fmt: skip
    for _ in range(count):
        dice.choice(acts)(rig, dice)
        QTest.qWait(2)
    rig.session.go("servers")
    wait(1)


_PAGES = ("servers", "try", "tracked", "clients", "calls", "logs", "metrics", "settings", "welcome")


def _other_page(rig: Rig, dice: random.Random) -> None:
    rig.session.go(dice.choice(_PAGES))


def _resize(rig: Rig, dice: random.Random) -> None:
    rig.window.resize(dice.randint(400, 1_600), dice.randint(300, 1_100))


def _switch_server(rig: Rig, dice: random.Random) -> None:
    rig.session.go("servers")
    _switch_in(rig, dice, "Servers")


def _switch_tool(rig: Rig, dice: random.Random) -> None:
    rig.session.go("servers")
    _switch_in(rig, dice, "Tools")


def _switch_in(rig: Rig, dice: random.Random, name: str) -> None:
    lists = rig.window.page("servers").findChildren(RowList)
    shown = next(each for each in lists if each.accessibleName() == name)
    if shown.model().rowCount():
        shown.switch(shown.model().index(dice.randrange(shown.model().rowCount()), 0))


def _choose_in_a_box(rig: Rig, dice: random.Random) -> None:
    boxes = [box for box in rig.window.findChildren(QComboBox) if box.isVisible() and box.count()]
    keep = {"Keep keys in", "Appearance"}
    boxes = [box for box in boxes if box.accessibleName() not in keep]
    if boxes:
        box = dice.choice(boxes)
        box.setCurrentIndex(dice.randrange(box.count()))


def _type(rig: Rig, dice: random.Random) -> None:
    lines = [each for each in rig.window.findChildren(QLineEdit) if each.isVisible()]
    lines = [each for each in lines if each.window() is rig.window]
    if lines and not rig.window.page("settings").isVisible():
        dice.choice(lines).setText(dice.choice(("", "x", "error", "<b>", "a" * 300)))


def _open_keys(rig: Rig, dice: random.Random) -> None:
    names = [key.name for key in rig.core.keys() if not key.generated]  # noqa: SIM118
    keys = KeysView(rig, dice.choice(names))
    keys.type("not-a-real-key")
    if dice.random() < 0.3 and keys.save.isEnabled():
        keys.save.click()
    keys.dialog.close()


def _theme(rig: Rig, dice: random.Random) -> None:
    rig.theme.choose(dice.choice(("light", "dark", "system")))


def _hide(rig: Rig, dice: random.Random) -> None:
    rig.window.hide()
    rig.session.go("window")


def _scroll(rig: Rig, dice: random.Random) -> None:
    for button in rig.window.findChildren(QAbstractButton):
        if button.isVisible() and button.text() in {"Follow", "Pause"}:
            button.click()


def paint(table: QWidget) -> float:
    """How long one frame of what scrolls takes, in milliseconds."""
    began = time.perf_counter()
    table.repaint()
    QApplication.processEvents()
    return (time.perf_counter() - began) * 1_000
