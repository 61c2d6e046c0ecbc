"""Sealing: bound to its place, padded, rotated, and never confused with another key."""

from __future__ import annotations

import base64
import hmac
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from servers.tracker.codec import search_terms
from servers.tracker.codec.record_codec import RecordCodec
from servers.tracker.codec.seal import KeyFormatError, SealedError, Sealer, parse_keys, random_block
from servers.tracker.entry import Draft, Rules
from servers.tracker.ledger import begun

OLD, NEW = Fernet.generate_key(), Fernet.generate_key()
SEALER = Sealer([OLD], Rules())


@given(
    st.text(
        alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200
    )
)
def test_what_is_sealed_opens_in_its_place(text: str) -> None:
    assert SEALER.open("row", "secret", SEALER.seal("row", "secret", text)) == text


def test_a_token_opens_nowhere_else() -> None:
    token = SEALER.seal("row", "secret", "jane@acme.com")
    for row, column in (("other", "secret"), ("row", "history 1"), ("row|secret", "")):
        with pytest.raises(SealedError):
            SEALER.open(row, column, token)


def test_a_token_of_another_key_or_a_broken_one_is_locked() -> None:
    token = SEALER.seal("row", "secret", "x")
    for broken in (Sealer([NEW], Rules()).seal("row", "secret", "x"), token[:-4] + "AAAA", "", "x"):
        with pytest.raises(SealedError):
            SEALER.open("row", "secret", broken)


def test_tokens_of_fernet_open_in_any_order_and_changed_ones_never_do() -> None:
    sealer = Sealer([NEW, OLD], Rules())
    texts = [f"v2|row|secret||{'x' * n}" for n in range(80)]
    tokens = [Fernet((OLD, NEW)[n % 2]).encrypt(text.encode()) for n, text in enumerate(texts)]
    for n, token in enumerate(tokens):
        data = bytearray(base64.urlsafe_b64decode(token))
        data[n % len(data)] ^= 1
        cut = base64.urlsafe_b64encode(base64.urlsafe_b64decode(token)[:-n] or b"").decode()
        for broken in (base64.urlsafe_b64encode(data).decode(), cut if n else "", "\u00e4", "===="):
            with pytest.raises(SealedError):
                sealer.open("row", "secret", broken)
        assert sealer.open("row", "secret", token.decode()) == "x" * n


def test_a_token_whose_blocks_are_not_whole_changes_nothing_for_the_next() -> None:
    secret = base64.urlsafe_b64decode(OLD)
    said = b"\x80" + bytes(8) + bytes(37)
    odd = base64.urlsafe_b64encode(said + hmac.digest(secret[:16], said, "sha256")).decode()
    token = SEALER.seal("row", "secret", "x")
    with pytest.raises(SealedError):
        SEALER.open("row", "secret", odd)
    assert SEALER.open("row", "secret", token) == "x"


def test_the_length_of_a_token_says_little() -> None:
    lengths = {len(SEALER.seal("row", "secret", "x" * n)) for n in range(1, 40)}
    assert len(lengths) == 1


def test_the_padding_reaches_the_next_block_only() -> None:
    plain = Fernet(OLD).decrypt(SEALER.seal("r", "c", "x" * 100))
    assert len(plain) % 64 == 0
    assert len(plain) <= len(b"v1|r|c|") + 100 + 64


def test_a_token_is_one_of_fernet_and_no_two_begin_alike() -> None:
    before = int(time.time())
    with ThreadPoolExecutor(4) as threads:
        tokens = list(threads.map(lambda n: SEALER.seal("r", "c", f"text {n % 3}"), range(2000)))
    assert {SEALER.open("r", "c", token) for token in tokens} == {"text 0", "text 1", "text 2"}
    assert len({base64.urlsafe_b64decode(token)[9:25] for token in tokens}) == 2000
    assert before <= Fernet(OLD).extract_timestamp(tokens[0]) <= time.time()


def test_random_blocks_never_come_twice() -> None:
    with ThreadPoolExecutor(4) as threads:
        blocks = list(threads.map(lambda _: random_block(), range(5000)))
    assert {len(block) for block in blocks} == {16}
    assert len(set(blocks)) == 5000


def test_a_newer_key_opens_what_the_older_sealed_and_seals_itself() -> None:
    token = SEALER.seal("row", "secret", "x")
    both = Sealer([NEW, OLD], Rules())
    assert both.open("row", "secret", token) == "x"
    fresh = both.seal("row", "secret", "x")
    assert Sealer([NEW], Rules()).open("row", "secret", fresh) == "x"
    with pytest.raises(SealedError):
        SEALER.open("row", "secret", fresh)


def test_digests_are_hmac_with_a_key_derived_from_the_key() -> None:
    secret = base64.urlsafe_b64decode(OLD)
    derived = HKDF(SHA256(), 32, salt=None, info=b"lou tracker index v2").derive(secret)
    expected = hmac.digest(derived, b"email\0jane@acme.com", "sha256").hex()
    assert SEALER.digest("email", "jane@acme.com") == expected[:16]
    assert len(SEALER.digest("pair", "x")) == 32


def test_digests_differ_by_kind_and_by_key() -> None:
    other = Sealer([NEW, OLD], Rules())
    assert SEALER.digest("tag", "x") != SEALER.digest("word", "x")
    assert SEALER.digest("tag", "x") != other.digest("tag", "x")
    assert SEALER.digest("tag", "x") == other.digest("tag", "x", SEALER.stamp)


