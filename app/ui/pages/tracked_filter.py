"""The filter of the Tracked page: text, tag, status and order."""

from __future__ import annotations

from app.ui.tracked_source import STATUSES, Filter
from app.ui.widgets.filter_bar import FilterBar
from app.ui.wording import words

_TYPING_MS = 200
_SORTS = (
    ("Last changed first", "changed"),
    ("Last changed last", "oldest"),
    ("Newest first", "created"),
    ("By page", "url"),
)


class TrackedFilter(FilterBar):
    """Chooses by text, tag and status; also says the order."""

    def __init__(self) -> None:
        super().__init__(typing_ms=_TYPING_MS)
        self._line = self.add_line("Search e-mail, page, note and tags", stretch=True)
        self._tag = self.add_line("Tag")
        self._tag.setMaximumWidth(max(130, self._tag.minimumWidth()))
        statuses = [(words(status), status) for status in STATUSES]
        self._status = self.add_choice("Status", [("Any status", ""), *statuses])
        self._which = self.add_choice("Kept or deleted", [("Kept", False), ("Deleted", True)])
        self._sort = self.add_choice("Order", _SORTS)

    def wanted(self) -> Filter:
        return Filter(
            text=self._line.text().strip(),
            status=str(self._status.currentData()),
            tag=self._tag.text().strip(),
            deleted=bool(self._which.currentData()),
            sort=str(self._sort.currentData()),
        )
