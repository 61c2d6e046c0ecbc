"""A Windows of its own for one run of the tests: Wine, the Windows CPython, Lou's Windows packages.

`set_up.sh` makes the files once for each lock and set-up; a run gets hard links to them, and a
registry of its own, so that runs beside each other do not meet. `Machine.python` runs the real
Windows interpreter.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PARTS = ("app", "servers", "resources", "tests", "packaging", "docs", "pyproject.toml", "README.md")
"""What a Windows gets of the checkout: a copy, so that no two programs write to one file."""
PYTHON = "C:\\lou\\venv\\Scripts\\python.exe"
"""The interpreter of a virtual environment: a redirector, which starts the base one."""
PLAIN = "C:\\lou\\plain\\python.exe"
"""One that no redirector starts, with the same packages."""
_PACKAGES = "C:\\lou\\venv\\Lib\\site-packages"
_PROGRAMS = ("wine", "wineserver", "x86_64-w64-mingw32-gcc", "unzip")
_SET_UP_S = 900.0
_LAST_WORDS_S, _LOOK_AGAIN_S = 20.0, 0.5


@dataclass(frozen=True)
class Machine:
    """One Windows; everything in it is gone with its folder."""

    folder: Path

    @property
    def drive(self) -> Path:
        """Drive C."""
        return self.folder / "prefix/drive_c"

    @property
    def checkout(self) -> Path:
        """The copy of this checkout, in which programs start."""
        return self.drive / "lou/checkout"

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """A small one: variables of Linux, `PYTHON...` above all, would reach the programs."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "USER": os.environ.get("USER", "root"),
            "LANG": "C.UTF-8",
            "DISPLAY": "",
            "WINEPREFIX": str(self.folder / "prefix"),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=;winemenubuilder.exe=d",
            **(more or {}),
        }

    def run(
        self, *argv: str, timeout: float, more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a Windows program to its end; its streams are pipes, since it cannot use a file."""
        command = ["wine", *argv]
        with subprocess.Popen(
            command,
            env=self.environment(more),
            cwd=self.checkout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            output, has_ended = _output(process, timeout)
            if not has_ended:
                output += b"\n(not finished within %d s, or not all of it)" % timeout
                self.end()
        if not has_ended:
            self.boot()
        text = output.decode(errors="replace").replace("\r\n", "\n")
        return subprocess.CompletedProcess(command, process.returncode, text)

    def python(
        self, *argv: str, timeout: float, more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the Windows Python with Lou's packages and this checkout."""
        return self.run(PYTHON, *argv, timeout=timeout, more=more)

    def boot(self) -> None:
        """Start Wine's own services; they would keep the pipes of the first program open.

        Its server stays until `end`. Otherwise it would go half a second after the last program,
        and reset the connection of one that starts in that moment.
        """
        for command in (["wineserver", "-p"], ["wine", "cmd", "/c", "ver"]):
            subprocess.run(
                command,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_SET_UP_S,
                check=True,
            )

    def end(self) -> None:
        """End every program of this Windows, also one that has lost Wine's server."""
        for how in ("-k", "-w"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(["wineserver", how], env=self.environment(), timeout=60, check=False)
        prefix = self.environment()["WINEPREFIX"]
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("WINEPREFIX") == prefix:
                    process.kill()


def _output(process: subprocess.Popen[bytes], timeout: float) -> tuple[bytes, bool]:
    """What a program writes within `timeout` seconds, and whether its pipe was closed by then.

    A program that it leaves behind can keep the pipe open, and has seconds to close it.
    """
    assert process.stdout is not None
    written, until = b"", time.monotonic() + timeout
    while time.monotonic() < until:
        if select.select([process.stdout], [], [], _LOOK_AGAIN_S)[0]:
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                return written, True
            written += chunk
        elif process.poll() is not None:
            until = min(until, time.monotonic() + _LAST_WORDS_S)
    return written, False


@contextlib.contextmanager
def machine() -> Iterator[Machine]:
    """A new Windows. A missing program is a failure, never a skip."""
    for program in _PROGRAMS:
        assert shutil.which(program), f"{program} is missing; run `make test-windows`"
    files = prepared()
    folder = Path(tempfile.mkdtemp(prefix="lou-windows-", dir=files.parent))
    windows = Machine(folder)
    try:
        _copy(files, windows)
        windows.boot()
        yield windows
    finally:
        windows.end()
        shutil.rmtree(folder, ignore_errors=True)


def prepared() -> Path:
    """The folder of the files that every run shares; made when the lock or the set-up changed."""
    digest = hashlib.sha256()
    sources = (ROOT / "packaging/requirements.lock", HERE / "set_up.sh", *HERE.glob("wine/*"))
    for source in sorted(sources):
        digest.update(source.read_bytes())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lou-tests"
    folder = base / f"windows-{digest.hexdigest()[:16]}"
    done = subprocess.run(
        [str(HERE / "set_up.sh"), str(folder)],
        capture_output=True,
        text=True,
        timeout=_SET_UP_S,
        check=False,
    )
    assert done.returncode == 0, f"Windows could not be set up:\n{done.stdout}\n{done.stderr}"
    os.utime(folder)
    return folder


def _copy(files: Path, windows: Machine) -> None:
    drive = windows.drive
    _link(files / "prefix", windows.folder / "prefix")
    for registry in (files / "prefix").glob("*.reg"):  # Wine writes into a file of several names
        own = windows.folder / "prefix" / registry.name
        own.unlink()
        shutil.copy(registry, own)
    _link(files / "Python311", drive / "Python311")
    venv = drive / "lou/venv"
    _link(files / "site-packages", venv / "Lib/site-packages")
    (venv / "Scripts").mkdir()
    for name in ("python.exe", "pythonw.exe"):
        shutil.copy(files / name, venv / "Scripts" / name)
    (venv / "pyvenv.cfg").write_text(
        "home = C:\\Python311\r\ninclude-system-site-packages = false\r\nversion = 3.11.9\r\n"
    )
    (venv / "Lib/site-packages/lou.pth").write_text("C:\\lou\\checkout\n")
    _link(files / "tools", drive / "lou/tools")
    _link(files / "Python311", drive / "lou/plain")
    folders = (_PACKAGES, f"{_PACKAGES}\\win32", f"{_PACKAGES}\\win32\\lib", "C:\\lou\\checkout")
    (drive / "lou/plain/lou.pth").write_text("\n".join(folders))
    (windows.folder / "home").mkdir()
    for name in PARTS:
        source, target = ROOT / name, windows.checkout / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-al", str(source), str(target)], check=True)


def as_windows(path: Path) -> str:
    """The name of a file of this machine in Windows."""
    return "Z:" + str(path.absolute()).replace("/", "\\")


if __name__ == "__main__":
    with machine() as here:
        sys.exit(subprocess.run(sys.argv[1:], env=here.environment(), check=False).returncode)
