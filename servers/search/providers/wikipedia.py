"""Wikipedia: keyless and stable, but an encyclopedia and no web search."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from servers.contract import harmless
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers import provider
from servers.search.providers.provider import Provider, at, by_status, failure, number, payload_of
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import Image, Result, ResultPage, image, result

_OF_A_LANGUAGE, _COMMONS = "{language}.wikipedia.org", "commons.wikimedia.org"
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]+)?")


class Wikipedia(Provider):
    """`GET /w/rest.php/v1/search/page`; the address may hold `{language}`."""

    spec = ProviderSpec(
        name="wikipedia",
        title="Wikipedia",
        base_url="https://{language}.wikipedia.org",
        keyless=True,
        general=False,
        caution="An encyclopedia, not a web search.",
        pace=Pace(per_second=3, at_once=3),
        ignores=frozenset({"site", "freshness", "country", "safe"}),
        image_ignores=frozenset({"site", "freshness", "country", "language", "safe"}),
    )

    def request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """The request that searches the Wikipedia of the query's language."""
        language = query.language if _LANGUAGE.fullmatch(query.language) else "en"
        base = access.base_url.replace("{language}", language)
        asked = {"q": query.text, "limit": str(query.count)}
        return HttpRequest("GET", f"{base}/w/rest.php/v1/search/page", query=asked)

    def image_request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """The request that searches the images of Wikimedia Commons, which all Wikipedias share."""
        base = access.base_url.replace(_OF_A_LANGUAGE, _COMMONS)
        asked = {
            "action": "query",
            "format": "json",
            "formatversion": "2",
            "generator": "search",
            "gsrsearch": f"{query.text} filetype:bitmap|drawing",
            "gsrnamespace": "6",
            "gsrlimit": str(query.count),
            "prop": "imageinfo",
            "iiprop": "url|size",
            "iiurlwidth": "320",
        }
        return HttpRequest("GET", f"{base}/w/api.php", query=asked)

    def read_images(self, reply: HttpReply) -> ResultPage:
        """The images by their `index`; `query` is absent when there are none."""
        payload = _payload(reply)
        is_empty = at(payload, "batchcomplete") is not None and "query" not in payload
        files = [] if is_empty else provider.rows(payload, "query", "pages")
        files = sorted(files, key=lambda one: number(one.get("index")))
        return ResultPage((), provider.usable(files, _image))

    def read(self, reply: HttpReply) -> ResultPage:
        """The hits; the page's address is made from its key, on the wiki that answered."""
        wiki = f"{reply.origin}/wiki/"
        pages = provider.rows(_payload(reply), "pages")

        def hit_of(page: dict[str, object]) -> Result | None:
            return result(page.get("title"), _address(wiki, page.get("key")), _snippet(page))

        return ResultPage(provider.usable(pages, hit_of))


def _payload(reply: HttpReply) -> Any:
    payload = payload_of(reply)
    if reply.status != 200 or at(payload, "errorKey") or at(payload, "error"):
        raise _failure(reply, payload)
    return payload


def _image(file: dict[str, Any]) -> Image | None:
    versions = file.get("imageinfo")
    version = versions[0] if isinstance(versions, list) and versions else None
    name = str(file.get("title") or "").partition(":")[2].rpartition(".")[0]
    address = at(version, "url"), at(version, "descriptionurl"), at(version, "thumburl")
    return image(name.replace("_", " "), *address, at(version, "width"), at(version, "height"))


def _address(wiki: str, key: object) -> str:
    return wiki + quote(harmless.visible(str(key)), safe=":/()_,") if key else ""


def _snippet(hit: dict[str, object]) -> str:
    described, excerpt = hit.get("description"), hit.get("excerpt")
    return ": ".join(str(part) for part in (described, excerpt) if part)


def _failure(reply: HttpReply, payload: object) -> OutboundError:
    code = str(at(payload, "errorKey") or at(payload, "error", "code") or "")
    said = at(payload, "messageTranslations", "en") or at(payload, "error", "info") or code
    if code in {"ratelimited", "maxlag"}:
        return failure(Kind.RATE_LIMITED, reply, said, transient=True)
    return by_status(reply, said)
