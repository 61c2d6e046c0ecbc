"""A small internet on loopback: every provider, each at its own path, and web pages.

A stand-in checks what a real provider would check (method, path, key) and answers with a sample.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.search.standins import samples
from tests.search.standins.image_samples import IMAGES
from tests.search.standins.samples import Sample

KEYS = {
    "BRAVE_API_KEY": "BSA-key-of-brave",
    "TAVILY_API_KEY": "tvly-key-of-tavily",
    "EXA_API_KEY": "exa-key-of-exa",
    "KEENABLE_API_KEY": "keen-key-of-keenable",
    "SERPER_API_KEY": "key-of-serper",
    "GOOGLE_API_KEY": "AIza-key-of-google",
    "GOOGLE_CSE_ID": "cx-of-google",
    "ANTHROPIC_API_KEY": "sk-ant-key-of-anthropic",
    "RAPIDAPI_KEY": "key-of-rapidapi",
    "ANYMAILFINDER_KEY": "key-of-anymailfinder",
    "FIRECRAWL_API_KEY": "fc-0123456789abcdef0123456789abcdef",
    "JINA_API_KEY": "jina_0123456789abcdef0123456789abcdef",
}
"""What the stand-ins accept."""

Answer = Callable[[web.Request, Any], Awaitable[web.Response] | web.Response]


def sample(provider: str, name: str) -> Sample:
    """The sample called `name` of a provider."""
    table = {
        **samples.SEARCHES,
        "rapidapi": samples.RAPIDAPI,
        "anymailfinder": samples.ANYMAILFINDER,
    }
    return next(one for one in table[provider] if one.name == name)


def answered(provider: str, *, images: bool) -> web.Response:
    """The provider's success: the first of its samples."""
    return response((IMAGES if images else samples.SEARCHES)[provider][0])


def response(one: Sample) -> web.Response:
    """The sample as a response."""
    return web.Response(status=one.status, body=one.content, headers=one.headers)


@dataclass
class Seen:
    """One request that reached the world."""

    provider: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class World:
    """What is where, and what was asked. Change `plays[provider]` to change its answer."""

    origin: str = ""
    seen: list[Seen] = field(default_factory=list)
    plays: dict[str, Answer] = field(default_factory=dict)
    pages: dict[str, web.Response | Callable[[], web.Response]] = field(default_factory=dict)
    delay_s: float = 0.0

    @property
    def counts(self) -> Counter[str]:
        """How often each provider was asked."""
        return Counter(one.provider for one in self.seen)

    def play(self, provider: str, name: str) -> None:
        """Let `provider` answer with its sample of that name from now on."""
        one = sample(provider, name)
        self.plays[provider] = lambda _request, _body: response(one)

    def page(self, path: str, html: str, **more: Any) -> str:
        """Put a page at `path`; its address."""
        more = {"content_type": "text/html", "charset": "utf-8"} | more
        self.pages[path] = lambda: web.Response(text=html, **more)
        return f"{self.origin}{path}"

    def settings(self, **more: Any) -> dict[str, Any]:
        """Settings that lead every provider here."""
        place = self.origin.removeprefix("http://")
        own = {
            name: {"base_url": f"{self.origin}/{name}", "per_second": 0}
            for name in (*samples.SEARCHES, "rapidapi", "anymailfinder", "firecrawl", "jina")
        }
        own["fetch_page"] = {"trusted": [place]}
        for name, part in more.items():
            both = isinstance(part, dict) and isinstance(own.get(name), dict)
            own[name] = own[name] | part if both else part
        return own


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """A world while the block lasts."""
    made = World()
    app = web.Application(client_max_size=1 << 22)

    async def handle(request: web.Request) -> web.Response:
        return await _answer(made, request)

    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=2048)
    await site.start()
    made.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


