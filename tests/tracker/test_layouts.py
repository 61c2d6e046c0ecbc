"""Files as other tools export them: the right columns, the right values, every doubt told.

A layout in `layouts/*.txt` is a name, the file, and after `--` what is right: a line for each
entry (address, page, status, and where they matter note= and tags=), the numbers of the rows
that are refused, and words that the doubts must have. Every row without a refusal is a good one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from servers.tracker.entry import Draft, RejectedEntryError, Rules, checked
from servers.tracker.transfer import csv_jsonl
from tests.conftest import Figures

FOLDER = Path(__file__).parent / "layouts"
NAMES = ("first", "second", "third")


@dataclass
class Layout:
    name: str
    data: bytes
    kind: csv_jsonl.Format
    right: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    told: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """What reading a layout came to, beside what is right."""

    wrong: list[str]
    missing: list[str]
    ignore_trouble: list[str]


def layouts(name: str) -> list[Layout]:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return [_layout(block) for block in re.split(r"^== ", text, flags=re.MULTILINE)[1:]]


def _layout(block: str) -> Layout:
    head, _, rest = block.partition("\n")
    body, _, right = rest.partition("\n--\n")
    name, _, options = head.partition(" encoding=")
    kind: csv_jsonl.Format = "jsonl" if "json lines" in name else "csv"
    made = Layout(name, f"{body}\n".encode(options or "utf-8"), kind)
    for line in filter(None, right.splitlines()):
        first, _, more = line.partition(" ")
        if first == "told":
            made.told.append(more)
        elif first == "refused":
            made.refused = {int(number) for number in more.split()}
        else:
            page, status, *fields = re.split(r" (?=note=|tags=)| ", more, maxsplit=2)
            found = dict(re.findall(r"(note|tags)=(.*?)(?= tags=|$)", " ".join(fields)))
            made.right[first, page] = {"status": status, **found}
    return made


def read(layout: Layout) -> tuple[dict[tuple[str, str], Draft], set[int], str]:
    """The entries of a layout, the rows that were refused, and all that was told."""
    found = csv_jsonl.opened(io.BytesIO(layout.data), layout.kind)
    stored: dict[tuple[str, str], Draft] = {}
    refused: set[int] = set()
    told = list(found.doubts)
    for row in found.rows:
        told += row.doubts
        try:
            draft = None if row.fault else checked(rules=Rules(), **row.fields)
        except RejectedEntryError:
            draft = None
        if draft is None:
            refused.add(row.number)
        else:
            stored[draft.email, draft.url] = draft
    return stored, refused, "\n".join(told)


def outcome(layout: Layout) -> Outcome:
    stored, refused, told = read(layout)
    wrong = [f"{key} is stored" for key in stored if key not in layout.right]
    missing = [f"{key}" for key in layout.right if key not in stored]
    missing += [f"row {number}" for number in refused - layout.refused]
    wrong += [f"row {number} is not refused" for number in layout.refused - refused]
    for key, right in layout.right.items():
        if key in stored:
            shown = _shown(stored[key])
            wrong += [
                f"{key}: {name} is {shown[name]!r}, not {value!r}"
                for name, value in right.items()
                if shown[name] != value
            ]
    return Outcome(wrong, missing, [words for words in layout.told if words not in told])


def _shown(draft: Draft) -> Mapping[str, str]:
    note = draft.note.replace("\n", "/")
    return {"status": draft.status, "note": note, "tags": ",".join(draft.tags)}


ALL = [(name, layout) for name in NAMES for layout in layouts(name)]


@pytest.mark.parametrize(
    "layout", [layout for _, layout in ALL], ids=[f"{name}: {one.name}" for name, one in ALL]
)
def test_a_layout_is_understood(layout: Layout) -> None:
    assert outcome(layout) == Outcome([], [], [])


def test_the_figures_of_all_layouts(figure: Figures) -> None:
    for name in NAMES:
        found = [outcome(layout) for layout in layouts(name)]
        good = sum(len(layout.right) for layout in layouts(name))
        lost = sum(len(one.missing) for one in found)
        figure(f"tracker: {name} layouts of lead files", len(found), "files", at_least=20)
        figure(
            f"tracker: wrong values of the {name} layouts",
            sum(len(one.wrong) for one in found),
            "values",
            at_most=0,
            enforce=True,
        )
        figure(
            f"tracker: good rows stored of the {name} layouts",
            100 * (good - lost) / good,
            "%",
            at_least=95,
            enforce=True,
        )
        figure(
            f"tracker: doubts not told of the {name} layouts",
            sum(len(one.ignore_trouble) for one in found),
            "doubts",
            at_most=0,
            enforce=True,
        )
