"""The Website Contacts Scraper on RapidAPI: the addresses that a domain's pages show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from servers.contract.server_settings import SEARCH
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from servers.search import sanitize
from servers.search.contacts.contact import Contact, ContactQuery
from servers.search.contacts.written import addresses
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers.provider import at, by_status, failure, number, payload_of, rows

_KEY = "RAPIDAPI_KEY"
_HOST: str = SEARCH["rapidapi.host"].default
_MOST_SOURCES = 3


class WebsiteContacts:
    """`GET /scrape-contacts`."""

    spec = ProviderSpec(
        name="rapidapi",
        title="RapidAPI Website Contacts",
        base_url=f"https://{_HOST}",
        keys=(_KEY,),
        caution="Needs its own (free) subscription on RapidAPI.",
        pace=Pace(per_second=1, at_once=1, waiting=16),
    )

    def request(self, query: ContactQuery, access: Access) -> HttpRequest:
        asked = {"query": query.domain, "match_email_domain": "false", "external_matching": "false"}
        url = f"{access.base_url}/scrape-contacts"
        return HttpRequest("GET", url, query=asked, headers=_headers(access))

    def read(self, reply: HttpReply) -> list[Contact]:
        """The addresses, each with the pages it stands on."""
        payload = payload_of(reply)
        if reply.status != 200 or at(payload, "status") == "ERROR":
            raise _failure(reply, payload)
        return [contact for row in rows(payload, "data") for contact in _contacts(row)]

    def probe(self, access: Access) -> HttpRequest:
        """A path that does not exist: the proxy looks at the key before it, and counts nothing."""
        return HttpRequest("GET", f"{access.base_url}/lou-key-check", headers=_headers(access))

    def read_probe(self, reply: HttpReply) -> None:
        """A missing endpoint means that the key was taken."""
        if reply.status not in {200, 404}:
            raise _failure(reply, payload_of(reply))


def _headers(access: Access) -> dict[str, str]:
    host = str(access.options.get("host", _HOST))
    return {"X-RapidAPI-Key": access.key(_KEY), "X-RapidAPI-Host": host}


def _contacts(row: dict[str, Any]) -> Iterator[Contact]:
    emails = row.get("emails")
    for found in emails if isinstance(emails, list) else []:
        pages = at(found, "sources")
        known = pages[:_MOST_SOURCES] if isinstance(pages, list) else []
        sources = [sanitize.line(page, 300) for page in known]
        for address in addresses(str(at(found, "value"))):
            yield Contact(address, 0.75, sources or ["RapidAPI Website Contacts"])


def _failure(reply: HttpReply, payload: Any) -> OutboundError:
    said = at(payload, "message") or at(payload, "error", "message")
    if reply.status == 429:
        return _limit(reply, str(said))
    if reply.status in {200, 404}:
        return failure(Kind.UPSTREAM, reply, said)
    return by_status(reply, said)


def _limit(reply: HttpReply, said: str) -> OutboundError:
    spent = number(reply.headers.get("x-ratelimit-requests-remaining")) == 0
    if not spent and "quota" not in said.lower():
        return failure(Kind.RATE_LIMITED, reply, said, transient=True)
    failed = failure(Kind.QUOTA, reply, said)
    reset = number(reply.headers.get("x-ratelimit-requests-reset"))
    failed.retry_after = reset if reset >= 0 else failed.retry_after
    return failed
