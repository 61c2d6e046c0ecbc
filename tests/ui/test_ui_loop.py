"""The loop that Qt and asyncio share, and threads that outlive it."""

from __future__ import annotations

from tests.ui.screen import printed_alone

LATE_CALLS = """
import threading
from PySide6.QtWidgets import QApplication
from app.ui.application import Loop

loop = Loop(QApplication([]))
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


def test_a_thread_that_calls_the_ended_loop_is_refused() -> None:
    assert " ".join(printed_alone(LATE_CALLS)) == "The event loop is closed."
