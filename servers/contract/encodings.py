"""The encodings in which programs write a text inside other text: how each is made.

`ENCODINGS` names every form in which a secret is looked for by undoing it, `SEARCHED` those that
are searched as they are. `spellings` and `packings` undo them.
"""

from __future__ import annotations

import base64
import codecs
import json
import quopri
import re
from collections.abc import Callable, Mapping
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
WIDE = 0xFEE0
"""How far the wide forms of the ASCII characters are from these."""
_MATHEMATICS = {
    at: first + at - ord("aA0"[kind])
    for kind, first in enumerate((0x1D41A, 0x1D400, 0x1D7CE))
    for at in range(ord("aA0"[kind]), ord("zZ9"[kind]) + 1)
}
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


def _dumped(data: bytes) -> str:
    lines = (
        f"{at:08x}  {data[at : at + 8].hex(' ')}  {data[at + 8 : at + 16].hex(' ')}  |...|"
        for at in range(0, len(data), 16)
    )
    return "\n".join(lines)


def _dumped_words(data: bytes) -> str:
    pairs = (data[at : at + 2] for at in range(0, len(data), 2))
    return " ".join(pair[::-1].hex().rjust(4, "0") for pair in pairs)


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
    "HTML, many zeros": _each("&#{0:012d};"),
    "HTML, tags between": lambda text: f"{text[:4]}<wbr/><b>{text[4:]}</b>",
    "shell, single quotes": lambda text: text.replace("'", "'\"'\"'"),
    "shell, single quotes and backslash": lambda text: text.replace("'", "'\\''"),
    "shell, double quotes": _double_quoted,
    "shell, ANSI-C": _each("\\x{0:02x}"),
    "shell, octal": _each("\\{0:03o}"),
    "shell of Windows": _each("^{1}"),
    "Java": _each("\\uu{0:04x}"),
    "Perl": _each("\\x{{{0:x}}}"),
    "Perl, octal": _each("\\o{{{0:o}}}"),
    "LDAP": _each("\\{0:02x}"),
    "CSS": _each("\\{0:02x} "),
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
    "Base32, extended hex": lambda text: base64.b32hexencode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "hex, upper case": lambda text: text.encode().hex().upper(),
    "hex, colons": lambda text: text.encode().hex(":"),
    "hex, spaces": lambda text: text.encode().hex(" "),
    "hex, dots": lambda text: text.encode().hex("."),
    "hex, of C": lambda text: ", ".join(f"0x{one:02x}" for one in text.encode()),
    "hex, of Unicode": lambda text: " ".join(f"U+{ord(one):04X}" for one in text),
    "hex, six digits": _each("\\{0:06x}"),
    "hex, lines": lambda text: text.encode().hex("\n"),
    "hex, a list of texts": lambda text: json.dumps(text.encode().hex(" ").split()),
    "hex, as a dump shows it": lambda text: text.encode().hex(" ", -2),
    "hex, as a dump of words": lambda text: _dumped_words(text.encode()),
    "hex, lines of a dump": lambda text: _dumped(text.encode()),
    "numbers of the bytes": lambda text: str(list(text.encode())),
    "numbers, spaces": lambda text: " ".join(map(str, text.encode())),
    "numbers, octal": lambda text: " ".join(f"{one:03o}" for one in text.encode()),
    "numbers, calls": lambda text: "||".join(f"CHR({one})" for one in text.encode()),
    "numbers, an object": lambda text: json.dumps(dict(enumerate(text.encode()))),
    "letters apart": " ".join,
    "letters, commas": ",".join,
    "letters, lines": "\n".join,
    "letters, underscores": "_".join,
    "letters, thin spaces": "\u2009".join,
    "letters, struck through": "\u0336".join,
    "letters of mathematics": lambda text: text.translate(_MATHEMATICS),
    "UTF-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "terminal colours": lambda text: f"{text[:4]}\x1b[0m\x1b[31m{text[4:]}",
    "terminal, sets of letters": lambda text: f"{text[:4]}\x1b(B\x1b[m{text[4:]}",
    "terminal link": lambda text: f"{text[:4]}\x1b]8;;http://a\x1b\\{text[4:]}",
    "terminal, eight-bit colours": lambda text: f"{text[:4]}\x9b31m{text[4:]}",
    "invisible letters": "\u200b".join,
    "marks of direction": "\u200e\u202d\u2068".join,
    "signs of variants": "\ufe0f".join,
    "wide letters": lambda text: text.translate({at: at + WIDE for at in range(33, 127)}),
    "quoted pieces": lambda text: json.dumps([text[:9], text[9:18], text[18:]])[1:-1],
    "joined by dots": lambda text: f"'{text[:9]}' . '{text[9:]}'",
    "wrapped": lambda text: f"{text[: len(text) // 2]}\n    {text[len(text) // 2 :]}",
    "wrapped, quoted": lambda text: f"> {text[: len(text) // 2]}\n> {text[len(text) // 2 :]}",
    "wrapped, returns": lambda text: f"{text[: len(text) // 2]}\r{text[len(text) // 2 :]}",
    "wrapped, e-mail header": lambda text: f"=?utf-8?q?{text[:9]}?=\r\n =?utf-8?q?{text[9:]}?=",
}
"""Name -> function that encodes a text. Most of them may be inside another."""
SEARCHED: Mapping[str, Callable[[str], str]] = {
    "backwards": lambda text: text[::-1],
    "ROT13": lambda text: codecs.encode(text, "rot13"),
    "Base85": lambda text: base64.b85encode(text.encode()).decode(),
    "Ascii85": lambda text: base64.a85encode(text.encode()).decode(),
}
"""Encodings in which the whole of a secret is searched: no rule finds them in other text."""