async def _answer(made: World, request: web.Request) -> web.Response:
    provider, _, path = request.path.lstrip("/").partition("/")
    if request.path in made.pages:
        made.seen.append(_seen("page", request, request.path, None))
        page = made.pages[request.path]
        return page() if callable(page) else page
    if provider not in _GATES:
        made.seen.append(_seen("page", request, request.path, None))
        return web.Response(status=404, text="no such page")
    body = await _body(request)
    made.seen.append(_seen(provider, request, f"/{path}", body))
    if made.delay_s:
        await asyncio.sleep(made.delay_s)
    if provider in made.plays:
        answer = made.plays[provider](request, body)
        return answer if isinstance(answer, web.Response) else await answer
    return _GATES[provider](request, f"/{path}", body)


def _seen(provider: str, request: web.Request, path: str, body: Any) -> Seen:
    query, headers = dict(request.query), {k.lower(): v for k, v in request.headers.items()}
    return Seen(provider, request.method, path, query, headers, body)


async def _body(request: web.Request) -> Any:
    if request.content_type == "application/json":
        return await request.json()
    return dict(await request.post())


def _google(request: web.Request, path: str, _body: Any) -> web.Response:
    assert (request.method, path) == ("GET", "/customsearch/v1")
    if request.query.get("key") != KEYS["GOOGLE_API_KEY"]:
        return response(sample("google", "bad key"))
    if request.query.get("cx") != KEYS["GOOGLE_CSE_ID"] or not 1 <= int(request.query["num"]) <= 10:
        return response(sample("google", "bad argument"))
    return answered("google", images=request.query.get("searchType") == "image")


def _anthropic(request: web.Request, path: str, body: Any) -> web.Response:
    if request.headers.get("x-api-key") != KEYS["ANTHROPIC_API_KEY"]:
        return response(sample("anthropic", "bad key"))
    assert "anthropic-version" in request.headers
    if path == "/v1/models":
        return web.json_response({"data": [{"id": "claude-haiku-5-5"}], "has_more": True})
    assert (request.method, path) == ("POST", "/v1/messages")
    if body.keys() & {"temperature", "top_p", "top_k"}:
        return response(sample("anthropic", "invalid"))
    return response(sample("anthropic", "ok"))


def _brave(request: web.Request, path: str, _body: Any) -> web.Response:
    images = path == "/res/v1/images/search"
    assert request.method == "GET"
    assert images or path == "/res/v1/web/search"
    token = request.headers.get("X-Subscription-Token")
    if not token:
        return response(sample("brave", "no key"))
    if token != KEYS["BRAVE_API_KEY"]:
        return response(sample("brave", "bad key"))
    if not 1 <= int(request.query["count"]) <= 20 or request.query.get("country") == "SG":
        return response(sample("brave", "bad argument"))
    if images and (request.query["safesearch"] == "moderate" or "freshness" in request.query):
        return response(sample("brave", "bad argument"))
    return answered("brave", images=images)


def _tavily(request: web.Request, path: str, body: Any) -> web.Response:
    keyless = request.headers.get("X-Tavily-Access-Mode") == "keyless"
    authorized = request.headers.get("Authorization") == f"Bearer {KEYS['TAVILY_API_KEY']}"
    assert not (keyless and "Authorization" in request.headers), "never both"
    if not keyless and not authorized:
        return response(sample("tavily", "bad key"))
    if path == "/usage":
        return web.json_response({"key": {"usage": 3, "limit": 1000}})
    assert (request.method, path) == ("POST", "/search")
    if len(body.get("country", "germany")) < 4:
        return response(sample("tavily", "bad argument"))
    return answered("tavily", images=body.get("include_images", False))


def _keenable(request: web.Request, path: str, body: Any) -> web.Response:
    key = request.headers.get("X-API-Key")
    if key is None:
        assert path == "/v1/search/public"
        assert request.headers["X-Keenable-Title"] == "Lou"
    else:
        assert path == "/v1/search"
        if key != KEYS["KEENABLE_API_KEY"]:
            return response(sample("keenable", "bad key"))
    assert body["mode"] == "pro"
    return response(sample("keenable", "ok"))


def _serper(request: web.Request, path: str, _body: Any) -> web.Response:
    assert request.method == "POST"
    assert path in {"/search", "/images"}
    if request.headers.get("X-API-KEY") != KEYS["SERPER_API_KEY"]:
        return response(sample("serper", "bad key"))
    return answered("serper", images=path == "/images")


