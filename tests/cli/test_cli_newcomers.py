"""Newcomers at the command line: each refusal says what to do, and doing that works."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.running import Lou, lou
from tests.desktop import Desktop


@pytest.fixture
def bare(home: Path) -> Iterator[Lou]:
    """A Lou on a computer without a keyring and without a screen."""
    left_out = {"DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY"}
    with lou({name: text for name, text in os.environ.items() if name not in left_out}) as found:
        yield found


def test_without_a_keyring_the_keys_go_to_an_encrypted_file(bare: Lou) -> None:
    away = bare.run("status")
    assert away.returncode == 3
    assert "lou serve" in away.stderr
    bare.start()
    bare.wait_for("search", "ready")
    refused = bare.run("keys", "set", "TAVILY_API_KEY", stdin="tvly-abc\n")
    assert refused.returncode == 1
    assert "lou keys store file" in refused.stderr
    moved = bare.run("keys", "store", "file", stdin="a long passphrase\na long passphrase\n")
    assert moved.returncode == 0, moved.stderr
    stored = bare.run("keys", "set", "TAVILY_API_KEY", stdin=" tvly-abc\n")
    assert stored.returncode == 0, stored.stderr
    bare.wait_for("tracker", "ready")
    called = bare.run("call", "tracker", "tracker_stats")
    assert called.returncode == 0, called.stderr


def test_a_damaged_file_of_the_tracker_is_kept_and_told(desktop: Desktop) -> None:
    with lou(desktop.environment) as found:
        found.start()
        found.wait_for("tracker", "ready")
        found.stop()
        file = next(found.home.rglob("tracker.db"))
        for beside in file.parent.glob("tracker.db-*"):
            beside.unlink()
        file.write_bytes(b"not a database at all" * 400)
        found.start()
        status = found.wait_for("tracker", "ready")
        assert "was damaged" in status["trouble"]["message"]
        assert "is kept as" in status["trouble"]["hint"]
        assert found.run("call", "tracker", "tracker_stats").returncode == 0


def test_a_second_start_and_wrong_names_say_what_there_is(bare: Lou) -> None:
    bare.start()
    bare.wait_for("search", "ready")
    second = bare.run("serve")
    assert second.returncode == 1
    assert "already" in second.stderr
    for words, said in (
        (("call", "searhc", "web_search"), "search"),
        (("call", "search", "web_serach"), "web_search"),
        (("clients", "connect", "claude-desktpo"), "claude-desktop"),
    ):
        refused = bare.run(*words, stdin="x\n")
        assert refused.returncode != 0, words
        assert said in refused.stderr + refused.stdout, (words, refused.stderr)


def test_a_search_without_a_network_says_so_once_and_the_rest_works(bare: Lou) -> None:
    away = {"base_url": "https://no-such-host.invalid"}
    providers = dict.fromkeys(("tavily", "keenable", "duckduckgo", "wikipedia"), away)
    configure(bare, {"search": providers})
    bare.start()
    bare.wait_for("search", "starting", "ready")
    asked = bare.run("call", "search", "web_search", "query=what is new")
    assert asked.returncode == 1
    assert asked.stderr.count("its name could not be resolved") == 1, asked.stderr
    assert "Check the network of this computer, then try again." in asked.stderr
    page = bare.run("call", "search", "fetch_page", "url=https://no-such-host.invalid/")
    assert page.returncode == 1
    assert "is the network up?" in page.stderr
    called = bare.run("call", "tracker", "tracker_stats")
    assert called.returncode == 0, called.stderr


def test_a_port_that_another_program_has_is_told_until_another_is_chosen(desktop: Desktop) -> None:
    with lou(desktop.environment) as found, socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        key = {"LOU_HTTP_TOKEN": "${keyring:LOU_HTTP_TOKEN}"}
        entry = {"command": "lou-server", "args": ["search"], "env": key}
        configure(found, {"search": {"http": {"port": port}}}, search=entry)
        found.start()
        needs = found.wait_for("search", "blocked", "failed")["trouble"]
        assert "token" in needs["message"], needs
        stored = found.run(
            "keys", "set", "LOU_HTTP_TOKEN", stdin="a-token-that-nobody-guesses-42\n"
        )
        assert stored.returncode == 0, stored.stderr
        found.run("restart", "search")
        trouble = found.wait_for("search", "failed")["trouble"]
        assert f"Port {port} cannot be used" in trouble["message"], trouble
        assert "Choose another" in trouble["hint"]
        refused = found.run("call", "search", "web_search", "query=x")
        assert refused.returncode == 1
        assert "Choose another in Lou's settings" in refused.stderr
        other.close()
        configure(found, {"search": {"http": {"port": 0}}}, search=entry)
        found.wait_for("search", "ready")


def configure(to: Lou, settings: dict[str, object], **servers: object) -> None:
    """Write config.json as a person does; Lou reads it within a second."""
    folder = to.home / "lou"
    folder.mkdir(mode=0o700, exist_ok=True)
    written = {"mcpServers": servers, "settings": settings} if servers else {"settings": settings}
    (folder / "config.json").write_text(json.dumps(written))
    (folder / "config.json").chmod(0o600)
