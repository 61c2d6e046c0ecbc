"""Runs one server process from start to exit code.

In: what builds the service, and the app's messages on stdin. Out: a served socket, and the exit
code. A process without an instance name is not supervised: it serves MCP on stdio, see
`stdio_server`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from servers.contract import messages
from servers.host import logs, process_limits
from servers.host.control import Control
from servers.host.host import Host
from servers.host.mcp import cached_answers
from servers.host.process_lifecycle import code_of, end_on_signal, quiet_loop
from servers.host.redact import redact
from servers.host.tools.service import Build, Configuration, StartRefusedError, UpstreamLostError
from servers.host.transport.address import Address, AddressInUseError
from servers.host.transport.listen import Wire, address_of
from servers.host.transport.stdio_server import serve_stdio
from servers.host.transport.stdio_streams import StdoutWriter, take_stdout

log = logging.getLogger(__name__)

_FINISH_WITHIN_S = 1.5
_FIGURES_EVERY_S = 10.0

if TYPE_CHECKING:
    from servers.host.transport.http import HttpSide


def run(build: Build, instance: str) -> int:
    """Serve until the end of stdin; returns the exit code.

    `instance` is the name that the app gave this process; empty without an app.
    """
    process_limits.allow_many_connections()
    stdout = take_stdout()
    logs.guard_prints()
    main = _supervised(build, stdout, instance) if instance else serve_stdio(build, stdout)
    return _run(main)


def _run(main: Coroutine[Any, Any, int]) -> int:
    try:
        import uvloop  # noqa: PLC0415 - not on Windows
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


async def _supervised(build: Build, stdout: int, instance: str) -> int:
    control = Control(StdoutWriter(stdout))
    logs.set_up(lambda data: control.emit(messages.LOG, data))
    quiet_loop()
    end_on_signal(control.ended)
    await control.open()
    reason, code = await _serve_supervised(build, control, instance)
    await control.close(reason, code)
    return code


async def _serve_supervised(build: Build, control: Control, instance: str) -> tuple[str, int]:
    host = Host(build(), control.emit)
    ended = asyncio.ensure_future(control.ended.wait())
    serving = asyncio.create_task(_serve(host, control, instance))
    await asyncio.wait((serving, ended), return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    serving.cancel()
    try:
        await serving
    except StartRefusedError as refused:
        return _report_trouble(host, refused.code, refused.message, refused.hint), code_of(refused)
    except AddressInUseError as taken:
        return _report_trouble(host, "address_in_use", str(taken)), 1
    except UpstreamLostError as lost:
        return redact(str(lost)), 1
    except Exception:
        log.exception("The server failed unexpectedly")
        return "internal error; its log says more", 1
    except asyncio.CancelledError:
        log.debug("The app asked for the end")
    return "the app asked", 0


async def _serve(host: Host, control: Control, instance: str) -> None:
    """Start and serve until cancelled; close everything in order.

    Raises:
        UpstreamLostError: what the server depends on is gone.
    """
    configuration, disabled = await control.configured
    async with AsyncExitStack() as ending:
        ending.push_async_callback(host.stop, _FINISH_WITHIN_S)
        await host.start(configuration, disabled)
        control.serve(host)
        address = address_of(host.service.name, instance)
        ending.callback(address.close)
        await address.open(lambda: Wire(host))
        web = _open_http(host, configuration)
        if web:
            ending.push_async_callback(web.close)
        await _become_ready(host, address, web.url if web else "")
        figures = asyncio.create_task(_report_figures(host))
        ending.callback(figures.cancel)
        raise UpstreamLostError(await host.upstream_lost)


def _report_trouble(host: Host, code: str, message: str, hint: str = "") -> str:
    data = {"code": code, "message": redact(message), "hint": hint, "key": "", "cleared": False}
    host.emit(messages.TROUBLE, data)
    return redact(message)


def _open_http(host: Host, configuration: Configuration) -> HttpSide | None:
    if not configuration.settings.get("http"):
        return None
    from servers.host.transport import http  # noqa: PLC0415 - only if the settings ask for it

    return http.open_http(host, configuration.settings, configuration.keys.get(http.TOKEN_KEY, ""))


async def _become_ready(host: Host, address: Address, url: str) -> None:
    """Make one round trip as a client, save the answers for the bridge, then send `ready`."""
    listed = await asyncio.wait_for(_list_tools_as_client(address), 10)
    await _save_answers(host)
    host.change_listeners.append(lambda: _in_background(_save_answers(host)))
    host.emit(
        messages.READY,
        {
            "name": host.service.name,
            "pid": os.getpid(),
            "tools": len(listed),
            "tools_hash": host.tools_hash(),
            "endpoint": address.path,
            **({"http": url} if url else {}),
        },
    )


async def _list_tools_as_client(address: Address) -> list[Any]:
    reader, writer = await address.connect()
    try:
        for number, method, params in (
            (1, "initialize", cached_answers.initialize("2025-11-25")),
            (2, "tools/list", {}),
        ):
            request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            writer.write(json.dumps(request).encode() + b"\n")
            answer = json.loads(await reader.readline())
        return list(answer["result"]["tools"])
    finally:
        writer.close()


async def _save_answers(host: Host) -> None:
    try:
        cached_answers.write(host.service.name, await cached_answers.collect(host))
    except OSError as failed:
        log.warning("The answers for the bridge could not be saved: %s", failed)


async def _report_figures(host: Host) -> None:
    while True:
        figures = {"fds": process_limits.open_descriptors(), "sessions": len(host.sessions)}
        host.emit(messages.USAGE, {"process": figures})
        await asyncio.sleep(_FIGURES_EVERY_S)


_background: set[asyncio.Task[None]] = set()


def _in_background(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    _background.add(task)
    task.add_done_callback(_background.discard)
