"""A search query, and its form as a key of the cache. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

Freshness = Literal["any", "day", "week", "month", "year"]
Safe = Literal["off", "moderate", "strict"]
DAYS = {"day": 1, "week": 7, "month": 31, "year": 366}
"""How many days each freshness reaches back."""

_LONGEST, _MOST_WORDS = 400, 50
"""Of a query with its operators: the least that an engine takes."""
_OPERATORS = frozenset({"OR", "AND", "NOT"})
_QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'"})


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """One search. Codes are lower case and empty when nothing is asked for."""

    text: str
    count: int = 10
    site: str = ""
    freshness: Freshness = "any"
    country: str = ""
    language: str = ""
    safe: Safe = "moderate"
    excluded: tuple[str, ...] = ()
    """Domains that no result may be on."""
    images: bool = False
    """Whether it asks for images instead of pages."""

    @property
    def key(self) -> str:
        """The same for searches that differ only in case and spacing, or in a few results more."""
        kind = "images" if self.images else ""
        filters = (kind, self.site, self.freshness, self.country, self.language, self.safe)
        return "\x1f".join((folded(self.text), str(self.count), *filters, *self.excluded))

    @property
    def with_site(self) -> str:
        """The text with the site as the operator that nearly every engine knows.

        Of the excluded domains it holds as many as engines take; `allows` leaves out the others.
        """
        terms = f"{self.text} site:{self.site}" if self.site else self.text
        words = [terms, *(f"-site:{domain}" for domain in self.excluded)]
        room = _MOST_WORDS - len(terms.split()) + 1
        while len(words) > max(1, room) or (len(words) > 1 and len(" ".join(words)) > _LONGEST):
            words.pop()
        return " ".join(words)

    def allows(self, url: str) -> bool:
        """Whether a page at `url` is on the site, if one is asked for, and on no excluded domain.

        Engines take these for hints at times.
        """
        if not self.site and not self.excluded:
            return True
        host = f".{_in_ascii((urlsplit(url).hostname or '').rstrip('.'))}"
        if self.site and not host.endswith(f".{_in_ascii(self.site)}"):
            return False
        return not any(host.endswith(f".{_in_ascii(one)}") for one in self.excluded)


def _in_ascii(host: str) -> str:
    """`host` as it is asked for in DNS: a name with other letters has two spellings."""
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def folded(text: str) -> str:
    """`text` normalised, so that equal searches have equal texts.

    OR, AND and NOT keep their case where the rest of the text is not in capitals: there they are
    operators.
    """
    words = unicodedata.normalize("NFKC", text).translate(_QUOTES).split()
    all_capitals = not any(letter.islower() for word in words for letter in word)
    return " ".join(
        word if word in _OPERATORS and not all_capitals else word.casefold() for word in words
    )


def whole(query: SearchQuery) -> SearchQuery:
    """The query to send: for 10 or 20 results, so that smaller queries share its answer."""
    return replace(query, count=10 if query.count <= 10 else 20)
