"""The search services Lou knows. Adding one is one file beside this and one line in the table."""

from __future__ import annotations

from servers.search.providers.anthropic import Anthropic
from servers.search.providers.brave import Brave
from servers.search.providers.duckduckgo import DuckDuckGo
from servers.search.providers.exa import Exa
from servers.search.providers.google import Google
from servers.search.providers.keenable import Keenable
from servers.search.providers.provider import Provider
from servers.search.providers.searxng import Searxng
from servers.search.providers.serper import Serper
from servers.search.providers.tavily import Tavily
from servers.search.providers.wikipedia import Wikipedia

PROVIDERS: tuple[Provider, ...] = (
    Searxng(),
    Brave(),
    Tavily(),
    Exa(),
    Serper(),
    Google(),
    Anthropic(),
    Keenable(),
    DuckDuckGo(),
    Wikipedia(),
)
"""In the order in which `auto` prefers them, unless `settings.search.chain` says another."""
