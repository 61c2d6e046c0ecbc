"""The Lou message: what is written is read again, and nothing else is a message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.contract.envelope import (
    MAX_LINE,
    EnvelopeError,
    Error,
    Event,
    Message,
    Request,
    Response,
    decode,
    encode,
)

text = st.text(st.characters(codec="utf-8"), max_size=40)
json_value = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
json_object = st.dictionaries(text, json_value, max_size=5)
messages = st.one_of(
    st.builds(Request, text, text, json_object),
    st.builds(Response, text, json_object),
    st.builds(Error, st.none() | text, text, text, json_object),
    st.builds(Event, text, json_object),
)


@given(messages)
def test_a_message_reads_as_it_was_written(message: Message) -> None:
    line = encode(message)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode(line) == message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_an_envelope_error(line: bytes) -> None:
    try:
        decode(line)
    except EnvelopeError:
        return


@given(json_value)
def test_any_json_is_a_message_or_an_envelope_error(value: Any) -> None:
    try:
        found = decode(json.dumps(value).encode())
    except EnvelopeError:
        return
    assert value["type"] in {"request", "response", "error", "event"}
    assert type(found).__name__.lower() == value["type"]


@pytest.mark.parametrize(
    ("line", "reason", "of"),
    [
        ({"type": "request", "id": "7", "params": {}}, "`method` is missing", "7"),
        ({"type": "request", "id": 7, "method": "ping"}, "`id` is missing or not a text", None),
        ({"type": "request", "id": "7", "method": "ping", "params": []}, "not an object", "7"),
        ({"type": "event", "data": {}}, "`event` is missing", None),
        ({"type": "error", "id": "7", "error": {"code": "x"}}, "`message` is missing or", "7"),
        ({"type": "hello", "id": "7"}, "no such type", "7"),
        ([], "not a JSON object", None),
    ],
)
def test_what_is_wrong_is_named(line: Any, reason: str, of: str | None) -> None:
    with pytest.raises(EnvelopeError, match=reason) as refused:
        decode(json.dumps(line).encode())
    assert refused.value.id == of


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(EnvelopeError, match="not JSON"):
        decode(b"[" * 100_000)


def test_the_limit_of_a_line_holds_both_ways() -> None:
    empty = len(encode(Event("e", {"text": ""})))
    longest = Event("e", {"text": "x" * (MAX_LINE - empty)})
    assert decode(encode(longest)) == longest
    with pytest.raises(EnvelopeError, match="limit"):
        encode(Event("e", {"text": "x" * (MAX_LINE - empty + 1)}))
    with pytest.raises(EnvelopeError, match="limit"):
        decode(b" " * (MAX_LINE + 1))


def test_half_a_character_does_not_stop_a_message() -> None:
    found = decode(encode(Event("log", {"message": "a\ud800b"})))
    assert isinstance(found, Event)
    assert found.data["message"].startswith("a")
