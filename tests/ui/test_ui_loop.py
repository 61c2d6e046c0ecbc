"""The loop that Qt and asyncio share: waits that are over, and threads that outlive it."""

from __future__ import annotations

from tests.ui.screen import printed_alone

LATE_CALLS = """
import threading
from PySide6.QtWidgets import QApplication
from app.ui.event_loop import EventLoop

loop = EventLoop(QApplication([]))
begun, refusals = threading.Event(), []

def call():
    while not refusals:
        try:
            loop.call_soon_threadsafe(int)
            begun.set()
        except RuntimeError as refused:
            refusals.append(str(refused))

threads = [threading.Thread(target=call) for _ in range(4)]
for thread in threads:
    thread.start()
begun.wait()
with loop:
    loop.call_soon(loop.stop)
    loop.run_forever()
del loop.__dict__['_QEventLoop__call_soon_signaller']
for thread in threads:
    thread.join()
print(refusals[0])
"""

CANCELLED_WAITS = """
import asyncio
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from app.ui.event_loop import EventLoop

class Ticks(QObject):
    count = 0

    def eventFilter(self, watched, event):
        self.count += event.type() == QEvent.Type.Timer
        return super().eventFilter(watched, event)

async def wait():
    loop = asyncio.get_running_loop()
    for _ in range(100):
        loop.call_later(0.05, print, "never").cancel()
    ended = asyncio.Event()
    loop.call_later(0.1, ended.set)
    await ended.wait()

app, ticks = QApplication([]), Ticks()
app.installEventFilter(ticks)
with EventLoop(app) as loop:
    loop.run_until_complete(wait())
print(ticks.count)
"""


def test_a_thread_that_calls_the_ended_loop_is_refused() -> None:
    assert " ".join(printed_alone(LATE_CALLS)) == "The event loop is closed."


def test_a_wait_that_is_over_wakes_nobody() -> None:
    assert 0 < int(printed_alone(CANCELLED_WAITS)[0]) < 100
