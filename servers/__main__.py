"""`lou-server NAME`: one server on its own, or supervised when it is given an instance."""

from __future__ import annotations

import argparse
import gc
import os
import re
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from servers.host.tools.service import Build

_PARENT = os.getppid()
_SERVERS = ("search", "tracker")
_NAME = re.compile(r"[a-z0-9_-]{1,32}")
_NAME_RULE = "a NAME has 1 to 32 of a-z, 0-9, _ and -"
_AUTHORITIES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch: found without help
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""The authorities of secure connections, by system; a Lou with its own OpenSSL has to be told."""


def main(argv: list[str] | None = None) -> int:
    """Run one server until its stdin ends."""
    parser = argparse.ArgumentParser(prog="lou-server", description=__doc__)
    parser.add_argument("server", choices=(*_SERVERS, "relay"))
    parser.add_argument("name", nargs="?", default="", help="of the server that relay stands for")
    parser.add_argument("--lou-instance", default="", help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if bool(given.name) != (given.server == "relay"):
        parser.error("relay needs the NAME of a server, and only relay takes one")
    if given.name and not _NAME.fullmatch(given.name):
        parser.error(_NAME_RULE)
    if given.server == "relay" and not given.lou_instance:
        parser.error("relay runs under the app only; add the server there")
    return run_server(given.server, given.name, given.lou_instance)


def run_server(server: str, name: str, instance: str, parent: int = _PARENT) -> int:
    """Run what the arguments of `main` name; a supervised server also ends with `parent`."""
    if server != "relay":
        return serve(_loader(server), instance, parent)
    if not _NAME.fullmatch(name):
        sys.exit(_NAME_RULE)
    return _serve_relay(name, instance, parent)


def serve(load: Callable[[], Build], instance: str, parent: int = _PARENT) -> int:
    """Run the server that `load` imports; nothing heavy is imported before the process is safe."""
    _protect(instance, parent)
    from servers.host.mcp import sdk_imports  # noqa: PLC0415 - secrets first, imports after

    gc.disable()  # the imports make half a million objects that all stay
    sdk_imports.import_sdk()
    from servers.host import run  # noqa: PLC0415

    build = load()
    if instance:
        from servers.host.hosted_server import HostedServer  # noqa: PLC0415
    else:
        from servers.host.transport.stdio_server import serve_stdio  # noqa: PLC0415

    gc.freeze()
    gc.set_threshold(10_000, 10, 10)  # with the usual 700 a crowd of clients spends a fifth on it
    gc.enable()
    if instance:
        return run.run_supervised(lambda emit: HostedServer(build(), emit), instance)
    return run.run(lambda stdout: serve_stdio(build, stdout))


def _serve_relay(name: str, instance: str, parent: int) -> int:
    """Pass the user's server called `name` through, without the SDK."""
    _protect(instance, parent)
    from servers.host import run  # noqa: PLC0415 - secrets first, imports after
    from servers.relay.server import Relay  # noqa: PLC0415

    gc.freeze()
    return run.run_supervised(lambda emit: Relay(name, emit), instance, fast_loop=False)


def _protect(instance: str, parent: int) -> None:
    from servers.contract import ownership  # noqa: PLC0415 - as the next
    from servers.host import process_limits  # noqa: PLC0415 - secrets first, imports after

    process_limits.keep_secrets()
    _find_authorities()
    ownership.set_private_umask()
    if instance:
        process_limits.die_with_parent(parent)


def _find_authorities() -> None:
    """Point OpenSSL to the authorities of this system, where it was built for Debian's place."""
    if sys.platform != "linux" or "SSL_CERT_FILE" in os.environ:
        return
    known = [path for path in _AUTHORITIES if os.path.isfile(path)]  # noqa: PTH113 - at each start
    if known and known[0] != _AUTHORITIES[0]:
        os.environ["SSL_CERT_FILE"] = known[0]


def _loader(server: str) -> Callable[[], Build]:
    return lambda: import_module(f"servers.{server}.server").build


if __name__ == "__main__":
    sys.exit(main())
