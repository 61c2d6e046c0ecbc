"""What was seen is found again without a network, within a bound."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servers.search.websearch.library import Library
from servers.search.websearch.results import Result

pytestmark = pytest.mark.anyio


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    opened = Library(tmp_path / "l.sqlite", max_bytes=1 << 20)
    await opened.open()
    yield opened
    await opened.close()


def hit(name: str, text: str = "some words", site: str = "e.org") -> Result:
    return Result(name, f"https://{site}/{name.replace(' ', '-')}", text, "2026-11-01", "brave")


async def test_what_was_seen_is_found_the_best_first(library: Library) -> None:
    library.remember([hit("bicycle repair", "how to mend a tyre"), hit("tyre shop")])
    found = await library.find("tyre", 10)
    assert [one.title for one in found] == ["tyre shop", "bicycle repair"]
    assert found[0].provider == "library"
    assert found[0].published == "2026-11-01"


async def test_all_words_are_wanted_before_some_words(library: Library) -> None:
    library.remember([hit("red kite"), hit("red car")])
    assert [one.title for one in await library.find("red kite", 10)] == ["red kite"]
    assert len(await library.find("red boat", 10)) == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\u56f3\u66f8\u9928", True),
        ("\u4eac\u90fd \u56f3\u66f8\u9928", True),
        ("\u65b0\u3057\u3044\u56f3\u66f8\u9928", True),
        ("\u6771\u4eac\u306e\u5929\u6c17", False),
    ],
)
async def test_words_are_found_where_nothing_stands_between_them(
    library: Library, text: str, found: bool
) -> None:
    page = "\u4eac\u90fd\u306b\u65b0\u3057\u3044\u56f3\u66f8\u9928\u304c\u958b\u9928"
    library.remember([hit("Kyoto", page), hit("other", "\u5929\u6c17\u4e88\u5831", "f.org")])
    assert [one.title for one in await library.find(text, 5)] == ["Kyoto"] * found
    assert [one.title for one in await library.find(text, 5, "e.org")] == ["Kyoto"] * found
    assert await library.find(text, 5, "f.org") == []


async def test_accents_and_case_do_not_matter(library: Library) -> None:
    library.remember([hit("Caf\u00e9 M\u00fcller")])
    assert await library.find("CAFE muller", 5)


@pytest.mark.parametrize(
    "text",
    ['"', "'; DROP TABLE seen; --", "a OR", "NEAR(", "title:x", "*", "\u200b", "( ) ^ -", ""],
)
async def test_no_question_breaks_the_index(library: Library, text: str) -> None:
    library.remember([hit("a title x")])
    await library.find(text, 5)
    assert await library.count() == 1


async def test_a_whole_page_is_not_replaced_by_a_snippet(library: Library) -> None:
    library.remember_page("https://e.org/p", "P", "a long text about herons and weirs", "")
    library.remember([Result("P", "https://www.e.org/p/?utm_source=x", "short", "", "x")])
    assert await library.count() == 1
    assert await library.find("herons", 5)


async def test_a_page_seen_again_is_kept_once_and_anew(library: Library) -> None:
    library.remember_page("https://e.org/p", "P", "the old text", "")
    library.remember_page("https://e.org/p", "P", "a new one", "")
    assert await library.count() == 1
    assert not await library.find("old", 5)
    assert await library.find("new", 5)


async def test_one_site_is_searched_when_one_is_asked_for(library: Library) -> None:
    library.remember([hit("heron", site="e.org"), hit("heron two", site="other.org")])
    library.remember([hit("heron three", site="sub.e.org")])
    found = await library.find("heron", 10, "e.org")
    assert {one.url.split("/")[2] for one in found} == {"e.org", "sub.e.org"}


async def test_it_stays_within_its_bound_and_forgets_the_oldest(tmp_path: Path) -> None:
    library = Library(tmp_path / "l.sqlite", max_bytes=100_000)
    await library.open()
    for number in range(300):
        library.remember_page(f"https://e.org/{number}", f"page {number}", "word " * 200, "")
    kept = await library.count()
    assert 50 < kept < 130
    assert await library.find("page 299", 1)
    await library.close()


async def test_clearing_leaves_nothing_readable(tmp_path: Path) -> None:
    library = Library(tmp_path / "l.sqlite", max_bytes=1 << 20)
    await library.open()
    library.remember_page("https://e.org/p", "P", "a very private passage", "")
    assert await library.clear() == 1
    assert await library.find("private", 5) == []
    await library.close()
    whole = b"".join(file.read_bytes() for file in tmp_path.glob("l.sqlite*"))
    assert b"private passage" not in whole
    assert stat.S_IMODE((tmp_path / "l.sqlite").stat().st_mode) == 0o600


async def test_a_damaged_index_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "l.sqlite").write_bytes(b"rubbish" * 1000)
    library = Library(tmp_path / "l.sqlite", max_bytes=1 << 20)
    await library.open()
    library.remember([hit("heron")])
    assert await library.find("heron", 5)
    await library.close()


async def test_an_index_of_another_version_is_begun_anew(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "l.sqlite") as other:
        other.execute("CREATE TABLE seen (id INTEGER PRIMARY KEY, words TEXT)")
    library = Library(tmp_path / "l.sqlite", max_bytes=1 << 20)
    await library.open()
    library.remember([hit("heron")])
    assert await library.find("heron", 5)
    await library.close()
