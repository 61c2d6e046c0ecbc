"""Only what is certainly ours is ended at the next start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from app.supervision import run_files
from app.supervision.launch_command import MARKER, MARKER_VARIABLE, server_environment
from tests.patience import PATIENCE_S

SLEEP = (sys.executable, "-I", "-S", "-c", "import time; time.sleep(3600)")


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def leave(folder, name: str, instance: str, **changes: object) -> None:
    """Write a run file as an app that is dead now would have."""
    run_files.write(folder, name, instance)
    path = folder / f"run-{name}.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "app_created": 1.0, **changes}))


def sleeper(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*SLEEP, *arguments], env={**server_environment(), **environment})


def test_a_process_with_the_mark_is_ended_and_its_file_deleted(folder):
    marked = sleeper(f"{MARKER}abc")
    in_environment = sleeper(**{MARKER_VARIABLE: "abc"})
    leave(folder, "a", "abc")
    assert run_files.sweep(folder) == ["a"]
    assert marked.wait(PATIENCE_S) < 0
    assert in_environment.wait(PATIENCE_S) < 0
    assert not list(folder.iterdir())


def test_a_stranger_is_left_alone(folder):
    stranger = sleeper(f"{MARKER}other")
    leave(folder, "a", "abc")
    run_files.sweep(folder)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_stopped_and_deaf_leftover_is_ended_too(folder):
    code = "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); signal.pause()"
    argv = [sys.executable, "-I", "-S", "-c", code, f"{MARKER}abc"]
    deaf = subprocess.Popen(argv, stdout=subprocess.PIPE)
    with deaf.stdout as pipe:
        pipe.readline()
    deaf.send_signal(signal.SIGSTOP)
    leave(folder, "a", "abc")
    began = time.monotonic()
    run_files.sweep(folder)
    assert time.monotonic() - began < 2
    assert deaf.wait(PATIENCE_S) == -9


def test_servers_of_an_app_that_lives_are_its_own(folder):
    mine = sleeper(f"{MARKER}abc")
    run_files.write(folder, "a", "abc")
    assert run_files.sweep(folder) == []
    assert mine.poll() is None
    assert (folder / "run-a.json").exists()
    mine.kill()
    mine.wait()


def test_an_app_pid_that_belongs_to_a_stranger_now_does_not_protect_a_leftover(folder):
    mine = sleeper(f"{MARKER}abc")
    leave(folder, "a", "abc", app_pid=1)
    assert run_files.sweep(folder) == ["a"]
    assert mine.wait(PATIENCE_S) < 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "a"}', "\xff"])
def test_a_broken_file_is_deleted(folder, text):
    (folder / "run-a.json").write_text(text)
    assert run_files.sweep(folder) == []
    assert not list(folder.iterdir())


def test_a_run_file_is_private_and_says_nothing_secret(folder):
    run_files.write(folder, "a", "abc")
    path = folder / "run-a.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(path.read_text())) == {"name", "instance", "app_pid", "app_created"}
    assert json.loads(path.read_text())["app_pid"] == os.getpid()
    run_files.erase(folder, "a")
    run_files.erase(folder, "a")
    assert not path.exists()


def test_the_environment_of_a_server_is_a_short_list(monkeypatch):
    for name in ("OPENAI_API_KEY", "LD_PRELOAD", "PYTHONPATH", "HTTPS_PROXY", "NODE_OPTIONS"):
        monkeypatch.setenv(name, "leak")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    environment = server_environment({"EXTRA": "1"})
    assert "leak" not in environment.values()
    assert environment["LC_ALL"] == "C.UTF-8"
    assert environment["EXTRA"] == "1"
    assert environment["PATH"]
    assert subprocess.run(["true"], env=environment, check=False).returncode == 0
