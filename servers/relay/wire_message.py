"""One JSON-RPC message as the text it came in, with the places of its members.

In: a line. Out: a `WireMessage`, whose members can be read, and replaced one by one; every other
character stays as it came. The C scanner of `json` reads the line as a whole, and finds where each
member ends once that is asked.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
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
_VERSION = r'"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*'
_NUMBER = r"-?\d+(?:\.0)?"
_ID_HEAD = re.compile(rf'\{{\s*{_VERSION}({_NUMBER}|"[^"\\]{{0,80}}")\s*,\s*')
_RESPONSE_HEAD = re.compile(rf'{_ID_HEAD.pattern}"result"\s*:')
_ANSWER_HEAD = re.compile(rf'{_ID_HEAD.pattern}"(?:result|error)"\s*:')
_ID_TAIL = re.compile(rf'[}}\]"0-9le]\s*,\s*{_VERSION}({_NUMBER})\s*\}}\s*$')
_RESULT_HEAD = re.compile(r'\{\s*"result"\s*:')
_ID_FIRST = tuple(
    (head, len(head)) for head in ('{"jsonrpc":"2.0","id":', '{"jsonrpc": "2.0", "id": ')
)
_ID_LAST = ('"id":', '"id": ')
"""What stands before the id where the SDKs write it: first, with its length, or last."""
_BEGIN = re.compile(r'\{ ?"(?:jsonrpc|id|result|error|method)" ?: ?')
_ID_TYPES = frozenset((str, int, float))
INTERNAL_ERROR = -32603
_ESCAPED_ID = "\\u006"
_INFINITE = re.compile(r'"(?:[^"\\]|\\.)*+"?|(-?)Infinity')
"""A text, or a number that JSON has no word for."""

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
    """A JSON object. `fields` are its members, `method` is empty for an answer."""

    __slots__ = (
        "_id_span", "_id_token", "_spans", "fields", "is_partial", "method", "params", "text",
    )  # fmt: skip

    def __init__(self, text: str, fields: dict[str, Any], id_span: Span | None = None) -> None:
        self.text = text
        self.fields = fields
        method = fields.get("method")
        is_answer = fields.get("result") is not None or fields.get("error") is not None
        self.method = method if isinstance(method, str) and not is_answer else ""
        params = fields.get("params")
        self.params: dict[str, Any] = params if isinstance(params, dict) else {}
        """The params, empty if they are no object."""
        self.is_partial = False
        """Whether it is a long response, of which only the id was read; its result seems empty."""
        self._id_span = id_span
        self._id_token = ""
        self._spans: dict[str, Span] | None = None

    @property
    def meta(self) -> dict[str, Any]:
        """The `_meta` of the params, empty if it is no object."""
        meta = self.params.get("_meta")
        return meta if isinstance(meta, dict) else {}

    @property
    def id_span(self) -> Span | None:
        """Where the id stands; None if there is none."""
        if self._id_span is None and "id" in self.fields:
            self._id_span = _plain_id(self.text, self.fields["id"]) or self.span("id")
        return self._id_span

    @property
    def id_token(self) -> str:
        """The id as it is written; `null` if there is none."""
        if not self._id_token:
            span = self.id_span
            self._id_token = self.text[span[0] : span[1]] if span else "null"
        return self._id_token

    @property
    def answer_id(self) -> str:
        """The id for an answer, as it is written; `null` if it is neither a text nor a number."""
        return self.id_token if type(self.fields.get("id")) in _ID_TYPES else "null"

    @property
    def id_key(self) -> str:
        """The id for comparing; an answer may write 1 for 1.0."""
        value = self.fields.get("id")
        return repr(int(value) if isinstance(value, float) and value.is_integer() else value)

    def span(self, *path: str) -> Span | None:
        """Where the value at `path` stands; None if it is not there."""
        span: Span | None = (0, len(self.text))
        if self._spans is None:
            self._spans = _members(self.text, 0)
        spans = self._spans
        for depth, name in enumerate(path):
            if depth:
                assert span is not None
                spans = _members(self.text, span[0]) if self.text[span[0]] == "{" else {}
            span = spans.get(name)
            if span is None:
                return None
        return span

    def whole(self) -> WireMessage:
        """This message with all its members read; itself if they cannot be."""
        with contextlib.suppress(NotJsonError):
            return _read(self.text)[0] if self.is_partial else self
        return self

    def line(self, *edits: tuple[Span | None, str]) -> bytes:
        """The message as a line without newline; an edit replaces a span, or nothing if None."""
        text = self.text
        for (start, end), new in sorted(((span, new) for span, new in edits if span), reverse=True):
            text = text[:start] + new + text[end:]
        return text.encode()

    def line_as(self, id_token: str) -> bytes:
        """The message as a line without newline, with another id."""
        text, span = self.text, self.id_span
        if span:
            text = text[: span[0]] + id_token + text[span[1] :]
        return text.encode()


def parse(line: bytes) -> list[WireMessage]:
    """The message in `line`, or those of a batch; what is no object in a batch is left out.

    Raises:
        NotJsonError: it is not JSON, or neither an object nor a list.
    """
    text = line.decode("utf-8", "replace")
    if text[:1] != "{" or text[-1:] != "}":
        text = text.strip().removeprefix(_BOM).lstrip()
    if len(text) > _LONG and (long := _long_response(text)):
        return [long]
    return _read(text)


def _read(text: str) -> list[WireMessage]:
    try:
        if text[:1] == "[":
            found = [_object(each) for each in _elements(text)]
            if not found:
                raise NotJsonError("a list without an object")
            return found
        return [_object(text)]
    except (ValueError, StopIteration, RecursionError):
        return _read_leniently(text)


def _read_leniently(text: str) -> list[WireMessage]:
    """What is almost JSON, rewritten."""
    try:
        found = _lenient.decode(text)
    except (ValueError, RecursionError) as invalid:
        # A number or a depth that is JSON, but more than is read here.
        is_more = not isinstance(invalid, json.JSONDecodeError)
        if is_more and (message := _long_response(text)):
            return [message]
        raise NotJsonError(str(invalid)) from None
    found = found if isinstance(found, list) else [found]
    messages = [of_fields(each) for each in found if isinstance(each, dict)]
    if not messages:
        raise NotJsonError("neither an object nor a list of objects")
    return messages


def parse_line(line: bytes) -> list[WireMessage]:
    """As `parse`, and of a line that is no JSON as a whole the messages in it.

    Beside other text only answers are believed: a server may log what it was asked. An answer that
    cannot be read becomes an error, so that the other side does not wait for ever.
    """
    try:
        return parse(line)
    except NotJsonError:
        return _salvaged(line.decode("utf-8", "replace"))


def _salvaged(text: str) -> list[WireMessage]:
    found, at, is_clean = [], 0, True
    while begin := _BEGIN.search(text, at):
        try:
            fields, end = _scan(text, begin.start())
        except (ValueError, StopIteration, RecursionError):
            break
        is_clean = is_clean and not text[at : begin.start()].strip()
        if fields.get("jsonrpc") == "2.0":
            found.append(_object(text[begin.start() : end]))
        at = end
    is_clean = is_clean and not text[at:].strip()
    messages = [each for each in found if is_clean or not each.method]
    head = None if messages else _ANSWER_HEAD.match(text[:_ENDS])
    if head:
        error = {"code": INTERNAL_ERROR, "message": "The answer is not JSON."}
        return [of_fields({"jsonrpc": "2.0", "id": json.loads(head[1]), "error": error})]
    return messages


def id_by_ends(line: bytes) -> str:
    """The id, as it is written, of a message that cannot be read; `null` if it is not found."""
    head, tail = (part.decode("utf-8", "replace") for part in (line[:_ENDS], line[-_ENDS:]))
    found = _ID_HEAD.match(head) or _ID_TAIL.search(tail)
    return found[1] if found else "null"


def dumps(value: Any) -> str:
    """`value` as compact JSON in ASCII, so that half of an emoji can be told, too."""
    text = json.dumps(value, separators=(",", ":"))
    if "Infinity" not in text:
        return text
    return _INFINITE.sub(lambda found: found[0] if found[1] is None else found[1] + "1e999", text)


def of_fields(fields: Mapping[str, Any]) -> WireMessage:
    return _object(dumps(fields))


def error_line(id_token: str, error: Mapping[str, Any]) -> bytes:
    """The line that answers a request with `error`, a JSON-RPC error object."""
    return f'{{"jsonrpc":"2.0","id":{id_token},"error":{dumps(error)}}}'.encode()


def refusal_line(id_token: str, code: int, message: str) -> bytes:
    """The line that answers a request of a client with an error of Lou's."""
    return error_line(id_token, {"code": code, "message": message})


