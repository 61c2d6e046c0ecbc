"""The trees of processes: jobs that end them, and the user's own servers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from servers.contract import windows_job
from servers.relay.child import Child, Command
from servers.relay.windows_command import batch_line, is_batch
from tests.patience import PATIENCE_S, wait_until

OWNER = """
import subprocess, sys
from servers.contract import windows_job
job = windows_job.JobObject()
argv = [sys.argv[1], '-I', '-c', sys.argv[2]]
process = subprocess.Popen(argv, creationflags=windows_job.START_FLAGS, stdout=subprocess.PIPE)
job.take(process.pid)
print(process.stdout.readline().decode().strip(), flush=True)
input()
"""
TREE = """
import os, subprocess, sys, time
sleep = [sys.executable, '-I', '-c', 'import time; time.sleep(600)']
detached = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
grandchildren = [subprocess.Popen(sleep).pid, subprocess.Popen(sleep, creationflags=detached).pid]
print(os.getpid(), *grandchildren, flush=True)
time.sleep(600)
"""
BASE = str(Path(sys.base_prefix, "python.exe"))
ECHO_CMD = (
    '@echo off\r\n"{python}" -I -c "import sys, json; print(json.dumps(sys.argv[1:]))" %*\r\n'
)
WORDS = ("x&y", "a b", "", 'say "so"', "a^b", "(1)", "--x=1,2;3", "é", "c:\\dir\\", "a|b>c<d")


@pytest.mark.parametrize("python", [sys.executable, BASE], ids=["environment", "plain"])
def test_nothing_survives_the_end_of_the_process_that_has_the_job(python: str) -> None:
    for _ in range(3):
        owner = subprocess.Popen(
            [sys.executable, "-c", OWNER, python, TREE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert owner.stdout
        assert owner.stdin
        tree = [int(word) for word in owner.stdout.readline().split()]
        assert len(tree) == 3
        family = [psutil.Process(owner.pid), *psutil.Process(owner.pid).children(recursive=True)]
        for process in family[:1] if python == BASE else family:
            # The kill of a client or the Task Manager: no process gets to say goodbye.
            if process.pid not in tree:
                with contextlib.suppress(psutil.NoSuchProcess):  # the redirector's own job is quick
                    process.kill()
        wait_until_gone(tree)
        owner.stdin.close()
        owner.stdout.close()
        owner.wait()


def wait_until_gone(pids: list[int]) -> None:
    wait_until(lambda: not [pid for pid in pids if psutil.pid_exists(pid)], 30, "all are gone")


def test_a_process_waits_until_it_is_in_the_job() -> None:
    flags = windows_job.START_FLAGS
    argv = [sys.executable, "-I", "-c", "print('ran', flush=True)"]
    process = subprocess.Popen(argv, creationflags=flags, stdout=subprocess.PIPE)
    assert process.stdout
    job = windows_job.JobObject()
    assert psutil.Process(process.pid).num_threads() <= 1
    job.take(process.pid)
    assert process.stdout.readline().strip() == b"ran"
    process.stdout.close()
    process.wait()
    job.close()


def first_line(command: Command) -> str:
    """The first line that the command writes; then it is closed as the relay closes it."""

    async def scene() -> str:
        line: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def take(found: bytes) -> None:
            if not line.done():
                line.set_result(found.decode())

        def ended(how: str) -> None:
            if not line.done():
                line.set_exception(AssertionError(how))

        child = Child(take, lambda _: None, ended, drained=lambda: None)
        await child.start(command)
        try:
            return await line
        finally:
            await child.close()

    return asyncio.run(asyncio.wait_for(scene(), PATIENCE_S))


@pytest.fixture
def shim(folder: Path) -> Path:
    """A batch file as npm makes them, in a folder with a space and letters beyond ASCII."""
    path = folder / "tool.cmd"
    path.write_bytes(ECHO_CMD.format(python=BASE).encode())
    return path


@pytest.mark.parametrize("word", WORDS)
def test_a_batch_file_gets_its_arguments_as_they_are(shim: Path, word: str) -> None:
    assert json.loads(first_line(Command((str(shim), word, "last")))) == [word, "last"]


def test_a_variable_in_an_argument_is_not_expanded() -> None:
    # Wine's cmd expands %* a second time, so the line that Windows' cmd.exe reads is looked at.
    line = batch_line(("C:\\a b\\x.cmd", "%PATH%", "100 %"))
    assert line == '"C:\\a b\\x.cmd" "%%cd:~,%PATH%%cd:~,%" "100 %%cd:~,%"'


def test_a_batch_file_is_known_by_any_spelling_of_its_name() -> None:
    names = ("C:\\a b\\x.CMD", "x.bat.", "x.cmd ", "x.cmd. .")
    assert [name for name in names if not is_batch(name)] == []
    assert not is_batch("C:\\x.cmd\\tool.exe")


def test_a_line_break_in_an_argument_of_a_batch_file_is_refused(shim: Path) -> None:
    with pytest.raises(ValueError, match="line break"):
        batch_line((str(shim), "a\nb"))


@pytest.mark.parametrize("name", ["./tool.cmd", ".\\tool.cmd", "tool.cmd", "tool"])
def test_a_command_is_found_in_the_folder_that_it_runs_in(shim: Path, name: str) -> None:
    assert json.loads(first_line(Command((name, "1"), cwd=str(shim.parent)))) == ["1"]


def test_a_users_server_runs_in_the_profile_and_with_its_variables(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.setenv("SECRET_OF_LOU", "1")
    said = "import os, json; print(json.dumps([os.getcwd(), dict(os.environ)]))"
    where, variables = json.loads(first_line(Command((BASE, "-I", "-c", said))))
    assert Path(where) == folder
    assert {"APPDATA", "PROCESSOR_ARCHITECTURE", "SYSTEMROOT", "PATHEXT", "TEMP"} <= {*variables}
    assert "SECRET_OF_LOU" not in variables


def test_nothing_is_left_of_a_users_server_that_ends_late() -> None:
    pids = [int(word) for word in first_line(Command((BASE, "-I", "-c", TREE))).split()]
    assert len(pids) == 3
    wait_until_gone(pids)
