"""Search results, and the merging of the rankings of several providers."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from servers.contract import harmless
from servers.outbound.failure import OutboundError
from servers.search import sanitize


@dataclass(frozen=True, slots=True)
class Result:
    """One hit."""

    title: str
    url: str
    snippet: str = ""
    published: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """An image at `url`, shown on `page`; sizes in pixels. Empty or 0: not told."""

    title: str
    url: str
    page: str = ""
    thumbnail: str = ""
    width: int = 0
    height: int = 0
    provider: str = ""


@dataclass(frozen=True, slots=True)
class ResultPage:
    """The hits of one provider, and the limits that its answer named.

    `quota_left` and `per_second` are -1 and 0 when the provider does not say.
    """

    results: tuple[Result, ...]
    images: tuple[Image, ...] = ()
    quota_left: int = -1
    quota_reset_s: float = 0.0
    per_second: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A provider; `outcome` is ok or the failure."""

    provider: str
    outcome: str
    reason: str = ""
    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """Untrusted text from the web. Degraded: no fresh answer of a general search; see note."""

    query: str
    results: list[Result]
    images: list[Image]
    provider: str
    cached: bool
    age_s: int
    degraded: bool
    note: str
    tried: list[Attempt]
    untrusted: bool = True


T = TypeVar("T")


async def attempted(name: str, tried: list[Attempt], asking: Awaitable[T]) -> T | None:
    """The result of `asking`, None when it fails. Adds its outcome to `tried`."""
    started = time.monotonic()
    try:
        found = await asking
    except OutboundError as failure:
        tried.append(Attempt(name, failure.kind.value, failure.message, _ms_since(started)))
        return None
    tried.append(Attempt(name, "ok", "", _ms_since(started)))
    return found


def _ms_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)


_TRACKERS = (
    "_ga _gl _hsenc _hsmi dclid fbclid gbraid gclid igsh igshid mc_cid mc_eid mkt_tok msclkid "
    "ref_src ref_url share_id spm srsltid ttclid twclid wbraid yclid"
)
_TRACKING = frozenset(_TRACKERS.split())
_SAME_SITE = frozenset({"www", "m", "mobile"})
"""Labels of a host that lead to the same pages for other screens."""
_SAME_PATH = re.compile(r"/(?:amp|index\.(?:html?|php|aspx?))?/?$")
_ROUTES = ("/", "!")
"""How a fragment begins that a script makes another page of."""
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#\[\]]|https?://\[[0-9a-f:.]+\]", re.IGNORECASE)
_LONGEST_URL = 2048
_LONGEST_SIZE = 6
_AS_BROWSERS_DO = str.maketrans({"\t": None, "\n": None, "\r": None, " ": "%20"})


def result(
    title: object, url: object, snippet: object = "", published: object = ""
) -> Result | None:
    """A hit made of what a provider sent; None when it has no web address."""
    place = _address(url)
    if not place:
        return None
    return Result(
        title=sanitize.line(title, 200) or place,
        url=place,
        snippet=sanitize.line(snippet),
        published=sanitize.line(published, 40),
    )


def image(  # noqa: PLR0917 - what is known of an image
    title: object,
    url: object,
    page: object = "",
    thumbnail: object = "",
    width: object = 0,
    height: object = 0,
) -> Image | None:
    """An image made of what a provider sent; None when it has no web address."""
    place = _address(url, scheme="https:")
    if not place:
        return None
    return Image(
        title=sanitize.line(title, 200),
        url=place,
        page=_address(page),
        thumbnail=_address(thumbnail, scheme="https:"),
        width=_pixels(width),
        height=_pixels(height),
    )


def _address(url: object, scheme: str = "") -> str:
    """`url` as it is used, with `scheme` where it has none; empty when it is none of the web."""
    place = harmless.visible(url).strip().translate(_AS_BROWSERS_DO) if isinstance(url, str) else ""
    if scheme and place.startswith("//"):
        place = scheme + place
    return place if is_web_address(place) and _has_host(place) else ""


def _has_host(url: str) -> bool:
    """Whether it can be taken apart; only brackets and letters of other scripts can prevent it."""
    if url.isascii() and "[" not in url:
        return True
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _pixels(size: object) -> int:
    """A number or a text of one as a size; 0 for anything else."""
    text = str(size)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_SIZE else 0


def is_web_address(url: str) -> bool:
    """Whether `url` is an address of the web, and short enough to be used."""
    return len(url) <= _LONGEST_URL and _WEB_ADDRESS.match(url) is not None


@lru_cache(maxsize=4096)
def same_page(url: str) -> str:
    """The form of `url` in which two addresses of one page are equal."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url
    labels = host.split(".")
    host = ".".join([one for one in labels[:-2] if one not in _SAME_SITE] + labels[-2:])
    place = host if port in {None, 80, 443} else f"{host}:{port}"
    path = _SAME_PATH.sub("", unquote(parts.path))
    query = _lasting(parts.query) if parts.query else ""
    route = f"#{parts.fragment}" if parts.fragment.startswith(_ROUTES) else ""
    return f"//{place}{path}{'?' if query else ''}{query}{route}"


def _lasting(query: str) -> str:
    """The query string without tracking parameters."""
    return urlencode(
        sorted(
            (name, value)
            for name, value in parse_qsl(query, keep_blank_values=True)
            if name.lower() not in _TRACKING and not name.lower().startswith("utm_")
        )
    )


_RANK_SMOOTHING = 10
"""Low, since a page of results is short: its first hit is worth twice its eleventh."""
SPECIALIST_WEIGHT = 0.1
"""The weight of a provider that is no general search."""


Found = TypeVar("Found", Result, Image)


def merged(
    pages: Sequence[Sequence[Found]], count: int, weights: Sequence[float] = ()
) -> list[Found]:
    """The best `count` of several rankings, each page once, by reciprocal rank fusion.

    `weights` are those of the rankings; each is 1 when there are none.
    """
    if len(pages) == 1:
        return _once(pages[0])[:count]
    scores: dict[str, float] = {}
    kept: dict[str, Found] = {}
    for page, weight in zip(pages, weights or [1.0] * len(pages), strict=True):
        for rank, hit in enumerate(_once(page)):
            key = same_page(hit.url)
            scores[key] = scores.get(key, 0.0) + weight / (_RANK_SMOOTHING + rank)
            kept[key] = _joined(kept[key], hit) if key in kept else hit
    ranked = sorted(kept, key=lambda key: -scores[key])
    return [kept[key] for key in ranked[:count]]


def _once(page: Sequence[Found]) -> list[Found]:
    seen: dict[str, Found] = {}
    for hit in page:
        seen.setdefault(same_page(hit.url), hit)
    return list(seen.values())


def _joined(first: Found, second: Found) -> Found:
    names = first.provider.split("+")
    provider = first.provider if second.provider in names else f"{first.provider}+{second.provider}"
    empty = [one.name for one in fields(first) if not getattr(first, one.name)]
    changed = {name: getattr(second, name) for name in empty}
    if isinstance(second, Result):
        changed["snippet"] = max(first.snippet, second.snippet, key=len)
    return replace(first, **{**changed, "provider": provider})