def result_line(id_token: str, result: Any) -> bytes:
    """The line that answers a request of a client."""
    return f'{{"jsonrpc":"2.0","id":{id_token},"result":{dumps(result)}}}'.encode()


def _object(text: str) -> WireMessage:
    fields, end = _scan(text, 0)
    if type(fields) is not dict:
        raise NotJsonError("this is not a JSON object")
    if end != len(text):
        raise NotJsonError("something follows the message")
    if "\n" in text or "\r" in text:
        text = _line(text)
    return WireMessage(text, fields)


def _line(text: str) -> str:
    """JSON without line ends, which stand between its tokens; a web server writes them."""
    return text.replace("\n", " ").replace("\r", " ")


def _plain_id(text: str, id: Any) -> Span | None:
    """Where the id stands, if it is where the SDKs write it and nowhere else; else None.

    No expression: it would take as long as the rest of what happens to a line.
    """
    if text.count('"id"') > 1 or _ESCAPED_ID in text or isinstance(id, float):
        return None
    token = f'"{id}"' if isinstance(id, str) else str(id)
    for head, start in _ID_FIRST:
        if text.startswith(head) and text.startswith(token, start):
            return start, start + len(token)
    if text.endswith(tuple(f"{name}{token}}}" for name in _ID_LAST)):
        return len(text) - 1 - len(token), len(text) - 1
    return None


