"""Lou with a real keyring: keys reach servers, and a closed keyring is a state, not a crash."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from cryptography.fernet import Fernet

from tests.app.running import Lou, lou
from tests.desktop import Desktop, session
from tests.patience import PATIENCE_S, wait_until

CANARY = "tvly-canary/5f0c+9e51b7a24d"


@pytest.fixture
def running(desktop: Desktop) -> Iterator[Lou]:
    with lou(desktop.environment) as found:
        yield found


@pytest.fixture(scope="module")
def steady() -> Iterator[Lou]:
    """One Lou with an open keyring, for what needs no start of its own."""
    home = Path(tempfile.mkdtemp(prefix="lou-", dir="/tmp"))
    with session(home) as desktop, lou(desktop.environment) as found:
        start_with_key(found)
        found.wait_for("tracker", "ready")
        yield found
    shutil.rmtree(home, ignore_errors=True)


def start_with_key(running: Lou) -> None:
    running.start()
    running.wait_for("search", "ready")
    assert running.run("keys", "set", "TAVILY_API_KEY", stdin=CANARY).returncode == 0


def blocked_within(running: Lou, figure, name: str) -> dict:
    assert running.process is not None
    began = psutil.Process(running.process.pid).create_time()
    wait_until(lambda: "search is blocked" in running.said(), what="search is blocked")
    figure(f"{name}: start of Lou to `blocked`", time.time() - began, "s", at_most=5.5)
    return running.wait_for("search", "blocked")


def test_a_new_key_reaches_the_server_without_a_restart(steady: Lou) -> None:
    running = steady
    before = running.wait_for("search", "ready")
    assert running.run("keys", "set", "TAVILY_API_KEY", stdin=f"{CANARY}2").returncode == 0
    after = running.wait_for("search", "ready")
    assert (after["pid"], after["restarts"]) == (before["pid"], before["restarts"])
    verdict = running.json("keys", "test", "TAVILY_API_KEY")
    assert verdict["verdict"] in {"unreachable", "accepted", "rejected", "unknown"}
    assert running.run("keys", "unset", "TAVILY_API_KEY").returncode == 0
    assert running.json("keys", "test", "TAVILY_API_KEY")["verdict"] == "missing"
    assert running.run("keys", "set", "TAVILY_API_KEY", stdin=CANARY).returncode == 0


def test_a_locked_keyring_blocks_what_needs_it_and_opens_by_itself(
    running: Lou, desktop: Desktop, figure
) -> None:
    start_with_key(running)
    running.stop()
    desktop.lock()
    (running.home / "serve.txt").unlink()
    running.start()
    found = blocked_within(running, figure, "locked keyring")
    assert found["trouble"]["code"] == "keyring_locked"
    assert found["restarts"] == 0
    assert running.wait_for("tracker", "blocked")["trouble"]["code"] == "keyring_locked"
    desktop.unlock()
    running.wait_for("search", "ready")
    running.wait_for("tracker", "ready")


def test_a_keyring_that_hangs_blocks_in_time_and_nothing_else_hangs(
    running: Lou, desktop: Desktop, figure
) -> None:
    start_with_key(running)
    running.stop()
    desktop.hang()
    (running.home / "serve.txt").unlink()
    running.start()
    found = blocked_within(running, figure, "keyring daemon stopped")
    assert found["trouble"]["code"] == "keyring_hung"
    began = time.monotonic()
    refused = running.run("keys", "set", "TAVILY_API_KEY", stdin=CANARY)
    assert refused.returncode == 1
    assert "gave no answer" in refused.stderr
    assert time.monotonic() - began < 6.5
    desktop.wake()
    running.wait_for("search", "ready")
    running.wait_for("tracker", "ready")


def test_a_tool_is_switched_while_the_keyring_is_locked(running: Lou, desktop: Desktop) -> None:
    start_with_key(running)
    desktop.lock()
    before = running.wait_for("search", "ready")
    assert running.run("disable", "search", "fetch_page").returncode == 0
    assert running.run("call", "search", "fetch_page", "url=https://x.example").returncode == 1
    assert running.wait_for("search", "ready")["pid"] == before["pid"]


def test_without_keys_a_closed_keyring_stops_no_search(running: Lou, desktop: Desktop) -> None:
    desktop.lock()
    running.start()
    running.wait_for("search", "ready")
    found = running.wait_for("tracker", "blocked")
    assert found["trouble"]["code"] == "keyring_locked", "its own key must be made in a keyring"
    desktop.unlock()
    running.wait_for("tracker", "ready")


def test_a_secret_is_in_no_file_argument_or_environment(steady: Lou) -> None:
    running, keyring = steady, Path(steady.environment["HOME"])
    running.run("call", "search", "web_search", f"query={CANARY}")
    running.run("call", "tracker", "find_tracked", f"url=https://x.example/?key={quote(CANARY)}")
    running.run("keys", "test", "TAVILY_API_KEY")
    running.run("restart", "search")
    running.wait_for("search", "ready")
    pids = [each["pid"] for each in running.json("status")["servers"]]
    shown = [Path(f"/proc/{pid}/{name}") for pid in pids for name in ("cmdline", "environ")]
    files = [path for folder in (running.home, keyring) for path in folder.rglob("*")]
    for path in (*shown, *(path for path in files if path.is_file())):
        try:
            content = path.read_bytes()
        except OSError:  # closed to this user, which is the point
            continue
        for form in (CANARY, quote(CANARY, safe="")):
            assert form.encode() not in content, path
    assert CANARY not in running.run("logs", "-n", "1000").stdout


def test_the_tracker_key_is_made_once_and_kept(running: Lou, desktop: Desktop) -> None:
    running.start()
    running.wait_for("tracker", "ready")
    arguments = ("url=https://example.com/1", "email=jo@example.com")
    assert running.run("call", "tracker", "track_url_email", *arguments).returncode == 0
    running.stop()
    (running.home / "lou/data/keys.json").unlink()
    running.start()
    running.wait_for("tracker", "ready")
    found = running.json("call", "tracker", "find_tracked", "url=https://example.com/1")
    assert "jo@example.com" in str(found["data"])
    assert not (running.home / "lou/data/tracker.key").exists()


def test_rotation_keeps_what_was_sealed_before(steady: Lou) -> None:
    running = steady
    arguments = ("url=https://example.com/1", "email=jo@example.com")
    assert running.run("call", "tracker", "track_url_email", *arguments).returncode == 0
    assert running.run("keys", "rotate", "ENCRYPTION_KEY").returncode == 0
    running.run("restart", "tracker")
    running.wait_for("tracker", "ready")
    found = running.json("call", "tracker", "find_tracked", "url=https://example.com/1")
    assert "jo@example.com" in str(found["data"])


def test_a_recovery_key_opens_what_a_lost_key_locked(steady: Lou) -> None:
    running, saved = steady, steady.home / "recovery.txt"
    arguments = ("url=https://example.com/1", "email=jo@example.com")
    assert running.run("call", "tracker", "track_url_email", *arguments).returncode == 0
    assert running.run("keys", "export", "ENCRYPTION_KEY", str(saved)).returncode == 0
    assert saved.stat().st_mode & 0o777 == 0o600
    again = running.run("keys", "export", "ENCRYPTION_KEY", str(saved))
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    for word in ("unset", "set"):
        refused = running.run("keys", word, "ENCRYPTION_KEY", stdin="x")
        assert refused.returncode == 1
        assert "lou keys export ENCRYPTION_KEY FILE" in refused.stderr
    assert running.run("keys", "unset", "ENCRYPTION_KEY", "--yes").returncode == 0
    locked = running.run("call", "tracker", "find_tracked", "url=https://example.com/1")
    assert "recovery key" in locked.stdout + locked.stderr
    right = saved.read_text()
    assert running.run("keys", "set", "ENCRYPTION_KEY", "--yes", stdin=right).returncode == 0
    found = running.json("call", "tracker", "find_tracked", "url=https://example.com/1")
    assert "jo@example.com" in str(found["data"])


def test_another_key_that_is_set_leaves_what_was_sealed_open(steady: Lou) -> None:
    running = steady
    arguments = ("url=https://example.com/1", "email=jo@example.com")
    assert running.run("call", "tracker", "track_url_email", *arguments).returncode == 0
    other = Fernet.generate_key().decode()
    assert running.run("keys", "set", "ENCRYPTION_KEY", "--yes", stdin=other).returncode == 0
    found = running.json("call", "tracker", "find_tracked", "url=https://example.com/1")
    assert "jo@example.com" in str(found["data"])
    wrong = running.run("keys", "set", "ENCRYPTION_KEY", "--yes", stdin="no key")
    assert (wrong.returncode, "44 letters" in wrong.stderr) == (1, True)


def test_a_killed_lou_leaves_a_path_that_the_next_one_takes(running: Lou) -> None:
    running.start()
    running.wait_for("search", "ready")
    assert running.process is not None
    running.process.kill()
    running.process.wait(PATIENCE_S)
    control = running.home / "lou/run/control.sock"
    assert control.exists(), "the dead process left its path"
    assert running.run("status").returncode == 3
    running.start()
    running.wait_for("search", "ready")
    assert oct(control.stat().st_mode & 0o777) == "0o600"


def test_imported_secrets_move_into_the_keyring(steady: Lou) -> None:
    running, keyring = steady, Path(steady.environment["HOME"])
    text = (
        '{"mcpServers": {"github": {"command": "true", "disabled": true, '
        f'"env": {{"GITHUB_TOKEN": "{CANARY}", "MODE": "fast"}}}}}}}}'
    )
    found = running.run("servers", "import", "-", "--yes", stdin=text)
    assert found.returncode == 0, found.stderr
    assert "GITHUB_GITHUB_TOKEN" in found.stdout
    config = (running.home / "lou/config.json").read_text()
    assert "${keyring:GITHUB_GITHUB_TOKEN}" in config
    assert '"MODE": "fast"' in config
    for folder in (running.home, keyring):
        for path in (path for path in folder.rglob("*") if path.is_file()):
            assert CANARY.encode() not in path.read_bytes(), path


def test_config_that_is_broken_is_kept_and_lou_runs_on_defaults(running: Lou) -> None:
    config, broken = running.home / "lou/config.json", '{"mcpServers": {"search": '
    config.parent.mkdir()
    config.write_text(broken)
    running.start()
    running.wait_for("search", "ready")
    checks = {check["code"]: check for check in running.json("doctor")["checks"]}
    assert not checks["config_readable"]["ok"]
    assert "line 1, column" in str(checks["config_readable"])
    assert config.read_text() == broken


def test_an_edit_of_the_file_takes_effect_while_lou_runs(steady: Lou) -> None:
    running = steady
    config = running.home / "lou/config.json"
    text = config.read_text()
    written = config.with_name("edited")
    written.write_text(text.replace('"disabled": false', '"disabled": true', 1))
    written.replace(config)
    running.wait_for("search", "off")


def test_an_imported_server_gets_its_secrets_from_the_keyring(steady: Lou) -> None:
    secret = "orange-juice-77"
    env = {
        "GITHUB_PAT": secret, "DATABASE_URL": f"postgres://u:{secret}@db/x",
        "TOKENIZERS_PARALLELISM": "false", "KEYWORDS": "search", "PLACE": "${HOME}/x",
    }  # fmt: skip
    program = str(Path(__file__).parents[1] / "clients" / "variables_server.py")
    entry = {"command": sys.executable, "args": [program], "env": env}
    text = json.dumps({"mcpServers": {"taken": entry}})
    done = steady.run("servers", "import", "-", "--yes", stdin=text)
    assert done.returncode == 0, done.stderr
    assert secret not in (steady.home / "lou/config.json").read_text()
    steady.wait_for("taken", "ready")
    told = json.loads(steady.json("call", "taken", "variables")["text"])
    assert told["DATABASE_URL"].startswith("postgres://u:")
    assert "keyring" not in told["DATABASE_URL"]
    assert told["PLACE"] == steady.environment["HOME"] + "/x"
    assert (told["TOKENIZERS_PARALLELISM"], told["KEYWORDS"]) == ("false", "search")
    wait_until(lambda: "verbose=false, did a search" in steady.run("logs", "taken").stdout)
    assert secret not in steady.run("logs", "taken").stdout


def test_an_imported_server_with_an_open_question_waits_for_its_key(steady: Lou) -> None:
    program = str(Path(__file__).parents[1] / "clients" / "variables_server.py")
    entry = {"command": sys.executable, "args": [program], "env": {"API_KEY": "${input:key}"}}
    text = json.dumps({"servers": {"asks": entry}})
    done = steady.run("servers", "import", "-", "--yes", stdin=text)
    assert "lou keys set ASKS_API_KEY" in done.stdout
    assert steady.wait_for("asks", "off")["wanted"] is False
    steady.run("enable", "asks")
    assert steady.wait_for("asks", "blocked")["trouble"]["key"] == "ASKS_API_KEY"
    assert steady.run("keys", "set", "ASKS_API_KEY", stdin="given").returncode == 0
    steady.wait_for("asks", "ready")
