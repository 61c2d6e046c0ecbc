"""A user's own MCP server that leaves a daemonised, SIGTERM-proof process behind at its start."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.supervision.faulty_server import DAEMON

subprocess.run(
    [sys.executable, "-I", "-S", "-c", DAEMON, "left-behind"],
    stdin=subprocess.DEVNULL,
    stdout=subprocess.DEVNULL,
    check=True,
)
runpy.run_path(str(Path(__file__).parents[1] / "relay" / "upstream_server.py"), run_name="__main__")
