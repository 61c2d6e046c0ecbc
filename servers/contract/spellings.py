"""The encodings in which programs write a text inside other text, and how to undo them.

`ENCODINGS` names every form in which a secret is looked for. What spells single characters
(escapes) is undone by `unescaped`, in any mixture; what packs bytes into letters (Base64, Base32,
hex) is undone by `packed`. Every pass takes time linear in the text.
"""

from __future__ import annotations

import base64
import binascii
import json
import quopri
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, quote_plus

NAMED = {
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " ", "excl": "!",
    "num": "#", "dollar": "$", "percnt": "%", "lpar": "(", "rpar": ")", "ast": "*", "plus": "+",
    "comma": ",", "period": ".", "sol": "/", "colon": ":", "semi": ";", "equals": "=",
    "quest": "?", "commat": "@", "lsqb": "[", "lbrack": "[", "bsol": "\\", "rsqb": "]",
    "rbrack": "]", "Hat": "^", "lowbar": "_", "grave": "`", "lcub": "{", "lbrace": "{",
    "verbar": "|", "vert": "|", "rcub": "}", "rbrace": "}", "Tab": "\t", "NewLine": "\n",
}  # fmt: skip
"""The ASCII characters with HTML names; `html.entities` takes half a megabyte."""
_ENTITY = str.maketrans({one: f"&{name};" for name, one in reversed(NAMED.items())})
_FEW_ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
)


