"""Serper: Google's results; exhausted credit is a 400."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from servers.outbound.failure import Kind
from servers.outbound.http import HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers import provider
from servers.search.providers.provider import Provider, at, by_status, failure, payload_of
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import ResultPage

_KEY = "SERPER_API_KEY"


class Serper(Provider):
    """`POST /search`, and `POST /images` with the same body."""

    spec = ProviderSpec(
        name="serper",
        title="Serper",
        base_url="https://google.serper.dev",
        keys=(_KEY,),
        pace=Pace(per_second=5, at_once=5),
        ignores=frozenset({"safe"}),
        image_ignores=frozenset({"safe"}),
    )

    def request(self, query: SearchQuery, access: Access) -> HttpRequest:
        body: dict[str, object] = {"q": query.with_site, "num": query.count}
        if query.country:
            body["gl"] = query.country
        if query.language:
            body["hl"] = query.language
        if query.freshness != "any":
            body["tbs"] = f"qdr:{query.freshness[0]}"
        headers = {"X-API-KEY": access.key(_KEY)}
        return HttpRequest("POST", f"{access.base_url}/search", headers=headers, body=body)

    def image_request(self, query: SearchQuery, access: Access) -> HttpRequest:
        return replace(self.request(query, access), url=f"{access.base_url}/images")

    def read(self, reply: HttpReply) -> ResultPage:
        return provider.hits(_rows(reply, "organic"), "title", "link", "snippet", "date")

    def read_images(self, reply: HttpReply) -> ResultPage:
        """The images; `link` is the page that shows one."""
        places = ("imageUrl", "link", "thumbnailUrl")
        found = _rows(reply, "images")
        return provider.images(found, "title", *places, "imageWidth", "imageHeight")


def _rows(reply: HttpReply, name: str) -> list[Any]:
    payload = payload_of(reply)
    said = at(payload, "message")
    if reply.status == 200:
        return provider.rows(payload, name)
    if "not enough credits" in str(said).lower():
        raise failure(Kind.QUOTA, reply, said)
    raise by_status(reply, said)
