"""How a client's file is written: what it keeps, what it backs up, and what undo brings back."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest

from app.clients.files.apply import ClientFile
from app.clients.files.backups import BACKUPS, BackupStore, FileRecord
from app.clients.manual_setup import ManualSetup
from app.clients.planning import plan
from app.clients.planning.entries import Bridge
from app.clients.planning.plan import DesiredEntries
from app.errors import ClientConfigError
from app.system.safe_write import Disk
from tests.clients.conftest import WISH, User, row, temporaries

CURSOR = row("cursor")
BEFORE = b'{\n  "mcpServers": {"x": {"command": "y"}}\n}\n'


@pytest.fixture
def path(user: User) -> Path:
    return user.write(".cursor/mcp.json", BEFORE)


def servers(path: Path) -> set[str]:
    return set(json.loads(path.read_bytes())["mcpServers"])


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755])
def test_the_mode_stays(user: User, path: Path, mode: int) -> None:
    path.chmod(mode)
    user.client_files().connect(CURSOR)
    assert path.stat().st_mode & 0o7777 == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(user: User, path: Path) -> None:
    os.chown(path, 1234, 2345)
    user.client_files().connect(CURSOR)
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_extended_attributes_stay(user: User, path: Path) -> None:
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError:
        pytest.skip("this file system has none")
    user.client_files().connect(CURSOR)
    assert os.getxattr(path, "user.note") == b"mine"


def test_a_link_stays_a_link_and_the_file_behind_it_changes(user: User, path: Path) -> None:
    real = user.home / "dotfiles/cursor.json"
    real.parent.mkdir()
    path.rename(real)
    path.symlink_to("../dotfiles/cursor.json")
    user.client_files().connect(CURSOR)
    assert path.is_symlink()
    assert "lou-search" in servers(real)
    assert temporaries(user.home) == []


def test_a_linked_folder_stays_a_link(user: User, path: Path) -> None:
    path.parent.rename(user.home / "real")
    (user.home / ".cursor").symlink_to("real")
    user.client_files().connect(CURSOR)
    assert (user.home / ".cursor").is_symlink()
    assert "lou-search" in servers(user.home / "real/mcp.json")


def test_a_second_connect_writes_nothing(user: User, path: Path) -> None:
    client_files = user.client_files()
    client_files.connect(CURSOR)
    state = path.stat()
    client_files.connect(CURSOR)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (state.st_mtime_ns, state.st_ino)


def test_disconnect_takes_only_what_lou_wrote(user: User, path: Path) -> None:
    client_files = user.client_files()
    client_files.connect(CURSOR)
    found = json.loads(path.read_bytes())
    found["mcpServers"]["later"] = {"command": "z"}
    found["mcpServers"]["lou-mine"] = {"command": "not Lou's"}
    path.write_text(json.dumps(found, indent=4))
    client_files.disconnect(CURSOR)
    assert servers(path) == {"x", "later", "lou-mine"}


def test_an_entry_that_somebody_changed_is_not_lous_any_more(user: User, path: Path) -> None:
    client_files = user.client_files()
    client_files.connect(CURSOR)
    text = path.read_text().replace("/opt/lou/bin/lou-connect", "/tmp/evil", 1)
    path.write_text(text)
    with pytest.raises(ClientConfigError, match="did not write"):
        client_files.connect(CURSOR)
    client_files.disconnect(CURSOR)
    assert servers(path) == {"x", "lou-search"}
    client_files.connect(CURSOR, replace_foreign=True)
    assert "evil" not in path.read_text()


def test_undo_brings_back_the_exact_bytes_again_and_again(user: User, path: Path) -> None:
    client_files = user.client_files()
    client_files.connect(CURSOR)
    connected = path.read_bytes()
    client_files.undo(CURSOR)
    assert path.read_bytes() == BEFORE
    client_files.undo(CURSOR)
    assert path.read_bytes() == connected
    client_files.disconnect(CURSOR)
    assert path.read_bytes() == BEFORE
    client_files.undo(CURSOR)
    client_files.disconnect(CURSOR)
    assert path.read_bytes() == BEFORE


def test_undo_of_a_file_that_lou_made_removes_it(user: User) -> None:
    (user.home / ".cursor").mkdir()
    client_files = user.client_files()
    client_files.connect(CURSOR)
    client_files.undo(CURSOR)
    assert not (user.home / ".cursor/mcp.json").exists()


def test_undo_after_a_foreign_change_asks_first_and_keeps_a_copy(user: User, path: Path) -> None:
    client_files = user.client_files()
    client_files.connect(CURSOR)
    changed = path.read_bytes().replace(b'"y"', b'"precious"')
    path.write_bytes(changed)
    with pytest.raises(ClientConfigError, match="changed after"):
        client_files.undo(CURSOR)
    assert path.read_bytes() == changed
    client_files.undo(CURSOR, force=True)
    assert path.read_bytes() == BEFORE
    store = BackupStore(Disk(), user.lou, "cursor", path)
    assert store.backup(store.backups()[-1]) == changed


def test_undo_without_a_change_says_so(user: User, path: Path) -> None:
    with pytest.raises(ClientConfigError, match="nothing to undo"):
        user.client_files().undo(CURSOR)


def test_the_last_ten_and_the_first_original_are_kept_and_private(user: User, path: Path) -> None:
    for number in range(15):
        desired = DesiredEntries((f"s{number}",), Bridge("/opt/lou/bin/lou-connect"))
        user.client_files(desired).connect(CURSOR)
    store = BackupStore(Disk(), user.lou, "cursor", path)
    assert len(store.backups()) == BACKUPS
    assert store.backup("original") == BEFORE
    assert "s13" in (store.backup(store.backups()[-1]) or b"").decode()
    for file in user.lou.rglob("*"):
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_write_protected_file_is_left_alone(user: User, path: Path, monkeypatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    with pytest.raises(ClientConfigError, match="write-protected"):
        user.client_files().connect(CURSOR)
    assert path.read_bytes() == BEFORE


def test_another_lou_that_holds_the_lock_is_waited_for_and_then_named(
    user: User, path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("app.clients.files.file_lock._WAIT_S", 0.05)
    handle = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with pytest.raises(ClientConfigError, match="kept changing"):
            user.client_files().connect(CURSOR)
    finally:
        os.close(handle)
    assert path.read_bytes() == BEFORE


def test_a_foreign_write_in_the_last_moment_is_kept_and_the_plan_redone(
    user: User, path: Path
) -> None:
    class Late(Disk):
        """A foreign program writes just before the names are exchanged."""

        done = False

        def exchange(self, one: Path, other: Path) -> bool:
            if not self.done:
                type(self).done = True
                beside = path.with_name("foreign")
                beside.write_bytes(BEFORE.replace(b'"y"', b'"foreign"'))
                beside.replace(path)
            return super().exchange(one, other)

    user.client_files(disk=Late()).connect(CURSOR)
    assert servers(path) == {"x", "lou-search", "lou-my_server"}
    assert json.loads(path.read_bytes())["mcpServers"]["x"] == {"command": "foreign"}


@pytest.mark.parametrize("verb", ["connect", "disconnect"])
def test_a_file_deleted_in_the_last_moment_is_planned_for_anew(
    user: User, path: Path, verb: str
) -> None:
    class Late(Disk):
        """A foreign program deletes the file just before Lou's own last step."""

        done = False

        def _delete_once(self) -> None:
            if not self.done:
                type(self).done = True
                path.unlink()

        def exchange(self, one: Path, other: Path) -> bool:
            self._delete_once()
            return super().exchange(one, other)

        def replace(self, source: Path, target: Path) -> None:
            if source == path:
                self._delete_once()
            super().replace(source, target)

    if verb == "disconnect":
        path.unlink()
        user.client_files().connect(CURSOR)
    getattr(user.client_files(disk=Late()), verb)(CURSOR)
    assert Late.done
    assert path.exists() == (verb == "connect")
    assert not path.exists() or servers(path) == {"lou-search", "lou-my_server"}
    assert temporaries(user.home) == []


