"""Keenable: web search with a key, or without one at its public address and a lower limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from servers.outbound.http import HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers.provider import Provider, at, by_status, payload_of, rows, usable
from servers.search.websearch.query import DAYS, SearchQuery
from servers.search.websearch.results import Result, ResultPage, result

_KEY = "KEENABLE_API_KEY"


class Keenable(Provider):
    """`POST /v1/search`, or `/v1/search/public` with the name of the program instead of a key."""

    spec = ProviderSpec(
        name="keenable",
        title="Keenable",
        base_url="https://api.keenable.ai",
        keys=(_KEY,),
        keyless=True,
        pace=Pace(per_second=5, at_once=5),
        ignores=frozenset({"country", "language", "safe"}),
    )

    def request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """The request that searches. It knows no operators."""
        body: dict[str, Any] = {"query": query.text, "mode": "pro", "max_results": query.count}
        if query.site:
            body["site"] = query.site
        if query.freshness != "any":
            since = datetime.now(UTC) - timedelta(days=DAYS[query.freshness])
            body["published_after"] = since.strftime("%Y-%m-%d")
        key = access.key(_KEY)
        path = "/v1/search" if key else "/v1/search/public"
        headers = {"X-API-Key": key} if key else {"X-Keenable-Title": "Lou"}
        return HttpRequest("POST", f"{access.base_url}{path}", headers=headers, body=body)

    def read(self, reply: HttpReply) -> ResultPage:
        """The hits, or the failure that its `error` or `message` names."""
        payload = payload_of(reply)
        if reply.status != 200:
            raise by_status(reply, at(payload, "error") or at(payload, "message"))
        return ResultPage(usable(rows(payload, "results"), _result))


def _result(hit: dict[str, Any]) -> Result | None:
    snippet = hit.get("snippet") or hit.get("description")
    published = hit.get("published_at") or hit.get("published_date")
    return result(hit.get("title"), hit.get("url"), snippet, published)
