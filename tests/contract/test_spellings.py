"""A secret is found in every encoding of the table, in pairs of them, and where it was cut."""

from __future__ import annotations

import base64
import json
import random
import shlex
import string
import time
import timeit

import pytest

from servers.contract.encodings import ENCODINGS, SEARCHED
from servers.contract.redaction import MASK, Redactor
from tests.conftest import Figures

SECRETS = {
    "of letters": "tvly-dev-Q7Zk2mN8xR4vB6yT1wE3",
    "of everything": "tv!y+c4\"nary/5f0c<9'e51=b7&a2%\\q4d",
    "with spaces": "p4ss W0rd$with'spaces&more",
    "short": "hunter2x",
}


def leaks(secret: str, told: str) -> list[str]:
    """The pieces of eight characters of `secret`, and of each encoding of it, in `told`."""
    forms = {encode(secret) for encode in ENCODINGS.values()} | {secret}
    pieces = {form[at : at + 16] for form in forms for at in range(0, len(form) - 15, 4)}
    return [piece for piece in pieces | {secret} if piece in told]


def test_there_are_the_promised_encodings() -> None:
    assert len(ENCODINGS) >= 25
    forms = {encode(SECRETS["of everything"]) for encode in ENCODINGS.values()}
    assert len(forms) >= len(ENCODINGS) - 2


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("name", [*ENCODINGS, *SEARCHED])
def test_a_secret_is_found_in_each_encoding(kind: str, name: str) -> None:
    secret = SECRETS[kind]
    told = Redactor([secret])(f"it said {(ENCODINGS | SEARCHED)[name](secret)}, and ended")
    assert MASK in told
    assert leaks(secret, told) == []
    assert told.startswith("it said ")
    assert told.endswith(" and ended")


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_found_in_any_case(kind: str) -> None:
    secret = SECRETS[kind]
    redact = Redactor([secret])
    for told in (secret.upper(), secret.lower(), secret.swapcase(), secret.title()):
        assert redact(f"\u0130t said {told}, and ended") == f"\u0130t said {MASK}, and ended"


RARE = {"Base64 twice", "Base32"}
"""With another packing around them these would be the third."""
ODD = {name for name in ENCODINGS if name.startswith(("letters", "numbers, ", "hex, of"))} | {
    *("hex, a list of texts", "hex, lines of a dump", "hex, six digits", "HTML, many zeros"),
    *("wrapped, e-mail header", "joined by dots", "shell of Windows"),
}
"""No program writes one of these inside another encoding."""


@pytest.mark.parametrize("inner", sorted(set(ENCODINGS) - RARE - ODD))
def test_an_encoding_may_stand_in_another(inner: str) -> None:
    secret = SECRETS["of letters"]
    redact = Redactor([secret])
    for outer in sorted(set(ENCODINGS) - RARE - ODD):
        told = redact(f"it said {ENCODINGS[outer](ENCODINGS[inner](secret))}")
        assert leaks(secret, told) == [], outer


def test_each_encoding_is_undone_by_the_program_that_reads_it() -> None:
    secret = SECRETS["of everything"]
    assert shlex.split("'" + ENCODINGS["shell, single quotes"](secret) + "'") == [secret]
    assert shlex.split(f"'{ENCODINGS['shell, single quotes and backslash'](secret)}'") == [secret]
    assert json.loads('"' + ENCODINGS["JSON, slashes escaped"](secret) + '"') == secret
    assert json.loads('"' + ENCODINGS["JSON, \\u0026 and its like"](secret) + '"') == secret
    assert base64.b32decode(ENCODINGS["Base32"](secret)).decode() == secret
    assert bytes.fromhex(ENCODINGS["hex, colons"](secret).replace(":", "")).decode() == secret


def test_no_text_breaks_the_redactor() -> None:
    """Each short run of letters that Base32 may be, and every pair of odd pieces."""
    redact = Redactor(["hunter2x", SECRETS["of everything"]])
    pieces = [
        *("A" * size for size in range(1, 20)),
        *("a2" * size for size in range(1, 10)),
        *("4f" * size for size in range(1, 10)),
        *(
            "=4",
            "=4f",
            "%",
            "%u",
            "%u00",
            "\\",
            "\\x",
            "\\u{",
            "&#",
            "&#x;",
            "&#9999999;",
            "'",
            '"',
        ),
        *('", "', "' + '", "1,2,3,4,5", "256,999,0,1,2", "4f2a 4f2a 4f2a", "\u200b", "\ud800"),
        *("0x", "0x4", "-----BEGIN ", "eyJ", "=\n", "\r", "\x00", "\x1b[", "\U000e0041"),
    ]
    for one in pieces:
        for other in pieces:
            text = f"{one}{other}"
            assert redact(text) == text or MASK in redact(text)
    assert [spelled for spelled in pieces if redact(f"a {spelled} b") != f"a {spelled} b"] == []


def test_a_mixture_of_escapes_is_read() -> None:
    redact = Redactor([SECRETS["of everything"]])
    mixed = "tv%21y+c4\\u0022nary\\/5f0c&lt;9&#39;e51\\x3db7\\u0026a2%25\\\\q4d"
    assert redact(f'{{\\"key\\":\\"{mixed}\\"}}') == f'{{\\"key\\":\\"{MASK}\\"}}'


