"""List model of the search providers, in the order in which the server asks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.ui import wording
from app.ui.models.keyed_list import KeyedList
from app.ui.translation import tr
from app.ui.widgets.rows import Row
from app.ui.widgets.text import tooltip

_TONES = {"ready": "good", "no_key": "soft", "no_address": "soft", "key_rejected": "bad"}

Provider = Mapping[str, Any]


class ProvidersModel(KeyedList[Provider]):
    """One row for each provider, as the server reported its state."""

    def __init__(self) -> None:
        super().__init__(
            lambda provider: str(provider["name"]),
            title=lambda provider: str(provider["title"]),
            spoken=_spoken,
            row=_row,
            tooltip=lambda provider: tooltip(_more(provider)),
        )

    @property
    def names(self) -> list[str]:
        """The search providers, in the order shown."""
        return [str(each["name"]) for each in self.rows if each.get("role") == "search"]

    def show_providers(self, providers: Sequence[Provider]) -> None:
        """Show `providers`: those of the chain first, in its order."""
        self.show_rows(sorted(providers, key=_place))

    def can_swap(self, row: int, other: int) -> bool:
        """Whether two rows may change places: both are in use, and both or neither were set up.

        The server asks providers that the user set up before those that need no key, in any order.
        """
        if not (0 <= row < len(self.rows) and 0 <= other < len(self.rows)):
            return False
        one, two = self.rows[row], self.rows[other]
        are_asked = all(each["role"] == "search" and each["position"] for each in (one, two))
        return are_asked and one["yours"] == two["yours"]


def _place(provider: Provider) -> tuple[bool, int, str]:
    position = int(provider.get("position", 0))
    return provider.get("role") != "search", position or 1_000, str(provider["name"])


def _title(provider: Provider) -> str:
    position = int(provider.get("position", 0))
    is_search = provider.get("role") == "search"
    return f"{position}. {provider['title']}" if position and is_search else str(provider["title"])


def _row(provider: Provider) -> Row:
    tone = _TONES.get(str(provider.get("state")), "warn")
    words = tr(wording.one_line(str(provider.get("words", ""))))
    return Row(
        _title(provider), words[:1].upper() + words[1:], tone, "line" if tone == "soft" else tone
    )


def _more(provider: Provider) -> str:
    calls, failures = int(provider.get("calls", 0)), int(provider.get("failures", 0))
    parts = [str(provider.get("caution", ""))]
    if calls:
        took = wording.milliseconds(float(provider.get("latency_ms", 0.0)))
        parts.append(f"{wording.counted(calls, 'call')}, {failures} failed, {took} each.")
    if provider.get("last_error"):
        parts.append(f"Last trouble: {provider['last_error']}")
    return "\n".join(tr(part) for part in parts if part)


def _spoken(provider: Provider) -> str:
    return wording.spoken(_title(provider), str(provider.get("words", "")))
