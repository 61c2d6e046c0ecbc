"""Finds e-mail addresses: on the site's own pages first, then with paid services if needed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlsplit

from servers.host.tools import calls
from servers.outbound.cache import Cache, Made
from servers.outbound.failure import Kind
from servers.search.contacts.anymailfinder import AnyMailFinder
from servers.search.contacts.contact import Contact, ContactQuery, ContactService, joined
from servers.search.contacts.page import PageScan
from servers.search.websearch.provider_line import ProviderLine
from servers.search.websearch.results import Attempt, attempted

_LONGEST_DOMAIN = 253
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:[^\W\d_]{2,63}|xn--[\w-]{2,59})|localhost|[\d.]{7,15}"
)
_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Contacts:
    """Addresses, the likeliest first."""

    domain: str
    person: str
    contacts: list[Contact]
    tried: list[Attempt]
    cached: bool
    age_s: int
    note: str
    untrusted: bool = True


class NoContactSourceError(Exception):
    """Every way to look failed; `tried` says why."""

    def __init__(self, tried: Sequence[Attempt]) -> None:
        reasons = "; ".join(f"{one.provider}, because {one.reason}" for one in tried)
        super().__init__(f"No contact source answered: tried {reasons}")
        self.tried = list(tried)


class ContactFinder:
    """Asks the site itself, then the services that have a key."""

    def __init__(
        self,
        scan: PageScan,
        services: Sequence[tuple[ContactService, ProviderLine]],
        cache: Cache,
        ttl_s: Mapping[str, float],
    ) -> None:
        self.services = services
        self._scan = scan
        self._cache = cache
        self._ttl_s = ttl_s

    async def emails(self, query: ContactQuery, count: int, deadline: float) -> Contacts:
        """The addresses of site or person; raises NoContactSourceError if nobody could look."""

        async def make() -> Made:
            found = await self._ask_services(query, deadline)
            whole = all(attempt.outcome in {"ok", Kind.NO_KEY} for attempt in found.tried)
            return Made.of_json(asdict(found), self._ttl_s["contacts"] if whole else 60.0)

        hit = await self._cache.through("contacts", json.dumps(asdict(query)), make)
        found = _unpacked(hit.value)
        return replace(
            found, contacts=found.contacts[:count], cached=hit.cached, age_s=int(hit.age_s)
        )

    async def _ask_services(self, query: ContactQuery, deadline: float) -> Contacts:
        tried: list[Attempt] = []
        await calls.progress(0, message=f"Reading the pages of {query.domain}")
        found = await attempted(PageScan.name, tried, self._scan.find(query, deadline)) or []
        for service, line in self.services:
            if _is_enough(found, query, service):
                continue
            await calls.progress(len(tried), message=f"Asking {service.spec.title}")
            request = service.request(query, line.access)
            asking = line.exchange(request, service.read, deadline)
            found += await attempted(service.spec.name, tried, asking) or []
        if not any(attempt.outcome == "ok" for attempt in tried):
            raise NoContactSourceError(tried)
        note = "" if found else "The sources answered, and none knows an address."
        return Contacts(
            domain=query.domain,
            person=query.person,
            contacts=joined(found, query.person),
            tried=tried,
            cached=False,
            age_s=0,
            note=note,
        )


def _is_enough(found: list[Contact], query: ContactQuery, service: ContactService) -> bool:
    """Whether the paid service is skipped: only the address of a person is worth a credit."""
    return bool(found) and not query.person and isinstance(service, AnyMailFinder)


def query_for(target: str, person: str) -> ContactQuery | None:
    """What `target` means: a page's address, or a domain; None when it is neither."""
    text = target.strip()
    is_page = "/" in text.removeprefix("https://").removeprefix("http://").rstrip("/")
    try:
        host = urlsplit(text if "//" in text else f"https://{text}").hostname or ""
    except ValueError:
        return None
    domain = host.removeprefix("www.").rstrip(".")
    if len(domain) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(domain) or _SPACE.search(text):
        return None
    url = text if "//" in text else f"https://{text}"
    return ContactQuery(domain, url if is_page or ":" in text else "", " ".join(person.split()))


def _unpacked(value: bytes) -> Contacts:
    kept = json.loads(value)
    kept["contacts"] = [Contact(**one) for one in kept["contacts"]]
    kept["tried"] = [Attempt(**one) for one in kept["tried"]]
    return Contacts(**kept)