@pytest.mark.parametrize("kept", range(12, 29))
def test_what_a_cut_left_of_a_secret_is_found_too(kept: int) -> None:
    secret = SECRETS["of letters"]
    redact = Redactor([secret])
    assert secret[8:20] not in redact(f"a line that ends with {secret[:kept]}")
    assert secret[-8:] not in redact(f"{secret[-kept:]} begins a line")


def test_words_that_a_cut_parted_are_found_at_the_edges_alone() -> None:
    secret = SECRETS["with spaces"]
    redact = Redactor([secret])
    for at in range(8, len(secret) - 8):
        assert redact(f"a line with {secret[:at]}") == f"a line with {MASK}"
        assert redact(f"{secret[at:]} begins a line") == f"{MASK} begins a line"
    assert redact(f"a {secret[:12]} amid words") == f"a {secret[:12]} amid words"


def test_a_secret_that_two_lines_share_is_found_in_both() -> None:
    secret = SECRETS["of letters"]
    redact = Redactor([secret])
    for at in range(8, len(secret) - 8):
        lines = [redact(f"it wrote {secret[:at]}"), redact(f"{secret[at:]} and more")]
        assert [MASK in line for line in lines] == [True, True], at


@pytest.mark.parametrize("size", [48, 300, 20_000])
def test_a_piece_of_a_long_secret_is_found(size: int) -> None:
    dice = random.Random(size)
    secret = "".join(dice.choice(string.ascii_letters + string.digits) for _ in range(size))
    redact = Redactor([secret])
    for start in range(0, size - 40, max(1, size // 40)):
        piece = secret[start : start + 40]
        assert redact(f"a line of {piece} and more") == f"a line of {MASK} and more"
        assert redact(piece[:23]) == MASK
    assert redact(secret[:15] + " is little") == secret[:15] + " is little"
    assert redact(f"{secret}\n{secret}") == f"{MASK}\n{MASK}"


def test_secrets_that_begin_alike_are_both_found() -> None:
    begin = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
    secrets = [begin + end * 6 for end in ("Q7Zk2mN8", "xR4vB6yT")]
    redact = Redactor(secrets)
    for secret in secrets:
        assert redact(f"it wrote {secret[8:72]} and more") == f"it wrote {MASK} and more"


def test_the_secret_members_of_a_key_file_are_found_alone() -> None:
    account = {
        "installed": {"client_id": "123.apps.example", "client_secret": "GOCSPX-abcdefghijkl"},
        "refresh_token": "1//04abcdefghijklmnop",
        "token_uri": "https://oauth2.googleapis.com/token",
        "project_id": "my-project",
        "accounts": [{"password": "correct-horse-9"}],
    }
    redact = Redactor([json.dumps(account)])
    for secret in ("GOCSPX-abcdefghijkl", "1//04abcdefghijklmnop", "correct-horse-9"):
        assert redact(f"refused {secret}.") == f"refused {MASK}."
    plain = "my-project asked https://oauth2.googleapis.com/token as 123.apps.example"
    assert redact(plain) == plain


@pytest.mark.parametrize(
    "text",
    [
        "tvly-dev is how their keys begin",
        "https://en.wikipedia.org/wiki/Special:Search?search=a%20b&limit=10",
        "commit 9086021f3ab0cc2e41f0a2b9d1f4d1a6e3b0aa55 by QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "C:\\Users\\me\\AppData\\new\\table",
        "a 'quoted' \"word\" &amp; ''more''",
        'Traceback:\n  File "x.py", line 1\n    raise ValueError\nValueError: no',
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert Redactor(SECRETS.values())(text) == text


def test_unknown_keys_are_found_by_their_labels_in_other_encodings() -> None:
    redact = Redactor()
    for text in (
        '{"client_secret":"abcdef123456"}',
        '{\\"refresh_token\\":\\"abcdef123456\\"}',
        "api_key%3Dabcdef123456",
        "&quot;password&quot;: &quot;abcdef123456&quot;",
        "MY_API_KEY_2 = abcdef123456",
    ):
        assert "abcdef123456" not in redact(text), text


@pytest.mark.bench
def test_encodings_cost_a_log_line_little(figure: Figures) -> None:
    redact = Redactor(f"canary-{number}-0123456789abcdefghijkl" for number in range(6))
    line = "GET https://en.wikipedia.org/w/index.php?search=a%20b&limit=10 -> 200 in 32.1 ms"
    spent = min(timeit.repeat(lambda: redact(line), number=100, repeat=200)) / 100
    figure("redaction of a line with an address, 6 keys known", spent * 1e6, "us", at_most=100)


@pytest.mark.bench
def test_a_long_key_costs_little(figure: Figures) -> None:
    dice = random.Random(1)
    secret = "".join(dice.choice(string.ascii_letters + "+/") for _ in range(20_000))
    began = time.thread_time()
    redact = Redactor([secret])
    figure("to learn a key of 20,000 characters", (time.thread_time() - began) * 1e3, "ms",
           at_most=200)  # fmt: skip
    began = time.thread_time()
    assert "k" not in redact(secret * 5).replace(MASK, "")
    figure("to take it out of 100 KB", (time.thread_time() - began) * 1e3, "ms", at_most=50)


def test_a_run_of_any_length_and_of_any_letters_is_read() -> None:
    redact = Redactor(["one-more", "hunter2x"])
    for letters in ("A", "a", "A2", "-", "_", "+/", "=", "one-more ", "A=", "A-"):
        for count in range(1, 40):
            text = (letters * count)[:count]
            assert redact(f"{text} and more") == f"{text} and more".replace("one-more", MASK)
