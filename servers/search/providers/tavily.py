"""Tavily: web search with a key, or in its official keyless mode at a lower limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from servers.contract.server_settings import SEARCH
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers import provider
from servers.search.providers.countries import NAMED, full_name
from servers.search.providers.provider import Provider, at, by_status, failure, number, payload_of
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import Image, ResultPage, image

_KEY = "TAVILY_API_KEY"


class Tavily(Provider):
    """`POST /search`; the key travels as a bearer token."""

    spec = ProviderSpec(
        name="tavily",
        title="Tavily",
        base_url="https://api.tavily.com",
        keys=(_KEY,),
        keyless=True,
        pace=Pace(per_second=10, at_once=8),
        ignores=frozenset({"language", "safe"}),
        # It tells the address of an image alone, and filters the pages beside it.
        image_ignores=frozenset({"site", "exclude", "freshness", "country", "language", "safe"}),
        countries=NAMED,
    )

    def request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """The request that searches; a country it does not know by name is left out."""
        body: dict[str, Any] = {
            "query": query.text,
            "max_results": query.count,
            "search_depth": access.options.get(
                "search_depth", SEARCH["tavily.search_depth"].default
            ),
        }
        if query.site:
            body["include_domains"] = [query.site]
        if query.excluded:
            body["exclude_domains"] = list(query.excluded)
        if query.freshness != "any":
            body["time_range"] = query.freshness
        if country := full_name(query.country):
            body["country"] = country
        return HttpRequest(
            "POST", f"{access.base_url}/search", headers=_authorization(access), body=body
        )

    def image_request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """A search with images beside its hits."""
        request = self.request(query, access)
        images = {"include_images": True, "include_image_descriptions": True}
        return replace(request, body={**request.body, **images})

    def read_images(self, reply: HttpReply) -> ResultPage:
        """The images, each an address or an object with one."""
        if reply.status != 200:
            raise _failure(reply)
        found = at(payload_of(reply), "images")
        if not isinstance(found, list):
            raise OutboundError(Kind.UPSTREAM, "its answer has no list `images`")
        return ResultPage((), provider.usable(found, _image))

    def read(self, reply: HttpReply) -> ResultPage:
        """The hits, or the failure that its `detail` or `error` names."""
        if reply.status != 200:
            raise _failure(reply)
        found = provider.rows(payload_of(reply), "results")
        return provider.hits(found, "title", "url", "content", "published_date")

    def probe(self, access: Access) -> HttpRequest:
        """Its account page, which costs nothing."""
        return HttpRequest("GET", f"{access.base_url}/usage", headers=_authorization(access))

    def read_probe(self, reply: HttpReply) -> None:
        if reply.status != 200:
            raise _failure(reply)


def _image(one: object) -> Image | None:
    return image(at(one, "description"), at(one, "url") if isinstance(one, dict) else one)


def _authorization(access: Access) -> dict[str, str]:
    key = access.key(_KEY)
    return {"Authorization": f"Bearer {key}"} if key else {"X-Tavily-Access-Mode": "keyless"}


def _failure(reply: HttpReply) -> OutboundError:
    payload = payload_of(reply)
    keyless = at(payload, "error")
    if isinstance(keyless, dict):
        return _keyless_limit(reply, keyless)
    said = at(payload, "detail", "error") or at(payload, "detail")
    if reply.status in {432, 433}:
        return failure(Kind.QUOTA, reply, said)
    return by_status(reply, said)


def _keyless_limit(reply: HttpReply, error: dict[str, Any]) -> OutboundError:
    said = str(error.get("message") or "")
    if "rate_limited" not in str(error.get("code")) and reply.status != 429:
        return by_status(reply, said)
    wait = number(error.get("retry_after_seconds"))
    is_spent = provider.kind_of(reply, said) is Kind.QUOTA
    long = wait > 60 or str(error.get("window")) in {"day", "month"} or is_spent
    kind = Kind.QUOTA if long else Kind.RATE_LIMITED
    failed = failure(kind, reply, said, wait=wait if wait >= 0 else None, transient=not long)
    failed.message += "; a free key of your own lifts the keyless limit"
    return failed
