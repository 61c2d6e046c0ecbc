"""This server's part of the settings, checked: a value of the wrong type counts as not set."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from servers.outbound.limiter import Pace

log = logging.getLogger(__name__)

T = TypeVar("T")

_HOUR = 3600.0
TTL_S: Mapping[str, float] = {
    "search": _HOUR,
    "page": _HOUR,
    "answer": 6 * _HOUR,
    "contacts": 7 * 24 * _HOUR,
    "verdict": 24 * _HOUR,
    "robots": _HOUR,
}
"""How long an answer of each kind stays good, unless `cache.ttl_s` says otherwise."""


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """What the user may decide about searching; `providers` holds each provider's own part."""

    folder: Path | None
    """Where the cache and the library live; None keeps them in memory."""
    chain: tuple[str, ...] = ()
    keyless: bool = True
    contact: str = ""
    """Who is asked to be told when this program misbehaves; Wikipedia's policy wants to know."""
    deadline_s: float = 15.0
    page_deadline_s: float = 10.0
    cache_bytes: int = 64 << 20
    ttl_s: Mapping[str, float] = field(default_factory=lambda: TTL_S)
    library: bool = True
    library_bytes: int = 256 << 20
    robots: bool = True
    trusted: frozenset[str] = frozenset()
    providers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, provider: str) -> Mapping[str, Any]:
        """The settings of one provider."""
        return self.providers.get(provider, {})


def read(given: Mapping[str, Any]) -> SearchSettings:
    """The settings in `given`, with the defaults where it says nothing usable."""
    cache, library = _part(given, "cache"), _part(given, "library")
    pages, ttl = _part(given, "fetch_page"), _part(cache, "ttl_s")
    none: list[Any] = []
    chain, trusted = _value(given, "chain", none), _value(pages, "trusted", none)
    return SearchSettings(
        folder=_folder(_part(given, "folders")),
        chain=tuple(name for name in chain if isinstance(name, str)),
        keyless=_value(given, "keyless", True),
        contact=_value(given, "contact", ""),
        deadline_s=min(max(_number(given, "deadline_s", 15.0), 1.0), 45.0),
        page_deadline_s=min(max(_number(pages, "deadline_s", 10.0), 1.0), 45.0),
        cache_bytes=int(_number(cache, "max_mb", 64) * (1 << 20)),
        ttl_s={kind: _number(ttl, kind, usual) for kind, usual in TTL_S.items()},
        library=_value(library, "enabled", True),
        library_bytes=int(_number(library, "max_mb", 256) * (1 << 20)),
        robots=_value(pages, "robots", True),
        trusted=frozenset(place.lower() for place in trusted if isinstance(place, str)),
        providers={name: part for name, part in given.items() if isinstance(part, Mapping)},
    )


def base_url(options: Mapping[str, Any], usual: str) -> str:
    """The provider's address without a slash at its end."""
    return str(_value(options, "base_url", "") or usual).rstrip("/")


def pace(options: Mapping[str, Any], usual: Pace) -> Pace:
    """How fast the provider may be asked."""
    return Pace(
        per_second=_number(options, "per_second", usual.per_second),
        at_once=max(1, int(_number(options, "at_once", usual.at_once))),
        waiting=max(0, int(_number(options, "waiting", usual.waiting))),
    )


def _folder(folders: Mapping[str, Any]) -> Path | None:
    cache = _value(folders, "cache", "")
    return Path(cache) if cache else None


def _part(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return _value(given, name, {})


def _number(given: Mapping[str, Any], name: str, usual: float) -> float:
    value = given.get(name, usual)
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    log.warning("The setting %s must be a number; using %s", name, usual)
    return usual


def _value(given: Mapping[str, Any], name: str, usual: T) -> T:
    value = given.get(name, usual)
    if isinstance(value, type(usual)):
        return value
    log.warning("The setting %s must be a %s; using %s", name, type(usual).__name__, usual)
    return usual
