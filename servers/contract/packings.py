"""Undoes the encodings that pack bytes into letters or digits: Base64, Base32, hex, numbers.

In: a text. Out: each run that may be packed, with the readable text in it. Every pass takes time
linear in the text.
"""

from __future__ import annotations

import binascii
import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from servers.contract.spellings import JOINED

_Decoder = Callable[[str], tuple[str, ...]]
_SHORT, _LONG, _LONG_ENOUGH = 100, 12, 400
_LONG_RUN, _SHORT_RUN = 16, 7
"""The least number of letters that encode eleven bytes, and that encode five."""
_BREAK = r"(?:\\?(?:\r?\\?\n|\r)[ \t]{0,40}(?:[>#*] ?)?)"
_RUNS = {
    least: re.compile(rf"[A-Za-z0-9+/_-]{{{least},}}+(?:{_BREAK}[A-Za-z0-9+/_-]{{4,}}+)*+={{0,3}}")
    for least in (_SHORT_RUN, _LONG_RUN)
}
_PAIR = r"[0-9A-Fa-f]{2}"
_HEX_RUN = re.compile("[0-9A-Fa-f]{10,}+")
_HEX_PAIRS = re.compile(
    rf"{_PAIR}([^0-9A-Fa-f]{{1,4}}(?:0[xX]|0{{2,4}})?){_PAIR}(?:\1{_PAIR}(?![0-9A-Za-z])){{3,}}+"
)
_HEX_DUMP = re.compile(
    r"[0-9A-Fa-f]{4}(?:[ :-][0-9A-Fa-f]{4}){2,}+(?:[ :-][0-9A-Fa-f]{2})?"
    r"|[0-9A-Fa-f]{8}(?:[ :-][0-9A-Fa-f]{8})++(?:[ :-][0-9A-Fa-f]{2,6})?"
)
_DUMP_LINE = r"[0-9A-Fa-f]{4,8}:?[ \t]{1,4}+((?:[0-9A-Fa-f]{2,8}[ \t-]{0,3}){1,16}+)"
_DUMP = re.compile(
    rf"(?<!\S)(?=0{{4}}){_DUMP_LINE}(?:[^\n]{{0,40}}\n[ \t]{{0,8}}{_DUMP_LINE})++"
    r"(?:\|[^\n|]{,16}\||(?<=  )[^\s]{1,16})?"
)
_LINE_OF_DUMP = re.compile(_DUMP_LINE)
_FEWEST_PAIRS, _FEWEST_PAIRS_OF_LONG = 5, 8
_HEX_PAIRS_OF = tuple(
    (b"hh" + b"s" * gap) * (_FEWEST_PAIRS - 1) + b"hh" for gap in range(1, 7)
) + tuple((b"h" * 6 + b"s" * gap) * 2 + b"h" * 6 for gap in (1, 2, 3))
_HEX_WORDS_OF = tuple(
    (b"h" * size + b"s" * gap) * 2 + b"h" * size for size in (4, 8) for gap in (1, 2, 3)
)
_CODE = rb"(?<![0-9])0?(?:[3-9][0-9]|1[0-7][0-9])(?![0-9])"
"""The number of a printable ASCII character, decimal or octal."""
_CODES = re.compile(
    rb"(?:%b(?:[^0-9]{0,4}\"[0-9]{1,6}\":)?[^0-9]{1,12}+){4}%b" % (_CODE, _CODE), re.DOTALL
)
_NUMBERS = re.compile(
    r"(?<![0-9])[0-9]{1,3}(?:(?:[^0-9]{0,4}\"[0-9]{1,6}\":)?[^0-9]{1,12}+[0-9]{1,3}(?![0-9])){4,}+"
)
_NAMES = re.compile(r"\"[0-9]{1,6}\":")
_NUMBER = re.compile(r"[0-9]+")
_APART = re.compile(r"(?<![^\W_])\S([ ,\t\n;|/.:_*+-]{1,3}+)\S(?:\1\S){6,}+")
_LETTERS_APART = tuple(("x" + "a" * gap).encode() * 7 + b"x" for gap in (1, 2, 3))
_CLOSE_QUOTES = re.compile(rf"[\"']{JOINED}")
_NO_HEX = bytes(at for at in range(256) if chr(at) not in "0123456789ABCDEFabcdef")
_STANDARD = str.maketrans("-_", "+/", "= \t\r\n\\>#*")
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
    e="%\\&\0\x1b=\r\n\x0b\x0c^`<\xc2\xcc\xcd\xd8\xe1\xe2\xe3\xef\xf0\xf3",  # the last begin
    q="'\"",  # what is invisible or another form of a letter
)
_HEX_CLASSES = bytes(ord("h" if chr(at) in "0123456789ABCDEFabcdef" else "s") for at in range(256))
_DIGIT_CLASSES = bytes(ord("d" if 48 <= at < 58 else ".") for at in range(256))
_NO_DIGITS = bytes(at for at in range(256) if not 48 <= at < 58)
_APART_CLASSES = bytes(ord("a" if chr(at) in " ,\t\n;|/.:_*+-" else "x") for at in range(256))


