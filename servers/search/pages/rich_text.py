r"""A rich text (RTF) as a person reads it: control words in, lines out. Pure.

Groups without text (fonts, styles, pictures) and what is set to be hidden (`\v`) stay out.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import NamedTuple

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32}(?:-?\d{1,10})?)[ ]?|\\'(?P<byte>[0-9a-fA-F]{2})|"
    r"\\(?P<sign>[^a-zA-Z\r\n])|(?P<brace>[{}])|(?P<plain>[^\\{}\r\n]+)|\\?[\r\n]+|."
)
_WITHOUT_TEXT = (
    "fonttbl colortbl stylesheet info pict object themedata datastore fldinst listtable generator "
    "listoverridetable rsidtbl header footer"
)
_NO_TEXT = frozenset(_WITHOUT_TEXT.split())
_MEANS = {"par": "\n", "line": "\n", "sect": "\n", "page": "\n", "tab": "\t", "row": "\n"} | {
    "cell": " | ", "emdash": "\u2014", "endash": "\u2013", "bullet": "\u2022", "lquote": "\u2018",
    "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d",
}  # fmt: skip
_SIGNS = {"~": " ", "_": "-", "\\": "\\", "{": "{", "}": "}"}


def is_rich_text(text: str) -> bool:
    return text.startswith("{\\rtf")


def read(text: str) -> str:
    """The lines of the rich text `text`."""
    reader = _Reader()
    for found in _TOKEN.finditer(text):
        if kind := found.lastgroup:
            getattr(reader, kind)(found[kind])
    whole = "".join(reader.parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "\n".join(line.strip() for line in whole.splitlines()).strip()


class _Group(NamedTuple):
    """What holds until the group ends; `fallback`: how many characters stand in for one `\\u`."""

    is_seen: bool = True
    fallback: int = 1


@dataclass
class _Reader:
    """What was told so far; it takes one thing of each kind at a time."""

    parts: list[str] = field(default_factory=list)
    codec: str = "cp1252"
    groups: list[_Group] = field(default_factory=lambda: [_Group()])
    skip: int = 0

    def word(self, text: str) -> None:
        name = text.rstrip("-0123456789")
        number = text[len(name) :]
        group = self.groups[-1]
        if name == "u" and number:
            self._write(chr(int(number) % 0x10000))
            self.skip = group.fallback
        elif name in _NO_TEXT or name == "v":
            self.groups[-1] = _Group(name == "v" and number == "0", group.fallback)
        elif name == "uc":
            self.groups[-1] = _Group(group.is_seen, int(number or 1))
        elif name == "ansicpg":
            self.codec = _codec(number)
        else:
            self._write(_MEANS.get(name, ""))

    def byte(self, text: str) -> None:
        self.plain(bytes.fromhex(text).decode(self.codec, "replace"))

    def sign(self, text: str) -> None:
        if text == "*":
            self.groups[-1] = _Group(is_seen=False)
        self._write(_SIGNS.get(text, ""))

    def brace(self, text: str) -> None:
        self.skip = 0
        if text == "{":
            self.groups.append(self.groups[-1])
        elif len(self.groups) > 1:
            self.groups.pop()

    def plain(self, text: str) -> None:
        self._write(text[self.skip :])
        self.skip = max(0, self.skip - len(text))

    def _write(self, text: str) -> None:
        if self.groups[-1].is_seen:
            self.parts.append(text)


def _codec(page: str) -> str:
    try:
        return codecs.lookup(f"cp{page}").name
    except LookupError:
        return "cp1252"
