"""`make run` on a fresh Debian: its Python comes without what an environment is made with."""

from __future__ import annotations

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


def run(folder: Path, absent: tuple[str, ...] = (), **variables: str) -> str:
    """What the script prints in `folder`, where small programs stand for those it calls."""
    programs = folder / "bin"
    programs.mkdir()
    for tool in TOOLS:
        (programs / tool).symlink_to(str(shutil.which(tool)))
    for name, does in STUBS.items():
        if name not in absent:
            (programs / name).write_text(f"#!{programs}/bash\n{does}\n")
            (programs / name).chmod(0o755)
    copied = folder / "packaging" / "bootstrap.sh"
    copied.parent.mkdir()
    shutil.copy(SCRIPT, copied)
    done = subprocess.run(
        [programs / "bash", copied.relative_to(folder), "app"],
        env={"PATH": str(programs), **variables},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize("absent", [(), ("python3",)])
def test_what_an_environment_is_made_with_is_installed_too(
    tmp_path: Path, absent: tuple[str, ...]
) -> None:
    assert "python3-venv" in run(tmp_path, absent)


def test_a_search_path_of_folders_leads_to_no_other_checkout(tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "packaging").mkdir(parents=True)
    here = tmp_path / "here"
    here.mkdir()
    assert str(other) not in run(here, CDPATH=str(other))
