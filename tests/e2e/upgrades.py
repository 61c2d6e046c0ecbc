"""A Lou that was installed from a wheel, and other wheels that are installed while it runs."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

from tests.app.running import Lou

ROOT = Path(__file__).parents[2]
_PARTS = {"app": "app", "servers": "servers", "resources": "app/resources"}
_NOT_OURS = ("lou", "_lou", "__editable__", "_editable")


def make_wheel(folder: Path, version: str) -> Path:
    """A wheel of this tree: its files, a METADATA, a WHEEL, entry points and the RECORD."""
    files: dict[str, bytes] = {}
    for part, place in _PARTS.items():
        for path in (ROOT / part).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                files[f"{place}/{path.relative_to(ROOT / part)}"] = path.read_bytes()
    info = f"lou-{version}.dist-info"
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: lou\nVersion: {version}\n".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = b"[console_scripts]\nlou = app.__main__:main\n"
    rows = [f"{name},sha256={_hashed(content)},{len(content)}" for name, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    wheel = folder / f"lou-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return wheel


def make_environment(folder: Path) -> Path:
    """A virtual environment with what Lou needs, but not with Lou; returns its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    needs = folder / "needs"
    needs.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith(_NOT_OURS) and path.suffix != ".pth":
            (needs / path.name).symlink_to(path)
    (site,) = folder.glob("lib/python3*/site-packages")
    (site / "needs.pth").write_text(f"{needs}\n")
    return folder / "bin" / "python"


def install(python: Path, wheel: Path) -> subprocess.Popen[bytes]:
    """Begin to replace the Lou in the environment of `python`."""
    return subprocess.Popen(
        [sys.executable, "-m", "pip", "-q", "--python", python, "install", "--no-deps",
         "--no-index", "--force-reinstall", "--disable-pip-version-check", wheel],
        env={**os.environ, "PIP_CACHE_DIR": str(wheel.parent / "cache")},
    )  # fmt: skip


def start(lou: Lou, python: Path) -> None:
    """Run the installed Lou."""
    with (lou.home / "serve.txt").open("ab") as said:
        lou.process = subprocess.Popen(
            [python, "-I", "-m", "app", "serve"],
            env=lou.environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=lou.home,
        )


def kill(lou: Lou, server: str) -> int:
    """Kill a server; returns the process that it was."""
    pid = int(lou.wait_for(server, "ready")["pid"])
    os.kill(pid, signal.SIGKILL)
    return pid


def is_back(lou: Lou, server: str, before: int) -> bool:
    """Whether another process is ready."""
    found = next(each for each in lou.json("status")["servers"] if each["name"] == server)
    return found["state"] == "ready" and found["pid"] != before


def _hashed(content: bytes) -> str:
    digest = hashlib.sha256(content).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
