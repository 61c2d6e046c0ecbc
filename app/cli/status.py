"""`lou status` and `lou quit`."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from typing import Any

from app.cli.arguments import add_json
from app.cli.output import Output, amount, duration
from app.control.client import AT_ONCE_S, ControlClient, NotRunningError
from app.errors import AppError

_ENDS_WITHIN_S = 20.0
_LOOKS_EVERY_S = 0.05


def declare(parser: ArgumentParser) -> None:
    """Both are one word."""
    add_json(parser)
    parser.set_defaults(run=_quit if parser.prog.endswith("quit") else _status)


def _status(given: Namespace, output: Output) -> int:
    del given
    with ControlClient() as wire:
        found = wire.ask("status", within_s=AT_ONCE_S)
    if output.is_json:
        output.document(found)
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
    """The trouble of a server or a notice of Lou, and the way out."""
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


def _quit(given: Namespace, output: Output) -> int:
    del given
    with ControlClient() as wire:
        pid = wire.ask("status", within_s=AT_ONCE_S)["app"]["pid"]
        wire.ask("quit", within_s=AT_ONCE_S)
        for _ in wire.events(_ENDS_WITHIN_S):
            pass
    deadline = time.monotonic() + _ENDS_WITHIN_S
    while _is_there():
        if time.monotonic() > deadline:
            raise AppError(f"Lou (process {pid}) does not end.", f"End it: kill {pid}")
        time.sleep(_LOOKS_EVERY_S)
    if output.is_json:
        output.document({"stopped": True, "pid": pid})
    else:
        output.line("Lou and its servers stopped.")
    return 0


def _is_there() -> bool:
    from app.control import instance_lock  # noqa: PLC0415 - for this command alone

    try:
        ControlClient().__exit__(None, None, None)
    except NotRunningError:
        lock = instance_lock.claim()
        if lock is None:
            return True
        lock.release()
        return False
    return True
