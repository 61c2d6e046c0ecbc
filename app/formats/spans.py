"""The types that all formats share: layout, outline, edit, and the errors of a text.

An edit replaces one span of the text; all other bytes stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

TOO_DEEP = "The file is nested too deeply to be a settings file."
TOO_MUCH = "The file says too much for a settings file."
_DEEPEST = 500


class FormatError(ValueError):
    """A text cannot be read or edited: a sentence, with line and column counted from 1."""

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


class UnreadableError(FormatError):
    """The text is not in the format that the client reads."""


class AmbiguousError(FormatError):
    """The text can be read in two ways, or edited only by a rewrite."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The format of a client's file, and where in it the servers are."""

    format: str
    """json, json+comments, jsonc, toml, yaml; paste when there is no file"""
    root: tuple[str, ...]
    is_list: bool = False
    """The servers are a list of items with names."""
    bom: bool = True
    """Whether the client accepts a byte order mark."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The content of a text: its servers, and the rest as comparable values."""

    servers: Mapping[str, Any]
    has_root: bool
    rest: Any


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces `old` by `new` at `start`."""

    start: int
    old: str
    new: str

    def apply(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.start + len(self.old) :]


def outline_of_list(items: Iterable[tuple[Any, tuple[int, int]]], rest: dict[str, Any]) -> Outline:
    """The outline of servers in a list, each with its line and column; the nameless are `rest`."""
    servers: dict[str, Any] = {}
    nameless = []
    for item, place in items:
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str):
            nameless.append(item)
        elif name in servers:
            raise AmbiguousError(f"`{name:.60}` is there twice.", *place)
        else:
            servers[name] = item
    return Outline(servers, True, {**rest, "": nameless} if nameless else rest)


def refuse_depths(value: Any) -> None:
    """Raise UnreadableError for values nested too deeply for the interpreter's stack."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise UnreadableError(TOO_DEEP, 1, 1)


def refuse_many(text: str, marks: re.Pattern[str], most: int) -> None:
    """Raise UnreadableError for more than `most` values: their reader would need too long."""
    if len(text) > most and sum(1 for _ in islice(marks.finditer(text), most + 1)) > most:
        raise UnreadableError(TOO_MUCH, 1, 1)


def decoded(content: bytes, words: str) -> str:
    """The text in UTF-8; raises UnreadableError with `words` where it is not."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as broken:
        before = content[: broken.start].decode("utf-8", "replace")
        raise UnreadableError(words, *position(before, len(before))) from None


def position(text: str, index: int) -> tuple[int, int]:
    """Line and column of `index`, from 1."""
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def position_of(text: str, word: str) -> tuple[int, int]:
    """Line and column of the first `word`; of the beginning if it is not there."""
    return position(text, max(text.find(word), 0))


def newline_of(text: str) -> str:
    at = text.find("\n")
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"


def line_end(text: str, index: int) -> int:
    """The end of the line with `index`, before its line break."""
    end = text.find("\n", index)
    if end < 0:
        return len(text)
    return end - 1 if end > index and text[end - 1] == "\r" else end


def line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def indent_at(text: str, index: int) -> str:
    line = text[line_start(text, index) : index]
    return line[: len(line) - len(line.lstrip(" \t"))]
