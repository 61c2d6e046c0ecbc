"""`lou serve`: runs the core in the foreground, without a window."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys

from app.control.instance_lock import InstanceLock
from app.core import Core
from app.errors import AppError
from servers.contract import harmless

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def main(lock: InstanceLock) -> int:
    """Run until a signal or a request ends it; returns the exit code."""
    try:
        return asyncio.run(_serve())
    except AppError as refused:
        _print(f"{refused.title}\n{refused.hint}")
        return 1
    finally:
        lock.release()


async def _serve() -> int:
    core = Core("headless")
    ended = asyncio.Event()
    core.quit_wanted.subscribe(lambda _: ended.set())
    core.notices.subscribe(lambda notice: _print_line(f"{notice.title.rstrip('.')}. {notice.text}"))
    states: dict[str, str] = {}
    core.servers_changed.subscribe(lambda name: _print_state(core, states, name))
    _end_on_signals(ended)
    await core.start()
    _print("Lou runs without a window. Stop it with Ctrl-C or `lou quit`.")
    gc.freeze()
    await ended.wait()
    _print("Lou stops its servers.")
    await core.stop()
    return 0


def _print_state(core: Core, last_states: dict[str, str], name: str) -> None:
    try:
        server = core.server(name)
    except AppError:
        return
    if last_states.get(name) != server.state:
        last_states[name] = server.state
        trouble = f": {server.trouble.message}" if server.trouble else ""
        _print_line(f"{name} is {server.state}{trouble}")


def _print_line(text: str) -> None:
    _print(harmless.cell(text))


def _print(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
        sys.stderr.write(f"{harmless.spelled(text)}\n")
        sys.stderr.flush()


def _end_on_signals(ended: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, ended.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(ended.set))
    if sys.platform == "win32":
        from app.system import console_close  # noqa: PLC0415 - on Windows only

        console_close.listen(lambda: loop.call_soon_threadsafe(ended.set))
