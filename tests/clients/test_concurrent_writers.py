"""Two Lous and a program that knows nothing of them write one file at the same time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.clients.conftest import User, temporaries
from tests.patience import PATIENCE_S

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def start(program: str, **spec: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(HERE / program), json.dumps(spec)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def result(process: subprocess.Popen[bytes]) -> dict[str, int]:
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    found: dict[str, int] = json.loads(out)
    return found


def two_lous(user: User, count: int) -> list[subprocess.Popen[bytes]]:
    return [
        start(
            "lou_process.py",
            home=str(user.home),
            lou=str(user.lou / name),
            prefix=name,
            count=count,
        )
        for name in ("one", "two")
    ]


def write_together(user: User, count: int) -> dict[str, int]:
    """`count` updates by each of three programs; what was lost of each."""
    path = user.write(".cursor/mcp.json", b'{"first": 1}')
    lous = two_lous(user, count)
    foreign = start("foreign_process.py", path=str(path), count=count, pause_s=0.02)
    found = [result(each) for each in lous]
    told = result(foreign)
    servers = json.loads(path.read_bytes())["mcpServers"]
    last = {f"lou-one{count - 1}", f"lou-two{count - 1}"}
    return {
        "lous": sum(each["lost"] for each in found),
        "refused": sum(each["refused"] for each in found),
        "foreign": told["lost"],
        "absent at the end": len(last ^ set(servers)),
        "temporaries": len(temporaries(user.home)),
    }


def test_two_lous_lose_nothing_of_each_other(user: User) -> None:
    path = user.write(".cursor/mcp.json", b'{"first": 1}')
    found = [result(each) for each in two_lous(user, 30)]
    assert [each["lost"] for each in found] == [0, 0]
    found_servers = set(json.loads(path.read_bytes())["mcpServers"])
    assert found_servers == {"lou-one29", "lou-two29"}
    assert temporaries(user.home) == []


def test_a_foreign_writer_loses_nothing_to_two_lous(user: User) -> None:
    found = write_together(user, 30)
    assert found["foreign"] == 0
    assert found["temporaries"] == 0