def _members(text: str, at: int) -> dict[str, Span]:
    """Where the members of the object stand that begins at `at`."""
    spans: dict[str, Span] = {}
    at = _after_blanks(text, at + 1)
    while text[at : at + 1] not in {"}", ""}:
        if plain := _NAME.match(text, at):
            name, start = plain[1], plain.end()
        else:
            name, start = _escaped_name(text, at)
        _, end = _scan(text, start)
        spans[name] = (start, end)
        at = _after_blanks(text, end) + 1
        if text[at - 1 : at] == "}":
            break
    return spans


def _escaped_name(text: str, at: int) -> tuple[str, int]:
    """The name of a member, and where its value begins."""
    name, at = scanstring(text, _after_blanks(text, at) + 1, True)
    return name, _after_blanks(text, _after_blanks(text, at) + 1)


def _elements(text: str) -> list[str]:
    """The objects in the list that `text` is; no generator, which hides the scanner's signal."""
    found = []
    at = _after_blanks(text, 1)
    while text[at : at + 1] not in {"]", ""}:
        value, end = _scan(text, at)
        if isinstance(value, dict):
            found.append(text[at:end])
        at = _after_blanks(text, end)
        if text[at : at + 1] == ",":
            at = _after_blanks(text, at + 1)
        elif text[at : at + 1] != "]":
            raise NotJsonError("this is not a whole list")
    return found


def _after_blanks(text: str, at: int) -> int:
    if text[at : at + 1] > " ":  # as in compact JSON, without the cost of an expression
        return at
    return _BLANKS.match(text, at).end()  # type: ignore[union-attr]


def _long_response(text: str) -> WireMessage | None:
    """A long result by its ends, where JSON as the SDKs write it has the id."""
    head, start = _RESPONSE_HEAD.match(text[:_ENDS]), 0
    if head is None and _RESULT_HEAD.match(text):
        start = len(text) - _ENDS
        head = _ID_TAIL.search(text[start:])
    if head is None:
        return None
    span = (head.start(1) + start, head.end(1) + start)
    fields = {"jsonrpc": "2.0", "id": json.loads(head[1]), "result": {}}
    message = WireMessage(_line(text), fields, span)
    message.is_partial = True
    return message
