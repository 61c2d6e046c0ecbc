"""CSV and JSON Lines: what is written comes back, and no file is a crash."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from servers.tracker.entry import DRAFT_FIELDS, RejectedEntryError, Rules, checked
from servers.tracker.transfer import cells, csv_jsonl
from servers.tracker.transfer.text_file import LeadFileError

FORMULAS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


def opened(text: str | bytes, kind: Any = "csv", **columns: str) -> csv_jsonl.LeadFile:
    data = text.encode() if isinstance(text, str) else text
    column_map = {field: [name] if name else [] for field, name in columns.items()}
    return csv_jsonl.opened(io.BytesIO(data), kind, column_map)


def rows(text: str | bytes, kind: Any = "csv", **columns: str) -> list[csv_jsonl.Row]:
    return list(opened(text, kind, **columns).rows)


def test_the_header_is_row_one_and_names_are_understood() -> None:
    (row,) = rows("E-Mail;Website;Labels;Comment\njane@acme.com;acme.com;a, b;hello\n")
    assert row.number == 2
    assert row.fields == {
        "email": "jane@acme.com",
        "url": "acme.com",
        "tags": ["a", "b"],
        "note": "hello",
    }


def test_a_formula_that_keeps_a_text_a_text_is_read_as_that_text() -> None:
    (row,) = rows(
        'url,email,note,tags\n="https://acme.com/7",="jane@acme.com",'
        '"=""007 """"x""""""","=""07"""\n'
    )
    assert row.fields == {
        "url": "https://acme.com/7",
        "email": "jane@acme.com",
        "note": '007 "x"',
        "tags": ["07"],
    }


def test_a_line_that_names_a_member_twice_is_told() -> None:
    (row,) = rows('{"url": "a.com", "url": "b.com", "email": "a@a.com"}\n', kind="jsonl")
    assert row.fault == "is no JSON: a name is there twice"


def test_columns_can_be_named_by_the_user() -> None:
    (row,) = rows("who,where\njane@acme.com,acme.com\n", email="who", url="where")
    assert (row.fields["email"], row.fields["url"]) == ("jane@acme.com", "acme.com")


@pytest.mark.parametrize(
    ("text", "columns", "words"),
    [
        ("name,phone\n", {}, "No column is called url .* There are: 'name', 'phone'"),
        ("url\n", {}, "No column is called email"),
        ("url,email\n", {"email": "mail"}, "There is no column 'mail'"),
        ("url,email\n", {"mail": "email"}, "There is no field 'mail'. There are: url, email"),
        ("", {}, "The file is empty"),
        ("url,email" + ",x" * 999, {}, "The file has 1,001 columns; Lou reads up to 1,000"),
        ('""', {}, "has no row with anything in it"),
        ('"",""\n,,\n""\r\n', {}, "has no row with anything in it"),
        ("sep=;\r\n", {}, "has no row with anything in it"),
        ("url,email" + ",column" * (1 << 18), {}, "The first row is longer than"),
    ],
)
def test_a_file_without_the_columns_is_refused_in_words(
    text: str, columns: dict[str, str], words: str
) -> None:
    with pytest.raises(LeadFileError, match=words):
        rows(text, **columns)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_tells_the_encoding(encoding: str) -> None:
    (row,) = rows("url,email,note\nacme.com,jane@acme.com,Grüße\n".encode(encoding))
    assert row.fields["note"] == "Grüße"