def is_plain(text: str, shortest: int) -> bool:
    """Whether `unescaped`, `unwrapped` and `packed` find nothing; faster than calling them."""
    raw = text.encode("utf-8", "surrogatepass")
    letters = raw.translate(_LETTER_CLASSES)
    if b"e" in letters or b"x" * _least_run(shortest) in letters:
        return False
    if b"q" in letters and _CLOSE_QUOTES.search(text):
        return False
    apart = raw.translate(_APART_CLASSES)
    if any(map(apart.__contains__, _LETTERS_APART)):
        return False
    return next(_of_digits(raw, shortest), None) is None


def _of_digits(raw: bytes, shortest: int) -> Iterator[tuple[re.Pattern[str], _Decoder]]:
    """What to look for in `raw`, and how to read it.

    Readable text has a digit a byte in hex, and two in numbers.
    """
    count = len(raw.translate(None, _NO_DIGITS))
    fewest = _FEWEST_PAIRS_OF_LONG if shortest >= _LONG else _FEWEST_PAIRS
    if count < fewest:
        return
    digits = raw.translate(_HEX_CLASSES)
    if b"h" * 10 in digits:
        yield _HEX_RUN, _from_hex
    has_words = any(map(digits.__contains__, _HEX_WORDS_OF))
    if has_words or b"0x" in raw.lower() or any(map(digits.__contains__, _HEX_PAIRS_OF)):
        yield _HEX_PAIRS, _from_hex
    if has_words:
        yield _HEX_DUMP, _from_hex_words
    if b"0000" in raw and b"\n" in raw:
        yield _DUMP, _from_hex_dump
    pairs = raw.translate(_DIGIT_CLASSES).count(b"dd") if count >= 2 * fewest else 0
    if pairs >= fewest and _CODES.search(raw):
        yield _NUMBERS, _from_numbers


def packed(text: str, shortest: int) -> Iterator[tuple[int, int, str]]:
    """Each run that may be encoded bytes: its span, and the readable text in it.

    Nothing is looked for that has fewer than `shortest` characters.
    """
    raw = text.encode("utf-8", "surrogatepass")
    same_places = len(raw) == len(text)
    least = _least_run(shortest)
    start = raw.translate(_LETTER_CLASSES).find(b"x" * least)
    if start >= 0:
        yield from _read(text, start * same_places, _RUNS[least], _from_letters)
    for pattern, decode in _of_digits(raw, shortest):
        yield from _read(text, 0, pattern, decode)
    apart = raw.translate(_APART_CLASSES)
    if any(map(apart.__contains__, _LETTERS_APART)):
        for found in _APART.finditer(text):
            yield found.start(), found.end(), found[0][:: 1 + len(found[1])]


def _least_run(shortest: int) -> int:
    return _LONG_RUN if shortest >= _LONG else _SHORT_RUN


