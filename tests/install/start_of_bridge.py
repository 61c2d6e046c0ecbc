"""How long a bridge takes to answer `initialize`, beside `python -I -S -c pass`, in turns.

    python start_of_bridge.py COMMAND ARGUMENT ...

Prints both medians in seconds, as JSON. Needs the standard library alone, since the Python that
the setup program brings runs it.
"""

import json
import statistics
import subprocess
import sys
import time

STARTS = 15
_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "stranger", "version": "1"},
    },
}


def answer_s(argv: list[str]) -> float:
    """Seconds from the start of `argv` to its answer; then its session ends."""
    began = time.monotonic()
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bridge:
        assert bridge.stdin is not None
        assert bridge.stdout is not None
        bridge.stdin.write(json.dumps(_HELLO).encode() + b"\n")
        bridge.stdin.flush()
        assert "result" in json.loads(bridge.stdout.readline())
        return time.monotonic() - began


def bare_s() -> float:
    """Seconds of a Python that does nothing."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
    return time.monotonic() - began


if __name__ == "__main__":
    turns = [(answer_s(sys.argv[1:]), bare_s()) for _ in range(STARTS)]
    bridge, bare = (statistics.median(each) for each in zip(*turns, strict=True))
    print(json.dumps({"bridge": bridge, "bare": bare}))
