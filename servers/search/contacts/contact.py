"""What is looked for when contacts are looked for, and what a contact service file must be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from servers.outbound.http import Reply, Request
from servers.search.traits import Access, Traits

_ADDRESS = re.compile(r"[a-z0-9][a-z0-9._%+'-]{0,63}@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}")
_NO_MAIL_ENDS = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".css", ".js", ".woff2")
_NO_MAIL_PLACES = ("sentry.io", "sentry-next.wixpress.com", "wixpress.com")


@dataclass(frozen=True, slots=True)
class Sought:
    """Whose addresses are looked for: a domain, maybe a page on it, maybe one person."""

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
    """A service that knows contacts of domains, on the wire."""

    traits: Traits

    def request(self, sought: Sought, access: Access) -> Request:
        """The request that looks."""

    def read(self, reply: Reply) -> list[Contact]:
        """The contacts in `reply`.

        Raises:
            Failed: the reply is a failure, whatever its status says.
        """

    def probe(self, access: Access) -> Request:
        """The cheapest request that shows whether the key works."""

    def read_probe(self, reply: Reply) -> None:
        """Look at the answer to `probe`.

        Raises:
            Failed: AUTH when the key was refused.
        """


def addresses(text: str) -> list[str]:
    """The e-mail addresses in `text`, lower case, each once, in their order."""
    found = (address.strip(".'") for address in _ADDRESS.findall(text.lower()))
    return list(dict.fromkeys(address for address in found if _is_mail(address)))


def joined(contacts: Iterable[Contact], person: str) -> list[Contact]:
    """Each address once, the likeliest first; those that bear the person's name lead."""
    best: dict[str, Contact] = {}
    for contact in contacts:
        known = best.get(contact.email)
        best[contact.email] = _both(known, contact) if known else contact
    named = person.lower().split()
    return sorted(
        best.values(), key=lambda one: (not _bears(one.email, named), -one.confidence, one.email)
    )


def _is_mail(address: str) -> bool:
    place = address.partition("@")[2]
    return not address.endswith(_NO_MAIL_ENDS) and not place.endswith(_NO_MAIL_PLACES)


def _both(first: Contact, second: Contact) -> Contact:
    better, other = sorted((first, second), key=lambda one: -one.confidence)
    surer = min(0.99, better.confidence + 0.3 * other.confidence * (1 - better.confidence))
    sources = list(dict.fromkeys([*first.sources, *second.sources]))
    return replace(better, confidence=round(surer, 2), sources=sources)


def _bears(address: str, names: list[str]) -> bool:
    local = address.partition("@")[0]
    return bool(names) and any(len(name) > 2 and name in local for name in names)
