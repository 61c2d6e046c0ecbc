"""Which names an export may have: those that are files, and nothing else, on every system."""

from __future__ import annotations

from pathlib import Path

import pytest

from servers.host.tools.service import ToolError
from servers.tracker.transfer import exchange_folder

REFUSED = [
    *(
        "x.csv:ads.csv",
        "CON.csv",
        "con.csv",
        "Nul.jsonl",
        "com1.csv",
        "LPT9.a.csv",
        "COM\u00b9.csv",
    ),
    *("conin$.csv", "aux .csv", "sub/PRN.csv", "a<b.csv", 'a"b.csv', "a|b.csv", "a?b.csv"),
    *(
        "a*b.csv",
        "a\\b.csv",
        "a\nb.csv",
        "a\x1b[2J.csv",
        "dot.csv.",
        "space.csv ",
        "sub:ads/out.csv",
    ),
    *("a\u202evsc.exe.csv", "a\u200bb.csv", "\u2066a.csv"),
    *("n" * 300 + ".csv", "\u00fc" * 110 + ".csv"),
]
TAKEN = [
    *("out.csv", "console.csv", "com.csv", "com10.csv", "sub/out.jsonl", ".hidden.csv", "nul2.csv"),
    *("J\u00fcrgen Ma\u00df.csv", "a.b.c.csv", "\u4ed5\u4e8b.csv", "n" * 190 + ".csv"),
]


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_is_no_file_everywhere_is_refused_in_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(ToolError, match=r"Choose another name|can be imported or exported"):
        exchange_folder.new_inside(tmp_path, name)


@pytest.mark.parametrize("name", TAKEN)
def test_ordinary_names_are_taken(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    path = exchange_folder.new_inside(tmp_path, name)
    writing = exchange_folder.PartialExport(path, overwrite=False)
    writing.finish()
    assert path.exists()


def test_the_folder_itself_may_have_any_name(tmp_path: Path) -> None:
    odd = tmp_path / "con: jobs?"
    odd.mkdir()
    assert exchange_folder.new_inside(odd, "out.csv") == odd.resolve() / "out.csv"


def test_a_link_to_nothing_is_something(tmp_path: Path) -> None:
    (tmp_path / "out.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(ToolError, match="exists already"):
        exchange_folder.PartialExport(tmp_path / "out.csv", overwrite=False)


def test_a_long_name_of_a_file_to_import_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ToolError):
        exchange_folder.opened(exchange_folder.inside(tmp_path, "n" * 300 + ".csv"))