def _exa(request: web.Request, path: str, body: Any) -> web.Response:
    assert (request.method, path) == ("POST", "/search")
    assert body["contents"] == {"highlights": True}, "or it sends whole pages"
    known = request.headers.get("x-api-key") == KEYS["EXA_API_KEY"]
    return response(sample("exa", "ok" if known else "bad key"))


def _searxng(request: web.Request, path: str, _body: Any) -> web.Response:
    assert (request.method, path) == ("GET", "/search")
    if request.query.get("format") != "json":
        return response(sample("searxng", "html"))
    return answered("searxng", images=request.query.get("categories") == "images")


def _duckduckgo(request: web.Request, path: str, body: Any) -> web.Response:
    assert (request.method, path) == ("POST", "/html/")
    assert len(body["q"]) <= 499
    return response(sample("duckduckgo", "ok"))


def _wikipedia(request: web.Request, path: str, _body: Any) -> web.Response:
    assert request.method == "GET"
    assert path in {"/w/rest.php/v1/search/page", "/w/api.php"}
    assert "Lou/" in request.headers["User-Agent"], "their policy"
    if path == "/w/api.php":
        assert request.query["generator"], request.query["prop"] == ("search", "imageinfo")
    return answered("wikipedia", images=path == "/w/api.php")


def _rapidapi(request: web.Request, path: str, _body: Any) -> web.Response:
    if request.headers.get("X-RapidAPI-Key") != KEYS["RAPIDAPI_KEY"]:
        return response(sample("rapidapi", "bad key"))
    assert request.headers["X-RapidAPI-Host"] == "website-contacts-scraper.p.rapidapi.com"
    return response(sample("rapidapi", "ok" if path == "/scrape-contacts" else "no endpoint"))


def _anymailfinder(request: web.Request, path: str, body: Any) -> web.Response:
    if request.headers.get("Authorization") != KEYS["ANYMAILFINDER_KEY"]:
        return response(sample("anymailfinder", "bad key"))
    match path:
        case "/account":
            return web.json_response({"credits_left": 1850, "email": "ops@example.com"})
        case "/find-email/person":
            return response(sample("anymailfinder", "person"))
        case "/find-email/company":
            return response(sample("anymailfinder", "company"))
        case "/verify-email":
            verdict = "valid" if body["email"].startswith("jane") else "risky"
            return web.json_response({"credits_charged": 0.2, "email_status": verdict})
    return web.Response(status=404)


def _firecrawl(request: web.Request, path: str, body: Any) -> web.Response:
    if request.headers.get("Authorization") != f"Bearer {KEYS['FIRECRAWL_API_KEY']}":
        return web.json_response({"success": False, "error": "Unauthorized"}, status=401)
    if path == "/v2/team/credit-usage":
        return web.json_response({"success": True, "data": {"remainingCredits": 500}})
    assert (path, body["formats"]) == ("/v2/scrape", ["markdown"])
    told = {"markdown": "# Gulls\n\nGulls nest on the pier.", "metadata": {"title": "Gulls"}}
    return web.json_response({"success": True, "data": told})


def _jina(request: web.Request, path: str, body: Any) -> web.Response:
    if request.headers.get("Authorization") != f"Bearer {KEYS['JINA_API_KEY']}":
        told = {"code": 401, "name": "AuthenticationFailedError", "message": "Invalid API key"}
        return web.json_response(told, status=401)
    assert (path, request.headers["Accept"]) == ("/", "application/json")
    told = {"title": "Gulls", "url": body["url"], "content": "Gulls nest on the pier."}
    return web.json_response({"code": 200, "data": told})


_GATES: dict[str, Callable[[web.Request, str, Any], web.Response]] = {
    "google": _google,
    "anthropic": _anthropic,
    "brave": _brave,
    "tavily": _tavily,
    "keenable": _keenable,
    "serper": _serper,
    "exa": _exa,
    "searxng": _searxng,
    "duckduckgo": _duckduckgo,
    "wikipedia": _wikipedia,
    "rapidapi": _rapidapi,
    "anymailfinder": _anymailfinder,
    "firecrawl": _firecrawl,
    "jina": _jina,
}
