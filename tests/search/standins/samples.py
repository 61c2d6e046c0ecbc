"""What each provider really sends, as recorded or documented: successes, and every failure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from servers.outbound.failure import Kind


@dataclass(frozen=True)
class Sample:
    """One answer of a provider; `kind` is what must be made of it, None for a success."""

    name: str
    status: int
    body: Any
    kind: Kind | None = None
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    says: str = ""

    @property
    def content(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


def _many(make: Any, count: int = 20) -> list[Any]:
    return [make(n) for n in range(1, count + 1)]


def _error(code: int, message: str, status: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, **more}}


_INFO = "type.googleapis.com/google.rpc.ErrorInfo"

GOOGLE_OK = {
    "kind": "customsearch#search",
    "url": {"type": "application/json", "template": "https://www.googleapis.com/customsearch/v1?q"},
    "queries": {"request": [{"totalResults": "1230", "searchTerms": "mcp", "count": 10}]},
    "searchInformation": {"searchTime": 0.31, "totalResults": "1230"},
    "items": _many(
        lambda n: {
            "kind": "customsearch#result",
            "title": f"Title {n}",
            "htmlTitle": f"<b>Title</b> {n}",
            "link": f"https://e.org/{n}",
            "snippet": "Nov 1, 2026 ... text",
            "pagemap": {"metatags": [{"article:published_time": "2026-11-01T10:00:00Z"}]},
        },
        10,
    ),
}
GOOGLE = (
    Sample("ok", 200, GOOGLE_OK),
    Sample(
        "empty",
        200,
        {"kind": "customsearch#search", "searchInformation": {"totalResults": "0"}},
    ),
    Sample(
        "per day",
        429,
        _error(
            429,
            "Quota exceeded for quota metric 'Queries' and limit 'Queries per day' of service "
            "'customsearch.googleapis.com' for consumer 'project_number:1'.",
            "RESOURCE_EXHAUSTED",
            errors=[{"domain": "global", "reason": "rateLimitExceeded"}],
            details=[{"@type": _INFO, "reason": "RATE_LIMIT_EXCEEDED"}],
        ),
        Kind.QUOTA,
    ),
    Sample(
        "per minute",
        429,
        _error(429, "Quota exceeded for limit 'Queries per minute'.", "RESOURCE_EXHAUSTED"),
        Kind.RATE_LIMITED,
    ),
    Sample(
        "closed",
        403,
        _error(
            403,
            "This project does not have the access to Custom Search JSON API.",
            "PERMISSION_DENIED",
        ),
        Kind.AUTH,
        says="2027-01-01",
    ),
    Sample(
        "bad key",
        400,
        _error(
            400,
            "API key not valid. Please pass a valid API key.",
            "INVALID_ARGUMENT",
            details=[{"@type": _INFO, "reason": "API_KEY_INVALID"}],
        ),
        Kind.AUTH,
    ),
    Sample(
        "bad argument",
        400,
        _error(400, "Request contains an invalid argument.", "INVALID_ARGUMENT"),
        Kind.BAD_REQUEST,
    ),
    Sample(
        "daily limit, as it was once told",
        403,
        _error(
            403,
            "Daily Limit Exceeded. The quota will be reset at midnight Pacific Time (PT).",
            "PERMISSION_DENIED",
            errors=[{"domain": "usageLimits", "reason": "dailyLimitExceeded"}],
        ),
        Kind.QUOTA,
    ),
    Sample(
        "limit for a key",
        429,
        _error(
            429, "Quota exceeded for limit 'Queries per minute per API key'.", "RESOURCE_EXHAUSTED"
        ),
        Kind.RATE_LIMITED,
    ),
    Sample("gone", 410, _error(410, "Gone", "NOT_FOUND"), Kind.AUTH, says="2027-01-01"),
    Sample("html", 502, "<html>Bad gateway</html>", Kind.UPSTREAM),
    Sample("lying", 200, _error(500, "backend error", "INTERNAL"), Kind.UPSTREAM),
    Sample("other shape", 200, {"answers": []}, Kind.UPSTREAM),
)


def _anthropic(content: list[Any], stop: str = "end_turn", searches: int = 1) -> dict[str, Any]:
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "stop_reason": stop,
        "stop_sequence": None,
        "content": content,
        "usage": {
            "input_tokens": 6039,
            "output_tokens": 931,
            "server_tool_use": {"web_search_requests": searches, "web_fetch_requests": 0},
        },
    }


_USE = {
    "type": "server_tool_use",
    "id": "srvtoolu_01",
    "name": "web_search",
    "input": {"query": "jupiter orbital period"},
}
_FOUND = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_01",
    "content": [
        {
            "type": "web_search_result",
            "url": "https://en.wikipedia.org/wiki/Jupiter",
            "title": "Jupiter - Wikipedia",
            "encrypted_content": "Eqgf",
            "page_age": "April 30, 2025",
        }
    ],
}
_CITED = {
    "type": "text",
    "text": "Jupiter orbits the Sun in 11.86 years",
    "citations": [
        {
            "type": "web_search_result_location",
            "url": "https://en.wikipedia.org/wiki/Jupiter",
            "title": "Jupiter - Wikipedia",
            "encrypted_index": "Eo8B",
            "cited_text": "Jupiter has an orbital period of 11.86 ...",
        }
    ],
}
ANTHROPIC_OK = _anthropic([{"type": "text", "text": "I'll search. "}, _USE, _FOUND, _CITED])
ANTHROPIC_PAUSE = _anthropic([_USE, _FOUND], "pause_turn")
ANTHROPIC_DONE = _anthropic([_CITED], searches=0)


def _search_error(code: str) -> dict[str, Any]:
    failed = {"type": "web_search_tool_result_error", "error_code": code}
    result = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_02", "content": failed}
    return _anthropic([_USE, result, {"type": "text", "text": "I could not search."}])


def _anthropic_error(kind: str, message: str = "...") -> dict[str, Any]:
    return {
        "type": "error",
        "error": {"type": kind, "message": message},
        "request_id": "req_01",
    }


ANTHROPIC = (
    Sample("ok", 200, ANTHROPIC_OK),
    Sample("invalid", 400, _anthropic_error("invalid_request_error"), Kind.BAD_REQUEST),
    Sample("bad key", 401, _anthropic_error("authentication_error"), Kind.AUTH),
    Sample("billing", 402, _anthropic_error("billing_error"), Kind.QUOTA),
    Sample("permission", 403, _anthropic_error("permission_error"), Kind.AUTH),
    Sample(
        "balance",
        400,
        _anthropic_error("invalid_request_error", "Your credit balance is too low to access it."),
        Kind.QUOTA,
    ),
    Sample("no model", 404, _anthropic_error("not_found_error"), Kind.BAD_REQUEST),
    Sample("too large", 413, _anthropic_error("request_too_large"), Kind.BAD_REQUEST),
    Sample(
        "rate limit",
        429,
        _anthropic_error("rate_limit_error"),
        Kind.RATE_LIMITED,
        {"retry-after": "7"},
        retry_after=7,
    ),
    Sample("api error", 500, _anthropic_error("api_error"), Kind.UPSTREAM),
    Sample("timeout", 504, _anthropic_error("timeout_error"), Kind.TIMEOUT),
    Sample("overloaded", 529, _anthropic_error("overloaded_error"), Kind.RATE_LIMITED),
    Sample("lying", 200, _anthropic_error("api_error"), Kind.UPSTREAM),
    Sample("no search", 200, _anthropic([{"type": "text", "text": "I know."}]), Kind.UPSTREAM),
    Sample("no content", 200, {"type": "message"}, Kind.UPSTREAM),
    *(
        Sample(code, 200, _search_error(code), kind)
        for code, kind in {
            "invalid_tool_input": Kind.BAD_REQUEST,
            "invalid_input": Kind.BAD_REQUEST,
            "unavailable": Kind.UPSTREAM,
            "max_uses_exceeded": Kind.UPSTREAM,
            "too_many_requests": Kind.RATE_LIMITED,
            "query_too_long": Kind.BAD_REQUEST,
            "request_too_large": Kind.BAD_REQUEST,
            "something_new": Kind.UPSTREAM,
        }.items()
    ),
)

_BRAVE_LIMITS = {
    "X-RateLimit-Limit": "20, 15000",
    "X-RateLimit-Policy": "20;w=1, 15000;w=2592000",
    "X-RateLimit-Remaining": "19, 1000",
    "X-RateLimit-Reset": "1, 1419704",
}
_BRAVE_SPENT = _BRAVE_LIMITS | {"X-RateLimit-Remaining": "19, 0"}
BRAVE_OK = {
    "type": "search",
    "query": {"original": "mcp", "more_results_available": True},
    "web": {
        "type": "search",
        "results": _many(
            lambda n: {
                "type": "search_result",
                "title": f"Title {n}",
                "url": f"https://e.org/{n}",
                "description": "a <strong>text</strong> &amp; more",
                "page_age": "2026-11-01T10:00:00",
                "extra_snippets": ["..."],
            }
        ),
    },
    "mixed": {"type": "mixed", "main": [{"type": "web", "index": 0, "all": False}]},
}


def _brave_error(status: int, code: str, detail: str, **meta: Any) -> dict[str, Any]:
    error = {"id": "1", "status": status, "code": code, "detail": detail, "meta": meta}
    return {"type": "ErrorResponse", "error": error, "time": 1773685964}


_NO_TOKEN = [{"type": "missing", "loc": ["header", "x-subscription-token"], "msg": "required"}]
_NO_QUERY = [{"type": "missing", "loc": ["query", "q"], "msg": "required"}]
BRAVE = (
    Sample("ok", 200, BRAVE_OK, headers=_BRAVE_LIMITS),
    Sample("empty", 200, {"type": "search", "query": {"original": "qqq"}}),
    Sample(
        "rate limit",
        429,
        _brave_error(429, "RATE_LIMITED", "Request rate limit exceeded for plan", plan="Free"),
        Kind.RATE_LIMITED,
        _BRAVE_LIMITS,
        retry_after=1,
    ),
    Sample(
        "quota",
        429,
        _brave_error(429, "QUOTA_LIMITED", "Quota exceeded"),
        Kind.QUOTA,
        _BRAVE_SPENT,
        retry_after=1419704,
    ),
    Sample(
        "spent by header",
        429,
        _brave_error(429, "RATE_LIMITED", "Request rate limit exceeded for plan"),
        Kind.QUOTA,
        _BRAVE_SPENT,
        retry_after=1419704,
    ),
    Sample(
        "bad key",
        422,
        _brave_error(
            422, "SUBSCRIPTION_TOKEN_INVALID", "The provided subscription token is invalid."
        ),
        Kind.AUTH,
    ),
    Sample(
        "bad key in errors[]",
        422,
        {"errors": [{"code": "SUBSCRIPTION_TOKEN_INVALID", "detail": "invalid"}]},
        Kind.AUTH,
    ),
    Sample("no key", 422, _brave_error(422, "VALIDATION", "Unable", errors=_NO_TOKEN), Kind.AUTH),
    Sample(
        "bad argument",
        422,
        _brave_error(422, "VALIDATION", "Unable", errors=_NO_QUERY),
        Kind.BAD_REQUEST,
    ),
    Sample("broken", 500, "oops", Kind.UPSTREAM),
    Sample("lying", 200, _brave_error(500, "INTERNAL", "boom"), Kind.UPSTREAM),
    Sample("other shape", 200, {"type": "search", "web": {}}, Kind.UPSTREAM),
)

TAVILY_OK = {
    "query": "mcp",
    "follow_up_questions": None,
    "answer": None,
    "images": [],
    "results": _many(
        lambda n: {
            "title": f"Title {n}",
            "url": f"https://e.org/{n}",
            "content": "text",
            "score": 0.93,
            "raw_content": None,
            "published_date": "Sun, 01 Nov 2026 10:00:00 GMT",
        }
    ),
    "response_time": "1.23",
    "request_id": "b8c1",
}


def _detail(message: str) -> dict[str, Any]:
    return {"detail": {"error": message}}


TAVILY = (
    Sample("ok", 200, TAVILY_OK),
    Sample("empty", 200, {"query": "x", "results": [], "response_time": 1}),
    Sample("bad key", 401, _detail("Unauthorized: missing or invalid API key."), Kind.AUTH),
    Sample("bad argument", 400, _detail("Invalid country."), Kind.BAD_REQUEST),
    Sample("rate limit", 429, _detail("Your request has been blocked"), Kind.RATE_LIMITED),
    Sample("plan", 432, _detail("This request exceeds your plan's set usage limit."), Kind.QUOTA),
    Sample("pay as you go", 433, _detail("This request exceeds the limit."), Kind.QUOTA),
    Sample("broken", 500, _detail("Internal"), Kind.UPSTREAM),
    Sample("html", 503, "<html></html>", Kind.UPSTREAM),
    Sample("other shape", 200, {"hits": []}, Kind.UPSTREAM),
)
TAVILY_KEYLESS = (
    Sample(
        "day",
        429,
        {
            "error": {
                "code": "keyless_rate_limited",
                "message": "The keyless limit is reached.",
                "window": "day",
                "retry_after_seconds": 3600,
                "next_actions": [{"type": "sign_up", "url": "https://app.tavily.com"}],
            }
        },
        Kind.QUOTA,
        retry_after=3600,
        says="key of your own",
    ),
    Sample(
        "minute",
        429,
        {
            "error": {
                "code": "keyless_rate_limited",
                "message": "Slow down.",
                "window": "minute",
                "retry_after_seconds": 2,
            }
        },
        Kind.RATE_LIMITED,
        retry_after=2,
    ),
)

SERPER_OK = {
    "searchParameters": {"q": "amazon", "type": "search", "engine": "google"},
    "knowledgeGraph": {"title": "Amazon.com"},
    "organic": _many(
        lambda n: {
            "title": f"Title {n}",
            "link": f"https://e.org/{n}",
            "snippet": "text",
            "date": "May 10, 2026",
            "position": n,
        }
    ),
    "credits": 1,
}
SERPER = (
    Sample("ok", 200, SERPER_OK),
    Sample("empty", 200, {"searchParameters": {}, "organic": []}),
    Sample("credits", 400, {"message": "Not enough credits", "statusCode": 400}, Kind.QUOTA),
    Sample("bad argument", 400, {"message": "Missing query", "statusCode": 400}, Kind.BAD_REQUEST),
    Sample("bad key", 403, {"message": "Unauthorized.", "statusCode": 403}, Kind.AUTH),
    Sample("bad key 401", 401, {"message": "Unauthorized.", "statusCode": 401}, Kind.AUTH),
    Sample("rate limit", 429, {"message": "Too many requests"}, Kind.RATE_LIMITED),
    Sample("broken", 500, "oops", Kind.UPSTREAM),
    Sample("lying", 200, {"message": "internal"}, Kind.UPSTREAM),
)

EXA_OK = {
    "requestId": "e913",
    "resolvedSearchType": "auto",
    "results": _many(
        lambda n: {
            "id": f"https://e.org/{n}",
            "url": f"https://e.org/{n}",
            "title": f"Title {n}",
            "publishedDate": "2026-11-01T00:00:00.000Z",
            "highlights": ["text", "more"],
            "highlightScores": [0.4],
        }
    ),
    "costDollars": {"total": 0.007},
}


def _exa(error: str, tag: str) -> dict[str, Any]:
    return {"requestId": "1", "error": error, "tag": tag}


EXA = (
    Sample("ok", 200, EXA_OK),
    Sample("empty", 200, {"requestId": "1", "results": []}),
    Sample("bad key", 401, _exa("Invalid API key", "INVALID_API_KEY"), Kind.AUTH),
    Sample("credits", 402, _exa("You have exceeded your credits", "NO_MORE_CREDITS"), Kind.QUOTA),
    Sample("budget", 402, _exa("Budget", "API_KEY_BUDGET_EXCEEDED"), Kind.QUOTA),
    *(
        Sample(str(status), status, _exa("No", tag), kind)
        for status, tag, kind in (
            (400, "INVALID_REQUEST_BODY", Kind.BAD_REQUEST),
            (403, "FORBIDDEN", Kind.AUTH),
            (404, "NOT_FOUND", Kind.BAD_REQUEST),
            (409, "CONFLICT", Kind.BAD_REQUEST),
            (422, "NUM_RESULTS_EXCEEDED", Kind.BAD_REQUEST),
            (429, "RATE_LIMIT", Kind.RATE_LIMITED),
            (500, "INTERNAL", Kind.UPSTREAM),
            (502, "BAD_GATEWAY", Kind.UPSTREAM),
            (503, "UNAVAILABLE", Kind.UPSTREAM),
        )
    ),
    Sample("lying", 200, _exa("No content", "NO_CONTENT_FOUND"), Kind.UPSTREAM),
    Sample("other shape", 200, {"requestId": "1"}, Kind.UPSTREAM),
)

SEARXNG_OK = {
    "query": "mcp",
    "results": _many(
        lambda n: {
            "url": f"https://e.org/{n}",
            "title": f"Title {n}",
            "content": "text",
            "engine": "brave",
            "engines": ["brave", "duckduckgo"],
            "score": 2.6,
            "publishedDate": "2026-11-01T00:00:00",
        },
        25,
    ),
    "answers": [],
    "infoboxes": [],
    "suggestions": ["..."],
    "unresponsive_engines": [["google", "Suspended: CAPTCHA"]],
}
SEARXNG = (
    Sample("ok", 200, SEARXNG_OK),
    Sample("empty", 200, {"query": "x", "results": [], "unresponsive_engines": []}),
    Sample(
        "engines out",
        200,
        {"results": [], "unresponsive_engines": [["google", "Suspended: CAPTCHA"]]},
        Kind.UPSTREAM,
        says="google",
    ),
    Sample("no json", 403, "<html>403</html>", Kind.UNSUPPORTED, says="settings.yml"),
    Sample("limiter", 429, "Too Many Requests", Kind.RATE_LIMITED),
    Sample("broken", 500, "Internal Server Error", Kind.UPSTREAM),
    Sample("html", 200, "<html></html>", Kind.UPSTREAM),
    Sample("other shape", 200, {"query": "x"}, Kind.UPSTREAM),
)

_DDG_HIT = """
<div class="result results_links results_links_deep web-result ">
 <div class="links_main links_deep result__body"><h2 class="result__title">
  <a rel="nofollow" class="result__a"
   href="//duckduckgo.com/l/?uddg=https%3A%2F%2Fe.org%2F{n}&amp;rut=ab">Title <b>{n}</b></a></h2>
  <a class="result__snippet"
   href="//duckduckgo.com/l/?uddg=https%3A%2F%2Fe.org%2F{n}">a <b>text</b> &amp; more</a>
 </div></div>"""
_DDG_AD = """<div class="result result--ad"><h2>
<a class="result__a" href="https://duckduckgo.com/y.js?ad=1">Buy</a></h2></div>"""
DUCKDUCKGO_OK = (
    "<html><body><div class='results'>"
    + _DDG_AD
    + "".join(_DDG_HIT.replace("{n}", str(n)) for n in range(1, 21))
    + "</div></body></html>"
)
DUCKDUCKGO_WALL = (
    "<html><body><div class='anomaly-modal__title'>Unfortunately, bots use DuckDuckGo too."
    "</div></body></html>"
)
DUCKDUCKGO = (
    Sample("ok", 200, DUCKDUCKGO_OK),
    Sample("empty", 200, "<html><div class='no-results'>No results found for x</div></html>"),
    Sample("wall 202", 202, DUCKDUCKGO_WALL, Kind.BLOCKED),
    Sample("wall 200", 200, DUCKDUCKGO_WALL, Kind.BLOCKED),
    Sample("forbidden", 403, "<html>Forbidden</html>", Kind.BLOCKED),
    Sample("wall of another kind", 200, "<html><body>hello</body></html>", Kind.BLOCKED),
    Sample("teapot", 418, "<html><body>hello</body></html>", Kind.BLOCKED),
    Sample("new page", 200, "<html><body class='result__x'>hello</body></html>", Kind.UPSTREAM),
    Sample("broken", 500, "<html></html>", Kind.UPSTREAM),
    Sample("redirect", 302, "", Kind.UPSTREAM),
)

WIKIPEDIA_OK = {
    "pages": _many(
        lambda n: {
            "id": n,
            "key": f"Jupiter_{n}",
            "title": f"Title {n}",
            "excerpt": '<span class="searchmatch">Jupiter</span> is&hellip;',
            "matched_title": None,
            "description": "planet",
            "thumbnail": None,
        }
    )
}
WIKIPEDIA = (
    Sample("ok", 200, WIKIPEDIA_OK),
    Sample("empty", 200, {"pages": []}),
    Sample(
        "bad argument",
        400,
        {
            "errorKey": "paramvalidator-badinteger",
            "messageTranslations": {"en": "Invalid value"},
            "httpCode": 400,
            "httpReason": "Bad Request",
        },
        Kind.BAD_REQUEST,
    ),
    Sample(
        "lying",
        200,
        {"error": {"code": "ratelimited", "info": "You've exceeded your rate limit."}},
        Kind.RATE_LIMITED,
    ),
    Sample("maxlag", 200, {"error": {"code": "maxlag", "info": "lagged"}}, Kind.RATE_LIMITED),
    Sample("rate limit", 429, "{}", Kind.RATE_LIMITED, {"Retry-After": "4"}, retry_after=4),
    Sample("away", 503, "{}", Kind.UPSTREAM),
    Sample("html", 429, "<html>", Kind.RATE_LIMITED),
    Sample("other shape", 200, {"query": {}}, Kind.UPSTREAM),
)

KEENABLE_OK = {
    "results": [
        {
            "title": "Herons of the weir",
            "url": "https://herons.example/weir",
            "snippet": "A heron stood on the weir.",
            "published_at": "2026-03-02",
        },
        {"title": "Tides", "url": "https://tides.example/", "description": "When it turns."},
    ]
}
KEENABLE = (
    Sample("ok", 200, KEENABLE_OK),
    Sample("empty", 200, {"results": []}),
    Sample("bad key", 401, {"error": "Invalid API key"}, Kind.AUTH),
    Sample("credit", 402, {"error": "Insufficient balance"}, Kind.QUOTA),
    Sample(
        "limit",
        429,
        {"error": "1,000 requests an hour"},
        Kind.RATE_LIMITED,
        {"Retry-After": "3"},
        3,
    ),
    Sample("broken", 500, {"message": "Internal"}, Kind.UPSTREAM),
    Sample("html", 502, "<html></html>", Kind.UPSTREAM),
    Sample("other shape", 200, {"hits": []}, Kind.UPSTREAM),
)

SEARCHES: dict[str, tuple[Sample, ...]] = {
    "google": GOOGLE,
    "anthropic": ANTHROPIC,
    "brave": BRAVE,
    "tavily": TAVILY,
    "keenable": KEENABLE,
    "serper": SERPER,
    "exa": EXA,
    "searxng": SEARXNG,
    "duckduckgo": DUCKDUCKGO,
    "wikipedia": WIKIPEDIA,
}

RAPIDAPI_OK = {
    "status": "OK",
    "request_id": "0b1f",
    "data": [
        {
            "domain": "acme.test",
            "query": "acme.test",
            "emails": [
                {"value": "info@acme.test", "sources": ["https://www.acme.test/contact"]},
                {"value": "Jane.Smith@acme.test", "sources": []},
            ],
            "phone_numbers": [{"value": "16504939300", "sources": []}],
            "facebook": None,
        }
    ],
}
_MONTHLY = (
    "You have exceeded the MONTHLY quota for Requests on your current plan, BASIC. Upgrade your "
    "plan at https://rapidapi.com/..."
)
_PER_SECOND = (
    "You have exceeded the rate limit per second for your plan, BASIC, by the API provider"
)
_LEFT_NONE = {"x-ratelimit-requests-remaining": "0", "x-ratelimit-requests-reset": "1200"}
RAPIDAPI = (
    Sample("ok", 200, RAPIDAPI_OK),
    Sample(
        "bad key", 401, {"message": "Invalid API key. Go to https://docs.rapidapi.com"}, Kind.AUTH
    ),
    Sample("not subscribed", 403, {"message": "You are not subscribed to this API."}, Kind.AUTH),
    Sample("monthly", 429, {"message": _MONTHLY}, Kind.QUOTA, _LEFT_NONE, retry_after=1200),
    Sample("per second", 429, {"message": _PER_SECOND}, Kind.RATE_LIMITED),
    Sample("too many", 429, {"message": "Too many requests"}, Kind.RATE_LIMITED),
    Sample(
        "spent", 429, {"message": "Too many requests"}, Kind.QUOTA, _LEFT_NONE, retry_after=1200
    ),
    Sample("no endpoint", 404, {"message": "Endpoint '/x' does not exist"}, Kind.UPSTREAM),
    Sample(
        "lying",
        200,
        {"status": "ERROR", "request_id": "1", "error": {"message": "bad domain", "code": 400}},
        Kind.UPSTREAM,
    ),
    Sample("other shape", 200, {"status": "OK"}, Kind.UPSTREAM),
)

AMF_PERSON = {
    "credits_charged": 1,
    "email": "jane.smith@acme.test",
    "email_status": "valid",
    "mx_domain": "outlook.com",
    "valid_email": "jane.smith@acme.test",
}
AMF_COMPANY = {
    "credits_charged": 1,
    "email_status": "valid",
    "emails": ["susan.smith@acme.test", "info@acme.test"],
    "valid_emails": ["susan.smith@acme.test"],
}


def _miss(status: str, email: str | None = None) -> dict[str, Any]:
    return {"credits_charged": 0, "email": email, "email_status": status, "valid_email": None}


ANYMAILFINDER = (
    Sample("person", 200, AMF_PERSON),
    Sample("company", 200, AMF_COMPANY),
    Sample("miss", 200, _miss("not_found")),
    Sample("old miss", 404, {"error": "not_found"}),
    Sample("risky", 200, _miss("risky", "jane.smith@acme.test")),
    Sample("blacklisted", 200, _miss("blacklisted", "jane.smith@acme.test")),
    Sample("bad argument", 400, {"error": "bad_request", "message": "No domain"}, Kind.BAD_REQUEST),
    Sample(
        "bad key",
        401,
        {"error": "unauthorized", "message": "Missing or invalid API key."},
        Kind.AUTH,
    ),
    Sample("credits", 402, {"error": "upgrade_needed", "message": "Upgrade"}, Kind.QUOTA),
    Sample(
        "busy",
        503,
        {"error": "server_busy", "error_explained": "Our server is currently under heavy load."},
        Kind.RATE_LIMITED,
    ),
    Sample("lying", 200, {"error": "unauthorized", "message": "..."}, Kind.AUTH),
    Sample("other shape", 200, {"email": "a@b.test"}, Kind.UPSTREAM),
)