@pytest.mark.parametrize("verb", ["connect", "disconnect"])
def test_a_folder_put_there_in_the_last_moment_stays(user: User, path: Path, verb: str) -> None:
    class Late(Disk):
        """A foreign program puts a folder where the file was."""

        done = False

        def exchange(self, one: Path, other: Path) -> bool:
            self._replace_by_folder()
            return super().exchange(one, other)

        def replace(self, source: Path, target: Path) -> None:
            if source == path:
                self._replace_by_folder()
            super().replace(source, target)

        def _replace_by_folder(self) -> None:
            if not self.done:
                type(self).done = True
                path.unlink()
                path.mkdir()
                (path / "precious").touch()

    if verb == "disconnect":
        path.unlink()
        user.client_files().connect(CURSOR)
    with pytest.raises(ClientConfigError, match="is a folder"):
        getattr(user.client_files(disk=Late()), verb)(CURSOR)
    assert (path / "precious").exists()
    assert temporaries(user.home) == []


def test_a_pipe_put_there_meanwhile_is_not_waited_at(user: User, path: Path) -> None:
    class Late(Disk):
        """A foreign program puts a pipe where the file was, when that is read already."""

        def create(self, path_: Path) -> int:
            if path.is_file():
                path.unlink()
                os.mkfifo(path)
            return super().create(path_)

    with pytest.raises(ClientConfigError, match="no ordinary file"):
        user.client_files(disk=Late()).connect(CURSOR)
    assert path.is_fifo()
    assert temporaries(user.home) == []


