"""One spelling for each page address."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servers.tracker.codec import urls


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("acme.com", "https://acme.com/"),
        ("//acme.com/x", "https://acme.com/x"),
        ("  https://Acme.COM  ", "https://acme.com/"),
        ("HTTPS://ACME.com:443/a/../b", "https://acme.com/b"),
        ("http://acme.com:80", "http://acme.com/"),
        ("http://acme.com:8080", "http://acme.com:8080/"),
        ("acme.com:8080/x", "https://acme.com:8080/x"),
        ("https://acme.com./", "https://acme.com/"),
        ("https://bücher.de/ä", "https://xn--bcher-kva.de/%C3%A4"),
        ("https://xn--bcher-kva.de/", "https://xn--bcher-kva.de/"),
        ("https://faß.de/", "https://xn--fa-hia.de/"),
        ("https://acme.com/#team", "https://acme.com/"),
        ("https://acme.com/%7ejane%2f", "https://acme.com/~jane%2F"),
        ("https://acme.com/?utm_source=x&a=1&fbclid=2&GCLID=3", "https://acme.com/?a=1"),
        ("https://acme.com/?utm_source=x", "https://acme.com/"),
        ("https://acme.com/?clid=1&id=2", "https://acme.com/?clid=1&id=2"),
        ("https://[::1]:8443/x", "https://[::1]:8443/x"),
        ("https://[0:0::1]/", "https://[::1]/"),
        ("https://10.0.0.1/", "https://10.0.0.1/"),
    ],
)
def test_the_same_page_gets_the_same_text(text: str, spelling: str) -> None:
    assert urls.normalise(text) == spelling


def test_tracking_parameters_stay_when_the_user_wants_them() -> None:
    found = urls.normalise("acme.com/?utm_source=x&a=1", strip_tracking=False)
    assert found == "https://acme.com/?utm_source=x&a=1"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("javascript:alert(1)", "must start with"),
        ("ftp://acme.com", "must start with"),
        ("mailto:jane@acme.com", "must start with"),
        ("file:///etc/passwd", "must start with"),
        ("https://jane:secret@acme.com/", "user name or a password"),
        ("jane@acme.com", "user name or a password"),
        ("https://", "names no host"),
        ("https:///x", "names no host"),
        ("https://a..b/", "cannot exist"),
        ("https://-a.com/", "cannot exist"),
        ("https://" + "a" * 64 + ".com/", "cannot exist"),
        ("https://acme.com:99999/", "cannot be read"),
        ("https://0x7f.1/", "neither a name nor an IP"),
        ("https://999.1.1.1/", "neither a name nor an IP"),
        ("https://ac me.com/", "space or a control"),
        ("https://acme.com/a b", "space or a control"),
        ("https://acme.com/\x00", "space or a control"),
        ("https://acme.com/\ud800", "space or a control"),
        ("https://acme.com/" + "a" * 2048, "limit is 2048"),
        ("https://acme.com/" + "ä" * 900, "once encoded"),
    ],
)
def test_what_is_no_page_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(urls.UrlError, match=reason):
        urls.normalise(text)


@settings(max_examples=500, deadline=None)
@given(
    st.text(max_size=60) | st.from_regex(r"(https?://)?[a-zA-Z0-9ä.-]{1,20}(:\d{1,5})?(/\S{0,20})?")
)
def test_normalising_twice_changes_nothing_and_never_crashes(text: str) -> None:
    try:
        once = urls.normalise(text)
    except urls.UrlError:
        return
    assert urls.normalise(once) == once
    assert once.isascii()
    assert urls.host(once)


PIECES = st.sampled_from(
    ("acme", ".com", "b-", "-", ".", "/", "..", "~", "_", "xn--", "1", "A", "de")
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=4), st.lists(PIECES, max_size=6))
def test_what_is_taken_at_a_glance_is_spelled_like_this_already(
    host: list[str], path: list[str]
) -> None:
    text = f"https://{''.join(host)}.com/{''.join(path)}"
    if urls.is_plain(text):
        assert urls.normalise(f"{text}#a-fragment-wants-a-closer-look") == text


def test_ordinary_pages_are_taken_at_a_glance() -> None:
    assert urls.is_plain("https://www.acme-corp.com/about/team.html")
    for text in ("https://acme.com", "https://acme.com/a/../b", "https://xn--bcher-kva.de/"):
        assert not urls.is_plain(text)
    for text in ("https://10.0.0.1/", "https://acme.com:443/", "https://acme.com/?a=1"):
        assert not urls.is_plain(text)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("acme.com", "acme.com"),
        ("jane@Acme.com", "acme.com"),
        ("https://a.bücher.de/x", "a.xn--bcher-kva.de"),
    ],
)
def test_a_domain_is_read_from_what_people_type(text: str, host: str) -> None:
    assert urls.host_name(text) == host
