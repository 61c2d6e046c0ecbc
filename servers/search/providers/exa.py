"""Exa: search by meaning; it must be asked for highlights, or it sends whole pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from servers.contract.server_settings import SEARCH
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers import provider
from servers.search.providers.provider import Provider, at, by_status, failure, payload_of
from servers.search.websearch.query import DAYS, SearchQuery
from servers.search.websearch.results import Result, ResultPage, result

_KEY = "EXA_API_KEY"
_NO_CREDIT = frozenset({"NO_MORE_CREDITS", "API_KEY_BUDGET_EXCEEDED"})


class Exa(Provider):
    """`POST /search`."""

    spec = ProviderSpec(
        name="exa",
        title="Exa",
        base_url="https://api.exa.ai",
        keys=(_KEY,),
        pace=Pace(per_second=5, at_once=5),
        ignores=frozenset({"language"}),
    )

    def request(self, query: SearchQuery, access: Access) -> HttpRequest:
        body: dict[str, Any] = {
            "query": query.text,
            "numResults": query.count,
            "type": access.options.get("type", SEARCH["exa.type"].default),
            "moderation": query.safe == "strict",
            "contents": {"highlights": True},
        }
        if query.site:
            body["includeDomains"] = [query.site]
        if query.excluded:
            body["excludeDomains"] = list(query.excluded)
        if query.country:
            body["userLocation"] = query.country.upper()
        if query.freshness != "any":
            since = datetime.now(UTC) - timedelta(days=DAYS[query.freshness])
            body["startPublishedDate"] = since.strftime("%Y-%m-%dT00:00:00.000Z")
        headers = {"x-api-key": access.key(_KEY)}
        return HttpRequest("POST", f"{access.base_url}/search", headers=headers, body=body)

    def read(self, reply: HttpReply) -> ResultPage:
        """The hits, in the order given: there is no score."""
        payload = payload_of(reply)
        if reply.status != 200 or at(payload, "tag"):
            raise _failure(reply, payload)
        return ResultPage(provider.usable(provider.rows(payload, "results"), _result))


def _result(hit: dict[str, Any]) -> Result | None:
    highlights = hit.get("highlights")
    snippet = " ... ".join(map(str, highlights)) if isinstance(highlights, list) else ""
    return result(hit.get("title"), hit.get("url"), snippet, hit.get("publishedDate"))


def _failure(reply: HttpReply, payload: object) -> OutboundError:
    said, tag = at(payload, "error"), str(at(payload, "tag"))
    if tag == "INVALID_API_KEY":
        return failure(Kind.AUTH, reply, said)
    if tag in _NO_CREDIT:
        return failure(Kind.QUOTA, reply, said)
    return by_status(reply, said)
