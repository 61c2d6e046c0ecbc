"""Every command of the command line, as a real process against a real Lou."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.running import LOU, Lou, lou
from tests.keys.test_key_text import account
from tests.patience import PATIENCE_S, wait_until

CANARY = "tvly-canary-5f0c9e51b7a24d"


@pytest.fixture(scope="module")
def running() -> Iterator[Lou]:
    with lou() as found:
        found.start()
        found.wait_for("search", "ready")
        found.wait_for("tracker", "ready")
        yield found


def test_status_has_the_promised_shape(running: Lou) -> None:
    found = running.json("status")
    assert found["app"].keys() == {"pid", "version", "mode", "uptime_s"}
    assert found["app"]["mode"] == "headless"
    assert [server["name"] for server in found["servers"]] == ["search", "tracker"]
    assert found["servers"][0].keys() == {
        "name", "wanted", "state", "pid", "restarts", "tools", "clients", "endpoint", "trouble",
        "rss_bytes", "cpu_percent",
    }  # fmt: skip


def test_status_for_people_is_aligned(running: Lou) -> None:
    done = running.run("status")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    header = next(line for line in lines if line.startswith("SERVER"))
    row = next(line for line in lines if line.startswith("search"))
    assert header.index("STATE") == row.index("ready")


def test_disable_and_enable_return_when_it_is_so(running: Lou) -> None:
    assert running.run("disable", "search").returncode == 0
    assert running.json("status")["servers"][0]["state"] == "off"
    assert json.loads((running.home / "lou/config.json").read_bytes())["mcpServers"]["search"][
        "disabled"
    ]
    done = running.run("enable", "search")
    assert (done.returncode, done.stdout) == (0, "search is ready.\n")
    assert running.json("status")["servers"][0]["wanted"] is True


def test_a_tool_is_switched_for_the_next_call(running: Lou) -> None:
    assert running.run("disable", "tracker", "find_tracked").returncode == 0
    refused = running.run("call", "tracker", "find_tracked")
    assert refused.returncode == 1
    assert "off" in refused.stderr
    tools = {tool["name"]: tool["enabled"] for tool in running.json("tools", "tracker")["tools"]}
    assert tools["find_tracked"] is False
    assert running.run("enable", "tracker", "find_tracked").returncode == 0
    assert running.run("call", "tracker", "find_tracked").returncode == 0


def test_a_call_writes_and_reads_back(running: Lou) -> None:
    arguments = json.dumps({"url": "https://example.com/jobs/1", "email": "jo@example.com"})
    done = running.run("call", "tracker", "track_url_email", arguments)
    assert done.returncode == 0, done.stderr
    found = running.json("call", "tracker", "find_tracked", "url=https://example.com/jobs/1")
    assert found.keys() == {"status", "data", "text", "is_error", "ms"}
    assert found["data"]["entries"]


def test_arguments_come_as_json_pairs_or_stdin(running: Lou) -> None:
    pairs = running.json("call", "tracker", "find_tracked", "limit=1")
    stdin = running.json("call", "tracker", "find_tracked", "-", stdin='{"limit": 1}')
    assert pairs["data"].keys() == stdin["data"].keys()


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("call", "nosuch", "x"), 1, "no server called nosuch"),
        (("call", "tracker", "nosuch"), 1, "nosuch"),
        (("call", "tracker", "find_tracked", '{"limit": "many"}'), 1, "limit"),
        (("call", "tracker", "find_tracked", "{broken"), 2, "not JSON"),
        (("call", "tracker", "find_tracked", "what"), 2, "key=value"),
        (("enable", "nosuch"), 1, "no server called nosuch"),
        (("disable", "tracker", "nosuch"), 1, "no tool called nosuch"),
        (("restart", "nosuch"), 1, "no server called nosuch"),
        (("logs", "nosuch"), 1, "no server called nosuch"),
        (("metrics", "nosuch"), 1, "no server called nosuch"),
        (("servers", "remove", "tracker"), 1, "cannot be removed"),
        (("servers", "remove", "nosuch"), 1, "no server called nosuch"),
        (("servers", "add", "Bad Name", "--", "true"), 1, "name"),
        (("servers", "add", "mine"), 2, "command or a --url"),
        (("servers", "import", "/nowhere.json"), 1, "cannot be read"),
        (("keys", "rotate", "TAVILY_API_KEY"), 1, "not made by Lou"),
        (("enable",), 2, "required"),
        (("logs", "--level", "loud"), 2, "invalid choice"),
        (("logs", "-n", "-3"), 2, "whole number"),
        (("logs", "-n", "9999999"), 2, "whole number"),
        (("keys", "set", "TAVILY-KEY"), 1, "cannot be the name of a key"),
        (("servers", "add", "m", "--env", "A=${keyring:a-b}", "--", "true"), 1, "${keyring:NAME}"),
        (("servers", "add", "mine", "--", "x", "${keyring:A}"), 1, "everybody could read"),
        (("servers", "add", "--", "-x", "true"), 2, "NAME"),
        (("frobnicate",), 2, "no command"),
    ],
)
def test_bad_input_gets_a_reason_and_its_exit_code(
    running: Lou, words: tuple[str, ...], code: int, reason: str
) -> None:
    done = running.run(*words)
    assert done.returncode == code, done.stderr
    assert reason in done.stderr
    assert done.stdout == ""


def test_an_error_as_json_is_still_one_document(running: Lou) -> None:
    done = running.run("call", "nosuch", "x", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "unknown_server"
    assert "nosuch" in done.stderr


def test_logs_show_the_last_lines(running: Lou) -> None:
    lines = running.json("logs", "-n", "5")["lines"]
    assert 0 < len(lines) <= 5
    assert lines[0].keys() == {"server", "at", "logger", "level", "message"}
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert {line["server"] for line in running.json("logs", "lou")["lines"]} == {"lou"}
    assert running.json("logs", "--level", "CRITICAL")["lines"] == []


def test_logs_follow_what_comes(running: Lou) -> None:
    with subprocess.Popen(
        [LOU, "logs", "tracker", "-f", "-n", "0"], env=running.environment, stdout=subprocess.PIPE,
        text=True,
    ) as follower:  # fmt: skip
        assert follower.stdout is not None
        running.run("restart", "tracker")
        assert "tracker" in follower.stdout.readline()
        follower.send_signal(signal.SIGINT)
        assert follower.wait(PATIENCE_S) == 0


def test_metrics_count_the_calls(running: Lou) -> None:
    before = running.json("metrics", "tracker")["total"]["calls"]
    running.run("call", "tracker", "find_tracked")

    def counted() -> bool:
        return running.json("metrics", "tracker")["total"]["calls"] == before + 1

    wait_until(counted, what="the call was counted")
    found = running.json("metrics", "tracker")
    assert found["total"]["p95"] > 0
    assert "find_tracked" in {tool["tool"] for tool in found["tools"]}
    assert "find_tracked" in running.run("metrics").stdout


def test_keys_are_listed_without_a_value(running: Lou) -> None:
    found = running.json("keys", "list")
    assert {"TAVILY_API_KEY", "ENCRYPTION_KEY"} <= {key["name"] for key in found["keys"]}
    assert found["state"] == "absent"


def test_without_a_keyring_a_key_is_refused_and_written_nowhere(running: Lou) -> None:
    done = running.run("keys", "set", "TAVILY_API_KEY", stdin=CANARY)
    assert done.returncode == 1
    assert "lou keys store file" in done.stderr
    for path in (path for path in running.home.rglob("*") if path.is_file()):
        assert CANARY.encode() not in path.read_bytes(), path


def test_a_value_in_argv_is_wrong_usage(running: Lou) -> None:
    done = running.run("keys", "set", "TAVILY_API_KEY", CANARY)
    assert done.returncode == 2


def test_a_sealed_file_keeps_keys_and_servers_get_them(running: Lou) -> None:
    assert running.run("keys", "store", "file", stdin="a long passphrase").returncode == 0
    assert running.run("keys", "set", "TAVILY_API_KEY", stdin=CANARY + "\n").returncode == 0
    keys = {key["name"]: key["is_set"] for key in running.json("keys", "list")["keys"]}
    assert keys["TAVILY_API_KEY"]
    assert keys["ENCRYPTION_KEY"], "the tracker's key moved in"
    assert not (running.home / "lou/data/tracker.key").exists()
    for path in (path for path in running.home.rglob("*") if path.is_file()):
        assert CANARY.encode() not in path.read_bytes(), path
    assert running.run("keys", "unset", "TAVILY_API_KEY").returncode == 0
    assert running.json("call", "tracker", "find_tracked")["status"] == "success"


def test_over_a_broken_config_switches_are_refused_and_what_runs_goes_on(running: Lou) -> None:
    config = running.home / "lou/config.json"
    before = config.read_bytes()
    broken = before.rstrip()[:-1].rstrip() + b",\n}\n"
    line = broken.count(b"\n", 0, broken.rindex(b",")) + 1
    where = f"config.json is broken at line {line}, column"
    config.write_bytes(broken)
    for words in (
        ("disable", "tracker"), ("disable", "search", "web_search"), ("keys", "store", "file"),
        ("servers", "add", "another", "--", "true"),
    ):  # fmt: skip
        done = running.run(*words, stdin="a passphrase" if "store" in words else "")
        assert done.returncode == 1, words
        assert where in done.stderr
    done = running.run("restart", "search")
    assert (done.returncode, done.stdout) == (0, "search is ready.\n")
    assert where in done.stderr
    checks = {each["code"]: each for each in running.json("doctor")["checks"]}
    assert where in checks["config_readable"]["sentence"]
    assert where in running.run("status").stdout
    assert where in running.json("status")["notices"][0]["message"]
    assert config.read_bytes() == broken
    assert [path.name for path in config.parent.glob("config*")] == ["config.json"]
    assert running.wait_for("tracker", "ready")
    config.write_bytes(before)
    wait_until(lambda: "notices" not in running.json("status"), PATIENCE_S)
    assert running.run("disable", "tracker").returncode == 0
    assert running.run("enable", "tracker").returncode == 0


def test_a_key_in_any_shape_is_mended_or_refused_and_nobody_is_asked_about_nonsense(
    running: Lou,
) -> None:
    def given(name: str, content: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [LOU, "keys", "set", name],
            env=running.environment, input=content, capture_output=True, check=False,
        )  # fmt: skip

    done = given("EXA_API_KEY", 'EXA_API_KEY="exa-abc"\r\n'.encode("utf-16"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"EXA_API_KEY is set. `EXA_API_KEY` before the value was left out." in done.stdout
    refused = given("EXA_API_KEY", b"exa-abc\nexa-def\n")
    assert refused.returncode == 1
    assert b"This is 2 lines, and EXA_API_KEY is one." in refused.stderr
    place = running.home / "account.json"
    for content, said in (
        (str(place).encode(), "the path of a file"),
        (b'{"apiKey": "x", "authDomain": "y"}', "the web config of a Firebase app"),
    ):
        refused = given("FIREBASE_CREDENTIALS", content)
        assert refused.returncode == 1
        assert said in refused.stderr.decode()
    place.write_text(json.dumps(account()), "utf-16")
    done = given("FIREBASE_CREDENTIALS", str(place).encode())
    assert done.returncode == 0, done.stderr
    assert "the account in" in done.stdout.decode()
    for name in ("EXA_API_KEY", "FIREBASE_CREDENTIALS"):
        assert running.run("keys", "unset", name).returncode == 0


def test_a_server_of_ones_own_comes_and_goes(running: Lou) -> None:
    added = running.run("servers", "add", "mine", "--disabled", "--env", "A=b", "--", "npx", "-y")
    assert added.returncode == 0, added.stderr
    config = json.loads((running.home / "lou/config.json").read_bytes())
    assert config["mcpServers"]["mine"] == {
        "command": "npx", "args": ["-y"], "env": {"A": "b"}, "requiredTools": [],
        "disabled": True, "disabledTools": [],
    }  # fmt: skip
    taken = running.run("servers", "add", "mine", "--", "true")
    assert taken.returncode == 1
    assert running.run("servers", "remove", "mine").returncode == 0
    names = [server["name"] for server in running.json("status")["servers"]]
    assert names == ["search", "tracker"]


def test_import_takes_servers_and_leaves_out_what_it_cannot(running: Lou, tmp_path: Path) -> None:
    file = tmp_path / "claude.json"
    entries = {
        "My Server": {"command": "true", "disabled": True},
        "tracker": {"command": "other"},
        "lou-search": {"command": "/usr/bin/lou-connect", "args": ["search"]},
    }
    file.write_text(json.dumps({"mcpServers": entries}))
    found = running.json("servers", "import", str(file), "--yes")
    assert found["added"] == ["my-server"]
    assert set(found["skipped"]) == {"tracker", "lou-search"}
    running.run("servers", "remove", "my-server")


def test_doctor_has_stable_codes_and_a_fix_for_each(running: Lou) -> None:
    checks = running.json("doctor")["checks"]
    assert {"running", "config_readable", "keyring", "server_search"} <= {c["code"] for c in checks}
    assert all(check["ok"] or check["fix"] for check in checks)


@pytest.mark.parametrize(
    ("where", "code", "said"),
    [(">/dev/full", 1, "could not be written: No space left"), (">&-", 0, ""), ("| true", 0, "")],
)
def test_an_output_that_goes_nowhere_is_no_crash(
    running: Lou, where: str, code: int, said: str
) -> None:
    done = subprocess.run(
        ["sh", "-c", f"'{LOU}' status {where}"],
        env=running.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_system_refuses_is_no_failure_to_write(running: Lou) -> None:
    with Path("/dev/null").open("wb") as unreadable:
        done = subprocess.run(
            [LOU, "keys", "set", "TAVILY_API_KEY", "--json"], stdin=unreadable,
            env=running.environment, capture_output=True, text=True, timeout=PATIENCE_S,
            check=False,
        )  # fmt: skip
    message = "The system refused this: Bad file descriptor."
    assert json.loads(done.stdout) == {"error": {"code": "failed", "message": message, "hint": ""}}
    assert (done.returncode, done.stderr) == (1, f"{message}\n")


def test_a_second_serve_says_that_lou_runs(running: Lou) -> None:
    done = running.run("serve")
    assert done.returncode == 1
    assert "runs already" in done.stderr


def test_nobody_waits_for_ever_for_a_lou_that_hangs(running: Lou) -> None:
    assert running.process is not None
    running.process.send_signal(signal.SIGSTOP)
    try:
        asking = [
            subprocess.Popen(
                [LOU, word], env=running.environment, stderr=subprocess.PIPE, text=True
            )
            for word in ("status", "serve", "quit")
        ]
        for each in asking:
            _, said = each.communicate(timeout=PATIENCE_S)
            assert (each.returncode, said.splitlines()[0]) == (1, "Lou does not answer.")
    finally:
        running.process.send_signal(signal.SIGCONT)
    assert running.run("status").returncode == 0


def test_without_a_display_lou_says_how_to_run(running: Lou) -> None:
    done = running.run()
    assert done.returncode == 1
    assert "lou serve" in done.stderr


def test_a_key_is_asked_for_without_echo(running: Lou) -> None:
    parent, child = pty.openpty()
    with subprocess.Popen(
        [LOU, "keys", "set", "TAVILY_API_KEY"], env=running.environment, stdin=child,
        stdout=subprocess.PIPE, stderr=child, start_new_session=True,
    ) as asking:  # fmt: skip
        os.close(child)
        said = b""
        while b"TAVILY_API_KEY: " not in said:
            said += os.read(parent, 1000)
        os.write(parent, b"secret-typed-in\n")
        assert asking.wait(PATIENCE_S) in {0, 1}
    os.close(parent)
    assert b"secret-typed-in" not in said
    running.run("keys", "unset", "TAVILY_API_KEY")


def test_every_command_without_lou_says_that_it_does_not_run() -> None:
    with lou() as absent:
        for words in (("status",), ("tools", "x"), ("logs",), ("quit",), ("keys", "list")):
            done = absent.run(*words)
            assert (done.returncode, done.stdout) == (3, "")
            assert "Lou is not running" in done.stderr
        assert absent.run("doctor").returncode == 3
        assert json.loads(absent.run("status", "--json").stdout)["error"]["code"] == "not_running"
        assert not (absent.home / "lou").exists(), "asking makes no files"


def test_a_home_given_from_here_is_the_same_for_servers_and_clients() -> None:
    with lou() as found:
        found.environment["LOU_HOME"] = "lou"
        found.start(cwd=found.home)

        def states() -> set[str]:
            done = subprocess.run(
                [LOU, "status", "--json"],
                env=found.environment, cwd=found.home, capture_output=True,
                timeout=PATIENCE_S, check=False,
            )  # fmt: skip
            known = json.loads(done.stdout).get("servers", ())
            return {each["state"] if each["pid"] else "" for each in known}

        wait_until(lambda: states() == {"ready"})
        assert {path.name for path in (found.home / "lou/run").glob("*.sock")} == {
            "control.sock", "s-search.sock", "s-tracker.sock",
        }  # fmt: skip


def test_help_names_every_command() -> None:
    with lou() as absent:
        shown = absent.run("--help").stdout
        for word in ("status", "enable", "call", "keys", "servers", "doctor", "quit", "serve"):
            assert f"lou {word}" in shown
        assert absent.run("keys", "--help").returncode == 0
        assert absent.run("--version").stdout.startswith("lou ")


def test_quit_ends_lou_and_leaves_nothing_running() -> None:
    with lou() as found:
        found.start()
        pids = [found.wait_for(name, "ready")["pid"] for name in ("search", "tracker")]
        assert found.run("quit").returncode == 0
        assert found.process is not None
        assert found.process.wait(PATIENCE_S) == 0
        for pid in pids:
            wait_until(
                lambda pid=pid: (
                    not Path(f"/proc/{pid}/cmdline").exists()
                    or not Path(f"/proc/{pid}/cmdline").read_bytes()
                )
            )
        assert found.run("status").returncode == 3
        assert not (found.home / "lou/run/control.sock").exists()
