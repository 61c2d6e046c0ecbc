"""The id of a message is replaced where it stands, and nothing else changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.relay.wire_message import dumps, parse, parse_line

ODD = [
    '{"jsonrpc":"2.0","id":1,"id":1,"result":{}}',
    '{"jsonrpc":"2.0","id":1,"result":{},"\\u0069d":1}',
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{"id":1,"jsonrpc":"2.0"}}',
    '{"result":{"id":1},"jsonrpc":"2.0","id":1}',
    '{"result":{"a":"],\\"jsonrpc\\":\\"2.0\\",\\"id\\":1}"},"id":1}',
    '{"jsonrpc":"2.0","result":"id","jsonrpc":"2.0","id":"a\\"b"}',
    '{"jsonrpc":"2.0","id":1.0,"result":{}}',
    '{ "jsonrpc" : "2.0" , "id" : "x" , "result" : { } }',
    '{"jsonrpc":"2.0","id":"caf\\u00e9","result":{}}',
    '{"jsonrpc":"2.0","id":-0,"result":{}}',
    '{"jsonrpc":"2.0","id":1.00,"result":{}}',
]


def _replaced(line: str) -> Any:
    (message,) = parse(line.encode())
    assert json.loads(message.id_token) == json.loads(line)["id"]
    return json.loads(message.line((message.id_span, '"new"')))


@pytest.mark.parametrize("line", [*ODD, '{"id":1,"jsonrpc":"2.0","result":{}}'])
def test_an_answer_beside_other_text_is_found(line: str) -> None:
    found = parse_line(f"INFO: {line} (end)".encode())
    is_answer = json.loads(line).get("jsonrpc") == "2.0" and "method" not in line
    assert [each.text for each in found] == ([line] if is_answer else [])


@pytest.mark.parametrize("line", ODD)
def test_an_id_in_an_odd_place_is_replaced(line: str) -> None:
    assert _replaced(line) == {**json.loads(line), "id": "new"}


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just('"id":1}'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(
    members=st.dictionaries(st.sampled_from(["result", "method", "x", 'a"id":']), _values),
    token=st.integers() | st.text(max_size=90),
    place=st.integers(0, 4),
    blanks=st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]),
)
def test_any_id_is_replaced(
    members: dict[str, Any], token: Any, place: int, blanks: tuple[str, str]
) -> None:
    items = list(members.items())
    items[place:place] = [("jsonrpc", "2.0"), ("id", token)]
    line = json.dumps(dict(items), separators=blanks)
    assert _replaced(line) == {**dict(items), "id": "new"}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("size", [1, 2 << 20], ids=["short", "long"])
@pytest.mark.parametrize("member", ["1e400", "9" * 5_000, "[" * 3_000 + "]" * 3_000], ids=len)
def test_an_answer_on_several_lines_is_one_line_of_the_same_json(
    indent: int | None, size: int, member: str
) -> None:
    result = json.dumps({"x": "x" * size, "odd": "$"}, indent=2).replace('"$"', member)
    text = json.dumps({"jsonrpc": "2.0", "id": 1, "result": "$"}, indent=indent)
    (message,) = parse_line(text.replace('"$"', result).replace("\n", "\r\n").encode())
    line = message.line_as("7").decode()
    assert "\n" not in line
    assert "\r" not in line
    assert "".join(line.split()) == f'{{"jsonrpc":"2.0","id":7,"result":{"".join(result.split())}}}'


@pytest.mark.parametrize("colon", [":", ": ", " :", "\t: "])
def test_an_answer_that_python_does_not_read_passes_with_any_blanks(colon: str) -> None:
    deep = "[" * 3_000 + "]" * 3_000
    members = ['"jsonrpc":"2.0"', '"id":1', f'"result":{{"odd":{deep}}}']
    for order in (members, [members[2], *members[:2]]):
        text = f"{{{','.join(order)}}}".replace('":', f'"{colon}')
        (message,) = parse_line(text.encode())
        assert message.line_as("7").decode() == text.replace(f'"id"{colon}1', f'"id"{colon}7')


def test_what_is_written_again_is_json_whatever_the_number() -> None:
    odd = {"a": float("inf"), "b": [-float("inf")], '"c': 'say "Infinity\\"', "-Infinity": 1}
    text = dumps(odd)
    assert text == r'{"a":1e999,"b":[-1e999],"\"c":"say \"Infinity\\\"","-Infinity":1}'
    assert json.loads(text) == odd
