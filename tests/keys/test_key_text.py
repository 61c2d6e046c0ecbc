"""Keys as people paste them: mended where one thing is meant, refused in words where not."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.parse
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from servers.contract.key_text import NotAKeyError, decoded, understood
from servers.contract.service_account import PathGivenError

NAME, ACCOUNT = "TAVILY_API_KEY", "FIREBASE_CREDENTIALS"


@cache
def account() -> dict[str, Any]:
    """A service account whose key is a real one that nobody knows."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": "demo",
        "private_key": key.decode(),
        "client_email": "lou@demo.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    }


def with_key(text: Callable[[str], str]) -> str:
    return json.dumps({**account(), "private_key": text(account()["private_key"])})


def whole() -> str:
    return json.dumps(account(), indent=2)


def line() -> str:
    return json.dumps(account())


def packed() -> str:
    return base64.b64encode(whole().encode()).decode()


SHAPES: dict[str, Callable[[], str]] = {
    "escaped line breaks": lambda: with_key(lambda key: key.replace("\n", "\\n")),
    "escaped Windows line breaks": lambda: with_key(lambda key: key.replace("\n", "\\r\\n")),
    "spaces for line breaks": lambda: with_key(lambda key: key.replace("\n", " ")),
    "line breaks inside a text": lambda: line().replace("\\n", "\n"),
    "base64": packed,
    "base64 in lines": lambda: base64.encodebytes(whole().encode()).decode(),
    "base64 for URLs": lambda: base64.urlsafe_b64encode(whole().encode()).decode().rstrip("="),
    "a data URL": lambda: f"data:application/json;base64,{packed()}",
    "a URL's escapes": lambda: urllib.parse.quote(whole()),
    "quotes around": lambda: f"'{whole()}'",
    "export": lambda: f"export {ACCOUNT}='{line()}'",
    "a line of a file": lambda: f"{ACCOUNT}={line()}",
    "a file of lines": lambda: f"# mine\nBRAVE_API_KEY=b\n{ACCOUNT}={line()}\nLOG_LEVEL=x",
    "JSON in JSON": lambda: json.dumps(whole()),
    "backslashes": lambda: json.dumps(line())[1:-1],
    "a quoted line": lambda: f"{ACCOUNT}={json.dumps(line())}",
    "base64 in a line": lambda: f"{ACCOUNT}={packed()}",
    "typographic quotes": lambda: whole().replace('"', "\u201d"),
    "as Python prints it": lambda: repr(account()),
    "a comma too many": lambda: whole().replace("\n}", ",\n}"),
    "a code fence": lambda: f"```json\n{whole()}\n```",
    "a list of one": lambda: f"[{whole()}]",
    "inside another object": lambda: json.dumps({"firebase": account()}),
    "a constant": lambda: f"const account = {whole()};",
    "zero-width": lambda: f"\u200b{whole()}\u2060",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_account_in_any_shape_is_taken_and_what_was_mended_is_said(shape: str) -> None:
    found = understood(ACCOUNT, SHAPES[shape]())
    assert json.loads(found.value) == account()
    assert found.mended
    assert all(words.endswith(".") for words in found.mended)
    assert understood(ACCOUNT, found.value).mended == ()


@pytest.mark.parametrize("around", ["{}", "\ufeff{}", "  {}\r\n", "\n\n{}\u00a0"])
@pytest.mark.parametrize("text", [whole, line, lambda: whole().replace("\n", "\r\n")])
def test_a_right_account_stays_as_it_is(text: Callable[[], str], around: str) -> None:
    found = understood(ACCOUNT, around.format(text()))
    assert (found.value, found.mended) == (text(), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"apiKey": "AIza", "authDomain": "x.firebaseapp.com"}', "web config of a Firebase app"),
        ("const firebaseConfig = {apiKey: 'x', projectId: 'y'};", "web config of a Firebase app"),
        ('{"installed": {"client_id": "x", "client_secret": "y"}}', "an OAuth client"),
        ('{"web": {"client_id": "x", "client_secret": "y"}}', "an OAuth client"),
        ('{"type": "authorized_user", "client_id": "x", "client_secret": "y"}', "a person"),
        ('{"type": "external_account"}', "external identity"),
        ('{"project_info": {}, "client": []}', "Android"),
        ("<?xml version='1.0'?><!DOCTYPE plist>", "iOS"),
        ("<html>", "web page"),
        ("AIzaSyD-abc", "web API key"),
        ("lou@demo.iam.gserviceaccount.com", "service account's address"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", "only the private key"),
        ("{}", "empty JSON"),
        ('{"type": "service_account", "project_id": "x"}', "lacks private_key, client_email"),
        ('{"type": "service_account",', "JSON is broken at line 1"),
        ("", "nothing in it"),
        ("hello", "no service account"),
        ("5", "no service account"),
    ],
)
def test_what_is_no_account_is_called_what_it_is(text: str, said: str) -> None:
    with pytest.raises(NotAKeyError) as refused:
        understood(ACCOUNT, text)
    assert said in refused.value.words
    assert "Generate new private key" in refused.value.hint


def test_an_account_with_half_a_key_is_no_account() -> None:
    for cut in (lambda key: key[:700] + "\n-----END PRIVATE KEY-----\n", lambda key: key[:900]):
        with pytest.raises(NotAKeyError, match=r"private_key .* (not whole|cut off)"):
            understood(ACCOUNT, with_key(cut))


