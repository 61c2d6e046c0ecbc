"""Google Custom Search: for holders of an existing project; Google ends it on 2027-01-01."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers import provider
from servers.search.providers.provider import Provider, at, by_status, failure, payload_of
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import Result, ResultPage, result

_KEY = "GOOGLE_API_KEY"
_ENGINE = "GOOGLE_CSE_ID"
_MOST = 10
_DATE = {"day": "d1", "week": "w1", "month": "m1", "year": "y1"}
_LIMITS = frozenset({"dailyLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded"})
"""Of the older errors, which come as a 403."""
_CLOSED = (
    "Google has closed the Custom Search API to new projects and ends it on 2027-01-01, whatever "
    "its console shows; use another provider"
)


class Google(Provider):
    """`GET /customsearch/v1`; never more than 10 results a request."""

    spec = ProviderSpec(
        name="google",
        title="Google Custom Search",
        base_url="https://customsearch.googleapis.com",
        keys=(_KEY, _ENGINE),
        caution="Closed to new projects; Google ends it on 2027-01-01.",
        pace=Pace(per_second=1.6, at_once=4),
        image_ignores=frozenset(),
    )

    def request(self, query: SearchQuery, access: Access) -> HttpRequest:
        asked = {
            "q": replace(query, site="").with_site,
            "num": str(min(query.count, _MOST)),
            "key": access.key(_KEY),
            "cx": access.key(_ENGINE),
            "safe": "off" if query.safe == "off" else "active",
        }
        if query.site:
            asked |= {"siteSearch": query.site, "siteSearchFilter": "i"}
        if query.freshness != "any":
            asked["dateRestrict"] = _DATE[query.freshness]
        if query.country:
            asked["gl"] = query.country
        if query.language:
            asked |= {"hl": query.language, "lr": f"lang_{query.language}"}
        return HttpRequest("GET", f"{access.base_url}/customsearch/v1", query=asked)

    def image_request(self, query: SearchQuery, access: Access) -> HttpRequest:
        request = self.request(query, access)
        return replace(request, query={**request.query, "searchType": "image"})

    def read(self, reply: HttpReply) -> ResultPage:
        return ResultPage(provider.usable(_items(reply), _result))

    def read_images(self, reply: HttpReply) -> ResultPage:
        """The images; `link` is the image itself."""
        places = ("link", "image.contextLink", "image.thumbnailLink")
        return provider.images(_items(reply), "title", *places, "image.width", "image.height")


def _items(reply: HttpReply) -> list[Any]:
    """The rows, whose list is absent when there are none; raises OutboundError for a failure."""
    payload = payload_of(reply)
    error = at(payload, "error")
    if error is not None or reply.status != 200:
        raise _failure(reply, error)
    if at(payload, "kind") != "customsearch#search":
        raise OutboundError(Kind.UPSTREAM, "its answer is no search result")
    return provider.rows(payload, "items") if "items" in payload else []


def _result(hit: dict[str, Any]) -> Result | None:
    tags = at(hit, "pagemap", "metatags")
    first = tags[0] if isinstance(tags, list) and tags else {}
    published = at(first, "article:published_time")
    return result(hit.get("title"), hit.get("link"), hit.get("snippet"), published)


def _failure(reply: HttpReply, error: object) -> OutboundError:
    said = str(at(error, "message") or "")
    reasons = {*_reasons(at(error, "details")), *_reasons(at(error, "errors"))}
    is_limit = at(error, "status") == "RESOURCE_EXHAUSTED" or reply.status == 429
    if is_limit or reasons & _LIMITS:
        return _limit(reply, said, reasons)
    if "API_KEY_INVALID" in reasons or "API key" in said:
        return failure(Kind.AUTH, reply, said)
    if at(error, "status") == "PERMISSION_DENIED":
        closed = "does not have the access" in said
        return failure(Kind.AUTH, reply, _CLOSED if closed else said)
    if reply.status == 410:
        return failure(Kind.AUTH, reply, _CLOSED)
    return by_status(reply, said)


def _reasons(errors: object) -> list[str]:
    return [str(at(one, "reason")) for one in errors] if isinstance(errors, list) else []


def _limit(reply: HttpReply, said: str, reasons: set[str]) -> OutboundError:
    if provider.kind_of(reply, said) is Kind.QUOTA or "dailyLimitExceeded" in reasons:
        return failure(Kind.QUOTA, reply, said, wait=_until_midnight_in_california())
    return failure(Kind.RATE_LIMITED, reply, said, transient=True)


def _until_midnight_in_california() -> float:
    """Seconds until the daily quota returns."""
    try:
        now = datetime.now(ZoneInfo("America/Los_Angeles"))
    except ZoneInfoNotFoundError:  # Windows without tzdata
        return 3600.0
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - now).total_seconds()
