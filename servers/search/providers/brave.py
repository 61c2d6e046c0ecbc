"""Brave Search: an index of its own; a bad key is a 422, and its headers announce every limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers import provider
from servers.search.providers.provider import Provider, at, by_status, failure, number, payload_of
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import ResultPage

_KEY = "BRAVE_API_KEY"
_MOST_WORDS = 50
_FRESHNESS = {"day": "pd", "week": "pw", "month": "pm", "year": "py"}
_KNOWN_COUNTRIES = (
    "ar at au be br ca ch cl cn de dk es fi fr gb gr hk id in it jp kr mx my nl no nz ph pl pt ru "
    "sa se tr tw us za"
)
_KNOWN_LANGUAGES = (
    "ar bg bn ca cs da de el en es et eu fi fr gl gu he hi hr hu is it kn ko lt lv ml mr ms nb nl "
    "pa pl ro ru sk sl sr sv ta te th tr uk vi"
)
_COUNTRIES = frozenset(_KNOWN_COUNTRIES.split())
_LANGUAGES = {"ja": "jp", "zh": "zh-hans", "pt": "pt-pt", "no": "nb"} | {
    code: code for code in _KNOWN_LANGUAGES.split()
}


class Brave(Provider):
    """`GET /res/v1/web/search`."""

    spec = ProviderSpec(
        name="brave",
        title="Brave Search",
        base_url="https://api.search.brave.com",
        keys=(_KEY,),
        pace=Pace(per_second=1, at_once=8),
        countries=_COUNTRIES,
        image_ignores=frozenset({"freshness"}),
    )

    def request(self, query: SearchQuery, access: Access) -> HttpRequest:
        asked = {"safesearch": query.safe, "text_decorations": "false", "result_filter": "web"}
        if query.freshness != "any":
            asked["freshness"] = _FRESHNESS[query.freshness]
        return _request("web", query, access, asked)

    def image_request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """The request that searches for images, which knows no moderate `safesearch`."""
        asked = {"safesearch": "off" if query.safe == "off" else "strict"}
        return _request("images", query, access, asked)

    def read(self, reply: HttpReply) -> ResultPage:
        """The hits; `web` is absent when there are none."""
        payload = _payload(reply, "search")
        found = provider.rows(payload, "web", "results") if "web" in payload else []
        page = provider.hits(found, "title", "url", "description", "page_age")
        return _with_limits(page, reply)

    def read_images(self, reply: HttpReply) -> ResultPage:
        """The images; `url` is the page that shows one."""
        found = provider.rows(_payload(reply, "images"), "results")
        sizes = ("properties.width", "properties.height")
        page = provider.images(found, "title", "properties.url", "url", "thumbnail.src", *sizes)
        return _with_limits(page, reply)


def _request(kind: str, query: SearchQuery, access: Access, asked: dict[str, str]) -> HttpRequest:
    if len(query.with_site.split()) > _MOST_WORDS:
        raise OutboundError(Kind.UNSUPPORTED, f"it takes {_MOST_WORDS} words at most")
    asked |= {"q": query.with_site, "count": str(query.count)}
    if query.country in _COUNTRIES:
        asked["country"] = query.country.upper()
    if language := _LANGUAGES.get(query.language):
        asked["search_lang"] = language
    headers = {"X-Subscription-Token": access.key(_KEY), "Accept": "application/json"}
    url = f"{access.base_url}/res/v1/{kind}/search"
    return HttpRequest("GET", url, query=asked, headers=headers)


def _payload(reply: HttpReply, kind: str) -> Any:
    """The answer of that kind; raises OutboundError if it is none."""
    payload = payload_of(reply)
    error = at(payload, "error")
    errors = at(payload, "errors")
    if isinstance(errors, list) and errors:
        error = errors[0]
    if reply.status != 200 or error:
        raise _failure(reply, error)
    if at(payload, "type") != kind:
        raise OutboundError(Kind.UPSTREAM, "its answer is no search result")
    return payload


def _with_limits(page: ResultPage, reply: HttpReply) -> ResultPage:
    per_second, _ = _pair(reply, "X-RateLimit-Limit")
    left, reset = _month(reply)
    return replace(page, quota_left=left, quota_reset_s=reset, per_second=max(per_second, 0.0))


def _failure(reply: HttpReply, error: object) -> OutboundError:
    code = at(error, "code")
    said = at(error, "detail")
    if code == "SUBSCRIPTION_TOKEN_INVALID" or (code == "VALIDATION" and _is_about_key(error)):
        return failure(Kind.AUTH, reply, said)
    left, reset = _month(reply)
    if code == "QUOTA_LIMITED" or (reply.status == 429 and left == 0):
        return failure(Kind.QUOTA, reply, said, wait=reset or None)
    if code == "RATE_LIMITED":
        wait, _ = _pair(reply, "X-RateLimit-Reset")
        wait_s = wait if wait >= 0 else None
        return failure(Kind.RATE_LIMITED, reply, said, wait=wait_s, transient=True)
    return by_status(reply, said)


def _is_about_key(error: object) -> bool:
    problems = at(error, "meta", "errors")
    places = [at(one, "loc") for one in problems] if isinstance(problems, list) else []
    return ["header", "x-subscription-token"] in places


def _month(reply: HttpReply) -> tuple[int, float]:
    """What is left of the month's quota (-1: it has none), and the seconds until it returns."""
    _, limit = _pair(reply, "X-RateLimit-Limit")
    _, left = _pair(reply, "X-RateLimit-Remaining")
    _, reset = _pair(reply, "X-RateLimit-Reset")
    return (int(left) if limit > 0 else -1, max(reset, 0.0))


def _pair(reply: HttpReply, name: str) -> tuple[float, float]:
    """The value for a second and the value for a month in a header; -1 where there is none."""
    parts = str(reply.headers.get(name, "")).split(",")
    return number(parts[0]), number(parts[1] if len(parts) > 1 else None)
