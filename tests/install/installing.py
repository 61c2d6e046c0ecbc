"""Lou's wheel, and ways to install it as people do, each in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_CACHES = {
    "PIP_CACHE_DIR": str(Path.home() / ".cache" / "pip"),
    "UV_CACHE_DIR": str(Path.home() / ".cache" / "uv"),
}
"""Those of the person, so that a test in a home of its own downloads nothing twice."""
OLDEST_PIP = "pip==23.2"
"""What Python 3.11 brings."""


def build(folder: Path) -> Path:
    """The wheel of this checkout, made as pip makes it."""
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT))
    return next(folder.glob("lou-*.whl"))


def by_oldest_pip(wheel: Path, folder: Path) -> Path:
    return _by_pip(wheel, folder, OLDEST_PIP)


def by_newest_pip(wheel: Path, folder: Path) -> Path:
    return _by_pip(wheel, folder, "pip")


def by_uv(wheel: Path, folder: Path) -> Path:
    tools = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    run(*_UV, "tool", "install", "-q", "--python", sys.executable, str(wheel), **tools)
    return folder / "bin"


def by_pipx(wheel: Path, folder: Path) -> Path:
    tools = {"PIPX_HOME": str(folder), "PIPX_BIN_DIR": str(folder / "bin"), "USE_EMOJI": "0"}
    pipx = (*_UV, "tool", "run", "pipx")
    run(*pipx, "install", "-q", "--python", sys.executable, str(wheel), **tools)
    return folder / "bin"


_UV = (sys.executable, "-m", "uv")
WAYS: dict[str, Callable[[Path, Path], Path]] = {
    "pip 23.2": by_oldest_pip,
    "newest pip": by_newest_pip,
    "uv": by_uv,
    "pipx": by_pipx,
}
"""Each takes the wheel and a folder, and returns where the commands are."""


HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "stranger", "version": "1"},
}


def line(message: Mapping[str, Any]) -> bytes:
    """A message as it goes through a pipe."""
    return json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"


def answered(
    argv: list[str], environment: Mapping[str, str], method: str, params: Mapping[str, Any]
) -> Any:
    """What a bridge that is started as `argv` answers to one request, in a session of its own."""
    messages = (
        {"id": 1, "method": "initialize", "params": HELLO},
        {"method": "notifications/initialized"},
        {"id": 2, "method": method, "params": params},
    )
    with subprocess.Popen(
        argv, env=environment, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # not the file of pytest, which Wine cannot use
    ) as bridge:  # fmt: skip
        assert bridge.stdin
        assert bridge.stdout
        for message in messages:
            bridge.stdin.write(line(message))
        bridge.stdin.flush()
        while (answer := json.loads(bridge.stdout.readline())).get("id") != 2:
            pass
        bridge.stdin.close()
    return answer


def called(
    argv: list[str], environment: Mapping[str, str], tool: str, arguments: Mapping[str, Any]
) -> Any:
    """What such a bridge answers to a call of one tool."""
    return answered(argv, environment, "tools/call", {"name": tool, "arguments": arguments})


def python_of(commands: Path) -> Path:
    """The interpreter that the installed `lou` runs on."""
    return (commands / "lou").resolve().with_name("python")


def hostile_path(folder: Path, ran: Path) -> Path:
    """A folder whose modules, when they are imported, write their names into `ran`."""
    shadow = (
        "import os, sys\n"
        f"out = os.open({str(ran)!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)\n"
        "os.write(out, __name__.encode() + b' ')\n"
    )
    for name in ("encodings", "app", "servers"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(shadow)
    for name in ("sitecustomize", "usercustomize", "argparse", "json"):
        (folder / f"{name}.py").write_text(shadow)
    return folder


def packages_of(commands: Path) -> set[str]:
    """The names of everything that is installed beside it."""
    program = (
        "from importlib.metadata import distributions\n"
        "print(*{d.name.lower().replace('_', '-').replace('.', '-') for d in distributions()})"
    )
    done = run(str(python_of(commands)), "-I", "-c", program)
    return set(done.split()) - {"pip", "setuptools", "wheel"}


def run(*argv: str, **more: str) -> str:
    """What the command printed.

    Raises:
        AssertionError: it failed; with what it said.
    """
    environment = {**os.environ, **_CACHES, "PYTHONDONTWRITEBYTECODE": "1", **more}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        argv, cwd="/", env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{argv}: {done.stderr[-2000:]}"
    return done.stdout


def _by_pip(wheel: Path, folder: Path, pip: str) -> Path:
    run(sys.executable, "-m", "venv", str(folder))
    python = str(folder / "bin" / "python")
    run(python, "-m", "pip", "install", "-q", "--upgrade", pip)
    run(python, "-m", "pip", "install", "-q", "--no-compile", str(wheel))
    return folder / "bin"
