"""Runs a server without the app: MCP on stdin and stdout, keys from the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from servers.contract import endpoint, key_text, manifest
from servers.host import logs
from servers.host.host import Host
from servers.host.process_lifecycle import code_of, end_on_signal, quiet_loop
from servers.host.session import ClientSession
from servers.host.tools.service import Build, Configuration, StartRefusedError, UpstreamLostError
from servers.host.transport.address import MAX_LINE
from servers.host.transport.stdio_streams import StdinReader, StdoutWriter, read_stdin

_FINISH_WITHIN_S = 1.5


async def serve_stdio(build: Build, stdout: int) -> int:
    """Serve until the end of stdin; returns the exit code."""
    logs.set_up(logs.to_stderr)
    quiet_loop()
    service = build()
    host = Host(service, lambda _event, _data: None)  # there is no app
    try:
        await host.start(from_environment(service.name), frozenset())
    except UpstreamLostError as lost:
        sys.stderr.write(f"{lost}\n")
        return 1
    except StartRefusedError as refused:
        sys.stderr.write(f"{refused.message} {refused.hint}\n")
        return code_of(refused)
    writer = StdoutWriter(stdout)
    await writer.open()
    session = ClientSession(host, writer.write)
    if sys.stdin.isatty():
        sys.stderr.write("This server speaks MCP here; a client starts it. Control-D ends it.\n")
    reader = StdinReader(MAX_LINE, session.receive)
    await read_stdin(reader)
    end_on_signal(reader.ended)
    await reader.ended.wait()
    await host.stop(_FINISH_WITHIN_S)
    await writer.flush(_FINISH_WITHIN_S)
    return 0


def from_environment(server: str) -> Configuration:
    """The keys of `server`; removes them from the environment, so that no child inherits them."""
    keys: dict[str, str] = {}
    for key in manifest.keys_of(server):
        value = os.environ.pop(key.name, "")
        path = os.environ.pop(manifest.ALSO_READ.get(key.name, ""), "")
        if not value and path:
            value = _file(path)
        if value:
            keys[key.name] = value
    return Configuration(keys, {"folders": _folders()})


def _file(path: str) -> str:
    try:
        return key_text.of_file(path)
    except (OSError, ValueError) as unreadable:
        raise StartRefusedError(
            "unreadable_key_file",
            f"{path} cannot be read: {unreadable}.",
            "Give the path of a readable file, or leave the variable out.",
        ) from None


def _folders() -> dict[str, str]:
    base = endpoint.home()
    if base:
        return {"data": str(Path(base, "data")), "cache": str(Path(base, "cache"))}
    import platformdirs  # noqa: PLC0415 - the app tells a supervised server its folders

    return {
        "data": platformdirs.user_data_dir("lou", appauthor=False),
        "cache": platformdirs.user_cache_dir("lou", appauthor=False),
    }
