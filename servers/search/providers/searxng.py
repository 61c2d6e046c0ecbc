"""SearXNG: the user's own metasearch. Its settings.yml must allow the JSON format."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from servers.host.redact import excerpt
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers import provider
from servers.search.providers.provider import Provider, at, by_status, failure, payload_of
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import Image, ResultPage, image

_SAFE = {"off": "0", "moderate": "1", "strict": "2"}
_NUMBERS = re.compile(r"[0-9]+")


class Searxng(Provider):
    """`GET /search?format=json`; the address has no default."""

    spec = ProviderSpec(
        name="searxng",
        title="SearXNG",
        base_url="",
        keyless=True,
        pace=Pace(per_second=0, at_once=32, waiting=256),
        ignores=frozenset({"country"}),
        image_ignores=frozenset({"country"}),
        widened=frozenset({"week"}),
    )

    def request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """The request that searches; it knows no week, so a month stands for it."""
        asked = {
            "q": query.with_site,
            "format": "json",
            "pageno": "1",
            "safesearch": _SAFE[query.safe],
        }
        if query.language:
            asked["language"] = query.language
        if query.freshness != "any":
            asked["time_range"] = "month" if query.freshness == "week" else query.freshness
        return HttpRequest("GET", f"{access.base_url}/search", query=asked)

    def image_request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """The same request, to its engines for images."""
        request = self.request(query, access)
        return replace(request, query={**request.query, "categories": "images"})

    def read(self, reply: HttpReply) -> ResultPage:
        page = provider.hits(_rows(reply), "title", "url", "content", "publishedDate")
        return ResultPage(page.results[:20])

    def read_images(self, reply: HttpReply) -> ResultPage:
        """The images; `resolution` is a text such as `640 x 480`."""
        return ResultPage((), provider.usable(_rows(reply), _image)[:20])


def _image(hit: dict[str, Any]) -> Image | None:
    width, height = (*_NUMBERS.findall(str(hit.get("resolution")))[:2], 0, 0)[:2]
    shown = hit.get("thumbnail_src") or hit.get("thumbnail")
    return image(hit.get("title"), hit.get("img_src"), hit.get("url"), shown, width, height)


def _rows(reply: HttpReply) -> list[Any]:
    """Raises OutboundError for a failure, such as no row at all while engines are out."""
    if reply.status == 403:
        said = "add json to search.formats in its settings.yml"
        raise failure(Kind.UNSUPPORTED, reply, said)
    if reply.status != 200:
        raise by_status(reply)
    payload = payload_of(reply)
    found = provider.rows(payload, "results")
    silent = at(payload, "unresponsive_engines")
    if not found and silent:
        engines = silent if isinstance(silent, list) else []
        names = ", ".join(str(one[0]) for one in engines if isinstance(one, list) and one)
        raise OutboundError(Kind.UPSTREAM, f"none of its engines answered ({excerpt(names, 120)})")
    return found