def test_bad_rows_are_told_by_number_and_the_others_are_read() -> None:
    data = b'url,email\na.com,a@a.com\nb.com,"b\xff@b.com"\n"c.com"x,c@c.com\n\nd.com,d@d.com\n'
    found = rows(data)
    assert [(row.number, bool(row.fault)) for row in found] == [
        (2, False),
        (3, True),
        (4, True),
        (6, False),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        'a.com,"a@a.com',
        '"a.com,a@a.com,say ""x"" ',
        'a.com,"' + "x" * 200_000,
        'a.com,"' + "x" * 200_000 + '"',
        "a.com,a@a.com," + "x" * (10 << 20),
        'a.com,a@a.com,"' + "x" * (3 << 20) + '"',
        "a.com,a@a.com" + ",x" * (1 << 19),
    ],
    ids=["quote", "quotes", "long quote", "long", "huge", "huge quote", "wide"],
)
def test_a_row_that_cannot_be_read_costs_no_other_row_and_no_number(broken: str) -> None:
    good = "".join(f"https://s{n}.example/,p{n}@s{n}.example,note {n}\n" for n in range(9))
    quoted = 'b.com,b@b.com,"said ""x"",\nand left"\n'
    found = rows(f"url,email,note\n{good}{broken}\n{good}{quoted}{good}")
    assert [row.number for row in found if row.fault] == [11]
    assert [row.number for row in found] == list(range(2, 31))
    assert found[19].fields["note"] == 'said "x",\nand left'


def test_the_names_of_columns_may_have_several_lines() -> None:
    (row,) = rows(
        '"url\nof the page",email,"note,\nif any"\na.com,a@a.com,x\n', url="url\nof the page"
    )
    assert (row.number, row.fields["url"], row.fields["email"]) == (2, "a.com", "a@a.com")


def test_names_of_columns_in_another_encoding_can_be_shown_and_chosen() -> None:
    data = "url,email,Bemerkung für uns\na.com,a@a.com,x\n".encode("latin-1")
    names = opened(data).choice.names
    assert names[2] == "Bemerkung für uns"
    (row,) = rows(data, note=names[2])
    assert row.fields["note"] == "x"
    names = opened("url,email,Примечание\na.com,a@a.com,x\n".encode("cp1251")).choice.names
    assert json.dumps(names, ensure_ascii=False).encode()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-16"])
def test_wide_characters_are_read_with_and_without_a_mark(encoding: str) -> None:
    (row,) = rows("url,email\na.com,a@a.com\n".encode(encoding))
    assert row.fields == {"url": "a.com", "email": "a@a.com"}


def test_rows_of_json_lines_have_line_numbers() -> None:
    text = '{"url":"a.com","email":"a@a.com","tags":["x"]}\n\n[1]\n{"url":{}}\n{bad\n' + "[" * 5000
    found = rows(text, "jsonl")
    assert [(row.number, bool(row.fault)) for row in found] == [
        (1, False),
        (3, True),
        (4, True),
        (5, True),
        (6, True),
    ]


def test_what_a_line_does_not_say_or_says_is_null_is_left_out() -> None:
    text = '{"url":"a.com","email":"a@a.com"}\n{"url":"a.com","email":null,"note":null}\n'
    said, null = rows(text, "jsonl")
    assert said.fields == {"url": "a.com", "email": "a@a.com"}
    assert null.fields == {"url": "a.com", "email": ""}


def test_a_line_without_an_end_is_told_once_and_costs_no_memory() -> None:
    text = "x" * (5 << 20) + '\n{"url":"a.com","email":"a@a.com"}\n'
    found = rows(text, "jsonl")
    assert [(row.number, bool(row.fault)) for row in found] == [(1, True), (2, False)]


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.csv.exe", ""])
def test_other_endings_are_refused(name: str) -> None:
    with pytest.raises(LeadFileError):
        csv_jsonl.format_of(name)


@given(st.text(alphabet=FORMULAS + "' a1", max_size=6))
def test_no_written_cell_starts_a_formula_and_every_cell_comes_back(text: str) -> None:
    guarded = cells.guarded(text)
    assert not guarded.lstrip().startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))
    assert cells.unguarded(guarded) == text


