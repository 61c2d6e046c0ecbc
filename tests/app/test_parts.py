"""The smaller parts: one thread with a deadline, one lock, one entry, one notice each."""

from __future__ import annotations

import errno
import json
import math
import os
import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from app.config import config_model
from app.config.config_model import ServerEntry
from app.config.settings import Settings
from app.control import instance_lock
from app.doctor import folder_checks
from app.errors import ServerError
from app.event_handlers import EventHandlers
from app.keys import service as key_service
from app.logs.log_search import LogQuery
from app.logs.logbook import Logbook
from app.metrics.collector import Metrics
from app.supervision import launch_plan, tool_calls
from app.system import autostart, files, launch_file
from app.system.worker_thread import WorkerThread
from app.views import CallRecord, ClientEvent, Notice, Trouble
from servers.contract import endpoint
from servers.contract.envelope import Event
from servers.contract.redaction import MASK, Redactor
from tests.patience import eventually, wait_until

pytestmark = pytest.mark.anyio


async def test_a_call_past_its_deadline_is_left_and_the_next_one_runs() -> None:
    thread, release = WorkerThread("test"), threading.Event()
    back: list[int] = []
    thread.came_back = lambda: back.append(thread.abandoned)
    with pytest.raises(TimeoutError):
        await thread.run(release.wait, 0.05)
    assert thread.abandoned == 1
    assert await thread.run(lambda: 42, 5) == 42
    with pytest.raises(TimeoutError):
        await thread.run(release.wait, 0.05)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await thread.run(lambda: 42, 5)
    assert time.monotonic() - began < 1, "two hang: a third is not even tried"
    release.set()
    await eventually(lambda: not thread.abandoned)
    assert back == [1, 0]
    assert await thread.run(lambda: 43, 5) == 43
    thread.close()


async def test_what_a_call_raises_reaches_its_caller() -> None:
    thread = WorkerThread("test")
    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 / 0, 5)
    assert await thread.run(lambda: "alive", 5) == "alive"
    thread.close()


def test_the_lock_is_held_once_and_freed_by_a_kill(home: Path) -> None:
    program = (
        "import subprocess, sys; from app.control import instance_lock\n"
        "lock = instance_lock.claim(); child = subprocess.Popen(['sleep', '60'])\n"
        "print(lock is not None, child.pid, flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        said = first.stdout.readline().split()
        assert said[0] == "True"
        assert instance_lock.claim() is None
        assert instance_lock.holder() == first.pid
        first.kill()
    claims = []

    def is_free() -> bool:
        claims.append(instance_lock.claim())
        return claims[-1] is not None

    try:
        wait_until(is_free, what="the lock, which a child that lives on does not hold")
    finally:
        os.kill(int(said[1]), 9)
    claims[-1].release()


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free some space, then start Lou again."),
        (errno.EROFS, "LOU_HOME set to a folder that you may write to"),
        (errno.EACCES, "Make the folder above it writable"),
        (errno.EEXIST, "Move away what is there"),
    ],
)
def test_a_start_that_its_folder_refuses_says_what_to_do_about_it(
    home: Path, number: int, remedy: str
) -> None:
    refused = files.not_ours(OSError(number, os.strerror(number)), home)
    assert os.strerror(number) in refused.title
    assert remedy in refused.hint


@pytest.mark.parametrize("exists", [True, False])
def test_what_makes_a_folder_usable_is_said_for_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    odd = tmp_path / "B\u00fcro (2) ' \u65e5\u672c"
    monkeypatch.setenv("LOU_HOME", str(odd))
    monkeypatch.setattr(os, "access", lambda *_: False)
    if not exists:
        odd.write_text("no folder")
    (told,) = (each for each in folder_checks.checks() if each.code == "data_folder")
    if exists:
        assert shlex.split(told.fix)[-1] == str(odd / "data")
    else:
        assert told.fix == f"Move {odd} away, which is no folder."


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of files")
def test_the_lock_is_taken_on_a_full_disk(home: Path) -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "from app.control import instance_lock; print(instance_lock.claim() is not None)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"True\n"


