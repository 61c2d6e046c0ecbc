"""`lou status` prints what runs; `lou serve` runs it, `lou quit` ends it and waits for the end."""

from __future__ import annotations

import time
from argparse import Namespace
from typing import Any

from app.cli.output import Output, amount, duration
from app.cli.parser import CommandParser
from app.control.client import AT_ONCE_S, ControlClient, NotRunningError, ask
from app.errors import AppError
from app.system import launch_file

_QUIT_TIMEOUT_S = 20.0
_POLL_S = 0.05


def declare(parser: CommandParser) -> None:
    """No arguments, but for the bridge its server, and for the end whether to start again."""
    if parser.prog.endswith("connect"):  # `app.__main__` runs it, and `lou serve`
        parser.add_server()
    if parser.prog.endswith("quit"):
        parser.add_switch("--restart", "then start Lou again")
    parser.set_defaults(run=_quit if parser.prog.endswith("quit") else _status)


def _status(args: Namespace, output: Output) -> int:
    del args
    found = ask("status", within_s=AT_ONCE_S)
    if output.printed(found):
        return 0
    app = found["app"]
    where = "in the tray" if app["mode"] == "tray" else "without a window"
    up = duration(app["uptime_s"])
    output.line(f"Lou {app['version']} runs {where} for {up} (process {app['pid']}).")
    for notice in found.get("notices", ()):
        output.line(words_of(notice))
    output.line()
    headers = ("SERVER", "STATE", "TOOLS", "CLIENTS", "RESTARTS", "CPU", "MEMORY")
    output.table(headers, [_row(server) for server in found["servers"]])
    for server in found["servers"]:
        if server["trouble"]:
            output.line(f"\n{server['name']}: {words_of(server['trouble'])}")
    return 0


def words_of(trouble: dict[str, Any]) -> str:
    """A trouble or notice as one sentence: what happened and what to do."""
    return f"{trouble['message']} {trouble['hint']}".strip()


def _row(server: dict[str, Any]) -> tuple[str, ...]:
    is_running = server["pid"] is not None
    return (
        server["name"],
        server["state"],
        str(server["tools"]),
        str(server["clients"]),
        str(server["restarts"]),
        f"{server['cpu_percent']:.1f} %" if is_running else "",
        amount(server["rss_bytes"]),
    )


def _quit(args: Namespace, output: Output) -> int:
    again = launch_file.saved() if args.restart else None
    pid = stop()
    if again:
        launch_file.start(again)
    document = {"stopped": True, "pid": pid, "restarted": bool(again)}
    text = "Lou and its servers stopped." + (" Lou starts again." if again else "")
    return output.answer(document, text)


def stop() -> int:
    """End the running Lou; returns its process number, or raises AppError if it does not end."""
    with ControlClient() as control:
        pid = int(control.ask("status", within_s=AT_ONCE_S)["app"]["pid"])
        control.ask("quit", within_s=AT_ONCE_S)
        for _ in control.events(_QUIT_TIMEOUT_S):
            pass
    deadline = time.monotonic() + _QUIT_TIMEOUT_S
    while _is_running():
        if time.monotonic() > deadline:
            raise AppError(f"Lou (process {pid}) does not end.", f"End it: kill {pid}")
        time.sleep(_POLL_S)
    return pid


def _is_running() -> bool:
    from app.control import instance_lock  # noqa: PLC0415 - for this command alone

    try:
        with ControlClient():
            return True
    except NotRunningError:
        lock = instance_lock.claim()
        if lock is None:
            return True
        lock.release()
        return False
