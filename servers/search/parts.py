"""What the tools work with: opened when the server starts, exchanged when it is configured."""

from __future__ import annotations

from dataclasses import dataclass

from servers.search.searching import RecentSearches, Searching
from servers.search.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts one configuration works with; calls in flight keep the ones they began with."""

    settings: Settings
    searching: Searching
    recent: RecentSearches
