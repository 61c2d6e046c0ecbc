"""What may go into an entry."""

from __future__ import annotations

from typing import Any

import pytest
from email_validator import validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from servers.tracker.codec import urls
from servers.tracker.entry import (
    LONGEST_NOTE,
    RejectedEntryError,
    Rules,
    checked,
    folded_email,
    holds_address,
    is_plain_email,
    tag_name,
)

GOOD: dict[str, Any] = {"url": "acme.com", "email": "jane@acme.com", "rules": Rules()}


def test_good_fields_make_a_draft() -> None:
    draft = checked(**{**GOOD, "note": " a\r\nb ", "tags": ["VIP", "vip", " two  words "]})
    assert draft.url == "https://acme.com/"
    assert draft.note == "a\nb"
    assert draft.tags == ("two words", "vip")
    assert draft.status == "new"


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("Jane.Doe@ACME.com", "Jane.Doe@acme.com"),
        ("jane@bücher.de", "jane@xn--bcher-kva.de"),
        ("  jane@acme.com ", "jane@acme.com"),
        ("jane+tag@acme.com", "jane+tag@acme.com"),
        ("person@site1.example", "person@site1.example"),
    ],
)
def test_an_address_gets_one_spelling(text: str, spelling: str) -> None:
    assert checked(**{**GOOD, "email": text}).email == spelling


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"email": ""}, ["email"]),
        ({"email": "jane"}, ["email"]),
        ({"email": "jane@"}, ["email"]),
        ({"email": "a b@acme.com"}, ["email"]),
        ({"email": "jane@acme..com"}, ["email"]),
        ({"email": "jane@[127.0.0.1]"}, ["email"]),
        ({"email": "x" * 70 + "@acme.com"}, ["email"]),
        ({"email": "Jane <jane@acme.com>"}, ["email"]),
        ({"email": "jane@acme.c"}, ["email"]),
        ({"email": "a%2Bb@acme.com"}, ["email"]),
        ({"url": "ftp://x"}, ["url"]),
        ({"url": "https://acme.com:0"}, ["url"]),
        ({"note": "x" * (LONGEST_NOTE + 1)}, ["note"]),
        ({"note": "a\x00b"}, ["note"]),
        ({"tags": ["jane@acme.com"]}, ["tags"]),
        ({"tags": ["a,b"]}, ["tags"]),
        ({"tags": ["x" * 41]}, ["tags"]),
        ({"tags": [f"t{n}" for n in range(21)]}, ["tags"]),
        ({"status": "maybe"}, ["status"]),
        ({"url": "", "email": "x", "status": "?"}, ["url", "email", "status"]),
    ],
)
def test_every_refused_field_is_named(fields: dict[str, Any], refused: list[str]) -> None:
    with pytest.raises(RejectedEntryError) as rejected:
        checked(**{**GOOD, **fields})
    assert [fault.field for fault in rejected.value.faults] == refused
    assert all(fault.reason for fault in rejected.value.faults)


@settings(max_examples=500, deadline=None)
@given(
    url=st.text(max_size=40),
    email=st.text(max_size=40) | st.emails(),
    note=st.text(max_size=80),
    tags=st.lists(st.text(max_size=20), max_size=4),
    status=st.text(max_size=12),
)
def test_any_text_is_taken_or_refused_and_never_crashes(**fields: Any) -> None:
    try:
        draft = checked(rules=Rules(), **fields)
    except RejectedEntryError:
        return
    again = checked(
        url=draft.url,
        email=draft.email,
        note=draft.note,
        tags=draft.tags,
        status=draft.status,
        rules=Rules(),
    )
    assert again == draft


@pytest.mark.parametrize(
    "url",
    [
        "https://a.com/?e=jane@acme.com",
        "https://a.com/?e=jane%40acme.com",
        "https://a.com/?e=jane%2540acme.com",
        "https://a.com/@jane",
        "https://a.com/jane\uff20acme.com",
        "https://a.com/?e=jane%ef%b9%abacme.com",
        "https://a.com/?e=jane%25EF%25BC%25A0acme.com",
    ],
)
def test_an_address_in_a_url_is_noticed(url: str) -> None:
    assert holds_address(url)
    assert holds_address(urls.normalise(url))


@pytest.mark.parametrize("tag", ["हिन्दी", "ไทยนี้", "İstanbul", "עִבְרִית", "日本", "straße 1"])
def test_words_of_every_script_are_tags(tag: str) -> None:
    name = tag_name(tag)
    assert tag_name(name) == tag_name(tag.upper()) == name


def test_folding_is_what_the_rules_say() -> None:
    assert folded_email("Jane+x@a.com", case=True, plus_tag=True) == "jane@a.com"
    assert folded_email("Jane+x@a.com", case=False, plus_tag=True) == "Jane@a.com"
    assert folded_email("Jane+x@a.com", case=True, plus_tag=False) == "jane+x@a.com"
    assert folded_email("+x@a.com", case=True, plus_tag=True) == "+x@a.com"


LIKELY = st.from_regex(
    r"[A-Za-z0-9_+.-]{1,20}@(?:[a-z0-9-]{1,12}\.){1,3}(?:com|example|local|test|onion|arpa|a|[a-z]{2,6})",
    fullmatch=True,
)


@settings(max_examples=1000, deadline=None)
@given(LIKELY | st.emails() | st.text(max_size=20))
def test_what_is_taken_at_a_glance_the_library_takes_as_it_is(text: str) -> None:
    if is_plain_email(text):
        found = validate_email(text, check_deliverability=False, test_environment=True, strict=True)
        assert f"{found.local_part}@{found.ascii_domain}" == text


def test_ordinary_addresses_are_taken_at_a_glance() -> None:
    assert is_plain_email("jane.doe+lead@mail.acme-corp.com")
    for text in ("jane@xn--bcher-kva.de", "jane@printer.local", "Jane@Acme.com", "a..b@acme.com"):
        assert not is_plain_email(text)
