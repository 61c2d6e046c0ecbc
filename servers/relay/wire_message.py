"""One JSON-RPC message as the text it came in, with the places of its members.

In: a line. Out: a `WireMessage`, whose members can be read, and replaced one by one; every other
character stays as it came. The C scanner of `json` finds where each member ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from json.decoder import scanstring  # type: ignore[attr-defined]
from json.scanner import make_scanner
from typing import Any

_BLANKS = re.compile(r"[ \t\n\r]*")
_NAME = re.compile(r'[ \t\n\r]*"([^"\\\x00-\x1f]*)"[ \t\n\r]*:[ \t\n\r]*')
"""The name of a member, up to its value."""
_BOM = "\ufeff"
_LONG = 1 << 20
"""Of longer answers only the ends are read: parsing takes ten times their size in memory."""
_ENDS = 256
_RESPONSE_HEAD = re.compile(
    r'\{ ?"jsonrpc": ?"2\.0", ?"id": ?(-?\d+(?:\.0)?|"[^"\\]{0,80}"), ?"result": ?'
)
_RESPONSE_TAIL = re.compile(r'[}\]"0-9le], ?"jsonrpc": ?"2\.0", ?"id": ?(-?\d+(?:\.0)?) ?\}\s*$')
_RESULT_HEAD = re.compile(r'\{ ?"result": ?')

Span = tuple[int, int]


class NotJsonError(ValueError):
    """A line that is not JSON."""


def _no_number(word: str) -> None:
    raise NotJsonError(f"{word} is not JSON")


_strict = json.JSONDecoder(parse_constant=_no_number)
_lenient = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
"""Reads what JavaScript does not: NaN, infinity, and bare line ends within texts."""
_scan = make_scanner(_strict)  # type: ignore[arg-type]


class WireMessage:
    """A JSON object. `fields` are its members, `spans` where their values stand in `text`."""

    __slots__ = ("fields", "is_partial", "spans", "text")

    def __init__(self, text: str, fields: dict[str, Any], spans: dict[str, Span]) -> None:
        self.text = text
        self.fields = fields
        self.spans = spans
        self.is_partial = False
        """Whether it is a long response, of which only the id was read; its result seems empty."""

    @property
    def method(self) -> str:
        """The method of a request or notification; empty for an answer."""
        method = self.fields.get("method")
        return method if isinstance(method, str) else ""

    @property
    def params(self) -> dict[str, Any]:
        """The params, empty if they are no object."""
        params = self.fields.get("params")
        return params if isinstance(params, dict) else {}

    @property
    def meta(self) -> dict[str, Any]:
        """The `_meta` of the params, empty if it is no object."""
        meta = self.params.get("_meta")
        return meta if isinstance(meta, dict) else {}

    @property
    def id_token(self) -> str:
        """The id as it is written; `null` if there is none."""
        span = self.spans.get("id")
        return self.text[slice(*span)] if span else "null"

    def span(self, *path: str) -> Span | None:
        """Where the value at `path` stands; None if it is not there."""
        span: Span | None = (0, len(self.text))
        spans = self.spans
        for depth, name in enumerate(path):
            if depth:
                assert span is not None
                spans = _members(self.text, span[0])[1] if self.text[span[0]] == "{" else {}
            span = spans.get(name)
            if span is None:
                return None
        return span

    def whole(self) -> WireMessage:
        """This message with all its members read.

        Raises:
            NotJsonError: it is not JSON.
        """
        return _read(self.text)[0] if self.is_partial else self

    def line(self, *edits: tuple[Span | None, str]) -> bytes:
        """The message as a line without newline; an edit replaces a span, or nothing if None."""
        text = self.text
        for span, new in sorted((each for each in edits if each[0]), reverse=True):
            assert span is not None
            text = text[: span[0]] + new + text[span[1] :]
        return text.encode("utf-8", "surrogateescape")


def parse(line: bytes) -> list[WireMessage]:
    """The message in `line`, or those of a batch; what is no object in a batch is left out.

    Raises:
        NotJsonError: it is not JSON, or neither an object nor a list.
    """
    text = line.decode("utf-8", "surrogateescape").strip().removeprefix(_BOM).lstrip()
    if len(text) > _LONG and (long := _long_response(text)):
        return [long]
    return _read(text)


def _read(text: str) -> list[WireMessage]:
    try:
        if text.startswith("["):
            return [_object(each) for each in _elements(text)]
        return [_object(text)]
    except (ValueError, StopIteration, RecursionError):
        return _read_leniently(text)


def _read_leniently(text: str) -> list[WireMessage]:
    """What is almost JSON, written anew."""
    try:
        found = _lenient.decode(text)
    except (ValueError, RecursionError) as invalid:
        raise NotJsonError(str(invalid)) from None
    found = found if isinstance(found, list) else [found]
    messages = [of_fields(each) for each in found if isinstance(each, dict)]
    if not messages:
        raise NotJsonError("neither an object nor a list of objects")
    return messages


def dumps(value: Any) -> str:
    """`value` as compact JSON in ASCII, so that half of an emoji can be told, too."""
    return json.dumps(value, separators=(",", ":"))


def of_fields(fields: Mapping[str, Any]) -> WireMessage:
    """A message made of `fields`."""
    return _object(dumps(fields))


def _object(text: str) -> WireMessage:
    fields, spans, end = _members(text, 0)
    if _BLANKS.match(text, end).end() != len(text):  # type: ignore[union-attr]
        raise NotJsonError("something follows the message")
    if "\n" in text or "\r" in text:
        return of_fields(fields)  # from a web server: a line has no line end
    return WireMessage(text, fields, spans)


def _members(text: str, at: int) -> tuple[dict[str, Any], dict[str, Span], int]:
    """The members of the object that begins at `at`, their places, and where it ends."""
    fields: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    if text[at : at + 1] != "{":
        raise NotJsonError("this is not a JSON object")
    at = _after_blanks(text, at + 1)
    if text[at : at + 1] == "}":
        return fields, spans, at + 1
    while True:
        if plain := _NAME.match(text, at):
            name, start = plain[1], plain.end()
        else:
            name, start = _escaped_name(text, at)
        fields[name], end = _scan(text, start)
        spans[name] = (start, end)
        at = _after_blanks(text, end) + 1
        if text[at - 1 : at] == "}":
            return fields, spans, at
        if text[at - 1 : at] != ",":
            raise NotJsonError("this is not a whole JSON object")


def _escaped_name(text: str, at: int) -> tuple[str, int]:
    """The name of a member, and where its value begins."""
    at = _after_blanks(text, at)
    if text[at : at + 1] != '"':
        raise NotJsonError("this is not a whole JSON object")
    name, at = scanstring(text, at + 1, True)
    at = _after_blanks(text, at)
    if text[at : at + 1] != ":":
        raise NotJsonError("this is not a whole JSON object")
    return name, _after_blanks(text, at + 1)


def _elements(text: str) -> Iterator[str]:
    """The objects in the list that `text` is."""
    at = _after_blanks(text, 1)
    while text[at : at + 1] not in {"]", ""}:
        value, end = _scan(text, at)
        if isinstance(value, dict):
            yield text[at:end]
        at = _after_blanks(text, end)
        if text[at : at + 1] == ",":
            at = _after_blanks(text, at + 1)
        elif text[at : at + 1] != "]":
            raise NotJsonError("this is not a whole list")


def _after_blanks(text: str, at: int) -> int:
    if text[at : at + 1] > " ":  # as in compact JSON, without the cost of an expression
        return at
    return _BLANKS.match(text, at).end()  # type: ignore[union-attr]


def _long_response(text: str) -> WireMessage | None:
    """A long result by its ends, where JSON as the SDKs write it has the id."""
    head, start = _RESPONSE_HEAD.match(text[:_ENDS]), 0
    if head is None and _RESULT_HEAD.match(text):
        start = len(text) - _ENDS
        head = _RESPONSE_TAIL.search(text[start:])
    if head is None:
        return None
    span = (head.start(1) + start, head.end(1) + start)
    fields = {"jsonrpc": "2.0", "id": json.loads(head[1]), "result": {}}
    message = WireMessage(text, fields, {"id": span})
    message.is_partial = True
    return message
