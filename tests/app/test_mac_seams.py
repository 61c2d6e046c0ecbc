"""What Lou does on macOS, as far as it can be tried elsewhere: with a platform that is set."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from app.control.unix_listener import UnixListener
from app.supervision.guard_client import guard_file
from app.system import login_path
from app.system.safe_write import Disk
from servers.host.transport.unix import UnixAddress
from tests.patience import PATIENCE_S, wait_until

SHELL = """#!/bin/sh
echo "Welcome to my shell"
PATH="/opt/homebrew/bin:/usr/local/bin:$PATH"
for last; do :; done
eval "$last"
"""
FILES_OF_SHELLS = {
    "zsh": (".zshrc", "path+=(/my/node)"),
    "bash": (".bash_profile", "PATH=$PATH:/my/node"),
    "fish": (".config/fish/config.fish", "set -gx PATH $PATH /my/node"),
}
"""Where people, and installers such as nvm's, put folders on the PATH, and how."""


@pytest.fixture
def shell(tmp_path: Path) -> str:
    path = tmp_path / "zsh"
    path.write_text(SHELL)
    path.chmod(0o755)
    return str(path)


def test_a_disk_that_cannot_flush_its_drive_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 9_999, raising=False)  # no system knows that number
    with (tmp_path / "file").open("wb") as file:
        Disk().sync(file.fileno())


def adopted(monkeypatch: pytest.MonkeyPatch, shell: str, path: str) -> str:
    """The PATH of a Lou that macOS started with `path`, after it looked at the login shell."""
    monkeypatch.setattr(login_path, "_SYSTEM", "darwin")
    monkeypatch.setenv("SHELL", shell)
    monkeypatch.setenv("PATH", path)
    login_path.adopt()
    return os.environ["PATH"]


def test_a_lou_of_launchd_gets_the_path_of_the_login_shell(
    shell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    assert adopted(monkeypatch, shell, "/usr/bin:/bin:/usr/sbin:/sbin") == expected


@pytest.mark.parametrize("program", FILES_OF_SHELLS)
def test_what_the_files_of_a_shell_add_to_the_path_is_found(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, line = FILES_OF_SHELLS[program]
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(f"{line}\n")
    for variable in ("XDG_CONFIG_HOME", "ZDOTDIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    path = adopted(monkeypatch, shutil.which(program) or "", "/usr/bin:/bin")
    assert "/my/node" in path.split(":")


def test_a_shell_that_waits_for_a_person_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = tmp_path / "asks"
    asks.write_text("#!/bin/sh\nread answer\necho lou-path:/after\n")
    asks.chmod(0o755)
    assert adopted(monkeypatch, str(asks), "/usr/bin") == "/after:/usr/bin"


@pytest.mark.parametrize("broken", ["/no/shell", "/bin/false"])
def test_a_shell_that_says_nothing_changes_nothing(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert adopted(monkeypatch, broken, "/usr/bin:/bin") == "/usr/bin:/bin"


def test_a_lou_of_a_terminal_keeps_its_path(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/my/tools:/usr/bin:/bin"
    assert adopted(monkeypatch, shell, path) == path


AS_ON_MACOS = """
import runpy, sys
sys.platform = "darwin"
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
TREE = "sleep 600 & echo $!; sleep 600 & echo $!; wait"


def guarded(shell: str, command: bytes) -> tuple[list[str], list[int]]:
    """What a guard of macOS tells of a server that runs `shell`, and the numbers that one prints.

    The guard is given `command` when the server has closed its output or printed two lines.
    """
    app, of_guard = socket.socketpair()
    argv = [sys.executable, "-I", "-S", "-c", AS_ON_MACOS, guard_file(), str(of_guard.fileno())]
    with (
        app,
        subprocess.Popen(
            [*argv, "/bin/sh", "-c", shell],
            pass_fds=(of_guard.fileno(),),
            stdout=subprocess.PIPE,
        ) as guard,
    ):
        of_guard.close()
        assert guard.stdout
        printed = [int(guard.stdout.readline() or b"0") for _ in range(2)]
        app.sendall(command)
        app.settimeout(PATIENCE_S)
        with app.makefile("r") as told:
            words = [line.split()[0] for line in told]
        assert guard.wait(PATIENCE_S) == 0
    return words, printed


@pytest.mark.usefixtures("home")
def test_the_guard_of_macos_tells_the_end_of_its_server() -> None:
    assert guarded("exit 3", b"") == (["pid", "exit"], [0, 0])


@pytest.mark.usefixtures("home")
def test_the_guard_of_macos_ends_the_whole_tree() -> None:
    words, family = guarded(TREE, b"k")
    assert words == ["pid", "exit"]
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in family))


@pytest.mark.anyio
async def test_a_connection_whose_user_macos_forgot_is_closed_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def never(*_: object) -> asyncio.Protocol:
        raise AssertionError("nobody knows whose it is")

    control = UnixListener(tmp_path / "control", never)
    server = UnixAddress(str(tmp_path / "server"))
    await server.open(never)
    monkeypatch.setattr(sys, "platform", "darwin")  # which Linux cannot answer
    for name in ("control", "server"):
        reader, writer = await asyncio.open_unix_connection(tmp_path / name)
        assert await reader.read() == b""
        writer.close()
    control.close()
    server.close()
    assert not caplog.records
