"""A Lou that an installer put on Windows; `tests/windows/test_installs.py` names its launcher."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from tests.windows.inside.running import Lou, entry_in, session
from tests.windows.inside.test_whole_application import PACKAGED

LAUNCHER, SITE = os.environ.get("LAUNCHER", ""), Path(os.environ.get("SITE", ""))


def test_the_written_entry_starts_the_installed_bridge_alone(lou: Lou) -> None:
    lou.program = (LAUNCHER,)
    lou.start("serve")
    PACKAGED.parent.mkdir(parents=True, exist_ok=True)
    PACKAGED.write_bytes(b"{}")
    lou.run("clients", "connect", "claude-desktop")
    argv, env = entry_in(PACKAGED)
    assert [word for word in argv if SITE in Path(word).parents], "its own bridge"
    with session(argv, env) as opened:
        assert opened.open()
        assert not psutil.Process(opened.process.pid).children()
        assert opened.ask("tools/list", {})["result"]["tools"]
    lou.run("clients", "disconnect", "claude-desktop")
    assert PACKAGED.read_bytes() == b"{}"