def test_the_stamp_names_key_and_rules_and_gives_the_key_away_to_nobody() -> None:
    folding = Sealer([OLD], Rules(fold_plus_tag=True))
    assert SEALER.stamp != folding.stamp
    assert folding.knows(SEALER.stamp)
    assert not Sealer([NEW], Rules()).knows(SEALER.stamp)
    assert folding.rules_of(SEALER.stamp) == Rules()
    assert SEALER.rules_of(folding.stamp) == Rules(fold_plus_tag=True)
    assert OLD.decode()[:8] not in SEALER.stamp


def test_a_secret_opens_with_the_version_and_the_clear_fields_it_was_sealed_with() -> None:
    codec = RecordCodec(SEALER, Rules())
    draft = Draft("https://acme.com/", "jane@acme.com", "note", ("a", "b"), "won")
    record = codec.record(begun("id", draft))
    assert codec.entry(record).email == "jane@acme.com"
    for changed in (
        {"version": 2},
        {"url": "https://evil.example/"},
        {"url": ""},
        {"tags": ("a",)},
        {"tags": ("a", "b", "c")},
        {"status": "do_not_contact"},
        {"deleted": True},
        {"id": "other"},
    ):
        found = codec.entry(replace(record, **changed))
        assert found.locked, changed
        assert not found.email


def test_a_line_of_history_that_lou_did_not_write_is_locked() -> None:
    codec = RecordCodec(SEALER, Rules())
    draft = Draft("https://acme.com/", "jane@acme.com")
    change = codec.change(begun("id", draft), "created", "claude-ai", None)
    assert (codec.line(change).action, codec.line(change).client) == ("created", "claude-ai")
    forged = (
        {"what": change.what.replace("claude-ai", "somebody")},
        {"what": "created claude-ai"},
        {"entry": "other"},
        {"version": 2},
        {"stamp": "12345678.110"},
    )
    for one in forged:
        assert codec.line(replace(change, **one)).action == "locked", one


def words_in(draft: Draft, kind: str) -> set[str]:
    return {value for each, value in search_terms.of(begun("id", draft)) if each == kind}


def test_sealed_words_have_kinds_of_their_own_and_no_beginnings() -> None:
    draft = Draft("https://www.acmecorp.com/our-team", "jane.doe@widgets.org", "met jane at acme")
    assert words_in(draft, "sealed word") == {"jane", "doe", "widgets", "org", "met", "at"}
    assert words_in(draft, "word") >= {"acmecorp", "acm", "acmeco", "our", "team", "com"}
    assert words_in(draft, "domain") == {"www.acmecorp.com", "acmecorp.com"}
    assert words_in(draft, "sealed domain") == {"widgets.org"}


def test_what_an_entry_says_in_the_clear_is_not_among_its_sealed_words() -> None:
    draft = Draft(
        "https://acme.com/people/jane-doe", "jane.doe@acme.com", "jane of fair", ("fair",)
    )
    assert words_in(draft, "sealed word") == {"of"}
    assert words_in(draft, "sealed domain") == set()


def test_of_a_hidden_url_nothing_is_found_in_the_clear() -> None:
    draft = Draft("https://acmecorp.com/?m=jane%40acmecorp.com", "jane@acmecorp.com")
    assert words_in(draft, "word") == set()
    assert words_in(draft, "domain") == set()
    assert words_in(draft, "sealed word") == {"m", "jane", "acmecorp", "com"}


@pytest.mark.parametrize(
    "text",
    ["", " , ", "short", "x" * 44, pytest.param(OLD.decode() + ",bad", id="key and bad"), "ä" * 44],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(KeyFormatError) as refused:
        parse_keys(text)
    assert OLD.decode()[:10] not in str(refused.value)


def test_keys_are_read_newest_first_and_once_each() -> None:
    assert parse_keys(f" {NEW.decode()}, {OLD.decode()},{NEW.decode()} ") == (NEW, OLD)


def test_nothing_that_is_stored_shows_an_address() -> None:
    codec = RecordCodec(SEALER, Rules())
    draft = Draft("https://acme.com/?m=jane%40acme.com", "jane@acme.com", "call jane@acme.com")
    entry = begun("id", draft)
    stored = repr(codec.record(entry)) + repr(codec.change(entry, "created", "jane@acme.com", None))
    assert "jane" not in stored
    assert "acme.com" not in stored
    assert codec.entry(codec.record(entry)) == entry


def test_the_terms_of_an_entry_are_those_that_the_docs_promise() -> None:
    draft = Draft(
        "https://www.acmecorp.com/our-team",
        "jane.doe@mail.acme.com",
        "Met at FOSDEM",
        ("hot lead",),
    )
    found = search_terms.of(begun("id", draft))
    words = {value for kind, value in found if kind == "word"}
    assert {
        "acmecorp",
        "acm",
        "acmecor",
        "our",
        "team",
        "hot",
    } <= words
    sealed = {value for kind, value in found if kind == "sealed word"}
    assert {"jane", "doe", "mail", "met", "fosdem"} <= sealed
    assert not {"fos", "jan"} & {*words, *sealed}
    assert "www" not in words
    domains = {value for kind, value in found if kind == "domain"}
    assert domains == {"www.acmecorp.com", "acmecorp.com"}
    domains = {value for kind, value in found if kind == "sealed domain"}
    assert domains == {"mail.acme.com", "acme.com"}


def test_encoded_urls_and_international_domains_are_found_as_people_read_them() -> None:
    draft = Draft("https://xn--bcher-kva.de/caf%C3%A9", "jane@xn--mller-kva.de")
    found = {value for kind, value in search_terms.of(begun("id", draft)) if kind.endswith("word")}
    assert {"b\u00fccher", "b\u00fcc", "caf\u00e9", "m\u00fcller", "jane"} <= found


def test_a_pasted_address_is_looked_for_by_its_telling_words() -> None:
    assert search_terms.typed_words("https://www.Acme.com/team") == ("acme", "com", "team")
    assert search_terms.typed_words("www @") == ()
