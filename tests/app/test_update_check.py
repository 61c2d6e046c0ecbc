"""Lou asks for a newer version only where it was allowed, once a day, and tells it in words."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from app.config.settings import Settings
from app.errors import SettingsError
from app.system import update_check


class Newest:
    """A stand-in for the place that tells the newest version."""

    def __init__(self) -> None:
        self.body = b""
        self.asked: list[dict[str, str]] = []
        newest = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                newest.asked.append({"path": self.path, **dict(self.headers.items())})
                self.send_response(200)
                self.end_headers()
                self.wfile.write(newest.body)

            def log_message(self, *_words: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.address = f"http://127.0.0.1:{self.server.server_port}/newest.json"

    def say(self, **fields: object) -> None:
        self.body = json.dumps(fields).encode()


@pytest.fixture
def newest(home: Path) -> Iterator[Newest]:
    place = Newest()
    thread = threading.Thread(target=place.server.serve_forever, daemon=True)
    thread.start()
    yield place
    place.server.shutdown()
    place.server.server_close()
    thread.join()


def test_nothing_is_asked_until_it_is_allowed() -> None:
    assert Settings().ask_for_updates is False


def test_a_newer_version_is_told_once_a_day(newest: Newest) -> None:
    newest.say(version="99.0", notes="Faster.\n\x1b[31mRed.")
    assert update_check.is_due()
    news = update_check.ask(newest.address)
    assert news
    assert news.version == "99.0"
    assert "\x1b" not in news.notes
    assert "\n" not in news.notes
    assert not update_check.is_due()


def test_the_request_tells_nothing_of_the_person(newest: Newest) -> None:
    newest.say(version="0.0.1")
    assert update_check.ask(newest.address) is None
    (asked,) = newest.asked
    assert asked["path"] == "/newest.json"
    assert set(asked) <= {"path", "User-Agent", "Accept", "Host", "Connection", "Accept-Encoding"}
    assert asked["User-Agent"].startswith("Lou/")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'{"version": null}', b"\xff" * 9])
def test_an_answer_that_is_none_is_no_news(newest: Newest, body: bytes) -> None:
    newest.body = body
    with contextlib.suppress(SettingsError):
        assert update_check.ask(newest.address) is None
    assert not update_check.is_due()


@pytest.mark.parametrize(
    "address", ["", "http://example.org/x", "file:///etc/passwd", "ftp://x.example/", "https"]
)
def test_only_secure_addresses_are_asked(home: Path, address: str) -> None:
    with pytest.raises(SettingsError) as refused:
        update_check.ask(address)
    assert refused.value.code in {"update_address", "update_unknown"}


@pytest.mark.parametrize(
    ("one", "other", "newer"),
    [
        ("0.2.0", "0.1.0", True),
        ("0.10", "0.9.9", True),
        ("1.0", "1.0.0", False),
        ("1.0.1", "1.0", True),
        ("0.1.0", "0.2.0", False),
        ("1.0rc1", "0.1", False),
        ("", "0.1", False),
        ("99999999", "0.1", False),
        ("2", "1.9.9.9", True),
        ("-1", "0", False),
    ],
)
def test_versions_are_compared_by_their_numbers(one: str, other: str, newer: bool) -> None:
    assert update_check.is_newer(one, other) is newer
