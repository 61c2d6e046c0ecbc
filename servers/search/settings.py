"""The search server's settings: from its part of `settings` in config.json to checked values.

The rows in servers/contract/server_settings.py hold the defaults and the limits. A value that
cannot be used counts as not set, and the log says so.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from servers.contract.server_settings import (
    PROVIDER,
    SEARCH,
    ServerSetting,
    SettingValueError,
    value_of,
)
from servers.outbound.limiter import Pace

log = logging.getLogger(__name__)
_TTL = "cache.ttl_s."


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """What the user may decide about searching; `providers` holds each provider's own part."""

    folder: Path | None
    """Where the cache and the library live; None keeps them in memory."""
    chain: tuple[str, ...]
    keyless: bool
    contact: str
    deadline_s: float
    page_deadline_s: float
    cache_bytes: int
    ttl_s: Mapping[str, float]
    """How long an answer of each kind stays good."""
    library: bool
    library_bytes: int
    robots: bool
    reader: str
    """The service that reads pages which only a script fills; `none` for none."""
    trusted: frozenset[str]
    providers: Mapping[str, Mapping[str, Any]]

    def of(self, provider: str) -> Mapping[str, Any]:
        return self.providers.get(provider, {})


def read(given: Mapping[str, Any]) -> SearchSettings:
    """The settings in `given`, with the default for each value that is missing or unusable."""
    values = _values(SEARCH, given)
    ttl_s = {path.removeprefix(_TTL): values[path] for path in SEARCH if path.startswith(_TTL)}
    return SearchSettings(
        folder=_folder(given.get("folders")),
        chain=values["chain"],
        keyless=values["keyless"],
        contact=values["contact"],
        deadline_s=values["deadline_s"],
        page_deadline_s=values["fetch_page.deadline_s"],
        cache_bytes=_bytes(values["cache.max_mb"]),
        ttl_s=ttl_s,
        library=values["library.enabled"],
        library_bytes=_bytes(values["library.max_mb"]),
        robots=values["fetch_page.robots"],
        reader=values["fetch_page.reader"],
        trusted=frozenset(map(str.lower, values["fetch_page.trusted"])),
        providers={name: part for name, part in given.items() if isinstance(part, Mapping)},
    )


def base_url(options: Mapping[str, Any], usual: str) -> str:
    """The provider's address without a slash at its end."""
    found = _values({"base_url": PROVIDER["base_url"]}, options)["base_url"]
    return str(found or usual).rstrip("/")


def pace(options: Mapping[str, Any], usual: Pace) -> Pace:
    """How fast the provider may be asked; `usual` where `options` do not say."""
    settings = {
        each.name: replace(PROVIDER[each.name], default=getattr(usual, each.name))
        for each in fields(Pace)
    }
    values = _values(settings, options)
    return Pace(float(values["per_second"]), int(values["at_once"]), int(values["waiting"]))


def _values(settings: Mapping[str, ServerSetting], given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each of `settings` by its path."""
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for path, setting in settings.items():
        try:
            values[path] = value_of(setting, given)
        except SettingValueError as error:
            values[path] = setting.default
            wrong[error.path] = error.expected
    for path, expected in wrong.items():
        log.warning("The setting %s must be %s; the default is used", path, expected)
    return values


def _folder(folders: object) -> Path | None:
    cache = folders.get("cache") if isinstance(folders, Mapping) else None
    return Path(cache) if cache and isinstance(cache, str) else None


def _bytes(megabytes: float) -> int:
    return int(megabytes * (1 << 20))
