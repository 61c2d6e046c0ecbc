"""What a person sees of a change to a client's file: a diff without the secrets of other servers.

Masked are the variables and headers of every server that is not Lou's, and what is secret in
arguments, addresses and the rest of the file. Only the shown text changes, never the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from typing import Any

from app.clients.catalog import Client
from app.clients.imports.foreign_servers import value_of
from app.config import secret_values
from app.config.secret_values import MASK
from app.formats import text_edits
from app.formats.spans import FormatError

_TABLES = frozenset(
    (*("env", "environment", "envs", "headers", "http_headers", "httpHeaders"), "env_http_headers")
)
_LEAST = 3
"""Characters; a shorter value is masked only after its name."""
_WIDEST = 400
_LONGEST = 50 * _WIDEST
"""Characters of a line that are masked and shown at most."""
_MOST = 12_000
"""Characters of a change that are masked and shown at most."""
_CONTEXT = 3
_SPLIT_FROM = 160
"""Characters of a line that is shown in parts, since its change may lie far to the right."""
_BETWEEN_PARTS = re.compile(r'(?<=[,{\[]) ?(?=")')
_LINE_NUMBER = re.compile(r"(?<=[-+])\d+")
_TOKEN = re.compile(r'"(?:[^"\\\n]++|\\.)*+"?')


@dataclass(slots=True)
class Foreign:
    """What a shown text must not hold: secrets of other servers, alone or after their names."""

    secrets: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    own: str = ""
    """Lou's entries as JSON; values in them are not masked."""

    def masked(self, shown: str) -> str:
        shown = _TOKEN.sub(self._token, shown)
        for name, value in self.pairs:
            shown = self._behind(shown, name, value)
        for value in sorted(self.secrets, key=len, reverse=True):
            if value not in self.own:
                shown = _without(shown, value)
        return secret_values.masked(shown, secret_values.spans_in(shown))

    def _token(self, token: re.Match[str]) -> str:
        """A string literal, masked if its escapes hide a secret."""
        said = _decoded(token[0]) if "\\" in token[0] else ""
        if not said:
            return token[0]
        values = {*self.secrets, *(value for _, value in self.pairs)}
        hidden = said
        for value in values:
            hidden = hidden.replace(value, MASK) if len(value) >= _LEAST else hidden
        return token[0] if hidden == said else json.dumps(hidden, ensure_ascii=False)

    def _behind(self, shown: str, name: str, value: str) -> str:
        if name not in shown:
            return shown
        return _pair_pattern(name, value).sub(lambda found: found[1] + MASK, shown)


def add(foreign: Foreign, client: Client, content: bytes | None, ours: Collection[str]) -> None:
    """Add the secrets in a file's `content`; `ours` are the names of Lou's entries."""
    text = (content or b"").decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        servers = text_edits.read(text, client.layout).servers
        rest = value_of(text)
    except FormatError:
        return
    if isinstance(rest, dict):
        rest = {name: each for name, each in rest.items() if name != client.layout.root[0]}
    others = {name: each for name, each in servers.items() if name not in ours}
    foreign.own += json.dumps([servers[name] for name in ours if name in servers], default=str)
    foreign.secrets |= {part for each in _within("", [others, rest]) for part in _parts(each)}
    for entry in others.values():
        foreign.pairs |= set(_pairs(entry))


def _without(shown: str, value: str) -> str:
    """Mask the value wherever it is not part of a longer word."""
    for form in _forms(value):
        if form in shown:
            shown = _word_pattern(form).sub(MASK, shown)
    return shown


def _word_pattern(form: str) -> re.Pattern[str]:
    """Finds `form` where it is no part of a longer word."""
    before = r"(?<![A-Za-z0-9])" if form[:1].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if form[-1:].isalnum() else ""
    return re.compile(before + re.escape(form) + after)


def _pair_pattern(name: str, value: str) -> re.Pattern[str]:
    """Finds `value` behind `name`; the first group is all that stands before the value."""
    forms = "|".join(map(re.escape, _forms(value)))
    return re.compile(rf"({re.escape(name)}[\"']?[ \t]*[:=]\s*[\"']?)(?:{forms})")


