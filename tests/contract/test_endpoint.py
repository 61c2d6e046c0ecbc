"""Where everybody listens: the same place for every process of a home, whatever its environment."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servers.contract import endpoint
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parent.parent.parent
LONGEST_NAME = "n" * 32
ASK = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    "from servers.contract import endpoint as e\n"
    "print(e.server_socket('search'), e.control_socket())\n"
    "print(e.answers_file('search'), e.launch_file())"
)


def places(environment: dict[str, str]) -> str:
    argv = [sys.executable, "-I", "-S", "-c", ASK]
    return subprocess.run(
        argv, env=environment, capture_output=True, text=True, check=True, timeout=PATIENCE_S
    ).stdout


def test_a_client_with_a_bare_environment_finds_the_app(home: Path) -> None:
    bare = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    rich = {
        **bare,
        "XDG_RUNTIME_DIR": str(home / "runtime"),
        "XDG_STATE_HOME": str(home / "elsewhere"),
        "TMPDIR": str(home / "tmp"),
        "DISPLAY": ":0",
    }
    assert places(bare) == places(rich)
    assert str(home) in places(bare)


def test_everything_hangs_off_lou_home(home: Path) -> None:
    found = places({"HOME": str(home), "LOU_HOME": str(home / "lou")}).split()
    assert all(place.startswith(str(home / "lou")) for place in found)


def test_two_homes_of_one_user_never_share_a_folder(home: Path) -> None:
    asked = [{"HOME": str(home / name), "PATH": "/bin"} for name in ("a", "b")]
    assert not set(places(asked[0]).split()) & set(places(asked[1]).split())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1, max_size=120))
def test_a_socket_path_is_short_enough_for_every_system(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("LOU_HOME", f"/home/{name}")
    socket_path = os.fsencode(endpoint.server_socket(LONGEST_NAME))
    assert len(socket_path) <= 100
    assert Path(endpoint.answers_file("search")).is_relative_to(f"/home/{name}")


def test_long_homes_have_short_folders_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found = set()
    for number in range(50):
        monkeypatch.setenv("LOU_HOME", f"/home/{'x' * 100}/{number}")
        found.add(endpoint.run_folder())
    assert len(found) == 50


def test_a_private_folder_is_private_even_if_it_was_not(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    endpoint.make_private(str(folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="remove it and try again"):
        endpoint.make_private(str(tmp_path / "run"))


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    if os.getuid() == 0:
        os.chown(folder, 12345, -1)
    else:
        folder = Path("/usr")
    with pytest.raises(PermissionError, match="does not belong to this user"):
        endpoint.make_private(str(folder))
