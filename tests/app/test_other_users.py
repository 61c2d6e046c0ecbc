"""Another user of the machine: what they plant or listen at gets nothing, and Lou says so.

Root plays the victim here, and a spare uid the other user.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from servers.bridge.connect import dial
from servers.contract import endpoint
from tests import strangers
from tests.app.running import LOU, Lou, lou
from tests.bridge.parts import BRIDGE

pytestmark = strangers.needs_another_user

SECRET = "sk-planted-0123456789-never-to-be-seen"
LISTENER = """
path, said = sys.argv[1:3]
os.makedirs(os.path.dirname(path), exist_ok=True)
listening = socket.socket(socket.AF_UNIX); listening.bind(path); os.chmod(path, 0o777)
listening.listen(8); listening.settimeout(30)
open(said + '.ready', 'w').close()
while True:
    link, _ = listening.accept(); link.settimeout(2)
    try:
        while True:
            data = link.recv(65536)
            if not data: break
            with open(said, 'ab') as heard: heard.write(data)
            asked = json.loads(data.splitlines()[0])
            answer = {'type': 'response', 'id': asked['id'], 'result': {'keys': [], 'known': True}}
            link.sendall(json.dumps(answer).encode() + b'\\n')
    except Exception: pass
"""


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A folder of the other user's own."""
    folder = Path(tempfile.mkdtemp(prefix="theirs-", dir="/tmp"))
    os.chown(folder, strangers.UID, strangers.UID)
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def listening(address: str, theirs: Path) -> Iterator[Path]:
    """The other user listens at `address`; the file tells what they were told."""
    heard = theirs / "heard"
    process = strangers.start(LISTENER, address, str(heard), stderr=subprocess.PIPE)
    try:
        deadline = threading.Event()
        while not heard.with_suffix(".ready").exists():
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            deadline.wait(0.01)
        yield heard
    finally:
        process.kill()
        process.communicate()


def said_to(heard: Path) -> bytes:
    return heard.read_bytes() if heard.exists() else b""


@pytest.mark.parametrize("where", ["their folder", "my open folder"])
def test_a_key_is_not_handed_to_a_socket_of_another_user(theirs: Path, where: str) -> None:
    with lou() as mine:
        base = mine.home / ("n" * 90)
        mine.environment["LOU_HOME"] = str(base)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LOU_HOME", str(base))
            address = endpoint.control_socket()
            server = endpoint.server_socket("search")
        folder = Path(address).parent
        assert str(folder).startswith(("/tmp/lou-0-", "/run/user/"))
        if where == "my open folder":
            folder.mkdir(mode=0o700, parents=True)
            folder.chmod(0o777)
        try:
            with listening(address, theirs) as heard:
                done = mine.run("keys", "set", "BRAVE_API_KEY", stdin=SECRET)
                other = mine.run("serve", timeout=60)
                with pytest.MonkeyPatch.context() as patch:
                    patch.setenv("LOU_HOME", str(base))
                    with contextlib.suppress(PermissionError):
                        assert dial(server) is None
            assert done.returncode == 1, done.stdout
            assert "nothing was sent" in done.stderr
            assert "is set" not in done.stdout
            assert other.returncode == 1
            assert said_to(heard) == b""
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def test_a_socket_of_another_user_in_a_folder_of_mine_is_not_asked(theirs: Path) -> None:
    """It came there while the folder was open; now it looks private."""
    with lou() as mine, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOU_HOME", mine.environment["LOU_HOME"])
        address = endpoint.control_socket()
        folder = Path(address).parent
        folder.mkdir(mode=0o777, parents=True)
        for each in (mine.home, folder.parent, folder):
            each.chmod(0o777)
        with listening(address, theirs) as heard:
            for each in (mine.home, folder.parent, folder):
                each.chmod(0o700)
            done = mine.run("keys", "set", "BRAVE_API_KEY", stdin=SECRET)
            with pytest.raises(PermissionError, match="another user"):
                dial(address)
        assert done.returncode == 1
        assert f"another user ({strangers.UID})" in done.stderr
        assert said_to(heard) == b""


CONFIG = """{"mcpServers": {"planted": {"command": "/bin/sh",
    "args": ["-c", "id > %s"], "env": {}, "disabled": false}}, "settings": {}}"""
