"""The settings of the embedded servers, as rows: the words, default and limits of each.

A server reads its values with `value_of`, the window makes its form from `SHOWN`, and
docs/settings.md lists all of them. In comes a server's part of `settings` in config.json.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

HTTP_TOKEN_KEY = "LOU_HTTP_TOKEN"  # noqa: S105 - the name of a key
_HOUR = 3600


class SettingValueError(ValueError):
    """A value cannot be used; `path` is the setting it stands at, `expected` what must be there."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path} must be {expected}")
        self.path = path
        self.expected = expected


@dataclass(frozen=True, slots=True)
class ServerSetting:
    """One setting. `path` has a dot between the names of nested objects."""

    path: str
    title: str
    help: str
    default: Any
    """A truth value, number, text or tuple of texts; its type is the type of the setting."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """The allowed values, each with the text that a person reads."""
    least: float = 0
    most: float = math.inf
    """A number below `least` or above `most` counts as the limit; one below 0 is an error."""
    shown: bool = False
    """Whether the window asks for it."""
    default_text: str = ""
    """What holds when nothing is set, where `default` only says the type."""

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        return _EXPECTED[type(self.default)]

    def parse(self, value: Any) -> Any:
        """`value` within the limits; a list of texts comes without what is no text.

        Raises:
            SettingValueError: it is of the wrong type, or none of the choices.
        """
        kind = type(self.default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind is tuple and isinstance(value, list):
            return tuple(item for item in value if isinstance(item, str))
        if kind in {bool, str} and type(value) is kind and value in (self.choices or {value}):
            return value
        if kind in {int, float} and is_number and 0 <= value < math.inf:
            return min(max(value, self.least), self.most)
        raise SettingValueError(self.path, self.expected)


_shown = partial(ServerSetting, shown=True)

_EXPECTED = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    tuple: "a list of texts",
}


def value_of(setting: ServerSetting, settings: Mapping[str, Any]) -> Any:
    """The value of `setting` in the settings of its server; its default when nothing is there.

    Raises:
        SettingValueError: what is there cannot be used.
    """
    *folders, last = setting.path.split(".")
    part: object = settings
    for depth, name in enumerate(folders, 1):
        part = part.get(name, {}) if isinstance(part, Mapping) else part
        if not isinstance(part, Mapping):
            raise SettingValueError(".".join(folders[:depth]), "an object")
    assert isinstance(part, Mapping)
    return setting.parse(part[last]) if last in part else setting.default


def wants_http(settings: Mapping[str, Any]) -> bool:
    """Whether a server with these settings listens on an HTTP port.

    Only `false` switches it off: what else stands there is no reason to leave clients alone.
    """
    found = settings.get("http")
    return isinstance(found, Mapping) and bool(found) and found.get("enabled") is not False


def _by_path(*settings: ServerSetting) -> Mapping[str, ServerSetting]:
    return MappingProxyType({setting.path: setting for setting in settings})


EVERY = _by_path(
    ServerSetting(
        "log_lines_per_second",
        "Log lines per second",
        "How many log lines of one second are kept. The log counts the others.",
        200,
        least=1,
        most=100_000,
    ),
    ServerSetting(
        "http.port",
        "HTTP port",
        "The port of this computer on which the server speaks HTTP; 0 lets the system choose. Its "
        "clients need the key LOU_HTTP_TOKEN. Without `http` it does not listen.",
        0,
        most=65_535,
        default_text="Not listening.",
    ),
    ServerSetting(
        "http.enabled",
        "HTTP",
        "Whether the server listens on its port; `false` keeps port and origins for later.",
        True,
    ),
    ServerSetting(
        "http.allowed_origins",
        "Allowed web pages",
        "Origins such as `https://app.example`, whose pages and apps may use the HTTP port; they "
        "need the token, too.",
        (),
    ),
)
"""What each server has."""

_PACE = "The provider's own limit."
PROVIDER = _by_path(
    ServerSetting(
        "base_url",
        "Address",
        "Where the provider is asked: a proxy, a service of your own, a test server.",
        "",
        default_text="The provider's own address.",
    ),
    ServerSetting(
        "per_second",
        "Calls per second",
        "How many calls begin in one second at most; 0 for no limit.",
        0.0,
        default_text=_PACE,
    ),
    ServerSetting(
        "at_once",
        "Calls at once",
        "How many calls may be under way.",
        0,
        least=1,
        default_text=_PACE,
    ),
    ServerSetting(
        "waiting",
        "Calls waiting",
        "How many calls may wait for their turn; more are refused.",
        0,
        default_text=_PACE,
    ),
)
"""What each search provider and contact service has, in an object of its own name."""

SEARCH = _by_path(
    _shown(
        "keyless",
        "Use providers that need no key",
        "When no key is set, or those with a key cannot answer.",
        True,
    ),
    _shown(
        "library.enabled",
        "Keep a library for when nobody answers",
        "Pages and results seen are kept on this computer, to be searched without a network.",
        True,
    ),
    _shown(
        "fetch_page.robots",
        "Respect robots.txt",
        "Leave pages alone that ask programs to stay away.",
        True,
    ),
    _shown(
        "fetch_page.reader",
        "Pages that only a script fills",
        "A service that reads them in a browser, with a key of yours. It learns their addresses.",
        "none",
        choices={"none": "Not read", "firecrawl": "Firecrawl", "jina": "Jina Reader"},
    ),
    _shown(
        "searxng.base_url",
        "Your SearXNG",
        "The address of a SearXNG of your own; empty for none.",
        "",
    ),
    ServerSetting(
        "chain",
        "Order of the providers",
        "The providers to ask, the first one first. Others are asked only when a call names them.",
        (),
        default_text="Lou's own order.",
    ),
    ServerSetting(
        "contact",
        "Contact address",
        "An e-mail address or page for Wikipedia to reach you, as its rules ask for.",
        "",
    ),
    ServerSetting(
        "deadline_s",
        "Seconds for a search",
        "A search that takes longer is answered with what is there.",
        15.0,
        least=1,
        most=45,
    ),
    ServerSetting(
        "fetch_page.deadline_s",
        "Seconds for a page",
        "A page that takes longer is given up.",
        10.0,
        least=1,
        most=45,
    ),
    ServerSetting(
        "fetch_page.trusted",
        "Trusted local hosts",
        "Hosts of your own network that may be read, as `host` or `host:port`.",
        (),
    ),
    ServerSetting("cache.max_mb", "Cache size in MB", "The oldest answers go first.", 64),
    ServerSetting("library.max_mb", "Library size in MB", "The oldest pages go first.", 256),
    *(
        ServerSetting(
            f"cache.ttl_s.{kind}", f"Seconds to keep {what}", "Then they are asked for again.", ttl
        )
        for kind, what, ttl in (
            ("search", "search results", _HOUR),
            ("page", "pages", _HOUR),
            ("answer", "answers", 6 * _HOUR),
            ("contacts", "contacts", 7 * 24 * _HOUR),
            ("verdict", "verdicts about e-mail addresses", 24 * _HOUR),
            ("robots", "robots.txt files", _HOUR),
        )
    ),
    ServerSetting(
        "anthropic.model", "Model", "The model that answers questions.", "claude-haiku-5-5"
    ),
    ServerSetting(
        "anthropic.tool_type",
        "Search tool",
        "The version of Anthropic's web search tool.",
        "web_search_20250305",
    ),
    ServerSetting(
        "rapidapi.host",
        "Host",
        "The `X-RapidAPI-Host` that RapidAPI is asked with.",
        "website-contacts-scraper.p.rapidapi.com",
    ),
    ServerSetting("exa.type", "Kind of search", "The `type` that Exa is asked with.", "auto"),
    ServerSetting(
        "tavily.search_depth",
        "Depth of a search",
        "The `search_depth` that Tavily is asked with.",
        "basic",
    ),
)

TRACKER = _by_path(
    _shown(
        "store",
        "Keep tracked entries in",
        "Automatic: Firestore when its account is among the keys, else this computer.",
        "auto",
        choices={"auto": "Automatic", "sqlite": "This computer", "firestore": "Firestore"},
    ),
    _shown(
        "exchange_folder",
        "Folder for import and export",
        "The only folder in which clients may read and write files of entries; empty for none.",
        "",
    ),
    _shown(
        "strip_tracking_parameters",
        "Ignore tracking parameters of addresses",
        "The same page with and without utm_source and its like is one entry.",
        True,
    ),
    _shown("fold_plus_tag", "Treat name+tag@ as name@", "Both count as the same person.", False),
    ServerSetting(
        "fold_case",
        "Ignore upper and lower case of addresses",
        "Ann@x.com and ann@x.com are one entry.",
        True,
    ),
    ServerSetting(
        "firestore.collection",
        "Firestore collection",
        "The collection that the tracker's documents are in.",
        "lou",
    ),
    ServerSetting(
        "firestore.emulator",
        "Firestore emulator",
        "`host:port` of an emulator that stands in for Firestore; empty for none.",
        "",
    ),
)

SHARED_SESSION, OWN_SESSIONS = "shared", "own"
SESSIONS = ServerSetting(
    "sessions",
    "Clients and the server",
    "Automatic: clients that it can ask something (roots, sampling, elicitation) have a process of "
    "their own, all others share one. At an address each client has a session of its own.",
    "auto",
    choices={
        "auto": "Automatic",
        SHARED_SESSION: "All clients share one process",
        OWN_SESSIONS: "Each client has a process of its own",
    },
)
RELAY = _by_path(SESSIONS)
"""What each server of the user's own has."""

BY_SERVER: Mapping[str, Mapping[str, ServerSetting]] = MappingProxyType(
    {"search": SEARCH, "tracker": TRACKER}
)
"""The own settings of each embedded server, in the order of the page."""