VALUES = st.fixed_dictionaries(
    {
        "id": st.just("id"),
        "url": st.just("https://a.com/"),
        "email": st.just("a@a.com"),
        "note": st.text(
            alphabet=FORMULAS.replace("\r", "") + "'\",;ab\u00e4\u2028", max_size=30
        ).map(str.strip),
        "tags": st.lists(st.sampled_from(["a", "b c"]), unique=True).map(sorted),
        "status": st.sampled_from(["new", "won"]),
        "created": st.just(""),
        "changed": st.just(""),
    }
)


@settings(max_examples=300, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=5), st.sampled_from(["csv", "jsonl"]))
def test_what_is_exported_is_imported_as_it_was(values: list[dict[str, Any]], kind: Any) -> None:
    text = csv_jsonl.header() if kind == "csv" else ""
    text += "".join(csv_jsonl.line(kind, one) for one in values)
    found = rows(text, kind)
    assert [row.fault for row in found] == [""] * len(values)
    for row, one in zip(found, values, strict=True):
        assert {"note": "", "tags": [], "status": "new", **row.fields} == {
            name: one[name] for name in DRAFT_FIELDS
        }


def no_bytes_crash(data: bytes, kind: Any) -> None:
    """Every row is read or told, by a number that grows."""
    try:
        found = rows(data, kind)
    except LeadFileError:
        return
    assert [row.number for row in found] == sorted(row.number for row in found)
    for row in found:
        if row.fault:
            continue
        try:
            checked(rules=Rules(), **row.fields)
        except RejectedEntryError as rejected:
            assert rejected.faults  # noqa: PT017 - being refused is one of two good ends


CELL = st.one_of(
    st.sampled_from(
        [
            "a@a.com",
            "https://a.com/",
            '"',
            '""',
            '"a',
            'a"b',
            "\x00",
            "=1+1",
            "x" * 70_000,
            "\u2028",
            "\ud83d",
            "'=1",
            ",",
            ";",
        ]
    ),
    st.text(max_size=10),
)
CSV = st.lists(st.lists(CELL, max_size=4), max_size=6).map(
    lambda lines: "url,email,note\n" + "\n".join(",".join(cells) for cells in lines)
)
JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["url", "email", "tags"]), inner)
    ),
    max_leaves=5,
)
LINES = st.lists(JSON_VALUE.map(json.dumps) | st.text(max_size=20), max_size=6).map("\n".join)
ENCODINGS = st.sampled_from(
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1", "cp1252", "utf-32"]
)
SCRAPS = st.sampled_from(
    b'""|"|,|;|\t|\n|\r|\r\n| |sep=|sep=;|\x00|\xa0|\xef\xbb\xbf|\xff'.split(b"|")
    + b"|url|email|a@a.com|=|'|{}|[]|null".split(b"|")
)
FILES = st.one_of(
    st.lists(SCRAPS, max_size=7).map(b"".join),
    st.tuples(CSV, ENCODINGS).map(lambda one: one[0].encode(one[1], "replace")),
    st.tuples(LINES, ENCODINGS).map(lambda one: one[0].encode(one[1], "replace")),
    st.binary(max_size=200),
    st.binary(max_size=100).map(lambda tail: b"url,email\n" + tail),
    st.binary(max_size=60).map(lambda tail: b"\xff\xfe" + tail),
)


@settings(max_examples=500, deadline=None)
@example(data=b'""', kind="csv")
@example(data=b"sep=;\r\n", kind="csv")
@example(data=b'sep="\r\n""', kind="csv")
@given(FILES, st.sampled_from(["csv", "jsonl"]))
def test_no_file_is_a_crash(data: bytes, kind: Any) -> None:
    no_bytes_crash(data, kind)


def test_the_written_cells_are_read_alike_by_another_reader() -> None:
    line = csv_jsonl.line(
        "csv", {name: "=x" if name != "tags" else ["a"] for name in csv_jsonl.WRITTEN}
    )
    assert next(csv.reader([line])).count("'=x") == len(csv_jsonl.WRITTEN) - 1
