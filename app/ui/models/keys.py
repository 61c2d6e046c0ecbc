"""List model of the keys: title and state of each, never its value."""

from __future__ import annotations

from app.ui import wording
from app.ui.models.keyed_list import KeyedList
from app.ui.translation import tr
from app.ui.widgets.rows import Row
from app.views import KeyView


class KeysModel(KeyedList[KeyView]):
    """One row for each key."""

    def __init__(self) -> None:
        super().__init__(
            lambda key: key.name,
            title=lambda key: tr(key.title),
            spoken=lambda key: wording.spoken(key.title, state_of(key)),
            row=_row,
        )


def state_of(key: KeyView) -> str:
    """Text for whether `key` is set."""
    if key.is_set:
        return "Set"
    return "Made when first needed" if key.generated else "Not set"


def _row(key: KeyView) -> Row:
    tone, dot = ("good", "good") if key.is_set else ("soft", "line")
    return Row(tr(key.title), state_of(key), tone, dot)
