"""DuckDuckGo's HTML page, read without a licence from them: best effort, and labelled so."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from servers.outbound.failure import Kind, OutboundError
from servers.outbound.http import HttpReply, HttpRequest
from servers.outbound.limiter import Pace
from servers.search.pages import markup
from servers.search.provider_spec import Access, ProviderSpec
from servers.search.providers.provider import Provider, by_status, failure
from servers.search.websearch.query import SearchQuery
from servers.search.websearch.results import Result, ResultPage, result

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LONGEST = 499
_MOST_PIECES = 200
"""Pieces of text of one title or snippet."""
_KNOWN_REGIONS = (
    "ar-es at-de au-en be-fr be-nl bg-bg br-pt ca-en ca-fr ch-de ch-fr cl-es cn-zh co-es cz-cs "
    "de-de dk-da ee-et es-es fi-fi fr-fr gr-el hk-tzh hr-hr hu-hu id-en ie-en il-en in-en is-is "
    "it-it jp-jp kr-kr lt-lt lv-lv mx-es my-en nl-nl no-no nz-en pe-es ph-en pk-en pl-pl pt-pt "
    "ro-ro ru-ru se-sv sg-en sk-sk sl-sl th-en tr-tr tw-tzh ua-uk uk-en us-en us-es ve-es vn-en "
    "za-en"
)
_REGIONS = _KNOWN_REGIONS.split()
"""Of a country and a language, as it names them; it passes over others without a word."""
_COUNTRIES = {"uk": "gb", "sl": "si"}
_WALL = re.compile(r"418|captcha|challenge|sorry|anomaly|blocked", re.IGNORECASE)
"""Where it leads a client that it takes for a bot."""
_NAMES = "//@class | //@id | //@data-testid"
_HITS = re.compile(r"\bresult(?:__|-|\b)")
_TITLES = frozenset({"result__a", "result-link"})
_SNIPPETS = frozenset({"result__snippet", "result-snippet"})
"""On its usual page, and on its light one."""
_SAFE = {"off": "-2", "moderate": "-1", "strict": "1"}


class DuckDuckGo(Provider):
    """`POST /html/`; a bot wall is told apart from no results."""

    spec = ProviderSpec(
        name="duckduckgo",
        title="DuckDuckGo",
        base_url="https://html.duckduckgo.com",
        keyless=True,
        best_effort=True,
        caution="Best effort: it is read from a web page and may be refused.",
        pace=Pace(per_second=0.5, at_once=1, waiting=8),
        ignores=frozenset({"language"}),
        countries=frozenset(_COUNTRIES.get(one[:2], one[:2]) for one in _REGIONS),
    )

    def request(self, query: SearchQuery, access: Access) -> HttpRequest:
        """The form a browser would send."""
        text = query.with_site
        if len(text) > _LONGEST:
            raise OutboundError(Kind.UNSUPPORTED, f"it takes {_LONGEST} characters at most")
        form = {"q": text, "b": "", "kp": _SAFE[query.safe]}
        if region := _region(query):
            form["kl"] = region
        if query.freshness != "any":
            form["df"] = query.freshness[0]
        headers = {"Accept": "text/html", "Referer": f"{access.base_url}/"}
        return HttpRequest("POST", f"{access.base_url}/html/", headers=headers, form=form)

    def read(self, reply: HttpReply) -> ResultPage:
        """The hits of the page; a page that is neither hits nor "no results" is a failure."""
        to_wall = _WALL.search(reply.headers.get("Location", ""))
        if reply.status in {202, 401, 403, 418} or (300 <= reply.status < 400 and to_wall):
            raise OutboundError(Kind.BLOCKED, f"it takes us for a bot ({reply.status})")
        if reply.status != 200:
            raise by_status(reply)
        tree = markup.parsed(reply.content.decode("utf-8", "replace"))
        found = [] if tree is None else _hits(tree)
        names = " ".join([] if found or tree is None else tree.xpath(_NAMES))
        if found or ("no-result" in names and not _WALL.search(names)):
            return ResultPage(tuple(found))
        if _HITS.search(names) and not _WALL.search(names):
            raise OutboundError(Kind.UPSTREAM, "its page has changed and cannot be read")
        # A wall, whatever it says and in whatever language.
        raise failure(Kind.BLOCKED, reply, "a page without results or a word about them")


def _hits(tree: HtmlElement) -> list[Result]:
    """Title, address and snippet of each hit."""
    found: list[list[str]] = []
    for element in tree.iter("a", "div", "td", "span"):
        classes = set((element.get("class") or "").split())
        if classes & _TITLES:
            found.append([_text(element), _target(element.get("href") or ""), ""])
        elif classes & _SNIPPETS and found and not found[-1][2]:
            found[-1][2] = _text(element)
    hits = (result(title, url, snippet) for title, url, snippet in found)
    # Its own pages are advertisements.
    return [hit for hit in hits if hit and urlsplit(hit.url).hostname != "duckduckgo.com"]


def _text(element: HtmlElement) -> str:
    return "".join(islice(element.itertext(), _MOST_PIECES))


def _region(query: SearchQuery) -> str:
    """Its region for the country, in the query's language where it has several; empty for none."""
    here = [one for one in _REGIONS if _COUNTRIES.get(one[:2], one[:2]) == query.country]
    asked = [one for one in here if one[3:] == query.language]
    return next(iter(asked + here), "")


def _target(href: str) -> str:
    """The page behind a `//duckduckgo.com/l/?uddg=` address."""
    wrapped = parse_qs(urlsplit(href).query).get("uddg")
    return wrapped[0] if wrapped else href
