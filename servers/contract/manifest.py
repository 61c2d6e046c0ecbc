"""The embedded servers and the known keys, as rows of data for app and servers."""

from __future__ import annotations

from dataclasses import dataclass

FIREBASE_CREDENTIALS = "FIREBASE_CREDENTIALS"
ENCRYPTION_KEY = "ENCRYPTION_KEY"


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A server that comes with Lou; it is ready only with its `required_tools`."""

    name: str
    title: str
    purpose: str
    required_tools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """A key that Lou knows by name: its purpose, the servers that use it, where to get it."""

    name: str
    title: str
    purpose: str
    url: str
    servers: tuple[str, ...] = ("search",)
    can_be_tested: bool = True
    generated: bool = False
    """Lou creates it on first use."""


SERVERS = (
    EmbeddedServer(
        "search", "Search", "Searches the web, reads pages and finds contacts.", ("web_search",)
    ),
    EmbeddedServer(
        "tracker",
        "Tracker",
        "Remembers which address was found on which page.",
        ("track_url_email", "find_tracked"),
    ),
)

KEYS = (
    Key(
        "TAVILY_API_KEY",
        "Tavily",
        "Web search. Works without a key at a lower limit.",
        "https://app.tavily.com/home",
    ),
    Key(
        "BRAVE_API_KEY",
        "Brave Search",
        "Web search from an index of its own.",
        "https://api-dashboard.search.brave.com/app/keys",
    ),
    Key("EXA_API_KEY", "Exa", "Web search by meaning.", "https://dashboard.exa.ai/api-keys"),
    Key(
        "KEENABLE_API_KEY",
        "Keenable",
        "Web search. Works without a key at a lower limit.",
        "https://keenable.ai/console",
    ),
    Key(
        "SERPER_API_KEY",
        "Serper",
        "Web search with Google's results.",
        "https://serper.dev/api-keys",
    ),
    Key(
        "ANTHROPIC_API_KEY",
        "Anthropic",
        "Answers questions from the web with citations.",
        "https://platform.claude.com/settings/keys",
    ),
    Key(
        "GOOGLE_API_KEY",
        "Google Custom Search: key",
        "Web search for holders of an existing project. Google ends this service on 2027-01-01.",
        "https://console.cloud.google.com/apis/credentials",
    ),
    Key(
        "GOOGLE_CSE_ID",
        "Google Custom Search: engine id",
        "The engine (cx) that the Google key searches with.",
        "https://programmablesearchengine.google.com/controlpanel/all",
    ),
    Key(
        "RAPIDAPI_KEY",
        "RapidAPI",
        "Finds e-mail addresses and contacts of a website.",
        "https://rapidapi.com/developer/dashboard",
    ),
    Key(
        "ANYMAILFINDER_KEY",
        "AnyMailFinder",
        "Finds and verifies e-mail addresses.",
        "https://app.anymailfinder.com/api",
    ),
    Key(
        "FIRECRAWL_API_KEY",
        "Firecrawl",
        "Reads pages that only a script fills, when it is chosen in the settings.",
        "https://www.firecrawl.dev/app/api-keys",
    ),
    Key(
        "JINA_API_KEY",
        "Jina Reader",
        "Reads pages that only a script fills, when it is chosen in the settings.",
        "https://jina.ai/api-dashboard/key-manager",
    ),
    Key(
        FIREBASE_CREDENTIALS,
        "Firebase service account",
        "Shares tracked entries with a team through Google Firestore: the JSON of the account.",
        "https://console.firebase.google.com/project/_/settings/serviceaccounts/adminsdk",
        ("tracker",),
    ),
    Key(
        ENCRYPTION_KEY,
        "Encryption key",
        "Seals the addresses and notes in the tracker. Lou makes it on first use.",
        "",
        ("tracker",),
        can_be_tested=False,
        generated=True,
    ),
)

ALSO_READ = {FIREBASE_CREDENTIALS: "FIREBASE_CREDENTIALS_PATH"}
"""Key -> variable with the path of a file that holds it, for a server without the app."""


def keys_of(server: str) -> tuple[Key, ...]:
    return tuple(key for key in KEYS if server in key.servers)


def embedded(name: str) -> EmbeddedServer | None:
    return next((server for server in SERVERS if server.name == name), None)
