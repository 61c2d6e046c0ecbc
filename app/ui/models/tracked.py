"""Table model of tracked entries, and how their times look; asks for more as the user scrolls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from app.ui.models.table import Index, TableModel
from app.ui.theme import Theme
from app.ui.tracked_source import Entry
from app.ui.translation import tr
from app.ui.wording import one_line, words

_STATUS = 2
_TONES = {"won": "good", "replied": "good", "contacted": "busy", "do_not_contact": "bad"}


def field_title(name: str) -> str:
    """What the window calls the field `name` of an entry."""
    return "Page" if name == "url" else words(name)


class TrackedModel(TableModel[Entry]):
    """Shows the entries that were fetched; `fetch` is called when the view wants more."""

    def __init__(self, theme: Theme, fetch: Callable[[], None]) -> None:
        super().__init__(theme, COLUMNS)
        self._fetch = fetch
        self._has_more = False

    def show_entries(self, entries: Sequence[Entry], *, has_more: bool) -> None:
        self.show_rows(entries)
        self._has_more = has_more

    def append(self, entries: Sequence[Entry], *, has_more: bool) -> None:
        self._has_more = has_more
        self.insert(len(self.rows), entries)

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._has_more

    def fetchMore(self, parent: Index) -> None:
        if not parent.isValid():
            self._fetch()

    def tone(self, row: Entry, column: int) -> str:
        return _TONES.get(str(row.get("status")), "soft") if column == _STATUS else ""


def moment(at: str) -> str:
    """An ISO timestamp of the tracker, to the minute."""
    return at[:16].replace("T", " ")


def _address(row: Entry) -> str:
    return tr("Sealed with another key") if row.get("locked") else one_line(str(row["email"]))


COLUMNS: Mapping[str, Callable[[Entry], str]] = {
    "E-mail": _address,
    "Page": lambda row: one_line(str(row["url"]).removeprefix("https://"), 500),
    "Status": lambda row: tr(words(str(row["status"]))),
    "Tags": lambda row: one_line(", ".join(row["tags"])),
    "Note": lambda row: one_line(str(row["note"]), 200),
    "Changed": lambda row: moment(str(row["changed"])),
}
