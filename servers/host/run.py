"""Runs one server process from start to exit code.

In: what is served, and the app's messages on stdin. Out: a served socket, and the exit code. A
process that is not supervised serves MCP on stdio, see `stdio_server`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from servers.contract import endpoint, file_sharing, messages, ownership, ping_timer
from servers.host import logs, process_limits
from servers.host.call_details import Emit
from servers.host.control import Control
from servers.host.process_lifecycle import code_of, end_on_signal, quiet_loop
from servers.host.redact import redact, redacted_json
from servers.host.served import Served
from servers.host.tools.service import StartRefusedError, UpstreamLostError
from servers.host.transport.address import Address, AddressInUseError
from servers.host.transport.direct_reads import direct_loop
from servers.host.transport.stdio_streams import StdoutWriter, take_stdout

log = logging.getLogger(__name__)

_FINISH_WITHIN_S = 1.5
_REACHED_WITHIN_S = 10.0
_HANDSHAKE = (
    b'{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"lou","version":""}}'
)

BuildServed = Callable[[Emit], Served]
"""Creates what is served, once the process is ready for it; it sends events with its argument."""


def run_supervised(build: BuildServed, instance: str, *, fast_loop: bool = True) -> int:
    """Serve clients of the socket until the end of stdin; returns the exit code.

    `instance` is the name that the app gave this process.
    """
    return run(lambda stdout: _run_supervised(build, stdout, instance), fast_loop=fast_loop)


def run(main: Callable[[int], Coroutine[Any, Any, int]], *, fast_loop: bool = True) -> int:
    """Run `main`, which is given the descriptor of the real stdout; returns its exit code.

    The fast loop costs 4 MB.
    """
    process_limits.allow_many_connections()
    stdout = take_stdout()
    logs.guard_prints()
    factory = _fast_loop() if fast_loop else direct_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main(stdout))


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _run_supervised(build: BuildServed, stdout: int, instance: str) -> int:
    control = Control(StdoutWriter(stdout))
    logs.set_up(lambda data: control.emit(messages.LOG, data))
    quiet_loop()
    ping_timer.put_off()
    end_on_signal(control.ended)
    await control.open()
    reason, code = await _serve_supervised(build, control, instance)
    await control.close(reason, code)
    return code


async def _serve_supervised(build: BuildServed, control: Control, instance: str) -> tuple[str, int]:
    host = build(control.emit)
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
        if lost.code:
            _report_trouble(host, lost.code, str(lost), lost.hint, retry_after_s=lost.retry_after_s)
        return redact(str(lost)), lost.exit_code
    except Exception:
        log.exception("The server failed unexpectedly")
        return "internal error; its log says more", 1
    except asyncio.CancelledError:
        log.debug("The app asked for the end")
    return "the app asked", 0


async def _serve(host: Served, control: Control, instance: str) -> None:
    """Start, serve until cancelled, close in order; raises UpstreamLostError if that is gone."""
    configuration, disabled = await control.configured
    async with AsyncExitStack() as ending:
        ending.push_async_callback(host.stop, _FINISH_WITHIN_S)
        await host.start(configuration, disabled)
        control.serve(host)
        address = _address_of(host.name, instance)
        ending.callback(address.close)
        await address.open(host.connection)
        web = host.open_http(configuration)
        if web:
            ending.push_async_callback(web.close)
        await _become_ready(host, address, web.url if web else "")
        raise await host.upstream_lost


def _address_of(name: str, instance: str) -> Address:
    """The address of the server called `name` on this platform."""
    path = endpoint.server_socket(name)
    if sys.platform == "win32" or os.environ.get("LOU_TRANSPORT") == "tcp":
        from servers.host.transport.loopback import LoopbackAddress  # noqa: PLC0415 - one of the two

        return LoopbackAddress(path, instance)
    else:  # noqa: RET505 - Windows lacks the module, which a type checker sees only here
        from servers.host.transport.unix import UnixAddress  # noqa: PLC0415 - not on Windows

        return UnixAddress(path)


def _report_trouble(host: Served, code: str, message: str, hint: str = "", **more: float) -> str:
    data = {"code": code, "message": redact(message), "hint": hint, "key": "", "cleared": False}
    host.emit(messages.TROUBLE, {**data, **more})
    return redact(message)


async def _become_ready(host: Served, address: Address, url: str) -> None:
    """Make one round trip as a client, save the answers for the bridge, then send `ready`.

    It is sent again when the tools are others.
    """
    await asyncio.wait_for(_reach_as_client(address), _REACHED_WITHIN_S)
    await _save_answers(host)
    known = {"name": host.name, "pid": os.getpid(), "endpoint": address.path}
    known |= {"http": url} if url else {}
    told: dict[str, Any] = {}

    def tell() -> None:
        if told != (tools := {"tools": host.tool_count(), "tools_hash": host.tools_hash()}):
            told.update(tools)
            host.emit(messages.READY, known | tools)

    host.change_listeners += (lambda: _in_background(_save_answers(host)), tell)
    tell()


async def _reach_as_client(address: Address) -> None:
    """Make one round trip over the address; the answer may be a refusal."""
    reader, writer = await address.connect()
    try:
        writer.write(b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":%b}\n' % _HANDSHAKE)
        json.loads(await reader.readline())
    finally:
        writer.close()


async def _save_answers(host: Served) -> None:
    try:
        write_answers(host.name, await host.answers())
    except OSError as failed:
        log.warning("The answers for the bridge could not be saved: %s", failed)


def write_answers(name: str, answers: dict[str, Any]) -> None:
    """Replace the file of answers of the server called `name`, as a whole."""
    path = Path(endpoint.answers_file(name))
    endpoint.make_private(str(path.parent))
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    text = redacted_json(answers)
    descriptor = ownership.open_to_write(str(fresh), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - opened 0600 above
            file.write(text.encode("utf-8", "backslashreplace"))
        file_sharing.replace(str(fresh), str(path))
    finally:
        fresh.unlink(missing_ok=True)


_background: set[asyncio.Task[None]] = set()


def _in_background(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    _background.add(task)
    task.add_done_callback(_background.discard)
