"""Text of others commands no terminal and turns no line around; every script stays readable."""

from __future__ import annotations

import json
import unicodedata

import pytest

from servers.contract import harmless

LEGITIMATE = [
    "one\ttwo",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, spelled with U+200C
    "\u0915\u094d\u200d\u0937",  # Hindi, spelled with U+200D
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 123",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",  # a family
    "\u2764\ufe0f \U0001f3f3\ufe0f\u200d\U0001f308 1\ufe0f\u20e3",
    "\u65e5\u672c\u8a9e \ud55c\uad6d\uc5b4 \u0e44\u0e17\u0e22",
    "e\u0301 na\u00efve \u2014 \u201cquoted\u201d",
]
HOSTILE = {
    "title": "a\x1b]0;owned\x07b",
    "colour": "a\x1b[31;1mb\x1b[0m",
    "clear": "a\x1b[2Jb",
    "C1": "a\x9b2Jb",
    "override": "a\u202egpj.exe",
    "isolate": "a\u2066b\u2069",
    "return": "good\rbad",
    "backspace": "rm\x08\x08ls",
    "tags": "a\U000e0041\U000e0042b",
    "half": "a\ud83db",
    "line separator": "a\u2028b",
    "link": "\x1b]8;;http://x.example\x1b\\here\x1b]8;;\x1b\\",
}


@pytest.mark.parametrize("text", LEGITIMATE)
def test_what_people_write_stays(text: str) -> None:
    assert harmless.visible(text) == text
    assert harmless.spelled(text) == text
    assert harmless.logged(text) == text


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_in_it_is_a_command(name: str) -> None:
    text = HOSTILE[name]
    for told in (harmless.visible(text), harmless.spelled(text), harmless.logged(text)):
        assert not [one for one in told if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl"}
                    and one not in "\n\t"]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_document_stays_the_same_document(name: str) -> None:
    document = json.dumps({"text": HOSTILE[name]}, ensure_ascii=False)
    assert json.loads(harmless.spelled(document)) == {"text": HOSTILE[name]}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_no_line_end_splits_a_row(end: str) -> None:
    assert harmless.cell(f"one{end}two") == "one two"
    assert harmless.one_line(f"one{end}two", 40) == "one two"


def test_a_line_is_no_longer_than_it_may_be() -> None:
    assert harmless.one_line("x" * 100, 10) == "xxxxxxxxx\u2026"
    assert len(harmless.one_line("\u200b" * 1_000_000 + "x", 10)) <= 10


def test_joiners_that_join_nothing_hide_nothing() -> None:
    assert harmless.visible("ig\u200dnore \u200call\ufe0f") == "ignore all"
    assert harmless.visible("\u2764\u200dx\ufe01") == "\u2764x"


def test_wide_letters_keep_their_columns() -> None:
    assert harmless.width("\u65e5\u672c") == 4
    assert harmless.width("e\u0301") == 1
