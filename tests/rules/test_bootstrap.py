"""`make run` on a fresh Debian: its Python comes without what an environment is made with."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "packaging" / "bootstrap.sh"
TOOLS = ("bash", "dirname", "id", "comm", "sort", "sed", "printf", "tr")
STUBS = {
    "dpkg": "",
    "dpkg-query": "",
    "apt-get": "",
    "python3": 'case "$2" in *ensurepip*) exit 1 ;; esac',
}


@pytest.mark.parametrize("absent", [(), ("python3",)])
def test_what_an_environment_is_made_with_is_installed_too(
    tmp_path: Path, absent: tuple[str, ...]
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in TOOLS:
        (programs / tool).symlink_to(str(shutil.which(tool)))
    for name, does in STUBS.items():
        if name not in absent:
            (programs / name).write_text(f"#!{programs}/bash\n{does}\n")
            (programs / name).chmod(0o755)
    copied = tmp_path / "packaging" / "bootstrap.sh"
    copied.parent.mkdir()
    shutil.copy(SCRIPT, copied)
    done = subprocess.run(
        [programs / "bash", copied, "app"],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )
    asked = done.stdout if os.geteuid() == 0 else done.stderr
    assert "python3-venv" in asked