def _forms(value: str) -> tuple[str, ...]:
    """A value in the spellings of the formats."""
    escaped = (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    return tuple(dict.fromkeys((value, *escaped, value.replace("'", "''"))))


def _decoded(token: str) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return ""


def _parts(value: str) -> Iterator[str]:
    """A value, and the lines of a value that a file may write on several lines."""
    yield value
    if "\n" in value.strip():
        yield from (line.strip() for line in value.splitlines() if len(line.strip()) > _LEAST)


def _pairs(found: Any, is_table: bool = False) -> Iterator[tuple[str, str]]:
    """Each variable and header of one server, as a name and its text."""
    if isinstance(found, Mapping):
        for name, value in found.items():
            if isinstance(value, str) and is_table and value:
                yield str(name), value
            yield from _pairs(value, name in _TABLES)


def _within(key: str, found: Any) -> Iterator[str]:
    """Every secret anywhere in a value; `key` is the name it stands at."""
    if isinstance(found, Mapping):
        for name, value in found.items():
            yield from _within(str(name), value)
    elif isinstance(found, list):
        texts = [each for each in found if isinstance(each, str)]
        for text, spans in zip(texts, secret_values.argument_spans(texts), strict=True):
            yield from _long(secret_values.parts(text, spans))
        for each in found:
            if not isinstance(each, str) or len(each) >= _LEAST:
                yield from _within(key, each)
    elif isinstance(found, str):
        yield from _long(secret_values.parts(found, secret_values.spans_of(key, found)))


def _long(parts: list[str]) -> Iterator[str]:
    yield from (part for part in parts if len(part) >= _LEAST)


def unified(
    name: str, before: bytes | None, after: bytes | None, mask: Callable[[str], str] = str
) -> str:
    """A unified diff after `mask`, a file of one long line in its parts; empty without a change."""
    now, then = (name if each is not None else "no file" for each in (before, after))
    changed = [line[:_LONGEST] for line in _differences(*_text_lines(before, after, mask))]
    if not changed:
        return ""
    sizes = accumulate(map(len, changed))
    first = changed[: max(1, sum(size <= _MOST for size in sizes))]
    shown = [*map(_shortened, mask("\n".join(first)).split("\n"))]
    if left := len(changed) - len(first):
        shown.append(f"... ({left:,} more lines)")
    return "\n".join((f"--- {now}", f"+++ {then}", *shown))


def _differences(before: list[str], after: list[str]) -> list[str]:
    """A unified diff without its head; what both begin and end with is not compared."""
    import difflib  # noqa: PLC0415 - loaded only to show a change

    same = _equal(zip(before, after, strict=False))
    before, after = before[same:], after[same:]
    ends = _equal(zip(reversed(before), reversed(after), strict=False))
    before, after = before[: len(before) - ends], after[: len(after) - ends]
    lines = difflib.unified_diff(before, after, lineterm="", n=_CONTEXT)
    return [_moved(line, same) if line.startswith("@@") else line for line in list(lines)[2:]]


def _equal(pairs: Iterable[tuple[str, str]]) -> int:
    """How many of the first lines are equal, without those shown around a change."""
    return max(0, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)) - _CONTEXT)


def _moved(head: str, by: int) -> str:
    """The head of a hunk, with its line numbers moved."""
    return _LINE_NUMBER.sub(lambda number: str(int(number[0]) + by), head)


def _text_lines(
    before: bytes | None, after: bytes | None, mask: Callable[[str], str]
) -> tuple[list[str], list[str]]:
    """The lines of both; where one is long they are masked, then split, which splits no secret."""
    texts = [(each or b"").decode("utf-8", "replace") for each in (before, after)]
    old, new = (text.splitlines() for text in texts)
    is_short = max(map(len, texts)) <= _MOST
    if not is_short or max(map(len, (*old, *new)), default=0) <= _SPLIT_FROM:
        return old, new
    old, new = (
        [part for line in lines for part in _BETWEEN_PARTS.split(mask(line))]
        for lines in (old, new)
    )
    return old, new


def _shortened(line: str) -> str:
    if len(line) <= _WIDEST:
        return line
    return f"{line[:_WIDEST]}... ({len(line) - _WIDEST:,} more characters)"
