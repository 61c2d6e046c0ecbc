"""What every server process does alike: signals, exit codes, errors of the event loop.

Supervised processes (`run`) and those on stdio (`transport.stdio_server`) use it.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import Any

from servers.contract import messages
from servers.host.tools.service import StartRefusedError

log = logging.getLogger(__name__)


def code_of(refused: StartRefusedError) -> int:
    """The exit code that tells the app why the server could not start."""
    if refused.code.startswith("permission"):
        return messages.EXIT_PERMISSION
    return messages.EXIT_CONFIGURATION


def end_on_signal(ended: asyncio.Event) -> None:
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)


def quiet_loop() -> None:
    """Log each error of the loop once a minute: without descriptors, asyncio logs thousands."""
    loop = asyncio.get_running_loop()
    last: dict[str, float] = {}

    def handle(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        message = str(context.get("message"))
        if loop.time() - last.get(message, -60.0) >= 60.0 and len(last) < 100:
            last[message] = loop.time()
            log.error("The loop reported: %s", message, exc_info=context.get("exception"))

    loop.set_exception_handler(handle)