MINE = {"mcpServers": {}, "settings": {}}

FILES: dict[str, str] = {
    "config.json replaced": "os.rename(h + '/config.json', h + '.gone'); w(h + '/config.json', c)",
    "tracker.key planted": "w(h + '/data/tracker.key', 'A' * 43 + '=')",
    "lou.log as a link": "ln(p, h + '/logs/lou.log')",
    "search.log as a link": "ln(p, h + '/logs/search.log')",
    "a server's lock as a link": "ln(p, h + '/run/s-tracker.sock.lock')",
    "tracker.db as a link": "ln(p, h + '/data/tracker.db')",
    "metrics as a link": "ln(p, h + '/data/metrics.sqlite')",
    "calls as a link": "ln(p, h + '/data/calls.sqlite')",
    "token planted": "w(h + '/state/token', 'A' * 32)",
    "launch.json planted": "w(h + '/state/launch.json', l)",
    "answers planted": "os.mkdir(h + '/state/answers'); w(h + '/state/answers/search.json', '{}')",
}
OTHER_FILES: dict[str, str] = {
    "config.json as a link": "f = h + '/config.json'; w(t + '/c', c); rm(f); ln(t + '/c', f)",
    "tracker.key as a link": "w(t + '/k', 'A' * 43 + '='); ln(t + '/k', h + '/data/tracker.key')",
    "lou.log of theirs": "w(h + '/logs/lou.log', '')",
    "search.log as a link to nothing": "ln(h + '/made', h + '/logs/search.log')",
    "a server's lock of theirs": "w(h + '/run/s-tracker.sock.lock', '')",
    "tracker.db of theirs": "w(h + '/data/tracker.db', '')",
    "what SQLite keeps, as a link": "ln(p, h + '/data/tracker.db-wal')",
    "metrics of theirs": "w(h + '/data/metrics.sqlite', '')",
    "calls of theirs": "w(h + '/data/calls.sqlite', '')",
    "token as a link": "w(t + '/t', 'A' * 32); ln(t + '/t', h + '/state/token')",
    "launch.json as a link": "w(t + '/l', l); ln(t + '/l', h + '/state/launch.json')",
    "answers as a link": "os.mkdir(t + '/a'); ln(t + '/a', h + '/state/answers')",
}
OVERWRITTEN = {"config.json overwritten": "w(h + '/config.json', c)"}
FOLDERS: dict[str, str] = {
    "home replaced": "os.rename(h, h + '.old'); os.mkdir(h); w(h + '/config.json', c)",
    "home as a link": "os.rename(h, h + '.old'); w(t + '/config.json', c); ln(t, h)",
    "data as a link": "os.rename(h + '/data', h + '/d.old'); ln(t, h + '/data')",
    "logs as a link": "os.rename(h + '/logs', h + '/l.old'); ln(t, h + '/logs')",
    "state as a folder of theirs": "os.rename(h + '/state', h + '/s.old'); os.mkdir(h + '/state')",
    "run as a link": "os.rename(h + '/run', h + '/r.old'); ln(t, h + '/run')",
    "lou.lock as a link": "ln(p, h + '/run/lou.lock')",
}
"""What another user does in a home that an umask of 000 left open to them; see `_TOOLS`. Lou does
not start in such folders; with such files it starts and does without them."""
_TOOLS = """
h, t, p, c, l = sys.argv[1:6]
ln = os.symlink
def rm(path): os.unlink(path)
def w(path, text):
    with open(path, 'w') as file: file.write(text)
"""


def an_open_home(mine: Lou) -> tuple[Path, Path]:
    """As it was under umask 000, and a file of the user's that must stay as it is."""
    home = mine.home / "lou"
    mine.home.chmod(0o777)
    for folder in (home, home / "data", home / "logs", home / "state", home / "run"):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
    config = home / "config.json"
    config.write_text(json.dumps(MINE))
    config.chmod(0o666)
    precious = mine.home / "precious"
    precious.write_text("precious\n")
    precious.chmod(0o600)
    return home, precious


