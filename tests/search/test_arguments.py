"""What models write for a site, domains or a language is understood, or refused in words."""

from __future__ import annotations

import pytest

from servers.search import arguments


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (" site: Example.org ", "example.org"),
        ("*.example.org", "example.org"),
        ("example.org.", "example.org"),
        ("https://example.org:443/a?b#c", "example.org"),
        ("https://m\u00fcller.test/", "m\u00fcller.test"),
        ('"https://www.example.org"', "example.org"),
        (".edu", "edu"),
        ("  ", ""),
    ],
)
def test_a_site_is_understood_however_it_is_written(written: str, meant: str) -> None:
    assert arguments.site(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        '["a.org", "b.org"]',
        ".a.org | @b.org",
        "-a.org\uff0c*.b.org*",
        "<a.org>;site:www.b.org/x",
        "a.org\u3001b.org.",
    ],
)
def test_a_list_of_domains_is_understood_however_it_is_written(written: str) -> None:
    assert arguments.excluded(written) == ("a.org", "b.org")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("English", "en"),
        ("ger", "de"),
        ("pt_BR", "pt"),
        ("zh-Hant-TW", "zh"),
        ("ceb", "ceb"),
        ("Klingon", ""),
        ("the local one", ""),
    ],
)
def test_a_language_is_a_code_or_none_and_never_the_start_of_a_word(
    written: str, meant: str
) -> None:
    assert arguments.language(written) == meant
