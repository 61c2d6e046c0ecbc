"""Whose files are used: what another user made, or could have changed, is refused in words."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from servers.contract import ownership
from servers.contract.ownership import ForeignError
from tests import strangers

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has access lists instead")


def make(path: Path, text: str = "x", mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_of_this_user_is_read(home: Path) -> None:
    assert ownership.read(str(make(home / "a" / "file"))) == b"x"


def test_the_users_own_links_are_followed(home: Path) -> None:
    make(home / "dotfiles" / "lou" / "config.json", "{}")
    (home / "lou").symlink_to("dotfiles/lou")
    assert ownership.read(str(home / "lou" / "config.json")) == b"{}"
    (home / "stow").mkdir()
    link = home / "stow" / "config.json"
    link.symlink_to("../dotfiles/lou/config.json")
    assert ownership.read(str(link), follows_last=True) == b"{}"
    with pytest.raises(ForeignError, match="is a link"):
        ownership.read(str(link))
    assert ownership.make_private(str(home / "lou")) == str((home / "dotfiles" / "lou").resolve())
    absolute = home / "absolute"
    absolute.symlink_to(home / "stow" / ".." / "dotfiles")
    assert ownership.read(str(absolute / "lou" / "config.json")) == b"{}"


def test_links_in_a_circle_are_no_endless_way(home: Path) -> None:
    (home / "a").symlink_to("b")
    (home / "b").symlink_to("a")
    with pytest.raises(OSError):  # noqa: PT011 - which one is the system's choice
        ownership.read(str(home / "a" / "file"))


def test_what_others_may_write_to_is_not_trusted(home: Path) -> None:
    open_file = make(home / "a" / "file", mode=0o666)
    with pytest.raises(ForeignError, match="chmod go-w"):
        ownership.read(str(open_file))
    assert ownership.read(str(open_file), may_be_writable=True) == b"x"
    assert mode_of(open_file) == 0o600
    (home / "a").chmod(0o777)
    with pytest.raises(ForeignError, match="Other users may write"):
        ownership.read(str(open_file))
    (home / "a").chmod(0o1777)
    assert ownership.read(str(open_file)) == b"x"


def test_a_file_that_others_may_read_is_closed(home: Path) -> None:
    file = make(home / "file", mode=0o644)
    assert ownership.read(str(file)) == b"x"
    assert mode_of(file) == 0o600


def test_only_a_file_is_written_to(home: Path) -> None:
    precious = make(home / "precious")
    for name, plant in (("link", "symlink_to"), ("hard", "hardlink_to")):
        getattr(home / name, plant)(precious)
        with pytest.raises(ForeignError):
            ownership.open_to_write(str(home / name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.mkfifo(home / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(OSError):  # noqa: PT011
            ownership.open_to_write(str(home / name), os.O_RDWR | os.O_CREAT)
        with pytest.raises(OSError):  # noqa: PT011
            ownership.read(str(home / name))
    assert precious.read_text() == "x"


def test_new_folders_are_private_under_any_umask(home: Path) -> None:
    before = os.umask(0)
    try:
        ownership.make_private(str(home / "a" / "b" / "c"))
    finally:
        os.umask(before)
    assert {mode_of(home / "a"), mode_of(home / "a/b"), mode_of(home / "a/b/c")} == {0o700}


def test_a_folder_for_everybody_is_not_taken_over(home: Path) -> None:
    (home / "tmp").mkdir()
    (home / "tmp").chmod(0o1777)
    with pytest.raises(ForeignError, match="open to all users"):
        ownership.make_private(str(home / "tmp"))
    assert mode_of(home / "tmp") == 0o1777


def test_a_database_is_this_users_alone(home: Path) -> None:
    file = home / "a.db"
    ownership.require_database(str(file))
    assert mode_of(file) == 0o600
    make(home / "a.db-wal", mode=0o644)
    ownership.require_database(str(file))
    assert mode_of(home / "a.db-wal") == 0o600
    (home / "a.db-wal").unlink()
    (home / "a.db-wal").symlink_to(make(home / "precious"))
    with pytest.raises(ForeignError):
        ownership.require_database(str(file))


@pytest.fixture
def shared(home: Path) -> Path:
    """A folder of this user where all may write, as under umask 000."""
    home.chmod(0o755)
    (home / "open").mkdir()
    (home / "open").chmod(0o777)
    return home / "open"


@strangers.needs_another_user
@pytest.mark.parametrize("kind", ["file", "link", "folder", "link to a folder"])
def test_what_another_user_made_is_refused(shared: Path, kind: str) -> None:
    mine = make(shared.parent / "mine" / "file", "mine")
    plant = {
        "file": "open(p, 'w').write('theirs')",
        "link": f"os.symlink({str(mine)!r}, p)",
        "folder": "os.mkdir(p); open(p + '/file', 'w').write('theirs')",
        "link to a folder": f"os.symlink({str(mine.parent)!r}, p)",
    }[kind]
    strangers.does(f"p = sys.argv[1]\n{plant}", str(shared / "x"))
    shared.chmod(0o700)
    asked = str(shared / "x" / "file" if "folder" in kind else shared / "x")
    for attempt in (
        lambda: ownership.read(asked, follows_last=True, may_be_writable=True),
        lambda: ownership.open_to_write(asked, os.O_WRONLY | os.O_CREAT),
        lambda: ownership.make_private(str(shared / "x")),
        lambda: ownership.require_database(asked),
    ):
        with pytest.raises(ForeignError, match="does not belong"):
            attempt()
    assert ownership.trouble_with(asked)
    assert mine.read_text() == "mine"


@strangers.needs_another_user
def test_a_sticky_folder_keeps_what_is_mine(shared: Path) -> None:
    shared.chmod(0o1777)
    mine = make(shared / "mine")
    assert ownership.read(str(mine)) == b"x"
    strangers.does("open(sys.argv[1], 'w').close()", str(shared / "theirs"))
    with pytest.raises(ForeignError):
        ownership.read(str(shared / "theirs"))
