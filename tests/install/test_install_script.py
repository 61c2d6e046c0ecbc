"""The scripts of the archive and the package, around small programs in the place of others."""

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


def installed(
    unpacked: Path,
    home: Path | str | None,
    *,
    umask: int = 0o022,
    started_in: Path | None = None,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "LOU_INSTALL_AS_ROOT": "1", **variables}
    if home is not None:
        environment["HOME"] = str(home)
    script = unpacked / "install.sh"
    return subprocess.run(
        ["sh", str(script.relative_to(started_in) if started_in else script)],
        check=False,
        env=environment,
        cwd=started_in,
        umask=umask,
        capture_output=True,
        text=True,
    )


def test_an_installation_that_was_killed_half_way_is_made_good(
    unpacked: Path, tmp_path: Path
) -> None:
    home = tmp_path / "a home"
    home.mkdir()
    assert installed(unpacked, home).returncode == 0
    library = (home / PLACE).parent
    (home / PLACE).rename(library / ".lou-old")
    (library / ".lou-new-abcdef").mkdir()
    assert installed(unpacked, home).returncode == 0
    assert [path.name for path in library.iterdir()] == ["lou"]
    assert (home / ".local/bin/lou").resolve() == home / PLACE / "bin/lou"


def test_a_folder_or_program_of_others_is_left_alone(unpacked: Path, tmp_path: Path) -> None:
    for at in (f"{PLACE}/thesis.tex", ".local/bin/lou"):
        home = tmp_path / at.replace("/", "-")
        own = home / at
        own.parent.mkdir(parents=True)
        own.write_text("mine")
        refused = installed(unpacked, home)
        assert refused.returncode == 1
        assert "move it away" in refused.stderr
        assert own.read_text() == "mine"


def test_nobody_else_may_write_what_an_open_umask_made(unpacked: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    assert installed(unpacked, home, umask=0).returncode == 0
    made = [path for path in home.rglob("*") if not path.is_symlink()]
    assert [path for path in made if path.stat().st_mode & 0o022] == []


@pytest.mark.parametrize("home", [None, "", "{}/missing"])
def test_a_home_that_is_none_is_told(unpacked: Path, home: str | None) -> None:
    refused = installed(unpacked, home and home.format(unpacked))
    assert refused.returncode == 1
    assert "HOME" in refused.stderr
    assert "set it" in refused.stderr


def test_a_search_path_of_folders_leads_nowhere_else(unpacked: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = installed(unpacked, home, started_in=unpacked.parent, CDPATH=".:/tmp")
    assert done.returncode == 0, done.stderr


def test_a_folder_in_which_nothing_may_run_is_told(unpacked: Path, tmp_path: Path) -> None:
    (unpacked / "lou/bin/python").chmod(0o644)
    refused = installed(unpacked, tmp_path)
    assert refused.returncode == 1
    assert "noexec" in refused.stderr


def test_what_the_desktop_refuses_does_not_stop_the_installation(
    unpacked: Path, tmp_path: Path
) -> None:
    (unpacked / "lou/bin/lou").write_text('#!/bin/sh\n[ "$1" != desktop ]\n')
    (unpacked / "lou/share/man").mkdir()
    (unpacked / "lou/share/man/lou.1").touch()
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local/share").write_text("no folder")
    done = installed(unpacked, tmp_path)
    assert done.returncode == 0
    assert "desktop install" in done.stderr


def test_lou_ends_for_each_user_whatever_the_list_of_users_holds(tmp_path: Path) -> None:
    home = tmp_path / "home of ann"
    (home / ".config/lou").mkdir(parents=True)
    users = ("ann:x:1000:1::{}:/bin/sh", "+::::::", "", "b:x:one:1::{}:", "c:x:65534:1::{}:", "d:x")
    lines = "".join(f"echo '{line.format(home)}'\n" for line in users)
    for name, does in (("getent", lines), ("runuser", 'echo "$2"\n')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["sh", "-e", str(ROOT / "packaging/linux/lou-each-user"), "quit"],
        check=False,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ann\n", "")
