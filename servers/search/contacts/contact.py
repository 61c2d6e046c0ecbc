"""The query for contacts, a contact, and the interface of a contact service."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from servers.outbound.http import HttpReply, HttpRequest
from servers.search.contacts.words import bare
from servers.search.provider_spec import Access, KeyedService

_AS_TWO = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa"})


@dataclass(frozen=True, slots=True)
class ContactQuery:
    """Whose addresses to find: a domain, and optionally a page on it or one person."""

    domain: str
    url: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """An address, how likely it is right (0 to 1), its sources, and whose it is."""

    email: str
    confidence: float
    sources: list[str]
    note: str = ""
    name: str = ""


class ContactService(KeyedService, Protocol):
    """The requests and replies of a service that knows the contacts of domains."""

    def request(self, query: ContactQuery, access: Access) -> HttpRequest:
        """The request that looks."""

    def read(self, reply: HttpReply) -> list[Contact]:
        """Raises OutboundError if the reply is a failure, whatever its status says."""


def joined(contacts: Iterable[Contact], person: str) -> list[Contact]:
    """Each address once, the likeliest first; those that bear the person's name lead."""
    best: dict[str, Contact] = {}
    for contact in contacts:
        known = best.get(contact.email)
        best[contact.email] = _both(known, contact) if known else contact
    named = _spellings(person)
    return sorted(
        best.values(), key=lambda one: (not _bears(one, named), -one.confidence, one.email)
    )


def _both(first: Contact, second: Contact) -> Contact:
    better, other = sorted((first, second), key=lambda one: -one.confidence)
    confidence = min(0.99, better.confidence + 0.3 * other.confidence * (1 - better.confidence))
    sources = list(dict.fromkeys([*first.sources, *second.sources]))
    name = better.name or other.name
    return replace(better, confidence=round(confidence, 2), sources=sources, name=name)


def _spellings(person: str) -> set[str]:
    """The parts of a name in the letters of addresses: Müller is muller or mueller."""
    lowered = person.lower()
    return {*bare(person).split(), *lowered.translate(_AS_TWO).split()}


def _bears(contact: Contact, names: set[str]) -> bool:
    local = contact.email.partition("@")[0]
    if any(len(name) > 2 and name in local for name in names):
        return True
    return bool(names) and names <= _spellings(contact.name)