def test_only_what_lou_itself_names_so_is_swept(user: User, path: Path) -> None:
    kept = [path.with_name(name) for name in (".lou-1-notes", ".lou-99999999-abcdef0", ".lou-")]
    for each in kept:
        each.write_bytes(b"mine")
    folder = path.with_name(".lou-99999999-0123abcd")
    folder.mkdir()
    user.client_files().connect(CURSOR)
    assert [each.read_bytes() for each in kept] == [b"mine"] * 3
    assert folder.is_dir()


def test_where_lou_may_not_write_its_own_folder_is_named(user: User, path: Path) -> None:
    user.lou.write_bytes(b"no folder")
    with pytest.raises(ClientConfigError) as refused:
        user.client_files().connect(CURSOR)
    assert f"write to {user.lou};" in refused.value.hint
    assert path.read_bytes() == BEFORE


@pytest.mark.parametrize(
    "bridge", [Bridge("/opt/\udcff/lou-connect"), Bridge("/b", "/home/\udcff")]
)
def test_a_path_that_is_no_text_is_refused_with_words(
    user: User, path: Path, bridge: Bridge
) -> None:
    desired = DesiredEntries(("search",), bridge)
    with pytest.raises(ClientConfigError, match="no characters"):
        user.client_files(desired).connect(CURSOR)
    assert path.read_bytes() == BEFORE
    with pytest.raises(ClientConfigError, match="no characters"):
        ManualSetup((CURSOR,), lambda: desired, "linux").links("cursor")


def test_a_file_that_never_rests_is_given_up_with_words(user: User, path: Path) -> None:
    class Restless(Disk):
        count = 0

        def exchange(self, one: Path, other: Path) -> bool:
            type(self).count += 1
            path.write_bytes(BEFORE + b" " * self.count)
            return super().exchange(one, other)

    with pytest.raises(ClientConfigError, match="kept changing"):
        user.client_files(disk=Restless()).connect(CURSOR)
    assert json.loads(path.read_bytes()) == json.loads(BEFORE)
    assert temporaries(user.home) == []


def test_where_names_cannot_be_exchanged_the_file_is_replaced(user: User, path: Path) -> None:
    class Plain(Disk):
        def exchange(self, one: Path, other: Path) -> bool:
            return False

    user.client_files(disk=Plain()).connect(CURSOR)
    assert servers(path) == {"x", "lou-search", "lou-my_server"}


def test_a_record_that_was_not_finished_is_completed_from_the_file(user: User, path: Path) -> None:
    store = BackupStore(Disk(), user.lou, "cursor", path)
    change = plan.connect(CURSOR, BEFORE, WISH, FileRecord())
    store.intend(FileRecord(), change.record, change.after)
    assert store.record(BEFORE) == FileRecord(
        launches=change.record.launches, edits=change.record.edits
    )
    assert store.record(change.after) == change.record


def test_a_broken_record_is_as_none(user: User, path: Path) -> None:
    file = ClientFile(Disk(), BackupStore(Disk(), user.lou, "cursor", path), path)
    file.store.folder.mkdir(parents=True)
    for content in (b"", b"[]", b"{", b'{"now": 5}', b'{"now": {"edits": [{"bad": 1}]}}'):
        (file.store.folder / "record.json").write_bytes(content)
        assert file.store.record(BEFORE) == FileRecord()
    user.client_files().connect(CURSOR)
    assert "lou-search" in servers(path)