def _each(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form.format(ord(one), one) for one in text)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _double_quoted(text: str) -> str:
    return re.sub(r'([\\"$`!])', r"\\\1", text)


ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "percent, slashes kept": quote,
    "percent, lower case": lambda text: re.sub(
        "%..", lambda found: found[0].lower(), quote(text, safe="")
    ),
    "percent, every character": _each("%{0:02x}"),
    "percent, of JavaScript": _each("%u{0:04x}"),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form, spaces as +": quote_plus,
    "JSON": _json,
    "JSON, slashes escaped": lambda text: _json(text).replace("/", "\\/"),
    "JSON, \\u0026 and its like": _each("\\u{0:04x}"),
    "JSON in JSON": lambda text: _json(_json(text)),
    "JSON in a URL": lambda text: quote(_json(text), safe=""),
    "representation": lambda text: repr(text)[1:-1],
    "HTML": lambda text: text.translate(_FEW_ENTITIES),
    "HTML, by name": lambda text: text.translate(_ENTITY),
    "HTML, decimal": _each("&#{0};"),
    "HTML, hexadecimal": _each("&#x{0:X};"),
    "shell, single quotes": lambda text: text.replace("'", "'\"'\"'"),
    "shell, single quotes and backslash": lambda text: text.replace("'", "'\\''"),
    "shell, double quotes": _double_quoted,
    "shell, ANSI-C": _each("\\x{0:02x}"),
    "shell, octal": _each("\\{0:03o}"),
    "CSV, doubled quotes": lambda text: text.replace('"', '""'),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "Base64": _base64,
    "Base64, for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "Base64 after one byte": lambda text: _base64("x" + text),
    "Base64 after two bytes": lambda text: _base64("xy" + text),
    "Base64, lines": lambda text: base64.encodebytes(f"{'user':60}:{text}".encode()).decode(),
    "Base64 twice": lambda text: _base64(_base64(text)),
    "Base64 of JSON in a URL": lambda text: quote(_base64(json.dumps({"k": text})), safe=""),
    "Base32": lambda text: base64.b32encode(text.encode()).decode(),
    "Base32, lower case": lambda text: base64.b32encode(text.encode()).decode().lower(),
    "hex": lambda text: text.encode().hex(),
    "hex, upper case": lambda text: text.encode().hex().upper(),
    "hex, colons": lambda text: text.encode().hex(":"),
    "hex, spaces": lambda text: text.encode().hex(" "),
    "hex, as a dump shows it": lambda text: text.encode().hex(" ", -2),
    "numbers of the bytes": lambda text: str(list(text.encode())),
    "UTF-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "terminal colours": lambda text: f"{text[:4]}\x1b[0m\x1b[31m{text[4:]}",
    "invisible letters": "\u200b".join,
    "quoted pieces": lambda text: json.dumps([text[:9], text[9:18], text[18:]])[1:-1],
    "wrapped": lambda text: f"{text[: len(text) // 2]}\n    {text[len(text) // 2 :]}",
}
"""Name -> function that encodes a text. Any of them may be inside another."""


class View:
    """A decoded text, with the position of each part in the original text.

    `pattern` finds the escapes, each as its only group.
    """

    def __init__(self, pattern: re.Pattern[str], meanings: Mapping[str, str], text: str) -> None:
        self._pattern, self._meanings, self._text = pattern, meanings, text
        parts = pattern.split(text)  # faster than `sub`, which calls a function for each escape
        parts[1::2] = map(meanings.__getitem__, parts[1::2])
        self.text = "".join(parts)
        self.escapes = len(parts) // 2

    def origins(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """The spans in the original text that belong to `spans` of this view."""
        if not spans:
            return []
        here, there = [0], [0]
        at = end = 0
        for found in self._pattern.finditer(self._text):
            at += found.start() - end
            here.append(at)
            there.append(found.start())
            at += len(self._meanings[found[0]])
            end = found.end()
            here.append(at)
            there.append(end)
        return [(_origin(here, there, first), _origin(here, there, last)) for first, last in spans]


def _origin(here: list[int], there: list[int], at: int) -> int:
    known = bisect_right(here, at) - 1
    inside = at - here[known]
    if known % 2:  # in an escape, or in a run of escapes of equal length
        inside = inside * (there[known + 1] - there[known]) // (here[known + 1] - here[known])
    return there[known] + inside


class _Meanings(dict[str, str]):
    """Escape -> its meaning, decoded at the first use."""

    def __init__(self, decode: Callable[[str], str]) -> None:
        super().__init__()
        self._decode = decode

    def __missing__(self, escape: str) -> str:
        meaning = self._decode(escape)
        if len(self) < _MOST_KNOWN and len(escape) <= _LONGEST_KNOWN:
            self[escape] = meaning
        return meaning


_MOST_KNOWN, _LONGEST_KNOWN = 4_096, 12
_UNSEEN = "|".join(f"{x}[\u200b-\u200d\u2060]*+" for x in "\u00ad\u200b\u200c\u200d\u2060\ufeff")
# Each alternative begins with a character of its own: so others are passed over three times faster.
_ESCAPE = re.compile(
    rf"""(
      %(?:[0-9A-Fa-f]{{2}}(?:%[0-9A-Fa-f]{{2}})*+ | u[0-9A-Fa-f]{{4}})
    | \\(?:[^uUx0-7\x00](?:\\[^uUx0-7\x00])*+ | u\{{[0-9A-Fa-f]{{1,6}}\}} | u[0-9A-Fa-f]{{4}}
        | U[0-9A-Fa-f]{{8}} | x[0-9A-Fa-f]{{2}} | [0-7]{{1,3}} | [uUx])
    | &(?:\#[xX][0-9A-Fa-f]{{1,6}} | \#[0-9]{{1,7}} | [A-Za-z]{{2,7}});?
    | '(?:\\'' | "'"' | '(?:'')*+)
    | ""(?:"")*+ | \x00\x00*+ | {_UNSEEN} | \x1b\[[0-9;]{{0,16}}[A-Za-z])""",
    re.VERBOSE | re.DOTALL,
)
_BREAKS = r"[ \t]{0,40}(?:=?\r?\n[ \t]{0,40}){0,50}+"
_WRAP = re.compile(
    rf"""(
      =(?:[0-9A-Fa-f]{{2}} | \r?\n{_BREAKS})
    | "[ \t]{{0,8}}+[,+]?\s{{0,40}}+["']
    | '[ \t]{{0,8}}+[,+]?\s{{0,40}}+["']
    | \r\n{_BREAKS} | \n{_BREAKS})""",
    re.VERBOSE,
)
_LETTERS = str.maketrans("ntrbfa", "\n\t\r\b\f\a")
_DIGITS = str.maketrans("", "", "uUxX{}")


def _meaning(escape: str) -> str:
    first, rest = escape[0], escape[1:]
    if escape.startswith("%u"):
        return _character(escape[2:], 16)
    if first == "%":
        return bytes.fromhex(escape.replace("%", " ")).decode("latin-1")
    if first == "&":
        return _entity(escape, rest.rstrip(";"))
    if first == "\\":
        return _backslashed(escape, rest)
    if first in "'\"":
        return escape[::2] if escape.count(first) == len(escape) else first
    return ""


def _entity(escape: str, name: str) -> str:
    if name[0] != "#":
        return NAMED.get(name, escape)
    return _character(name[2:], 16) if name[1] in "xX" else _character(name[1:], 10)


def _backslashed(escape: str, rest: str) -> str:
    if rest[0] not in "uUx01234567":
        return escape[1::2].translate(_LETTERS)
    digits = rest.translate(_DIGITS)
    if not digits:
        return rest
    return _character(digits, 8 if digits == rest else 16)


def _character(digits: str, radix: int) -> str:
    number = int(digits, radix)
    return chr(number) if number < 0x110000 else ""


def _joined(wrap: str) -> str:
    is_break = "\n" in wrap or wrap[0] in "\"'"
    return "" if is_break else chr(int(wrap[1:], 16))


_MEANINGS = _Meanings(_meaning)
_WRAPS = _Meanings(_joined)


def unescaped(text: str) -> View | None:
    """`text` with one level of escapes decoded; None if there is none."""
    return _view(_ESCAPE, _MEANINGS, text)


def unwrapped(text: str) -> View | None:
    """`text` without line breaks and quoted-printable; None if there is none."""
    return _view(_WRAP, _WRAPS, text)


def _view(pattern: re.Pattern[str], meanings: Mapping[str, str], text: str) -> View | None:
    if not pattern.search(text):
        return None
    view = View(pattern, meanings, text)
    return view if view.text != text else None


_SHORT, _LONG, _LONG_ENOUGH = 100, 12, 400
_LONG_RUN, _SHORT_RUN = 16, 7
"""The least number of letters that encode eleven bytes, and that encode five."""
_BREAK = r"(?:\\?\r?\\?\n[ \t]{0,40})"
_RUNS = {
    least: re.compile(rf"[A-Za-z0-9+/_-]{{{least},}}+(?:{_BREAK}[A-Za-z0-9+/_-]{{4,}}+)*+={{0,3}}")
    for least in (_SHORT_RUN, _LONG_RUN)
}
_PAIR = r"[0-9A-Fa-f]{2}"
_HEX_RUN = re.compile("[0-9A-Fa-f]{10,}+")
_HEX_PAIRS = re.compile(
    rf"[0-9A-Fa-f]{{2}}([:+ -]|,? ?0x|\\x){_PAIR}(?:\1{_PAIR}(?![0-9A-Za-z])){{3,}}+"
)
_HEX_DUMP = re.compile(
    r"[0-9A-Fa-f]{4}(?:[ :-][0-9A-Fa-f]{4}){2,}+(?:[ :-][0-9A-Fa-f]{2})?"
    r"|[0-9A-Fa-f]{8}(?:[ :-][0-9A-Fa-f]{8})++(?:[ :-][0-9A-Fa-f]{2,6})?"
)
_HEX_GROUPS = (b"hhshhshhshhshh", b"hhhhshhhhshhhhs", b"hhhhhhhhshhhhhhhhs")
_FEWEST_NUMBERS = 5
_NUMBERS = re.compile(r"(?<!\d)[0-9]{1,3}(?:\s{0,12}+,\s{0,12}+[0-9]{1,3}(?!\d)){4,}+")
_CLOSE_QUOTES = re.compile(r"[\"'][ \t]{0,8}[,+]?\s{0,40}[\"']")
_NO_HEX = re.compile(r"0x|\\x|[^0-9A-Fa-f]")
_STANDARD = str.maketrans("-_", "+/", "= \t\r\n\\")
_READABLE = re.compile(rb"[\t\n\r\x20-\x7e]{5,}")


def _classes(**members: str) -> bytes:
    """A table that makes each of some ASCII characters the letter of its class."""
    table = bytearray(b"." * 256)
    for name, each in members.items():
        for one in each.encode("latin-1"):
            table[one] = ord(name)
    return bytes(table)


_LETTER_CLASSES = _classes(
    x="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-",
    e="%\\&\0\x1b=\r\n\xc2\xe2\xef",  # the last begin what is invisible in UTF-8
    q="'\"",
)
_HEX_CLASSES = _classes(h="0123456789ABCDEFabcdef", s=":+ -")


def is_plain(text: str, shortest: int) -> bool:
    """Whether `unescaped`, `unwrapped` and `packed` find nothing; faster than calling them."""
    raw = text.encode("utf-8", "surrogatepass")
    letters = raw.translate(_LETTER_CLASSES)
    if b"e" in letters or b"x" * _least_run(shortest) in letters:
        return False
    if b"q" in letters and _CLOSE_QUOTES.search(text):
        return False
    digits = raw.translate(_HEX_CLASSES)
    if b"h" * 10 in digits or any(map(digits.__contains__, _HEX_GROUPS)) or b"0x" in raw:
        return False
    return raw.count(b",") < _FEWEST_NUMBERS - 1


def packed(text: str, shortest: int) -> Iterator[tuple[int, int, str]]:
    """Each run that may be encoded bytes: its span, and the readable text in it.

    Nothing is looked for that has fewer than `shortest` characters.
    """
    raw = text.encode("utf-8", "surrogatepass")
    same_places = len(raw) == len(text)
    least = _least_run(shortest)
    start = raw.translate(_LETTER_CLASSES).find(b"x" * least)
    if start >= 0:
        yield from _read(text, start * same_places, _RUNS[least], _told_of)
    digits = raw.translate(_HEX_CLASSES)
    start = digits.find(b"h" * 10)
    if start >= 0:
        yield from _read(text, start * same_places, _HEX_RUN, _told_of_hex)
    if any(map(digits.__contains__, _HEX_GROUPS)) or b"0x" in raw or b"\\x" in raw:
        yield from _read(text, 0, _HEX_PAIRS, _told_of_hex)
        yield from _read(text, 0, _HEX_DUMP, _told_of_hex)
    if raw.count(b",") >= _FEWEST_NUMBERS - 1:
        yield from _read(text, 0, _NUMBERS, _told_of_numbers)


def _least_run(shortest: int) -> int:
    return _LONG_RUN if shortest >= _LONG else _SHORT_RUN


def _read(
    text: str, start: int, pattern: re.Pattern[str], tell: Callable[[str], tuple[str, ...]]
) -> Iterator[tuple[int, int, str]]:
    for found in pattern.finditer(text, start):
        run = found[0]
        for told in _told_of_short(tell, run) if len(run) <= _SHORT else tell(run):
            yield found.start(), found.end(), told


def _told_of(run: str) -> tuple[str, ...]:
    # The Base64 of readable text is never all lower case, nor has it hyphens where a UUID has them.
    if run[8:24:5] == "----":
        return ()
    letters = run.translate(_STANDARD)
    if run.islower():
        return tuple(filter(None, map(_readable, _of_base32(letters.upper()))))
    return tuple(_likeliest((*_of_base64(letters), *_of_base32(letters)), len(letters)))


def _told_of_hex(run: str) -> tuple[str, ...]:
    digits = _NO_HEX.sub("", run)
    wholes = (digits[start : len(digits) - (len(digits) - start) % 2] for start in range(2))
    return tuple(filter(None, (_readable(binascii.unhexlify(whole)) for whole in wholes)))


def _told_of_numbers(run: str) -> tuple[str, ...]:
    content = bytes(number for part in run.split(",") if (number := int(part)) < 256)
    return tuple(filter(None, (_readable(content),)))


@lru_cache(512)
def _told_of_short(tell: Callable[[str], tuple[str, ...]], run: str) -> tuple[str, ...]:
    """Cached, since log lines repeat the same long words."""
    return tell(run)


def _likeliest(contents: Iterable[bytes], most: int) -> Iterator[str]:
    """The readable contents, longest first; together no longer than the run could encode."""
    readable = sorted(filter(None, map(_readable, contents)), key=len, reverse=True)
    for told in readable:
        yield told
        most -= len(told) if most > _LONG_ENOUGH else 0
        if most <= 0:
            return


def _of_base64(letters: str) -> Iterator[bytes]:
    for start in range(4):
        quads = letters[start:]
        if len(quads) % 4 == 1:
            quads = quads[:-1]
        yield binascii.a2b_base64(quads + "=" * (-len(quads) % 4))


def _of_base32(letters: str) -> Iterator[bytes]:
    if letters.isalnum() and not _NO_BASE32.search(letters):
        digits = letters.translate(_BASE32)
        for start in range(min(8, len(digits))):
            count = (len(digits) - start) * 5 // 8
            number = int(digits[start:], 32) >> (len(digits) - start) * 5 % 8
            yield number.to_bytes(count, "big")


_NO_BASE32 = re.compile(r"[^A-Z2-7]")
_BASE32 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHIJKLMNOPQRSTUV")
"""Base32 letters to digits of `int`, which is linear for a base that is a power of two."""


def _readable(content: bytes) -> str:
    content = content.replace("\u200b".encode(), b"")
    found = _READABLE.findall(content.replace(b"\0", b"") if content.count(0) > 4 else content)
    return b"\0".join(found).decode("ascii") if found else ""
