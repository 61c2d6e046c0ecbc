"""What is constant about a provider, and how one user reaches it: facts, and no wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from servers.outbound.limiter import Pace


@dataclass(frozen=True, slots=True)
class Access:
    """How one provider is reached by this user: its address, the keys, its own settings."""

    base_url: str
    keys: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def key(self, name: str) -> str:
        """The key called `name`, empty when there is none."""
        return self.keys.get(name, "")


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """What is constant about a provider.

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
    """Fields of a Query that it cannot honour."""
    countries: frozenset[str] = frozenset()
    """The countries it knows; empty when it takes any."""
