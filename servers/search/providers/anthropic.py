"""Anthropic's Messages API with its server-side web search, which fails inside a 200."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from servers.contract.server_settings import SEARCH
from servers.host.redact import excerpt
from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from servers.search import sanitize
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers.provider import Provider, at, by_status, failure, payload_of, usable
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import ResultPage, result

KEY = "ANTHROPIC_API_KEY"
MODEL: str = SEARCH["anthropic.model"].default
_TOOL: str = SEARCH["anthropic.tool_type"].default
_VERSION = "2026-10-21"
_SLOWEST_S = 45.0
_ERRORS = {
    "authentication_error": Kind.AUTH,
    "permission_error": Kind.AUTH,
    "billing_error": Kind.QUOTA,
    "rate_limit_error": Kind.RATE_LIMITED,
    "overloaded_error": Kind.RATE_LIMITED,
    "timeout_error": Kind.TIMEOUT,
    "api_error": Kind.UPSTREAM,
}
_SPENT = ("credit balance is too low", "usage limits")
"""What it says, as an invalid request, of an account that has spent its money."""
_SEARCH_ERRORS = {
    "too_many_requests": Kind.RATE_LIMITED,
    "unavailable": Kind.UPSTREAM,
    "invalid_tool_input": Kind.BAD_REQUEST,
    "invalid_input": Kind.BAD_REQUEST,
    "query_too_long": Kind.BAD_REQUEST,
    "request_too_large": Kind.BAD_REQUEST,
    "max_uses_exceeded": Kind.UPSTREAM,
}


class Anthropic(Provider):
    """`POST /v1/messages` with one search; snippets are the passages that the answer cites."""

    spec = ProviderSpec(
        name="anthropic",
        title="Anthropic",
        base_url="https://api.anthropic.com",
        keys=(KEY,),
        caution="Costs about one cent a search, plus tokens.",
        pace=Pace(per_second=1, at_once=4),
        ignores=frozenset({"freshness", "language", "safe"}),
    )

    def request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """The request that makes the model search once and cite what it finds."""
        prompt = f"Search the web for: {query.text}\nCite a passage of every useful result."
        messages = [{"role": "user", "content": prompt}]
        tool = search_tool(access, most=1, site=query.site, country=query.country)
        if query.excluded and not query.site:
            tool["blocked_domains"] = list(query.excluded)
        return message_request(access, messages, tool, most_tokens=1024)

    def read(self, reply: HttpReply) -> ResultPage:
        content = read_message(reply)["content"]
        quotes: dict[str, list[str]] = {}
        for citation in citations(content):
            quotes.setdefault(citation["url"], []).append(sanitize.line(citation.get("cited_text")))
        found = list(searched(content))
        if not found and not any(_searches(content)):
            raise OutboundError(Kind.UPSTREAM, "it answered without searching")
        hits = usable(
            found,
            lambda hit: result(
                hit.get("title"),
                hit.get("url"),
                " ... ".join(quotes.get(str(hit.get("url")), [])),
                hit.get("page_age"),
            ),
        )
        return ResultPage(hits)

    def probe(self, access: Access) -> HttpRequest:
        """The list of models, which costs nothing."""
        return HttpRequest(
            "GET", f"{access.base_url}/v1/models", query={"limit": "1"}, headers=_headers(access)
        )

    def read_probe(self, reply: HttpReply) -> None:
        payload = payload_of(reply)
        if reply.status != 200 or at(payload, "type") == "error":
            raise _failure(reply, payload)


def search_tool(access: Access, *, most: int, site: str = "", country: str = "") -> dict[str, Any]:
    """The server-side search tool, limited to `most` searches."""
    tool: dict[str, Any] = {
        "type": access.options.get("tool_type", _TOOL),
        "name": "web_search",
        "max_uses": most,
    }
    if site:
        tool["allowed_domains"] = [site]
    if country:
        tool["user_location"] = {"type": "approximate", "country": country.upper()}
    return tool


def message_request(
    access: Access, messages: list[dict[str, Any]], tool: dict[str, Any], *, most_tokens: int
) -> HttpRequest:
    """One turn. It costs money, so it is not sent twice when it is unclear whether it arrived."""
    return HttpRequest(
        "POST",
        f"{access.base_url}/v1/messages",
        headers=_headers(access),
        body={
            "model": access.options.get("model", MODEL),
            "max_tokens": most_tokens,
            "messages": messages,
            "tools": [tool],
        },
        repeatable=False,
        silence_s=_SLOWEST_S,
    )


def read_message(reply: HttpReply) -> dict[str, Any]:
    """Raises OutboundError for an error in its place, or if every search in it failed."""
    payload = payload_of(reply)
    if reply.status != 200 or at(payload, "type") == "error":
        raise _failure(reply, payload)
    content = at(payload, "content")
    if not isinstance(payload, dict) or not isinstance(content, list):
        raise OutboundError(Kind.UPSTREAM, "its answer has no content")
    codes = [at(one, "error_code") for one in _searches(content) if isinstance(one, dict)]
    if codes and not any(True for _ in searched(content)):
        kind = _SEARCH_ERRORS.get(str(codes[0]), Kind.UPSTREAM)
        raise OutboundError(kind, f"its web search failed: {excerpt(codes[0], 60)}")
    return payload


def searched(content: list[Any]) -> Iterator[dict[str, Any]]:
    for found in _searches(content):
        if isinstance(found, list):
            yield from (hit for hit in found if at(hit, "type") == "web_search_result")


def citations(content: list[Any]) -> Iterator[dict[str, Any]]:
    for block in content:
        cited = at(block, "citations")
        for citation in cited if isinstance(cited, list) else []:
            is_found = at(citation, "type") == "web_search_result_location"
            if is_found and isinstance(at(citation, "url"), str):
                yield citation


def _searches(content: list[Any]) -> Iterator[Any]:
    """What each search gave: a list of results, or an object that tells the error."""
    for block in content:
        if at(block, "type") == "web_search_tool_result":
            yield at(block, "content")


def _headers(access: Access) -> dict[str, str]:
    return {"x-api-key": access.key(KEY), "anthropic-version": _VERSION}


def _failure(reply: HttpReply, payload: Any) -> OutboundError:
    said = at(payload, "error", "message")
    kind = _ERRORS.get(str(at(payload, "error", "type")))
    usual = by_status(reply, said)
    if reply.status == 400 and any(words in str(said).lower() for words in _SPENT):
        return failure(Kind.QUOTA, reply, said)
    if kind is None:
        return usual
    again = usual.transient and reply.headers.get("x-should-retry") != "false"
    return failure(kind, reply, said, transient=again)
