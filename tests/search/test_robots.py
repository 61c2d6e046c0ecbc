"""What robots.txt files of every shape mean, as RFC 9309 reads them."""

from __future__ import annotations

import time

import pytest
from aiohttp import web

from servers.search.pages.robots import _canonical, allows
from tests.search.conftest import Running, Start
from tests.search.test_fetch_page import PAGE, failure, fetch

pytestmark = pytest.mark.anyio

ALL = "User-agent: *\nDisallow: /no\n"


def may(content: str | bytes, path: str) -> bool:
    rules = _canonical(content if isinstance(content, bytes) else content.encode())
    return not rules or allows(rules, f"https://e.org{path}")


@pytest.mark.parametrize(
    "content",
    [
        ALL,
        "\ufeff" + ALL,
        ALL.encode("utf-16"),
        b"\xfe\xff" + ALL.encode("utf-16-be"),
        ALL.encode("utf-16-le"),
        ALL.replace("\n", "\r"),
        ALL.replace("\n", "\r\n"),
        "\n\n# a comment\n" + ALL.replace("\n", "  # why\n"),
        "USER-AGENT:*\nDISALLOW:/no",
        "User-agent : *\nDisallow : /no",
        "User agent: *\nDisalow: /no",
        "User-agent: other\nDisallow: /\n\n" + ALL,
        "User-agent: other\nUser-agent: *\nDisallow: /no",
        "User-agent: *\n\nDisallow: /no\n",
        "Disallow: /yes\n" + ALL,
        "User-agent: *\nCrawl-delay: 10\nRequest-rate: x\nNoindex: /yes\nDisallow: /no",
        "User-agent: *\nSitemap: https://e.org/s.xml\nDisallow: /no",
        "User-agent: *\nDisallow: /\nAllow: /yes",
        "User-agent: *\nAllow: /yes\nDisallow: /",
        "User-agent: *\nDisallow: /no\nAllow: /n",
        "User-agent: *\nDisallow: /*/x$\nDisallow: /n*o",
        "User-agent: *\nDisallow: /yes\nUser-agent: Lou\nDisallow: /no",
        "User-agent: lou\nDisallow: /no\nUser-agent: *\nDisallow: /",
        "User-agent: Lou/2.0\nDisallow: /no\nUser-agent: *\nDisallow: /",
        "User-agent: Lou\nDisallow: /x\nUser-agent: *\nDisallow: /\nUser-agent: LOU\nDisallow: /no",
        "User-agent: a\nCrawl-delay: 3\nUser-agent: Lou\nDisallow: /no",
        b"User-agent: *\nDisallow: /caf\xe9\nDisallow: /no",
    ],
)
def test_a_rule_is_understood_however_it_is_written(content: str | bytes) -> None:
    assert not may(content, "/no")
    assert may(content, "/yes")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\ufeff",
        "<!doctype html><pre>\nUser-agent: *\nDisallow: /\n</pre>",
        "  <html>\nUser-agent: *\nDisallow: /",
        "User-agent: *\nDisallow:",
        "User-agent: Lou\nDisallow:\nUser-agent: *\nDisallow: /",
        "User-agent: Louise\nDisallow: /\nUser-agent: L\nDisallow: /\nUser-agent: ou\nDisallow: /",
        "Disallow: /",
        "User-agent: *\nDisallow: /NO\nDisallow: no\nDisallow: /no$x",
        "User-agent: *\nDisallow: /no\nAllow: /no",
        "User-agent: *\nDisallow: https://e.org/no",
        b"\xff\xfe\x00\x00\x81",
        b"\x1f\x8b\x08\x00binary",
    ],
)
def test_what_forbids_nothing_of_us_forbids_nothing(content: str | bytes) -> None:
    assert may(content, "/no")


def test_letters_are_compared_as_addresses_spell_them() -> None:
    rules = "User-agent: *\nDisallow: /caf\u00e9\nDisallow: /%7Ejoe\nDisallow: /a?b=1"
    assert not may(rules, "/caf%C3%A9")
    assert not may(rules, "/~joe/x")
    assert not may(rules, "/a?b=1&c")
    assert may(rules, "/a?b=2")


def test_a_rule_that_is_cut_off_forbids_no_more_than_it_says() -> None:
    head = "User-agent: *\nDisallow: /no\n"
    filler = "#" * (512 * 1024 - len(head) - 12)
    whole = f"{head}{filler}\nDisallow: /yes/only/this\n".encode()[: 512 * 1024]
    assert whole.endswith(b"Disallow: /")
    assert not may(whole, "/no")
    assert may(whole, "/yes")


def put(running: Running, **more: object) -> str:
    """A page, and a robots.txt that is answered so; the page's address."""
    running.world.pages["/robots.txt"] = lambda: web.Response(**more)  # type: ignore[arg-type]
    return running.world.page("/page", PAGE.format(""))


async def test_a_site_that_shows_no_rules_has_none(start: Start) -> None:
    running = await start()
    for status in (400, 401, 403, 404, 410, 429):
        url = put(running, status=status, text="User-agent: *\nDisallow: /")
        await running.forget_answers()
        assert "Heron" in (await fetch(running, url)).text, status


async def test_a_site_that_fails_says_no_for_now(start: Start) -> None:
    running = await start()
    for status in (500, 502, 503):
        url = put(running, status=status)
        await running.forget_answers()
        told = await failure(running, url)
        assert (told.kind, "cannot be read now" in told.message) == ("refused", True), status


async def test_rules_count_whatever_their_type_is_called(start: Start) -> None:
    running = await start()
    for kind in ("text/html", "application/octet-stream", "image/png"):
        url = put(running, body=b"User-agent: *\nDisallow: /page", content_type=kind)
        await running.forget_answers()
        assert "robots.txt asks" in (await failure(running, url)).message, kind


async def test_a_page_in_the_place_of_rules_forbids_nothing(start: Start) -> None:
    running = await start()
    url = put(running, text="<html><p>User-agent: *<br>\nDisallow: /", content_type="text/html")
    assert "Heron" in (await fetch(running, url)).text


async def test_rules_are_followed_to_where_they_moved(start: Start) -> None:
    running = await start()
    running.world.page("/r2", "User-agent: *\nDisallow: /page", content_type="text/plain")
    url = put(running, status=301, headers={"Location": "/r2"})
    assert "robots.txt asks" in (await failure(running, url)).message


async def test_rules_that_lead_nowhere_are_none(start: Start) -> None:
    running = await start()
    for goal in ("/robots.txt", "http://[", "http://10.0.0.1/", "ftp://e.org/"):
        url = put(running, status=302, headers={"Location": goal})
        await running.forget_answers()
        assert "Heron" in (await fetch(running, url)).text, goal


async def test_of_rules_without_end_the_first_half_mebibyte_counts(start: Start) -> None:
    running = await start()
    long = "User-agent: *\nDisallow: /page\n" + "# filler\n" * 700_000
    assert "robots.txt asks" in (await failure(running, put(running, text=long))).message


def test_many_rules_are_read_in_bounded_time() -> None:
    rules = "User-agent: *\n" + "".join(f"Disallow: /{'*a' * 8}{n}$\n" for n in range(15_000))
    started = time.process_time()
    assert may(rules, "/" + "a" * 1900)
    assert time.process_time() - started < 30