def test_the_launch_file_holds_what_a_desktop_needs_and_no_secret(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.setenv("TAVILY_API_KEY", "secret")
    launch_file.save("tray", start_with_client=True)
    path = Path(endpoint.launch_file())
    found = json.loads(path.read_bytes())
    assert Path(found["argv"][0]).parent == Path(sys.executable).parent
    assert found["env"]["DISPLAY"] == ":7"
    assert found["env"]["LOU_HOME"] == os.environ["LOU_HOME"]
    assert "secret" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_start_at_login_is_written_and_removed(
    home: Path, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    monkeypatch.setattr(autostart, "_SYSTEM", system)
    assert not autostart.is_on()
    autostart.apply(True)
    assert autostart.is_on()
    assert autostart.is_current()
    monkeypatch.setattr(sys, "executable", "/somewhere else/python")
    assert not autostart.is_current(), "a moved Lou is noticed"
    autostart.apply(True)
    assert autostart.is_current()
    autostart.apply(False)
    assert not autostart.is_on()


def test_the_desktop_entry_quotes_as_the_specification_says(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", '/opt/my $apps/100% "py"')
    autostart.apply(True)
    text = (home / ".config/autostart/lou.desktop").read_text()
    assert 'Exec="/opt/my \\\\$apps/100%% \\\\"py\\\\"" -I -m app' in text


def test_an_embedded_server_gets_no_secret_in_its_environment(home: Path) -> None:
    entry = ServerEntry(
        "lou-server", ("search",), {"TAVILY_API_KEY": "${keyring:WORK}", "HTTPS_PROXY": "http://p"}
    )
    made = launch_plan.launch("search", entry, Settings(), {"TAVILY_API_KEY": "value"})
    assert made.configure["keys"] == {"TAVILY_API_KEY": "value"}
    assert made.env["HTTPS_PROXY"] == "http://p"
    assert "TAVILY_API_KEY" not in made.env
    assert "value" not in " ".join((*made.argv, *made.env.values()))
    assert key_service.wanted_keys("search", entry)["TAVILY_API_KEY"] == "WORK"
    assert made.memory_budget == 512 << 20


def test_a_server_of_ones_own_runs_as_a_relay_with_its_command_on_stdin(home: Path) -> None:
    entry = ServerEntry("npx", ("-y", "x"), {"TOKEN": "${keyring:GITHUB_TOKEN}"}, cwd="/home/me")
    made = launch_plan.launch("github", entry, Settings(), {"GITHUB_TOKEN": "value"})
    assert made.argv[-2:] == ("relay", "github")
    assert made.configure["settings"]["upstream"] == {
        "command": "npx", "args": ["-y", "x"], "env": {"TOKEN": "${keyring:GITHUB_TOKEN}"},
        "cwd": "/home/me",
    }  # fmt: skip
    assert key_service.wanted_keys("github", entry) == {"GITHUB_TOKEN": "GITHUB_TOKEN"}
    assert made.memory_budget == 0


def test_a_first_start_of_ones_own_server_may_take_as_long_as_a_download(home: Path) -> None:
    own = launch_plan.launch("github", ServerEntry("npx", ("-y", "x")), Settings(), {})
    assert own.start_timeout > 60.0  # what the relay itself waits for an answer
    embedded = launch_plan.launch("search", config_model.defaults()["search"], Settings(), {})
    assert embedded.start_timeout == 0.0


def test_a_foreign_use_of_our_command_is_an_error(home: Path) -> None:
    with pytest.raises(ServerError):
        launch_plan.launch("mine", ServerEntry("lou-server", ("search",)), Settings(), {})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_key_may_come_from_the_path_in_the_entry(home: Path, encoding: str) -> None:
    (home / "account.json").write_text('{"private_key": "x"}', encoding=encoding)
    path = str(home / "account.json")
    entry = ServerEntry("lou-server", ("tracker",), {"FIREBASE_CREDENTIALS_PATH": path})
    assert key_service.plain_keys("tracker", entry) == {
        "FIREBASE_CREDENTIALS": '{"private_key": "x"}'
    }
    os.mkfifo(home / "pipe")  # reading it would wait for ever
    for odd in ("/nowhere", str(home), str(home / "pipe"), "/dev/zero"):
        entry = ServerEntry("lou-server", ("tracker",), {"FIREBASE_CREDENTIALS_PATH": odd})
        with pytest.raises(ServerError):
            key_service.plain_keys("tracker", entry)


def test_a_place_that_is_no_folder_is_not_usable(home: Path) -> None:
    (home / "lou").write_text("a file where the folder should be")
    found = {check.code: check.ok for check in folder_checks.checks()}
    assert not any(found[code] for code in ("data_folder", "log_folder", "run_folder"))


@pytest.fixture
def handlers(home: Path) -> EventHandlers:
    return EventHandlers(Logbook(home / "logs", str), Metrics(home / "m.sqlite"), str)


def test_a_rejected_key_is_told_once_until_it_changes(handlers: EventHandlers) -> None:
    told: list[Notice] = []
    handlers.notices.subscribe(told.append)
    trouble = {"code": "key_rejected", "message": "Tavily refused the key.", "key": "TAVILY"}
    for _ in range(50):
        handlers.event(("search", Event("trouble", trouble)))
    assert [notice.code for notice in told] == ["key_rejected"]
    assert told[0].action == "keys"
    handlers.key_changed("TAVILY")
    handlers.event(("search", Event("trouble", trouble)))
    assert len(told) == 2
    handlers.event(("search", Event("trouble", {**trouble, "cleared": True})))
    handlers.event(("search", Event("trouble", trouble)))
    assert len(told) == 3


def test_what_clients_and_servers_call_themselves_is_masked(home: Path) -> None:
    redact = Redactor(["canary-0123456789"])
    handlers = EventHandlers(Logbook(home / "logs", redact), Metrics(home / "m.sqlite"), redact)
    calls: list[CallRecord] = []
    clients: list[ClientEvent] = []
    handlers.calls.subscribe(calls.append)
    handlers.connections.subscribe(clients.append)
    names = dict.fromkeys(("tool", "client", "version", "error"), "a canary-0123456789")
    handlers.event(("mine", Event("call", {**names, "outcome": "ok"})))
    handlers.event(("mine", Event("client_connected", {**names, "session": "1"})))
    handlers.event(("mine", Event("client_left", {**names, "session": "2"})))
    assert [calls[0].tool, calls[0].client, calls[0].version] == [f"a {MASK}"] * 3
    assert "canary" not in f"{calls}{clients}"


def test_titles_and_descriptions_of_tools_are_masked_and_nothing_else() -> None:
    redact = Redactor(["canary-0123456789"])
    schema = {"properties": {"title": {"description": "canary-0123456789", "default": "x"}}}
    tool = {"name": "say", "title": "canary-0123456789", "input_schema": schema, "enabled": True}
    assert tool_calls.masked([tool], redact) == [
        {
            **tool,
            "title": MASK,
            "input_schema": {"properties": {"title": {"description": MASK, "default": "x"}}},
        }
    ]


def test_giving_up_is_one_notice(handlers: EventHandlers) -> None:
    told: list[Notice] = []
    handlers.notices.subscribe(told.append)
    handlers.gave_up(("search", Trouble("exited", "It ended at once.", "Look at its log.")))
    assert [(notice.server, notice.severity) for notice in told] == [("search", "error")]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("INFO: all is well", "INFO"),
        ("2026-11-22 [ERROR] bad", "ERROR"),
        ("WARN something", "WARNING"),
        ("no level at all", "INFO"),
        ("an information about terrors", "INFO"),
    ],
)
def test_a_line_of_stderr_keeps_its_own_level(home: Path, text: str, level: str) -> None:
    logbook = Logbook(home / "logs", str)
    EventHandlers(logbook, Metrics(home / "m.sqlite"), str).stderr_line(("mine", text))
    assert [(line.level, line.message) for line in logbook.since(0)] == [(level, text)]


@pytest.mark.parametrize("event", ["log", "call", "usage", "client_connected", "trouble", "x"])
def test_a_malformed_event_is_noted_and_does_no_harm(handlers: EventHandlers, event: str) -> None:
    for data in ({}, {"session": 3, "message": None, "at": "soon"}, {"tool": [], "outcome": 5}):
        handlers.event(("search", Event(event, data)))


def test_numbers_that_no_clock_or_scale_shows_do_no_harm(home: Path) -> None:
    logbook, calls = Logbook(home / "logs", str), list[CallRecord]()
    handlers = EventHandlers(logbook, Metrics(home / "m.sqlite"), str)
    handlers.calls.subscribe(calls.append)
    odd = (math.nan, math.inf, -math.inf, 1e300, -1e300, 10**400)
    for number in odd:
        call = {"tool": "t", "outcome": "ok", "ms": number, "bytes": number, "at": number}
        handlers.event(("search", Event("call", call)))
        handlers.event(("search", Event("log", {"message": "hello", "at": number})))
    assert [line.message for line in logbook.page(LogQuery("search")).lines] == ["hello"] * len(odd)
    assert {call.ms for call in calls} == {0.0}
    assert len(calls) == len(odd)


def test_sessions_end_with_their_process(handlers: EventHandlers) -> None:
    stages: list[str] = []
    handlers.connections.subscribe(lambda event: stages.append(event.stage))
    data = {"session": "1", "client": "claude-ai", "stage": "initialized"}
    handlers.event(("search", Event("client_connected", data)))
    assert [each.client for each in handlers.sessions("search")] == ["claude-ai"]
    handlers.process_ended("search")
    assert handlers.sessions("search") == ()
    assert stages == ["initialized", "left"]