@pytest.mark.parametrize(
    "text",
    ["/home/me/key.json", "~/key.json", '"C:\\Users\\me\\my key.json"', "key.json",
     f"{ACCOUNT}_PATH=/home/me/a.json", "file:///home/me/a.json"],
)  # fmt: skip
def test_a_path_is_called_a_path(text: str) -> None:
    with pytest.raises(PathGivenError, match="the path of a file"):
        understood(ACCOUNT, text)


@pytest.mark.parametrize(
    "text",
    ["tvly-abc", " tvly-abc\r\n", "\ufefftvly-abc", "tv\u200bly-abc", '"tvly-abc"', "'tvly-abc'",
     "`tvly-abc`", "\u201ctvly-abc\u201d", f"{NAME}=tvly-abc", f'export {NAME}="tvly-abc"',
     f"{NAME}: tvly-abc", f"{NAME} = tvly-abc", f"set {NAME}=tvly-abc", f"setx {NAME} tvly-abc",
     f"$env:{NAME} = 'tvly-abc'", "TAVILY_KEY=tvly-abc", f'"{NAME}": "tvly-abc",',
     f"{NAME}=tvly-abc # mine", "key=tvly-abc", f"{NAME}\ntvly-abc", "API key:\ntvly-abc",
     "Tavily API key\n\ntvly-abc", "Tavily: tvly-abc", f"{NAME} tvly-abc", "tvly-abc\ntvly-abc",
     f"LOG=1\n{NAME}=tvly-abc\nBRAVE_API_KEY=b", "# mine\ntvly-abc", "Bearer tvly-abc",
     "Authorization: Bearer tvly-abc", "tvly-abc\u00a0"],
)  # fmt: skip
def test_what_is_around_a_key_is_left_out(text: str) -> None:
    found = understood(NAME, text)
    assert found.value == "tvly-abc"
    assert found.mended or text.strip("\ufeff\u00a0\r\n ") in {"tvly-abc", "# mine\ntvly-abc"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tvly-abc\ntvly-def", "2 lines"),
        ("tvly-\nabc", "2 lines"),
        ("tvly-abc tvly-def", "a space inside"),
        (f"{NAME}=a\n{NAME}=b", "2 lines"),
        ("BRAVE_API_KEY=b", "This is BRAVE_API_KEY, not TAVILY_API_KEY"),
        (f"{NAME}=", "no key in it"),
        ("", "no key in it"),
        ("tvly-abc...", "shortened"),
        ("tvly-\u2022\u2022\u2022\u2022", "shortened"),
        ("\u201ctvly-abc", "one end only"),
        ("tvly-\u0430bc", "which no such key has"),
        ('{"type": "x"}', "a piece of JSON"),
    ],
)
def test_what_could_mean_two_things_is_refused(text: str, said: str) -> None:
    with pytest.raises(NotAKeyError) as refused:
        understood(NAME, text)
    assert said in refused.value.words
    assert refused.value.hint


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (NAME, 'tvly-cana"ry/1+&=%\\q7Zk2'), (NAME, "abc123=="), (NAME, "tvly_dev-a="),
        ("GOOGLE_CSE_ID", "0123456789:abcdefg"), ("GOOGLE_CSE_ID", "a1b2c3:xyz"),
        ("ENCRYPTION_KEY", "abc=,def="), ("OWN", '"in quotes"'), ("OWN", "two\nlines"),
        ("OWN", " with spaces "), ("OWN", "p\u00e4ss\u200dwort"), ("OWN", "KEY=of something else"),
        ("OWN", "-----BEGIN X-----\nabc=\n-----END X-----"),
    ],
)  # fmt: skip
def test_a_key_that_is_right_stays_as_it_is(name: str, text: str) -> None:
    found = understood(name, text)
    assert (found.value, found.mended) == (text, ())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_stdin_in_any_unicode_is_read(encoding: str) -> None:
    assert decoded("tvly-abc\r\n".encode(encoding)) == "tvly-abc\r\n"
    with pytest.raises(NotAKeyError):
        decoded(b"\xe4\xf6")


@given(st.text(max_size=60) | st.from_regex(r"\W{0,3}[A-Z_]{0,16}\W{0,3}[\w{}:,\"' \n\\-]{0,40}"))
def test_any_text_is_a_key_or_refused_in_words(text: str) -> None:
    for name in (ACCOUNT, NAME, "GOOGLE_CSE_ID", "ENCRYPTION_KEY", "OWN"):
        said = (".", "a hint")
        try:
            value = understood(name, text).value
            is_settled = name == "OWN" or understood(name, value).value == value
        except NotAKeyError as refused:
            said, is_settled = (refused.words, refused.hint), True
        assert is_settled
        assert said[0].endswith(".")
        assert said[1]


@given(st.data())
def test_an_account_cut_anywhere_is_refused(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([whole(), line(), packed()]))
    end = data.draw(st.integers(0, len(text) - 3))
    with pytest.raises(NotAKeyError):
        understood(ACCOUNT, text[:end])


def test_a_text_that_is_read_as_python_brings_no_warning_to_the_terminal() -> None:
    code = "from servers.contract.key_text import *\ntry: understood('%s', \"{'a': 0x1for b}\")"
    done = subprocess.run(
        [sys.executable, "-c", f"{code % ACCOUNT}\nexcept NotAKeyError: pass"],
        check=False,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
