"""The text in the bytes of a page, by what it says of itself and by what it looks like.

A label means what browsers take it for (`iso-8859-1` is windows-1252), and one broken byte does
not spoil the rest of a page.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_META = re.compile(rb"<meta\b([^>]{0,400})", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"(?:\s*[^\s\"'=>/]{1,40}\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+)){0,9}?"
    rb"\s*charset\s*=\s*[\"']?\s*([\w.:-]{2,40})",
    re.IGNORECASE,
)
_EQUIVALENT = re.compile(rb"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml[^>]{0,200}encoding=[\"']\s*([\w.:-]{2,40})", re.IGNORECASE)
_NO_TAGS = re.compile(
    rb"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?P<end></\1|\Z)", re.IGNORECASE | re.DOTALL
)
_DECLARED_WITHIN = 1 << 18
_LOOKED_AT = 16_384
_SAMPLE = 9000
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-16": "utf-16-le",
}
"""The larger set that browsers read where a page names the smaller one."""
_LABELS = {
    "utf-8": "utf8mb4 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8",
    "utf-16-le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff",
    "utf-16-be": "unicodefffe",
    "cp874": "windows-874 dos-874",
    "cp932": "x-sjis windows-31j",
    "cp949": "windows-949 cseuckr csksc56011987 iso-ir-149 ks_c_5601-1989 ksc_5601",
    "gb18030": "x-gbk csgb2312 gb_2312 gb_2312-80",
    "big5hkscs": "cn-big5 x-x-big5",
    "euc_jp": "x-euc-jp cseucpkdfmtjapanese",
    "iso8859-6": "csiso88596e csiso88596i iso-8859-6-e iso-8859-6-i",
    "iso8859-7": "sun_eu_greek",
    "iso8859-8": "csiso88598e csiso88598i iso-8859-8-e iso-8859-8-i visual logical",
    "iso8859-15": "csisolatin9",
    "koi8-u": "koi8-ru",
    "koi8-r": "koi koi8",
    "mac-roman": "csmacintosh mac x-mac-roman",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    **{f"cp{page}": f"x-cp{page}" for page in range(1250, 1259)},
}
_UNKNOWN_HERE = {label: name for name, labels in _LABELS.items() for label in labels.split()}
_FAMILIES = ("utf-8", "utf-16", "cp", "iso8859", "koi8", "mac", "gb", "big5", "euc", "iso2022_jp")
"""Of encodings that pages are written in; Python knows others that are none."""
_SINGLE_BYTE = ("cp12", "cp874", "iso8859", "koi8", "mac")
_OTHER_SCRIPTS = (
    "cp1251", "koi8", "cp1253", "cp1255", "cp1256", "cp874", "gb", "big5", "cp932", "cp949", "euc",
)  # fmt: skip
_BY_LANGUAGE = {
    **dict.fromkeys(["ru", "uk", "be", "bg", "mk", "sr"], "cp1251"),
    **dict.fromkeys(["pl", "cs", "sk", "hu", "sl", "hr", "bs", "ro", "sq"], "cp1250"),
    **dict.fromkeys(["lt", "lv", "et"], "cp1257"),
    **dict.fromkeys(["ar", "fa", "ur"], "cp1256"),
    "el": "cp1253",
    "tr": "cp1254",
    "he": "cp1255",
    "vi": "cp1258",
    "th": "cp874",
}
_LANGUAGE = re.compile(rb"<html[^>]{0,200}\slang=[\"']?([a-z]{2})\b", re.IGNORECASE)
_HIGH = re.compile(rb"[\x80-\xff]")
_LATIN = re.compile(rb"[a-zA-Z]")
_TAG = re.compile(rb"<[^>]{0,200}>")
_CAPITALS_AND_LAST = re.compile(rb"[\xc0-\xdf\xfb-\xff]")
_HEBREW = re.compile(rb"[\xe0-\xfa]")
_ONLY_WINDOWS = re.compile(rb"[\x80-\x9f]")
_ONLY_ISO = re.compile(rb"[\xa1\xa6\xa9\xab\xac\xae\xb1\xb6\xb9\xbb\xbc\xbe]")
"""Letters of Central Europe that windows-1250 has in other places."""
_FEWEST = 40


def decoded(content: bytes, charset: str) -> str:
    """The text in `content`, whose header names `charset`."""
    return _text(content, charset).replace("\x00", "")


def _text(content: bytes, charset: str) -> str:
    for mark, name in MARKS.items():
        if content.startswith(mark):
            return content[len(mark) :].decode(name, "replace")
    if wide := _wide(content[:_SAMPLE]):
        return content.decode(wide, "replace")
    if b"\x1b$" in content and content.isascii():
        return content.decode("iso2022_jp", "replace")
    declared = list(dict.fromkeys(_declared(content, charset)))
    for name in declared if _is_believed(declared) else ["utf-8", *declared]:
        text = _read(content, name)
        if text is not None:
            return text
    text = _read(content, "utf-8")
    return content.decode(_guessed(content), "replace") if text is None else text


def _wide(start: bytes) -> str:
    """Which UTF-16 it is where a zero stands beside nearly every letter; empty when it is none."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) * 4 < len(start) or min(even, odd) * 20 > max(even, odd):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _declared(content: bytes, charset: str) -> Iterator[str]:
    """What the header and the page itself name, as Python calls it."""
    if name := _codec(charset):
        yield name
    name = _codec(_named_within(content[:_DECLARED_WITHIN]).decode("ascii", "replace"))
    if name and not name.startswith("utf-16"):  # or it could not have been read
        yield name


