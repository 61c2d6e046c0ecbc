r"""A rich text (RTF) as a person reads it: control words in, lines out. Pure.

Groups without text (fonts, styles, pictures) stay out, and so does what is set to be hidden, struck
out by its author, of nearly no size, or white where the file has no colours behind text.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from servers.search.pages.colors import WHITE, alike

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32}(?:-?\d{1,10})?)[ ]?|\\'(?P<byte>[0-9a-fA-F]{2})|"
    r"\\(?P<sign>[^a-zA-Z\r\n])|(?P<brace>[{}])|(?P<plain>[^\\{}\r\n]+)|\\?[\r\n]+|."
)
_WITHOUT_TEXT = (
    "stylesheet info pict object themedata datastore fldinst listtable generator "
    "listoverridetable rsidtbl header footer"
)
_NO_TEXT = frozenset(_WITHOUT_TEXT.split())
_TABLES = frozenset({"fonttbl", "colortbl"})
_SMALLEST = 3
"""Half points."""
_BEHIND = re.compile(r"\\(?:highlight|cb|chcbpat|cbpat|clcbpat)[1-9]")
_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "cp950",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257",
    204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
_MEANS = {"par": "\n", "line": "\n", "sect": "\n", "page": "\n", "tab": "\t", "row": "\n"} | {
    "cell": " | ", "emdash": "\u2014", "endash": "\u2013", "bullet": "\u2022", "lquote": "\u2018",
    "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d",
}  # fmt: skip
_SIGNS = {"~": " ", "_": "-", "\\": "\\", "{": "{", "}": "}"}


def is_rich_text(text: str) -> bool:
    return text.startswith("{\\rtf")


def read(text: str) -> str:
    """The lines of the rich text `text`."""
    reader = _Reader(has_colors_behind=_BEHIND.search(text) is not None)
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup
        if kind != "byte":
            reader.end_bytes()
        if kind:
            getattr(reader, kind)(found[kind])
    reader.end_bytes()
    whole = "".join(reader.parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "\n".join(line.strip() for line in whole.splitlines()).strip()


class _Group(NamedTuple):
    """What holds until the group ends; `fallback`: how many characters stand in for one `\\u`."""

    fallback: int = 1
    codec: str = ""
    table: str = ""
    """Which table it is or stands in: of fonts, or of colours."""
    unseen: frozenset[str] = frozenset()
    """Why its text is not seen."""


@dataclass
class _Reader:
    """What was told so far; it takes one thing of each kind at a time."""

    has_colors_behind: bool
    parts: list[str] = field(default_factory=list)
    codec: str = "cp1252"
    fonts: dict[int, str] = field(default_factory=dict)
    font: int = 0
    colors: list[list[int]] = field(default_factory=lambda: [[]])
    groups: list[_Group] = field(default_factory=lambda: [_Group()])
    skip: int = 0
    bytes: bytearray = field(default_factory=bytearray)

    def word(self, text: str) -> None:
        name = text.rstrip("-0123456789")
        number = text[len(name) :]
        size = int(number) if number.strip("-") else 1
        if name == "u" and number:
            self._write(chr(size % 0x10000))
            self.skip = self.groups[-1].fallback
        elif name in _NO_TEXT | _TABLES:
            self._change(table=name)
            self._hide("group", when=True)
        elif name in {"red", "green", "blue"}:
            self.colors[-1].append(size)
        elif name in {"f", "fcharset"}:
            self._font(name, size)
        elif name == "uc":
            self._change(fallback=size)
        elif name == "ansicpg":
            self.codec = _codec(number)
        else:
            self._look(name, size)
            self._write(_MEANS.get(name, ""))

    def _look(self, name: str, size: int) -> None:
        """What a word says of how text looks from here on."""
        if name in {"v", "deleted"}:
            self._hide(name, when=size != 0)
        elif name == "fs":
            self._hide(name, when=size < _SMALLEST)
        elif name == "cf":
            color = self.colors[size] if 0 <= size < len(self.colors) else []
            is_white = len(color) == 3 and alike((color[0], color[1], color[2]), WHITE)
            self._hide(name, when=is_white and not self.has_colors_behind)
        elif name == "plain":
            self._change(unseen=self.groups[-1].unseen & {"group"}, codec="")

    def _font(self, name: str, number: int) -> None:
        """A font is named in its table, with its charset, or taken from there."""
        if self.groups[-1].table != "fonttbl":
            self._change(codec=self.fonts.get(number, ""))
        elif name == "f":
            self.font = number
        elif number in _CHARSETS:
            self.fonts[self.font] = _CHARSETS[number]

    def _change(self, **what: Any) -> None:
        self.groups[-1] = self.groups[-1]._replace(**what)

    def _hide(self, why: str, *, when: bool) -> None:
        reasons = self.groups[-1].unseen
        self._change(unseen=reasons | {why} if when else reasons - {why})

    def byte(self, text: str) -> None:
        self.bytes += bytes.fromhex(text)

    def end_bytes(self) -> None:
        """Tell the bytes that came one after another: a letter may have two."""
        if self.bytes:
            codec = self.groups[-1].codec or self.codec
            told, self.bytes = self.bytes.decode(codec, "replace"), bytearray()
            self.plain(told)

    def sign(self, text: str) -> None:
        if text == "*":
            self._hide("group", when=True)
        self._write(_SIGNS.get(text, ""))

    def brace(self, text: str) -> None:
        self.skip = 0
        if text == "{":
            self.groups.append(self.groups[-1])
        elif len(self.groups) > 1:
            self.groups.pop()

    def plain(self, text: str) -> None:
        if self.groups[-1].table == "colortbl":
            self.colors += [[] for _ in range(text.count(";"))]
        self._write(text[self.skip :])
        self.skip = max(0, self.skip - len(text))

    def _write(self, text: str) -> None:
        if not self.groups[-1].unseen:
            self.parts.append(text)


def _codec(page: str) -> str:
    try:
        return codecs.lookup(f"cp{page}").name
    except LookupError:
        return "cp1252"
