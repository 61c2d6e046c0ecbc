"""The bridge as the process that a client launches."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from servers.bridge.connect import dial
from servers.contract import endpoint
from tests.bridge.histories import AWAY, CACHED, INITIALIZE, INITIALIZED, call, request, result
from tests.bridge.parts import BRIDGE, PATIENCE_S, ROOT, BridgeProcess, StandIn, echo

Bridge = Callable[..., BridgeProcess]
Server = Callable[..., StandIn]


def cache_answers(**changes: Any) -> None:
    path = Path(endpoint.answers_file("search"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**CACHED, **changes}), encoding="utf-8")


def test_it_answers_and_goes_when_the_client_has_said_all(bridge: Bridge, stand_in: Server) -> None:
    stand_in()
    one = bridge()
    one.say(INITIALIZE, request(1, "tools/list"))
    assert one.end() == 0
    assert [one.hear()["id"] for _ in range(2)] == [0, 1]


def test_a_slow_answer_still_arrives_after_the_end_of_input(
    bridge: Bridge, stand_in: Server
) -> None:
    def answer(message: dict[str, Any]) -> dict[str, Any] | None:
        return None if message.get("method") == "tools/call" else echo(message)

    server = stand_in(answer)
    one = bridge()
    one.say(call(1, "find"))
    server.wait_for("tools/call")
    assert one.process.stdin
    one.process.stdin.close()
    server.say(result(1))
    assert one.hear() == result(1)
    assert one.process.wait(PATIENCE_S) == 0


def test_a_handshake_waits_for_a_server_that_comes_later(bridge: Bridge, stand_in: Server) -> None:
    launch_nothing()
    one = bridge()
    one.say(INITIALIZE)
    stand_in()
    assert one.hear()["result"]["method"] == "initialize"


def launch_nothing() -> None:
    """An app that may be started, and takes longer than the test."""
    path = Path(endpoint.launch_file())
    path.parent.mkdir(parents=True, exist_ok=True)
    wish = {"argv": ["/bin/true"], "env": {}, "start_with_client": True}
    path.write_text(json.dumps(wish), encoding="utf-8")
    path.chmod(0o600)


def test_a_killed_server_is_found_again_within_one_session(
    bridge: Bridge, stand_in: Server
) -> None:
    cache_answers()
    launch_nothing()

    def answer(message: dict[str, Any]) -> dict[str, Any] | None:
        return None if message.get("method") == "tools/call" else echo(message)

    first = stand_in(answer)
    one = bridge()
    one.ask(INITIALIZE)
    one.say(INITIALIZED, call(1, "save"))
    first.wait_for("tools/call")
    first.leave()
    assert one.answer_to(1)["error"]["code"] == AWAY
    second = stand_in()
    one.say(call(2, "save"))
    assert one.answer_to(2)["result"]["method"] == "tools/call"
    assert [m["method"] for m in second.heard] == [
        "initialize",
        "notifications/initialized",
        "tools/call",
    ]
    assert [m.get("method") for m in one.lines].count("notifications/tools/list_changed") == 1


def test_with_no_app_to_start_it_says_so_at_once(bridge: Bridge) -> None:
    cache_answers()
    one = bridge()
    assert one.ask(INITIALIZE)["result"] == {"protocolVersion": "2025-11-25"}
    assert one.ask(request(1, "tools/list"))["result"] == CACHED["tools"]
    words = one.ask(call(2, "find"), 3.0)["error"]["message"]
    assert (
        words
        == "Lou is not running, so the search server cannot answer. Start Lou, then try again."
    )


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ({"known": True, "wanted": False, "message": "It is off."}, "It is off."),
        ({"known": True, "wanted": False, "message": ""}, "switched off in Lou"),
        ({"known": False, "wanted": False, "message": ""}, "no server called search"),
        ({"known": True, "wanted": True, "message": "The keyring is locked."}, "keyring is locked"),
    ],
)
def test_the_app_says_why_a_server_does_not_answer(
    bridge: Bridge, stand_in: Server, word: dict[str, Any], expected: str
) -> None:
    asked: list[dict[str, Any]] = []

    def app(message: dict[str, Any]) -> dict[str, Any]:
        asked.append(message)
        return {"type": "response", "id": message["id"], "result": word}

    stand_in(app, endpoint.control_socket())
    one = bridge()
    assert expected in one.ask(call(1, "find"), 3.0)["error"]["message"]
    assert asked[0]["method"] == "bridge_hello"
    assert asked[0]["params"] == {"server": "search", "pid": one.process.pid}


def test_a_server_that_is_switched_on_again_answers_the_same_session(
    bridge: Bridge, stand_in: Server
) -> None:
    cache_answers()
    word = {"known": True, "wanted": False, "state": "off", "message": "It is off."}
    app = stand_in(
        lambda message: {"type": "response", "id": message["id"], "result": word},
        endpoint.control_socket(),
    )
    one = bridge()
    one.ask(INITIALIZE)
    one.say(INITIALIZED)
    assert "error" in one.ask(call(1, "find"))
    app.wait_for("bridge_hello")
    stand_in()
    while one.hear().get("method") != "notifications/tools/list_changed":
        pass
    assert "result" in one.ask(call(2, "find"))


def test_an_app_that_hangs_does_not_hang_the_handshake(bridge: Bridge, stand_in: Server) -> None:
    cache_answers()
    stand_in(lambda _: None, endpoint.control_socket())
    assert "result" in bridge().ask(INITIALIZE, 5.0)


def test_it_starts_the_app_apart_from_itself(
    bridge: Bridge, stand_in: Server, home: Path, tmp_path: Path
) -> None:
    born = tmp_path / "born"
    app = tmp_path / "app.py"
    app.write_text(
        "import json, os\n"
        "facts = {'parent': os.getppid(), 'session': os.getsid(0), 'env': dict(os.environ),\n"
        "         'fds': os.listdir('/proc/self/fd')}\n"
        f"open({str(born) + '.new'!r}, 'w').write(json.dumps(facts))\n"
        f"os.rename({str(born) + '.new'!r}, {str(born)!r})\n",
        encoding="utf-8",
    )
    path = Path(endpoint.launch_file())
    path.parent.mkdir(parents=True)
    wish = {
        "argv": [sys.executable, "-I", "-S", str(app)],
        "env": {"HOME": str(home), "DISPLAY": ":7"},
        "start_with_client": True,
    }
    path.write_text(json.dumps(wish), encoding="utf-8")
    path.chmod(0o600)
    cache_answers()
    one = bridge()
    one.ask(INITIALIZE)
    one.say(call(1, "find"))
    stand_in()
    assert "result" in one.answer_to(1)
    facts = wait_for_json(born)
    assert facts["session"] != os.getsid(one.process.pid)
    assert facts["parent"] != one.process.pid
    env = {"HOME": str(home), "DISPLAY": ":7", "LOU_HOME": os.environ["LOU_HOME"]}
    assert facts["env"] == {**env, "LC_CTYPE": facts["env"].get("LC_CTYPE")}
    assert set(facts["fds"]) <= {"0", "1", "2", "3"}


def wait_for_json(path: Path) -> dict[str, Any]:
    waited = subprocess.run(
        [
            "timeout",
            str(PATIENCE_S),
            "sh",
            "-c",
            'until [ -e "$1" ]; do sleep 0.05; done',
            "_",
            path,
        ],
        check=True,
    )
    assert waited.returncode == 0
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("spoil", ["forbidden", "writable by others", "relative", "broken"])
def test_it_starts_nothing_that_it_should_not(bridge: Bridge, tmp_path: Path, spoil: str) -> None:
    born = tmp_path / "born"
    wish: dict[str, Any] = {
        "argv": ["/usr/bin/touch", str(born)],
        "env": {},
        "start_with_client": spoil != "forbidden",
    }
    if spoil == "relative":
        wish["argv"][0] = "touch"
    path = Path(endpoint.launch_file())
    path.parent.mkdir(parents=True)
    path.write_text("{" if spoil == "broken" else json.dumps(wish), encoding="utf-8")
    path.chmod(0o666 if spoil == "writable by others" else 0o600)
    one = bridge()
    assert "Start Lou" in one.ask(call(1, "find"), 3.0)["error"]["message"]
    assert one.end() == 0
    assert not born.exists()


def test_a_folder_of_somebody_else_is_not_trusted(bridge: Bridge, stand_in: Server) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    stand_in()
    os.chown(endpoint.run_folder(), 12345, -1)
    assert "belongs to another user" in bridge().ask(call(1, "find"))["error"]["message"]


def test_what_is_no_socket_is_nobody(home: Path) -> None:
    path = Path(endpoint.server_socket("search"))
    endpoint.make_private(str(path.parent))
    path.write_text("left behind")
    assert dial(str(path)) is None
    assert dial(str(path.parent / ("x" * 200))) is None
    assert dial(str(path / "below")) is None


@pytest.mark.parametrize(
    "names",
    [(), ("a", "b", "c"), ("a", "B"), ("../x",), ("UPPER",), ("x" * 33,), ("",), ("--help",)],
)
def test_a_wrong_name_is_wrong_usage(names: tuple[str, ...]) -> None:
    found = subprocess.run([*BRIDGE, *names], capture_output=True, check=False, timeout=PATIENCE_S)
    assert found.returncode == 2
    assert found.stdout == b""
    assert b"usage: lou-connect SERVER" in found.stderr


def test_a_client_that_stops_reading_ends_the_bridge(bridge: Bridge, stand_in: Server) -> None:
    server = stand_in()
    one = bridge()
    one.say(request(1, "ping"))
    server.wait_for("ping")
    assert one.process.stdout
    one.process.stdout.close()
    one.process.stdout = Path(os.devnull).open("rb", buffering=0)  # noqa: SIM115 - closed with it
    with contextlib.suppress(BrokenPipeError):  # the first answer may have ended it already
        one.say(request(2, "ping"))
    assert one.process.wait(PATIENCE_S) == 0


def test_until_the_first_answer_it_loads_next_to_nothing(bridge: Bridge, stand_in: Server) -> None:
    stand_in()
    argv = (sys.executable, "-I", "-S", "-X", "importtime", *BRIDGE[3:])
    one = bridge("search", argv)
    one.ask(INITIALIZE)
    assert one.end() == 0
    assert one.process.stderr
    told = one.process.stderr.read().decode()
    loaded = {line.split("|")[-1].strip() for line in told.splitlines() if "|" in line}
    ours = {name for name in loaded if name.split(".")[0] == "servers"}
    assert ours <= {
        "servers",
        "servers.contract",
        "servers.contract.endpoint",
        *(
            f"servers.bridge{part}"
            for part in (
                "",
                ".client_streams",
                ".connect",
                ".jsonrpc_scan",
                ".line_reader",
                ".pump",
            )
        ),
        *(
            f"servers.bridge.{part}"
            for part in ("pending_requests", "client_requests", "session", "session_state")
        ),
    }
    heavy = {"json", "socket", "typing", "threading", "asyncio", "re", "enum", "dataclasses"}
    assert not loaded & heavy


@pytest.mark.parametrize("kind", ["editable", "wheel", "linked"])
def test_the_command_finds_its_interpreter_and_its_code(
    stand_in: Server, bridge: Bridge, tmp_path: Path, kind: str
) -> None:
    stand_in()
    venv = tmp_path / "some venv"
    site = venv / "lib/python3.11/site-packages"
    site.mkdir(parents=True)
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(sys.executable)
    command = venv / "bin/lou-connect"
    shutil.copy(ROOT / "packaging/lou-connect", command)
    if kind == "wheel":
        shutil.copytree(ROOT / "servers", site / "servers")
    else:
        (site / "_editable_impl_lou.pth").write_text(f"{ROOT}\n")
    if kind == "linked":
        (tmp_path / "first").symlink_to("some venv/bin/lou-connect")
        (tmp_path / "second").symlink_to(tmp_path / "first")
        command = tmp_path / "second"
    one = bridge("search", (str(command),))
    assert one.ask(INITIALIZE)["result"]["method"] == "initialize"
    assert one.end() == 0
    assert one.last_words() == b""
