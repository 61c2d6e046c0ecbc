"""A server of the user's own whose faults a test chooses, as `FaultyAddress` is one at an address.

As a program, `faulty_command.py FILE`, it does what stands in the file. Its pid stands beside it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

GARBAGE = '{\nwarming up 10 %\n\x1b[31m[1\n{}\n{"jsonrpc":"2.0","id":999999,"result":{}}\nnull\n'
_SLOW_S = 0.3
_BACK = ("backoff", "starting", "ready")


class FaultyCommand:
    """`fault` is a key of `states`, or empty; `file` tells it to the program."""

    name = "mine"
    states: ClassVar[dict[str, tuple[str, ...]]] = {
        "killed": _BACK,
        "exits in a call": _BACK,
        "closes its stdout": _BACK,
        "restarted": _BACK,
        "hung": ("ready", "unhealthy"),
        "garbage": ("ready",),
        "slow": ("ready",),
    }
    """By fault: the states in which Lou may show the server while a client calls it."""
    fatal = frozenset(("killed", "exits in a call", "closes its stdout"))
    ending = fatal | {"restarted"}
    """After these, and no others, the relay is another process."""

    def __init__(self, file: Path, lou: Any) -> None:
        self.file = file
        self.fault = ""
        self._lou = lou
        self.file.write_text("")

    @property
    def words(self) -> tuple[str, ...]:
        """The command."""
        return (sys.executable, str(Path(__file__)), str(self.file))

    async def begin(self, fault: str) -> None:
        self.fault = fault
        self.file.write_text(fault)
        if fault == "killed":
            self._signal(signal.SIGKILL)
        elif fault == "hung":
            self._signal(signal.SIGSTOP)
        elif fault == "restarted":
            assert self._lou.run("restart", self.name).returncode == 0

    async def mend(self) -> None:
        self.file.write_text("")
        if self.fault == "hung":
            self._signal(signal.SIGCONT)
        self.fault = ""

    def _signal(self, number: int) -> None:
        os.kill(int(self.file.with_suffix(".pid").read_text()), number)


def main(file: Path) -> None:
    file.with_suffix(".pid").write_text(str(os.getpid()))
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        fault, is_call = file.read_text(), message["method"] == "tools/call"
        if fault == "exits in a call" and is_call:
            os._exit(3)
        if fault == "closes its stdout" and is_call:
            os.close(1)
            time.sleep(600)
        if fault == "slow":
            time.sleep(_SLOW_S)
        before = GARBAGE if fault == "garbage" else ""
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": result(message)}
        sys.stdout.write(f"{before}{json.dumps(answer)}\n")
        sys.stdout.flush()


def result(message: dict[str, Any]) -> dict[str, Any]:
    """What a server with the one tool `mark`, which returns its argument, answers."""
    if message["method"] == "initialize":
        info = {"name": "faulty", "version": "1"}
        return {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": info,
        }
    if message["method"] == "tools/list":
        return {"tools": [{"name": "mark", "inputSchema": {"type": "object"}}]}
    if message["method"] == "tools/call":
        told = message["params"]["arguments"]["mark"]
        return {"content": [{"type": "text", "text": told}]}
    return {}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
