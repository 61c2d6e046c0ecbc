"""The script of the archive, around small programs in the place of Lou's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.rules.regexes import ROOT

PLACE = ".local/lib/lou"


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    folder = tmp_path / "it's unpacked"
    programs = folder / "lou" / "bin"
    programs.mkdir(parents=True)
    (folder / "lou" / "share").mkdir()
    for name in ("python", "lou", "lou-server", "lou-connect"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    shutil.copy(ROOT / "packaging/linux/install.sh", folder)
    return folder


def installed(unpacked: Path, home: Path) -> int:
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LOU_INSTALL_AS_ROOT": "1"}
    script = ["sh", str(unpacked / "install.sh")]
    return subprocess.run(
        script, check=False, env=environment, stdout=subprocess.DEVNULL
    ).returncode


def test_an_installation_that_was_killed_half_way_is_made_good(
    unpacked: Path, tmp_path: Path
) -> None:
    home = tmp_path / "a home"
    assert installed(unpacked, home) == 0
    library = (home / PLACE).parent
    (home / PLACE).rename(library / ".lou-old")
    (library / ".lou-new-abcdef").mkdir()
    assert installed(unpacked, home) == 0
    assert [path.name for path in library.iterdir()] == ["lou"]
    assert (home / ".local/bin/lou").resolve() == home / PLACE / "bin/lou"
