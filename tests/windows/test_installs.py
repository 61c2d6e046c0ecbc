"""Lou's Windows wheel, installed by pip, pipx and uv, each in folders with odd names.

The packages that Lou needs are those of the set-up, so that nothing large is fetched and copied:
the wheel says that it needs none, and a `.pth` file names their folder.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.windows import machine
from tests.windows.machine import Machine

SECONDS = 600.0
BASE = "C:\\Python311\\python.exe"
TOOLS = "C:\\lou\\tools"
UV = f"{TOOLS}\\bin\\uv.exe"
QUIET = ("--offline", "--no-config", "--python", BASE)


@pytest.fixture
def wheel(windows: Machine) -> str:
    """The name of the wheel in Windows; made once."""
    folder = windows.drive / "lou"
    if not list(folder.glob("*.whl")):
        build = "from hatchling import build; build.build_wheel('C:/lou/dist')"
        run(windows, machine.PYTHON, "-c", build)
        (built,) = (folder / "dist").glob("*.whl")
        _without_needs(built, folder / built.name)
    (found,) = folder.glob("*.whl")
    return f"C:\\lou\\{found.name}"


def _without_needs(wheel: Path, target: Path) -> None:
    """Copy the wheel without the names of the packages that it needs."""
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("/METADATA"):
                content = re.sub(rb"(?m)^Requires-Dist:.*\n", b"", content)
            elif name.endswith("/RECORD"):
                content = re.sub(rb"(?m)^(.*/METADATA),.*", rb"\1,,", content)
            new.writestr(name, content)


def run(windows: Machine, *argv: str, **more: str) -> None:
    done = windows.run(*argv, timeout=SECONDS, more=more)
    assert done.returncode == 0, done.stdout


def with_pip(windows: Machine, wheel: str) -> str:
    home = "C:\\lou\\Zoë's pip"
    run(windows, UV, "venv", "--clear", *QUIET, home)
    words = ("--python", f"{home}\\Scripts\\python.exe", "install", "--no-index")
    run(windows, machine.PYTHON, "-m", "pip", *words, wheel)
    return home


def with_pipx(windows: Machine, wheel: str) -> str:
    home = "C:\\lou\\Zoë's pipx"
    places = {"PIPX_HOME": home, "PIPX_BIN_DIR": f"{home}\\bin", "PYTHONPATH": TOOLS}
    places["WINEPATH"] = "C:\\Python311"  # it looks for a Python that has the module venv
    words = (
        "install",
        "--force",
        "--backend",
        "uv",
        "--python",
        BASE,
        "--pip-args=--offline",
        wheel,
    )
    run(windows, machine.PLAIN, "-m", "pipx", *words, **places)
    return f"{home}\\venvs\\lou"


def with_uv(windows: Machine, wheel: str) -> str:
    home = "C:\\lou\\Zoë's uv"
    places = {"UV_TOOL_DIR": home, "UV_TOOL_BIN_DIR": f"{home}\\bin"}
    run(windows, UV, "tool", "install", "--force", *QUIET, wheel, **places)
    return f"{home}\\lou"


INSTALLERS: Mapping[str, Callable[[Machine, str], str]] = {
    "pip": with_pip,
    "pipx": with_pipx,
    "uv": with_uv,
}


@pytest.mark.parametrize("installer", INSTALLERS)
@pytest.mark.timeout(2000)
def test_an_installed_wheel_connects_a_client(windows: Machine, wheel: str, installer: str) -> None:
    home = INSTALLERS[installer](windows, wheel)
    site = f"{home}\\Lib\\site-packages"
    folder = Path(windows.drive, *site.split("\\")[1:])
    (folder / "packages.pth").write_text("C:\\lou\\venv\\Lib\\site-packages\n")
    done = windows.python(
        *("-m", "tests.windows.run_inside", "tests/windows/inside/installed.py"),
        timeout=SECONDS,
        more={"LAUNCHER": f"{home}\\Scripts\\lou.exe", "SITE": site},
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-6000:]