def _read(
    text: str, start: int, pattern: re.Pattern[str], decode: _Decoder
) -> Iterator[tuple[int, int, str]]:
    for found in pattern.finditer(text, start):
        run = found[0]
        for content in _decoded_once(decode, run) if len(run) <= _SHORT else decode(run):
            yield found.start(), found.end(), content


def _from_letters(run: str) -> tuple[str, ...]:
    # The Base64 of readable text is never all lower case, nor has it hyphens where a UUID has them.
    if run[8:24:5] == "----":
        return ()
    letters = run.translate(_STANDARD)
    if run.islower():
        return tuple(filter(None, map(_readable, _of_base32(letters.upper()))))
    return tuple(_likeliest((*_of_base64(letters), *_of_base32(letters)), len(letters)))


def _hex_digits(run: str) -> bytes:
    bare = run.replace("0x", "").replace("0X", "")
    return bare.encode("ascii", "ignore").translate(None, _NO_HEX)


def _from_hex(run: str) -> tuple[str, ...]:
    digits = _hex_digits(run)
    even = (digits[start : len(digits) - (len(digits) - start) % 2] for start in range(2))
    return tuple(filter(None, (_readable(binascii.unhexlify(one)) for one in even)))


def _from_hex_words(run: str) -> tuple[str, ...]:
    """Of a dump, whose words may have their bytes in the order of the machine."""
    digits = _hex_digits(run)
    data = binascii.unhexlify(digits[: len(digits) // 4 * 4])
    turned = bytearray(data)
    turned[::2], turned[1::2] = data[1::2], data[::2]
    return (*_from_hex(run), *filter(None, (_readable(bytes(turned)),)))


def _from_hex_dump(lines: str) -> tuple[str, ...]:
    return _from_hex_words("".join(_LINE_OF_DUMP.findall(lines)))


def _from_numbers(run: str) -> tuple[str, ...]:
    numbers = _NUMBER.findall(_NAMES.sub("", run))
    decimal = bytes(number for part in numbers if (number := int(part)) < 256)
    octal = bytes(
        number for part in numbers if part.isdecimal() and "8" not in part and "9" not in part
        and (number := int(part, 8)) < 256
    )  # fmt: skip
    return tuple(filter(None, map(_readable, (decimal, octal))))


@lru_cache(512)
def _decoded_once(decode: _Decoder, run: str) -> tuple[str, ...]:
    """Cached, since log lines repeat the same long words."""
    return decode(run)


def _likeliest(contents: Iterable[bytes], most: int) -> Iterator[str]:
    """The readable contents, longest first; together no longer than the run could encode."""
    readable = sorted(filter(None, map(_readable, contents)), key=len, reverse=True)
    for content in readable:
        yield content
        most -= len(content) if most > _LONG_ENOUGH else 0
        if most <= 0:
            return


def _of_base64(letters: str) -> Iterator[bytes]:
    for start in range(4):
        quads = letters[start:]
        if len(quads) % 4 == 1:
            quads = quads[:-1]
        yield binascii.a2b_base64(quads + "=" * (-len(quads) % 4))


def _of_base32(letters: str) -> Iterator[bytes]:
    if not letters.isalnum():
        return
    if not _NO_BASE32.search(letters):
        yield from _of_base32_digits(letters.translate(_BASE32))
    if not _NO_BASE32HEX.search(letters):
        yield from _of_base32_digits(letters)


def _of_base32_digits(digits: str) -> Iterator[bytes]:
    for start in range(min(8, len(digits))):
        count = (len(digits) - start) * 5 // 8
        number = int(digits[start:], 32) >> (len(digits) - start) * 5 % 8
        yield number.to_bytes(count, "big")


_NO_BASE32, _NO_BASE32HEX = re.compile(r"[^A-Z2-7]"), re.compile(r"[^0-9A-V]")
_BASE32 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHIJKLMNOPQRSTUV")
"""Base32 letters to digits of `int`, which is linear for a base that is a power of two."""


def _readable(content: bytes) -> str:
    if not content.isascii():
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode()
    found = _READABLE.findall(content.replace(b"\0", b"") if content.count(0) > 4 else content)
    return b"\0".join(found).decode("ascii") if found else ""
