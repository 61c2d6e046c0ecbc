"""The constants of a provider, the access that one user has to it, and how its key is tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from servers.outbound.limiter import Pace
from servers.search.websearch.query import SearchQuery

if TYPE_CHECKING:
    from servers.outbound.http import HttpReply, HttpRequest


@dataclass(frozen=True, slots=True)
class Access:
    """The access of this user: the address, the keys, the provider's own settings."""

    base_url: str
    keys: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def key(self, name: str) -> str:
        return self.keys.get(name, "")


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """The constants of a provider.

    `keys` are all needed, unless it is `keyless`. A provider that is not `general` (one
    encyclopedia) or only `best_effort` makes an answer degraded when it stands in for another.
    """

    name: str
    title: str
    base_url: str
    keys: tuple[str, ...] = ()
    keyless: bool = False
    general: bool = True
    best_effort: bool = False
    caution: str = ""
    pace: Pace = field(default_factory=Pace)
    ignores: frozenset[str] = frozenset()
    """Fields of a SearchQuery that it ignores."""
    image_ignores: frozenset[str] | None = None
    """The filters that it ignores when it searches for images; None when it has no images."""
    countries: frozenset[str] = frozenset()
    """The countries it knows; empty when it accepts any."""
    widened: frozenset[str] = frozenset()
    """The values of freshness for which it is asked for a longer time."""

    def ignored(self, query: SearchQuery) -> frozenset[str] | None:
        """The fields of `query` that it ignores; None when it cannot search for that at all."""
        return self.image_ignores if query.images else self.ignores


class KeyedService(Protocol):
    """A service whose key can be tried."""

    spec: ProviderSpec

    def probe(self, access: Access) -> HttpRequest:
        """The cheapest request that shows whether the key works."""

    def read_probe(self, reply: HttpReply) -> None:
        """Look at the answer to `probe`; raises OutboundError AUTH when the key was refused."""
