"""What is printed commands no terminal, and stays what it says for programs."""

from __future__ import annotations

import json

import pytest

from app.cli.output import Output

HOSTILE = "a\x1b]0;owned\x07 \x9b2J b\rc\x7f"


def test_somebody_elses_words_command_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(is_json=False)
    output.line(HOSTILE)
    output.table(("A",), ((HOSTILE,),))
    output.complain(HOSTILE)
    said = capsys.readouterr()
    assert not set(said.out + said.err) & set("\x1b\x07\x9b\r\x7f")
    assert said.err == "a\\u001b]0;owned\\u0007 \\u009b2J b\\u000dc\\u007f\n"


def test_a_document_keeps_every_character_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    Output(is_json=True).document({HOSTILE: [HOSTILE]})
    said = capsys.readouterr().out
    assert "\x9b" not in said
    assert json.loads(said) == {HOSTILE: [HOSTILE]}


def test_lines_tabs_and_what_ends_a_line_elsewhere_stay(capsys: pytest.CaptureFixture[str]) -> None:
    Output(is_json=False).line("one\ttwo\r\nthree é 日")
    assert capsys.readouterr().out == "one\ttwo\r\nthree é 日\n"


def test_no_cell_splits_a_row_or_turns_it_around(capsys: pytest.CaptureFixture[str]) -> None:
    Output(is_json=False).table(("NAME", "X"), (("a\nb\u2028c\u202ed", "1"), ("\u65e5", "2")))
    head, first, second = capsys.readouterr().out.splitlines()
    assert "\u202e" not in first
    assert head.index("X") == first.index("1") == second.index("2") + 1
