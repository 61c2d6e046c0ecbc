"""The query for contacts, a contact, and the interface of a contact service."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from servers.outbound.http import HttpReply, HttpRequest
from servers.search.provider_spec import Access, ProviderSpec

_BARE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"})
_AS_TWO = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa"})


@dataclass(frozen=True, slots=True)
class ContactQuery:
    """Whose addresses to find: a domain, and optionally a page on it or one person."""

    domain: str
    url: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """An address, how likely it is right (0 to 1), and where it was found."""

    email: str
    confidence: float
    sources: list[str]
    note: str = ""


class ContactService(Protocol):
    """The requests and replies of a service that knows the contacts of domains."""

    spec: ProviderSpec

    def request(self, sought: ContactQuery, access: Access) -> HttpRequest:
        """The request that looks."""

    def read(self, reply: HttpReply) -> list[Contact]:
        """The contacts in `reply`.

        Raises:
            OutboundError: the reply is a failure, whatever its status says.
        """

    def probe(self, access: Access) -> HttpRequest:
        """The cheapest request that shows whether the key works."""

    def read_probe(self, reply: HttpReply) -> None:
        """Look at the answer to `probe`.

        Raises:
            OutboundError: AUTH when the key was refused.
        """


def joined(contacts: Iterable[Contact], person: str) -> list[Contact]:
    """Each address once, the likeliest first; those that bear the person's name lead."""
    best: dict[str, Contact] = {}
    for contact in contacts:
        known = best.get(contact.email)
        best[contact.email] = _both(known, contact) if known else contact
    named = _spellings(person)
    return sorted(
        best.values(), key=lambda one: (not _bears(one.email, named), -one.confidence, one.email)
    )


def _both(first: Contact, second: Contact) -> Contact:
    better, other = sorted((first, second), key=lambda one: -one.confidence)
    surer = min(0.99, better.confidence + 0.3 * other.confidence * (1 - better.confidence))
    sources = list(dict.fromkeys([*first.sources, *second.sources]))
    return replace(better, confidence=round(surer, 2), sources=sources)


def _spellings(person: str) -> set[str]:
    """The parts of a name in the letters of addresses: Müller is muller or mueller."""
    lowered = person.lower()
    plain = unicodedata.normalize("NFKD", lowered.replace("ß", "ss"))
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return {*bare.translate(_BARE).split(), *lowered.translate(_AS_TWO).split()}


def _bears(address: str, names: set[str]) -> bool:
    local = address.partition("@")[0]
    return any(len(name) > 2 and name in local for name in names)