def plant(mine: Lou, home: Path, theirs: Path, code: str) -> Path:
    """The file that a planted command would make."""
    born = theirs / "born"
    wish = {"argv": ["/bin/sh", "-c", f"id > {born}"], "env": {}, "start_with_client": True}
    words = (str(home), str(theirs), str(mine.home / "precious"), CONFIG % born, json.dumps(wish))
    strangers.does(_TOOLS + code, *words)
    return born


def files_that_strangers_reach(home: Path) -> list[str]:
    found = []
    for path in sorted(home.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.stat().st_uid == os.getuid():
            found += [f"reads {path}"] if strangers_may(path, 0o4) else []
            found += [f"writes {path}"] if strangers_may(path, 0o2) else []
    return found


def strangers_may(path: Path, bit: int) -> bool:
    """By the modes of the file and of the folders on the way, as the system decides."""
    if not path.stat().st_mode & bit:
        return False
    return all(folder.stat().st_mode & 0o1 for folder in path.parents)


def served(mine: Lou) -> str:
    """Run Lou until it refuses, or until its servers had time to start what they would."""
    mine.start()
    assert mine.process is not None
    watch = threading.Event()
    for _ in range(600):
        if mine.process.poll() is not None or "tracker is ready" in mine.said():
            break
        if "is failed" in mine.said() or "is blocked" in mine.said():
            break
        watch.wait(0.1)
    else:
        raise AssertionError(mine.said())
    return mine.said()


def breaches(theirs: Path, *plants: str) -> tuple[list[str], str]:
    """What the other user gained, and what Lou said."""
    with lou() as mine:
        home, precious = an_open_home(mine)
        born = plant(mine, home, theirs, "\n".join(plants))
        before = {path: path.read_bytes() for path in theirs.rglob("*") if path.is_file()}
        mine.home.chmod(0o755)
        open_before = set(files_that_strangers_reach(home))  # Lou only refuses what the user opened
        said = served(mine)
        key = mine.run("keys", "set", "BRAVE_API_KEY", stdin=SECRET)
        hello = subprocess.run(
            [*BRIDGE, "search"], env=mine.environment, input=b"", capture_output=True, timeout=60,
            check=False,
        )  # fmt: skip
        mine.stop()
        after = {path: path.read_bytes() for path in theirs.rglob("*") if path.is_file()}
        gained = ["a command was run"] if born.exists() else []
        gained += ["the user's file was changed"] if precious.read_text() != "precious\n" else []
        gained += [f"{path} was written" for path in after if after[path] != before.get(path)]
        gained += {*files_that_strangers_reach(home)} - open_before
        gained += ["a traceback was shown"] if "Traceback" in said + key.stderr else []
        assert hello.returncode == 0
        return gained, said


@pytest.mark.e2e
@pytest.mark.parametrize("plants", [FILES, OTHER_FILES, OVERWRITTEN], ids=["some", "others", "one"])
def test_planted_files_are_neither_run_nor_read_nor_written(
    plants: dict[str, str], theirs: Path
) -> None:
    gained, said = breaches(theirs, *plants.values())
    assert not gained
    assert "config.json" in said, said
    assert "does not belong to this user" in said or "Other users may write" in said


@pytest.mark.e2e
@pytest.mark.parametrize("name", FOLDERS)
def test_lou_does_not_start_in_what_another_user_made(name: str, theirs: Path) -> None:
    gained, said = breaches(theirs, FOLDERS[name])
    assert not gained
    assert "does not belong to this user" in said
    assert "sudo chown" in said


@pytest.mark.e2e
@pytest.mark.parametrize(("umask", "length"), [(0o000, 3), (0o000, 180), (0o077, 60)])
def test_nothing_that_lou_makes_can_be_reached_by_others(umask: int, length: int) -> None:
    assert not reached_after_a_run(umask, length)


def reached_after_a_run(umask: int, length: int) -> list[str]:
    """What others could reach of a Lou whose LOU_HOME ends in a name of so many letters."""
    with lou() as mine:
        mine.home.chmod(0o755)
        base = mine.home / ("n" * length)
        mine.environment["LOU_HOME"] = str(base)
        mine.start(umask=umask)
        mine.wait_for("tracker", "ready", "blocked", "failed")
        doctor = {check["code"]: check for check in mine.json("doctor")["checks"]}
        run = Path(doctor["run_folder"]["sentence"].split(" is writable")[0])
        reached = files_that_strangers_reach(base) + files_that_strangers_reach(run)
        mine.stop()
        shutil.rmtree(run, ignore_errors=True)
        for code in ("config_folder", "data_folder", "state_folder", "log_folder", "run_folder"):
            assert doctor[code]["ok"], doctor[code]
        assert doctor["private_files"]["ok"]
        return reached


def test_lou_starts_with_folders_that_the_user_linked(theirs: Path) -> None:
    with lou() as mine:
        real = mine.home / "disk" / "lou"
        (real / "elsewhere").mkdir(parents=True)
        (mine.home / "lou").symlink_to("disk/lou")
        (real / "data").symlink_to("elsewhere")
        (mine.home / "dotfiles").mkdir()
        (mine.home / "dotfiles" / "lou.json").write_text(json.dumps(MINE))
        (real / "config.json").symlink_to("../../dotfiles/lou.json")
        mine.start()
        mine.wait_for("search", "ready")
        assert (real / "config.json").is_symlink()
        assert not [
            c for c in mine.json("doctor")["checks"] if "folder" in c["code"] and not c["ok"]
        ]


def test_one_home_by_two_names_is_one_lou() -> None:
    with lou() as mine:
        (mine.home / ("r" * 90)).mkdir()
        (mine.home / "link").symlink_to("r" * 90)
        mine.environment["LOU_HOME"] = str(mine.home / ("r" * 90))
        mine.start()
        mine.wait_for("search", "ready", "failed")
        second: dict[str, Any] = {**mine.environment, "LOU_HOME": str(mine.home / "link")}
        found = subprocess.run(
            [LOU, "serve"], env=second, capture_output=True, text=True, timeout=60, check=False
        )
        assert found.returncode == 1
        assert "runs already" in found.stderr


_DROP = "import ctypes\nfor each in range(64): ctypes.CDLL(None).prctl(24, each, 0, 0, 0)\n"
"""Without its capabilities root is a user like any other."""
_READS = """
import sys
for name in ('environ', 'mem', 'maps'):
    try:
        with open(f'/proc/{sys.argv[1]}/{name}', 'rb') as file: file.read(1)
        print(name)
    except OSError as refused:
        if refused.errno == 5: print(name)  # open, and nothing is at address 0
"""


def drop_capabilities() -> None:
    exec(_DROP)


def read_by_the_same_user(pid: int) -> set[str]:
    argv = [sys.executable, "-c", _READS, str(pid)]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=True, timeout=60, preexec_fn=drop_capabilities
    )
    return set(done.stdout.split())


