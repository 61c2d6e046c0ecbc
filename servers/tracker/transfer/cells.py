"""Reads one cell of a lead file: e-mail addresses, a web address, or tags. Pure.

In come cells as people and other tools wrote them, out come values. A cell that is written is
guarded against spreadsheets.
"""

from __future__ import annotations

import contextlib
import html
import re
import unicodedata
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from servers.tracker.codec import urls
from servers.tracker.entry import email_address, is_plain_email
from servers.tracker.transfer.wording import has_picture, is_placeholder

_LONGEST: Final = 2 * urls.LONGEST
"""Characters of a cell that may hold addresses."""
_INVISIBLE: Final = re.compile(
    r"[\u200b-\u200f\u2060-\u2064\ufeff\u00ad\u034f\u061c\u180e\u202a-\u202d\u2066-\u2069\ufe0e\ufe0f]"
)
_ENTITY: Final = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|commat|#\d{1,6}|#x[0-9a-f]{1,5});", re.IGNORECASE
)
_USUAL_LOCAL: Final = re.compile(r"\w(?:[\w.+&'\u2019-]*\w)?")
_ESCAPE_LEFT: Final = re.compile(r"u00[0-9a-f]{2}", re.IGNORECASE)
_SEPARATORS: Final = re.compile(r"\s/(?=\s)|\s(?:and|und|et|y|e|or)(?=\s)|:::|[;,|\n\r\t]")
_NAMED: Final = re.compile(
    r'(?<![^"<>;@])[^"<>;@]*+(?:"[^"]*+"[^"<>;@]*+){0,8}+'
    r"<\s*+(?:mailto:(?!@))?+(?=[^<>\s][^<>\s@]*+@[^<>\s])([^<>\s]++)\s*+>"
)
"""A name and an address in angle brackets. At most eight parts of the name are in quotes: without a
bound, a cell of many quotes takes quadratic time."""
_LABEL: Final = re.compile(
    r"^(?:mailto:|smtp:|\*\s+|(?:e-?mail|mail|work|home|office)\s*:\s*)", re.IGNORECASE
)
_REMARK: Final = re.compile(r"(?<!\s)\s++\([^()@]*+\)$")
_MARKDOWN: Final = re.compile(r"\[[^\]]*\]\(\s*([^()\s]+)\s*\)")
_IN_BRACKETS: Final = re.compile(
    r"[^()<>]*[(<]\s*((?:https?://|www\.)[^()<>\s]+)\s*[)>]", re.IGNORECASE
)
_FORMULA: Final = re.compile(r'=\s*hyperlink\(\s*"([^"]+)"', re.IGNORECASE)
_TITLED: Final = re.compile(r".*\s-\s(https?://\S+)", re.IGNORECASE)
_PAGE: Final = re.compile(
    r"(?:https?://|//)?(?:[^\W_](?:[\w-]*[^\W_])?\.)+(?:[^\W\d_]{2,24}|xn--[a-z0-9-]+)\.?"
    r"(?::\d+)?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_MAY_BE_FORMULA: Final = re.compile(r"'*\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_GUARDED: Final = re.compile(r"'+\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_TEXT_FORMULA: Final = re.compile(r'\s*=\s*"((?:[^"]|"")*+)"\s*')
_QUOTES: Final = "\"'\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a"
_NO_TAGS: Final = frozenset(("n/a", "#n/a", "none", "null", "nil", "nan", "undefined"))
"""What programs write for nothing."""
_MOST_TAGS: Final = 200
"""Tags that are parted: ten times as many as an entry may have."""
_TAG_BREAKS: Final = re.compile(r":::|[,;|\n]")


def guarded(cell: str) -> str:
    """`cell` with a quote before it when a spreadsheet could take it for a formula."""
    return f"'{cell}" if _MAY_BE_FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """`cell` without the quote of `guarded`, and what `="007"` means: a text that stays a text."""
    if text := _TEXT_FORMULA.fullmatch(cell):
        return text[1].replace('""', '"')
    return cell[1:] if cell[:1] == "'" and _GUARDED.match(cell) else cell


def tidy(cell: str) -> str:
    """`cell` without spaces around it, characters of no width, and entities of HTML."""
    if "&" in cell and len(cell) <= _LONGEST:
        cell = _ENTITY.sub(lambda one: html.unescape(one[0]), cell)
    if cell.isascii():
        return cell.strip()
    return _INVISIBLE.sub("", cell).replace("\xa0", " ").strip()


def addresses(cell: str) -> tuple[list[str], list[str]]:
    """The e-mail addresses in `cell`, and its other parts.

    A part is one address: `a@x.com`, `Name <a@x.com>`, `mailto:a@x.com`, and several of
    them with a comma, semicolon, bar, slash or line break between.
    """
    cell = tidy(cell)
    if is_plain_email(cell):
        return [cell], []
    if is_placeholder(cell):
        return [], []
    if len(cell) > _LONGEST:
        return [], [cell]
    if formula := _FORMULA.match(cell):
        cell = formula[1]
    found: list[str] = []
    refused: list[str] = []
    rest = _NAMED.sub(lambda one: f";{one[1]};", cell) if "<" in cell else cell
    for part in _parts(rest):
        address = _address(part)
        if address:
            found.append(address)
        else:
            refused.append(part)
    once = {address.casefold(): address for address in reversed(found)}
    return list(reversed(once.values())), refused


def holds_addresses(cell: str) -> bool:
    """Whether `cell` is an e-mail address, or several."""
    return "@" in cell and bool(addresses(cell)[0])


def doubt_of(address: str) -> str:
    """Why an accepted e-mail address may be none, as the end of a sentence; or empty."""
    local, _, domain = address.rpartition("@")
    if not _USUAL_LOCAL.fullmatch(local) or _ESCAPE_LEFT.match(local):
        return "has signs before the @ that few addresses have"
    if not urls.is_known_top(domain.rpartition(".")[2]):
        return "ends in no top-level domain that Lou knows"
    return "mixes letters of two scripts that look alike" if is_mixed(address) else ""


def is_mixed(text: str) -> bool:
    """Whether a part of `text` has Latin letters beside Cyrillic or Greek ones."""
    if text.isascii() and "xn--" not in text:
        return False
    return any(map(_is_mixed, re.split(r"[/.@]", text)))


def _is_mixed(label: str) -> bool:
    with contextlib.suppress(UnicodeError):
        label = label.encode("ascii").decode("idna")
    scripts = {unicodedata.name(letter, " ").split()[0] for letter in label if letter.isalpha()}
    return "LATIN" in scripts and not scripts.isdisjoint({"CYRILLIC", "GREEK"})


def is_data(cell: str) -> bool:
    """Whether `cell` is an address, which no column is called."""
    return holds_addresses(cell) or cell.strip().startswith(("http://", "https://"))


def pages(cell: str) -> list[str]:
    """The web addresses in `cell`: a domain, an address, a link with its title; the best first."""
    if urls.is_plain(cell):
        return [cell]
    cell = tidy(cell)
    if len(cell) > _LONGEST:
        return []
    for wrapped in (_MARKDOWN, _FORMULA, _IN_BRACKETS, _TITLED):
        if match := wrapped.match(cell):
            cell = match[1]
            break
    cell = cell.strip(f"<> {_QUOTES}")
    if _is_page(cell):
        return [cell]
    parts = [part for part in re.split(r"\s*:::\s*|[;,|]?\s+|[;,|]", cell) if part]
    return parts if len(parts) > 1 and all(_is_page(part) for part in parts) else []


def host(cell: str) -> str:
    """The host of the web address in `cell`, without `www.`; empty when there is none."""
    found = pages(cell)
    if not found:
        return ""
    try:
        return urls.host(urls.normalise(found[0])).removeprefix("www.")
    except urls.UrlError:
        return ""


def tags(cells: Iterable[str]) -> list[str]:
    """The tags in these cells, however separated, without quotes and bullets around them."""
    parts = (part for cell in cells for part in _TAG_BREAKS.split(tidy(cell), _MOST_TAGS))
    cleaned = (tidy(part).strip(f"[]{{}}{_QUOTES}").lstrip("*# ").strip() for part in parts)
    return [
        tag
        for tag in cleaned
        if (has_picture(tag) or any(map(str.isalnum, tag))) and tag.lower() not in _NO_TAGS
    ]


def _parts(text: str) -> list[str]:
    """`text` where several addresses may stand in it, parted; a part has no name before it."""
    found: list[str] = []
    for part in _SEPARATORS.split(text):
        pieces = part.split() if part.count("@") > 1 and " " in part else [part]
        for piece in pieces:
            bare = _REMARK.sub("", _LABEL.sub("", piece.strip())).strip(f"<>()[] {_QUOTES}")
            if "@" in bare.strip("@") and bare.count("@") > 1 and "/" in bare:
                found += bare.split("/")
            elif bare:
                found.append(bare)
    return found


def _address(part: str) -> str:
    """The address that `part` is, or that stands in it as in a link."""
    name, sign, domain = part.partition("@")
    as_link = f"{unquote(name)}{sign}{domain.partition('?')[0]}"
    for one in dict.fromkeys((part, as_link)):
        with contextlib.suppress(ValueError):
            return email_address(one)
    return ""


def _is_page(text: str) -> bool:
    return "." in text and "@" not in text and _PAGE.fullmatch(text) is not None
