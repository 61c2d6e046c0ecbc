"""`lou` and `lou-server` find their interpreter and run no code that a caller's variables name."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.install.installing import ROOT, hostile_path

COMMANDS = {"lou": "lou status", "lou-server": "usage: lou-server"}
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


def installed(folder: Path, kind: str) -> Path:
    """A folder of commands as pip leaves it, and Lou where its interpreter finds it."""
    packages = folder / "lib" / VERSION / "site-packages"
    if kind == "user":
        (folder / "bin").mkdir(parents=True)
        packages.mkdir(parents=True)
    else:
        venv.create(folder, symlinks=True, with_pip=False)
    places = site.getsitepackages()
    if kind == "wheel":
        for name in ("app", "servers"):
            shutil.copytree(ROOT / name, packages / name)
    else:
        places = [str(ROOT), *places]
    (packages / "_editable_impl_lou.pth").write_text("\n".join(places))
    (packages / "lou-0.1.0.dist-info").mkdir()
    for name in COMMANDS:
        shutil.copy(ROOT / "packaging" / name, folder / "bin" / name)
    return folder / "bin"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ["editable", "wheel", "user", "linked"])
def test_a_command_runs_isolated(tmp_path: Path, home: Path, command: str, kind: str) -> None:
    folder = home / ".local" if kind == "user" else tmp_path / "some venv"
    program = installed(folder, kind) / command
    if kind == "linked":
        (tmp_path / "first").symlink_to(f"some venv/bin/{command}")
        program = tmp_path / "second"
        program.symlink_to(tmp_path / "first")
    ran = tmp_path / "ran"
    done = subprocess.run(
        [program, "--help"],
        cwd=hostile_path(tmp_path / "planted", ran),
        env={
            "HOME": str(home),
            "PATH": f"{Path(sys._base_executable).parent}:{os.defpath}",
            "PYTHONPATH": str(tmp_path / "planted"),
            "PYTHONHOME": "/nowhere",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert COMMANDS[command] in done.stdout, done.stderr
    assert not ran.exists(), ran.read_text()


def test_a_command_that_finds_no_lou_says_so(tmp_path: Path) -> None:
    shutil.copy(ROOT / "packaging/lou", tmp_path / "lou")
    done = subprocess.run([tmp_path / "lou"], capture_output=True, text=True, check=False)
    assert done.returncode == 127
    assert "Install Lou again" in done.stderr