@pytest.mark.skipif(sys.platform != "linux", reason="the file system of processes is Linux's")
def test_another_process_of_the_same_user_reads_nothing_of_lou() -> None:
    with lou() as mine:
        with subprocess.Popen(
            [sys.executable, "-c", "input()"],
            stdin=-1,
            preexec_fn=drop_capabilities,  # noqa: PLW1509
        ) as any_program:
            assert read_by_the_same_user(any_program.pid) == {"environ", "mem", "maps"}
            any_program.communicate(b"\n")
        mine.start(preexec_fn=drop_capabilities)
        mine.wait_for("search", "ready")
        status = mine.json("status")
        pids = [status["app"]["pid"], *(each["pid"] for each in status["servers"] if each["pid"])]
        assert len(pids) > 1
        assert [read_by_the_same_user(pid) for pid in pids] == [set()] * len(pids)
        assert mine.json("metrics")
        assert [check for check in mine.json("doctor")["checks"] if check["ok"]]


def test_a_connection_of_another_user_is_refused(theirs: Path) -> None:
    with lou() as mine:
        mine.start()
        mine.wait_for("search", "ready")
        for folder in (mine.home, mine.home / "lou", mine.home / "lou" / "run"):
            folder.chmod(0o777)
        for path in (mine.home / "lou" / "run").glob("*.sock"):
            path.chmod(0o777)
            code = (
                "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(20)\n"
                'try:\n s.sendall(b\'{"type":"request","id":"1","method":"status"}\\n\')\n'
                " print(s.recv(100))\nexcept OSError: print(b'')"
            )
            assert strangers.does(code, str(path)).strip() == "b''"
