"""What a script puts together from pieces: in comes its source, out come the texts. Pure."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Iterator

_LITERAL = r"(?:'[^'\n]{0,300}'|\"[^\"\n]{0,300}\")"
_TOKEN = rf"(?:{_LITERAL}|[A-Za-z_$][\w$.]{{0,60}})"
_ASSIGNED = re.compile(
    rf"(?<![\w$])([A-Za-z_$][\w$]{{0,40}})\s{{0,9}}[=:]\s{{0,9}}({_LITERAL})\s{{0,9}}[;,\n}}]"
)
_SUM = re.compile(rf"(?<![\w$.]){_TOKEN}(?:\s{{0,9}}\+\s{{0,9}}{_TOKEN}){{1,30}}")
_PIECE = re.compile(_TOKEN)
_LITERALS = re.compile(_LITERAL)
_LIST = re.compile(
    rf"\[\s{{0,9}}({_LITERAL}(?:\s{{0,9}},\s{{0,9}}{_LITERAL}){{1,40}})\s{{0,9}}\]"
    rf"((?:\.reverse\(\))?)\.join\(({_LITERAL})\)"
)
_REVERSED = re.compile(rf"({_LITERAL})\.split\((?:''|\"\")\)\.reverse\(\)\.join\((?:''|\"\")\)")
_CODES = re.compile(
    r"String\.fromCharCode\(\s{0,9}(\d{1,3}(?:\s{0,9},\s{0,9}\d{1,3}){3,400})\s{0,9}\)"
)
_BASE64 = re.compile(r"(?:window\.)?atob\(\s{0,9}['\"]([A-Za-z0-9+/=]{8,600})['\"]\s{0,9}\)")
_MAILS = re.compile(
    r"\b\w{0,30}mail\w{0,30}\(\s{0,9}['\"]([\w.+-]{1,64})['\"]\s{0,9},\s{0,9}['\"]([\w.-]{1,253})['\"]"
    r"(?:\s{0,9},\s{0,9}['\"]\.?(\w{2,24})['\"])?",
    re.IGNORECASE,
)
"""A call with the parts of an address."""
_TURNED = re.compile(r"['\"]([^'\"\n]{0,40}znvygb:[^'\"\n]{3,300})['\"]", re.IGNORECASE)


def put_together(source: str) -> Iterator[str]:
    """The texts that `source` joins, turns or decodes, as far as it tells their pieces."""
    for call, read in _CALLS:
        yield from map(read, call.finditer(source))
        source = call.sub(lambda found, read=read: _quoted(read(found)), source)  # type: ignore[misc]
    known = {name: text[1:-1] for name, text in _ASSIGNED.findall(source)}
    for found in _SUM.finditer(source):
        pieces = [_value(piece, known) for piece in _PIECE.findall(found.group())]
        if None not in pieces:
            yield "".join(filter(None, pieces))
    for user, host, end in _MAILS.findall(source):
        yield f"{user}@{host}.{end}" if end else f"{user}@{host}"
    for text in _TURNED.findall(source):
        yield codecs.decode(text, "rot13")


def _value(piece: str, known: dict[str, str]) -> str | None:
    """The text of a literal or of a name that one was given to; None for another name."""
    return piece[1:-1] if piece[0] in "'\"" else known.get(piece.rpartition(".")[2])


def _quoted(text: str) -> str:
    quote = '"' if "'" in text else "'"
    return f"{quote}{text.replace(quote, ' ')}{quote}"


def _joined(found: re.Match[str]) -> str:
    pieces = [piece[1:-1] for piece in _LITERALS.findall(found[1])]
    return found[3][1:-1].join(pieces[::-1] if found[2] else pieces)


def from_base64(text: str) -> str:
    """What `text` holds in Base64; empty when that is none, or no ASCII."""
    try:
        return base64.b64decode(text, validate=True).decode("ascii")
    except ValueError:
        return ""


_CALLS = (
    (_LIST, _joined),
    (_REVERSED, lambda found: found[1][-2:0:-1]),
    (_CODES, lambda found: "".join(chr(int(code)) for code in found[1].split(","))),
    (_BASE64, lambda found: from_base64(found[1])),
)
"""Calls whose text is known, and that text."""
