"""The window in a process of its own, whose environment a test chooses; it tells what it found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tests.patience import PATIENCE_S
from tests.ui.screen import ROOT

_MARK = "FOUND "


def tell(found: object) -> None:
    """Say in that process what it found, before its desktop and its servers end."""
    print(_MARK + json.dumps(found), flush=True)


def told_by(module: str, *arguments: str, environment: Mapping[str, str]) -> Any:
    """What `tests.ui.MODULE`, run as a program with these arguments, told."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", f"tests.ui.{module}", *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )
    told = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    assert told, f"{done.returncode}: {done.stdout[-500:]} {done.stderr[-3000:]}"
    return json.loads(told[-1].removeprefix(_MARK))