def _named_within(start: bytes) -> bytes:
    """The label that a page gives of itself, in its XML declaration or in the first `meta`."""
    if found := _XML.match(start):
        return found[1]
    # a script without an end may be none
    tags = _NO_TAGS.sub(lambda one: one[0] if one["end"] == b"" else b"", start)
    for meta in _META.finditer(tags):
        if found := _ATTRIBUTE.match(meta[1]):
            return found[1]
        if b"http-equiv" in meta[1].lower() and (found := _EQUIVALENT.search(meta[1])):
            return found[1]
    return b""


def _is_believed(declared: list[str]) -> bool:
    """Whether it is believed before UTF-8 is tried.

    Where every byte is a letter any text can be read, and one that happens to be UTF-8 is UTF-8.
    """
    return bool(declared) and not declared[0].startswith(_SINGLE_BYTE)


def _codec(label: str) -> str:
    """Python's name of the encoding called `label`; empty when there is none for pages."""
    plain = label.strip("\"' \t").lower()
    try:
        name = codecs.lookup(_UNKNOWN_HERE.get(plain, plain)).name
    except (LookupError, ValueError):
        return ""
    name = _WIDER.get(name, name)
    return name if name.startswith(_FAMILIES) else ""


def _read(content: bytes, name: str) -> str | None:
    """The text, when all of it or nearly all of it is in that encoding."""
    try:
        return content.decode(name)
    except UnicodeDecodeError:
        text = content.decode(name, "replace")
    broken = text.count("\ufffd")
    letters = len(text) - len(text.encode("ascii", "ignore")) - broken
    return text if letters > 2 * broken else None


def _guessed(content: bytes) -> str:
    """What it most likely is: by its language, else other scripts by their bytes, else Western."""
    from trafilatura.utils import detect_encoding  # noqa: PLC0415 - only pages need it

    language = _LANGUAGE.search(content[:_LOOKED_AT])
    known = _BY_LANGUAGE.get(language.group(1).decode().lower()) if language else None
    if known == "cp1250" and _ONLY_ISO.search(content) and not _ONLY_WINDOWS.search(content):
        return "iso8859-2"
    if known:
        return known
    shown = _TAG.sub(b" ", content[: 1 << 18])
    sample = b"\n".join(line for line in shown.splitlines() if not line.isascii())[:_SAMPLE]
    high = len(_HIGH.findall(sample))
    if high > max(_FEWEST, len(_LATIN.findall(sample))) and _looks_hebrew(sample, high):
        return "cp1255"
    if high > len(_LATIN.findall(sample)):
        for guess in map(_codec, detect_encoding(sample)):
            if guess.startswith(_OTHER_SCRIPTS):
                return guess
    return "cp1252"


def _looks_hebrew(sample: bytes, high: int) -> bool:
    """Whether nearly all letters are those of Hebrew: one case, and none of the last five."""
    few = high // 50
    return (
        len(_HEBREW.findall(sample)) >= high - few
        and len(_CAPITALS_AND_LAST.findall(sample)) <= few
    )
