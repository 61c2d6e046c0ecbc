"""Nothing secret is in any line, in whatever form a program prints it."""

from __future__ import annotations

import base64
import html
import json
import timeit
from urllib.parse import quote, quote_plus

import pytest

from servers.contract.redaction import MASK, Redactor

SECRET = "tv!y+c4nary/5f0c<9e51=b7a24d"


def forms(secret: str) -> dict[str, str]:
    raw = secret.encode()
    return {
        "raw": secret,
        "quote": quote(secret, safe=""),
        "quote with slashes": quote(secret),
        "quote_plus": quote_plus(secret),
        "json": json.dumps(secret),
        "repr": repr(secret),
        "html": html.escape(secret),
        "hex": raw.hex(),
        "base64": base64.b64encode(raw).decode(),
        "base64 after one byte": base64.b64encode(b"x" + raw + b"yz").decode(),
        "base64 after two bytes": base64.b64encode(b"xy" + raw + b"z").decode(),
        "base64url": base64.urlsafe_b64encode(b"user:" + raw).decode(),
        "basic header": "Basic " + base64.b64encode(b"me:" + raw).decode(),
        "url": f"https://api.example/search?key={quote(secret, safe='')}&q=1",
        "environment": f"TAVILY_API_KEY={secret}",
    }


@pytest.mark.parametrize(
    "text",
    [f"{SECRET[:16]}. " * 2_000, f"{('k%02d' * 99) % tuple(range(99))}"[:20] * 2_000],
    ids=["of a short secret", "of a long secret"],
)
def test_a_text_of_little_but_pieces_of_a_secret_is_taken_out_as_a_whole(text: str) -> None:
    redact = Redactor([SECRET, ("k%02d" * 99) % tuple(range(99))])
    assert redact(text) == MASK
    assert redact(f"{text[:40]} and an ordinary line") != MASK


def test_a_text_of_little_but_escapes_in_escapes_is_taken_out_as_a_whole() -> None:
    text = "'\\\\\\\"%27=\n" * 9_000
    redact = Redactor([SECRET])
    assert redact(text) == MASK
    assert redact(text[:900]) == text[:900]


@pytest.mark.parametrize("name", forms(SECRET))
def test_a_known_value_is_taken_out_in_every_form(name: str) -> None:
    redact = Redactor()
    redact.learn([SECRET])
    printed = f"before {forms(SECRET)[name]} after"
    told = redact(printed)
    for form in forms(SECRET).values():
        core = form.strip("'\"")
        assert core[4:-4] not in told
    assert MASK in told
    assert told.startswith("before ")


HARD = "tv'c\"anary\\5f0+c%9/e5<1=b7"
TWICE = {
    "URL in a URL": quote(quote(HARD, safe=""), safe=""),
    "URL in JSON": json.dumps({"url": f"https://x.example/?q={quote_plus(HARD)}"}),
    "JSON in JSON": json.dumps(json.dumps({"key": HARD})),
    "message of an error": repr(ValueError(f"refused {HARD!r}")),
    "error as a text": repr(str(ValueError(HARD))),
    "representation in JSON": json.dumps(repr(HARD)),
    "JSON in a page": html.escape(json.dumps(HARD)),
    "UTF-16": HARD.encode("utf-16").decode("latin-1"),
    "UTF-16, the other way": HARD.encode("utf-16-be").decode("latin-1"),
}


@pytest.mark.parametrize("name", TWICE)
def test_a_known_value_is_taken_out_where_it_was_escaped_twice(name: str) -> None:
    redact = Redactor([HARD])
    told = redact(TWICE[name])
    assert MASK in told
    assert "anary" not in told.replace("\0", "")


def test_a_replaced_value_stays_known() -> None:
    redact = Redactor()
    redact.learn(["the-first-value"])
    redact.learn(["the-second-value"])
    assert "value" not in redact("the-first-value the-second-value")


def test_the_private_key_inside_an_account_is_taken_out_line_by_line() -> None:
    body = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END KEY-----"
    redact = Redactor()
    redact.learn([json.dumps({"private_key": body, "project_id": "mine"})])
    assert "MIIEvQIBADAN" not in redact("got MIIEvQIBADANBgkqhkiG9w0 there")
    assert redact("the project is mine") == "the project is mine"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefghijklmnop",
        "sk-ant-REDACTED",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "https://me:hunter2hunter2@host/path",
        "GET /v1?api_key=abcdef123456&x=1",
        '{"client_secret": "abcdef123456"}',
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_key_is_taken_out_too(text: str) -> None:
    assert MASK in Redactor()(text)


@pytest.mark.parametrize(
    "text",
    [
        "web_search took 123.4 ms and found 10 results",
        "The keyring is locked.",
        "https://en.wikipedia.org/wiki/Key_(cryptography)",
        "the tokens were counted",
        "",
    ],
)
def test_ordinary_lines_stay(text: str) -> None:
    assert Redactor()(text) == text


def test_a_line_costs_little(figure) -> None:
    redact = Redactor()
    for number in range(6):
        redact.learn([f"canary-{number}-0123456789abcdefghijkl"])
    line = "servers.search.engine answered web_search in 123.4 ms from tavily with 10 results"
    spent = min(timeit.repeat(lambda: redact(line), number=100, repeat=400)) / 100
    figure("redaction of an ordinary line, 6 keys known", spent * 1e6, "us", at_most=10)
