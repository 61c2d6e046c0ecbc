"""HTTP of Lou's own servers in the configuration."""

from __future__ import annotations

import json

import pytest

from app.config import config_model, http_access
from app.config.config_model import Config
from app.errors import SettingsError
from servers.contract.server_settings import HTTP_TOKEN_KEY

START = Config(config_model.defaults())


def test_it_is_off_until_it_is_switched_on_and_leaves_nothing_behind() -> None:
    assert not http_access.access(START, "search").is_on
    on = http_access.switched(START, "search", on=True, port=9_000)
    found = http_access.access(on, "search")
    assert (found.is_on, found.url) == (True, "http://127.0.0.1:9000/mcp")
    assert on.servers["search"].references() == (HTTP_TOKEN_KEY,)
    off = http_access.switched(on, "search", on=False, port=9_000)
    assert off.servers == START.servers
    assert off.settings.of("search") == {}


@pytest.mark.parametrize("port", [0, 80, 70_000])
def test_a_port_that_no_program_may_have_is_refused(port: int) -> None:
    with pytest.raises(SettingsError, match="between"):
        http_access.switched(START, "search", on=True, port=port)


def test_two_servers_never_share_a_port() -> None:
    on = http_access.switched(START, "search", on=True, port=9_000)
    with pytest.raises(SettingsError, match="search has it"):
        http_access.switched(on, "tracker", on=True, port=9_000)
    ports = {http_access.access(START, name).port for name in START.servers}
    assert len(ports) == len(START.servers)


@pytest.mark.parametrize("http", [None, [], {"port": "x"}, {"port": True}, {"port": -1}])
def test_what_was_written_by_hand_is_read_without_harm(http: object) -> None:
    config = START.with_settings(servers={"search": {"http": http}})
    assert http_access.access(config, "search").port == http_access.FIRST_PORT


def test_allowed_origins_stay_while_the_port_changes_and_while_it_is_off() -> None:
    on = http_access.switched(START, "search", on=True, port=9_000)
    allowed = http_access.with_origins(on, "search", ["https://App.example/a?b", "app://obsidian"])
    for config in (
        http_access.switched(allowed, "search", on=True, port=9_001),
        http_access.switched(allowed, "search", on=False, port=9_000),
    ):
        found = http_access.access(config, "search")
        assert found.origins == ("https://app.example", "app://obsidian")
    assert not found.is_on
    again = http_access.switched(config, "search", on=True, port=9_000)
    assert http_access.access(again, "search").is_on
    assert "enabled" not in again.settings.of("search")["http"]
    none = http_access.with_origins(again, "search", [])
    off = http_access.switched(none, "search", on=False, port=9_000)
    assert off.settings.of("search") == {}


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        (" https://app.example/ ", "https://app.example"),
        ("https://app.example:443/page#x", "https://app.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:80/", "http://[::1]"),
        ("https://Bücher.example", "https://xn--bcher-kva.example"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
    ],
)
def test_an_origin_is_made_of_the_address_of_a_page(written: str, origin: str) -> None:
    assert http_access.origin_of(written) == origin


@pytest.mark.parametrize(
    "written",
    ["", "*", "null", "app.example", "https://", "https://*.example", "file:///x", "https://a b",
     "https://me@app.example", "https://a.example, https://b.example"],
)  # fmt: skip
def test_what_is_no_origin_is_refused_in_words(written: str) -> None:
    with pytest.raises(SettingsError, match="is no origin"):
        http_access.origin_of(written)


def test_the_entry_for_a_client_holds_the_servers_that_are_on() -> None:
    on = http_access.switched(START, "tracker", on=True, port=9_001)
    entry = json.loads(http_access.client_entry(on, "t0ken"))["mcpServers"]
    assert list(entry) == ["lou-tracker"]
    assert entry["lou-tracker"]["headers"] == {"Authorization": "Bearer t0ken"}
