"""Reads a row of a lead file. In come its cells and the chosen columns, out come entry fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from servers.tracker.codec.urls import is_plain
from servers.tracker.entry import is_plain_email, tag_name
from servers.tracker.transfer import cells
from servers.tracker.transfer.columns import Choice
from servers.tracker.transfer.wording import (
    has_picture,
    is_no,
    is_only_do_not_contact,
    is_placeholder,
    is_yes,
    listed,
    plain,
    says_do_not_contact,
    says_no,
    status_named,
)

Fields = Mapping[str, Any]
_SHOWN = 40
_JUDGED = 2000
"""Characters of a note in which a refusal is looked for."""
_SENTENCES = re.compile(r"[.!?;\n]+")
_IN_ADDRESS = re.compile(r"[@/]|\.\w")
_NO_MARK = re.compile(r"[-\u2010-\u2015\u2212_./?\s'\"()\[\]{}<>~:;,=\u200b\ufeff]*")
_REFUSING = listed("""
    no|never|non|not|denied|withdrawn|revoked|refused|declined|rejected|expired|nein|nie|kein|keine
    abgelehnt|widerrufen|refuse|revoque|denegado|rechazado|revocado|negato|rifiutato|revocato|nee
""")
_GARBLED = re.compile(r"[\xc3\xc2][\x80-\xbf\u0152-\u2122]|\xe2[\x80\u20ac]|\ufffd")
"""What UTF-8 becomes when it was once read as Windows-1252, and what stands for lost letters."""


class LeadReader:
    """Reads rows by one choice of columns. A row makes an entry for each of its addresses."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._names = choice.names
        self._places = {one: choice.fields.get(one, ()) for one in ("url", "email", "status")}
        self._tags = choice.fields.get("tags", ())
        self._notes = choice.fields.get("note", ())
        self._flags = choice.fields.get("do_not_contact", ())
        self._used = [place for found in choice.fields.values() for place in found]

    def used(self, row: Sequence[str]) -> list[str]:
        """The cells of `row` that an entry is made of."""
        return [row[place] for place in self._used if place < len(row)]

    def read(self, row: Sequence[str]) -> tuple[list[Fields], list[str]]:
        """The fields of the entries in `row`, and what is doubtful about them."""
        doubts: list[str] = []
        found = _first(self._at(row, self._places["url"]))
        pages = cells.pages(found)
        shared: dict[str, Any] = {"url": pages[0] if pages else cells.tidy(found)}
        if len(pages) > 1:
            doubts.append(f"of {len(pages)} web addresses in one cell only the first is used")
        if pages and cells.is_mixed(pages[0]):
            doubts.append(f"{pages[0][:_SHOWN]!r} mixes letters of two scripts that look alike")
        note = "\n".join(filter(None, map(str.strip, self._at(row, self._notes))))
        if note:
            shared["note"] = note
        tags = self._tags_of(row, doubts)
        if tags:
            shared["tags"] = tags
        status = self._status(row, note, doubts)
        if status:
            shared["status"] = status
        joined = "\n".join(self.used(row))
        if not joined.isascii() and _GARBLED.search(joined):
            doubts.append("its accents look garbled; they were stored as they are")
        return [{**shared, "email": one} for one in self._emails(row, doubts)], doubts

    def _emails(self, row: Sequence[str], doubts: list[str]) -> list[str]:
        """The addresses; when there are none, the one text that stands in their place."""
        found: dict[str, str] = {}
        refused: list[str] = []
        for cell in self._at(row, self._places["email"]):
            good, bad = cells.addresses(cell)
            for one in good:
                found.setdefault(one.casefold(), one)
            refused += bad
        if not found:
            return [cells.tidy(_first(self._at(row, self._places["email"])))]
        doubts += [f"{one[:_SHOWN]!r} is no e-mail address and was left out" for one in refused]
        doubts += [
            f"{one[:_SHOWN]!r} {doubt}" for one in found.values() if (doubt := cells.doubt_of(one))
        ]
        return list(found.values())

    def _tags_of(self, row: Sequence[str], doubts: list[str]) -> list[str]:
        found: list[str] = []
        for one in cells.tags(self._at(row, self._tags)):
            try:
                found.append(tag_name(one))
            except ValueError:
                doubts.append(f"{one[:_SHOWN]!r} can be no tag and was left out")
        return list(dict.fromkeys(found))

    def _status(self, row: Sequence[str], note: str, doubts: list[str]) -> str:
        if self._is_refused(row, doubts):
            return "do_not_contact"
        if any(map(says_do_not_contact, _SENTENCES.split(note[:_JUDGED]))):
            doubts.append("the note seems to say: do not contact; the status does not")
        self._doubt_consent(row, doubts)
        cell = _first(self._at(row, self._places["status"]))
        if is_placeholder(cell) and not has_picture(cell):
            return ""
        named = status_named(cell)
        if named is None:
            doubts.append(f"the status {cell.strip()[:_SHOWN]!r} is not one of Lou's; it is new")
        return named or ""

    def _is_refused(self, row: Sequence[str], doubts: list[str]) -> bool:
        """Whether any column says: do not contact."""
        for name, cell in self._named(row, self._flags):
            if _means_no(cell):
                continue
            means_no = _begins_with_no(cell)
            if means_no or not (
                is_yes(cell) or says_do_not_contact(cell) or any(map(str.isdigit, cell))
            ):
                taken = "no" if means_no else "do_not_contact"
                doubts.append(f"{name} says {cell.strip()[:_SHOWN]!r}, which was taken for {taken}")
            if not means_no:
                return True
        if any(map(says_no, self._at(row, self._choice.allowing))):
            return True
        if any(
            status_named(cell) == "do_not_contact" for cell in self._at(row, self._choice.watched)
        ):
            return True
        if any(map(is_only_do_not_contact, self._at(row, self._choice.noticed))):
            return True
        return self._is_refused_beside(row, doubts)

    def _is_refused_beside(self, row: Sequence[str], doubts: list[str]) -> bool:
        """Whether a remark beside an address says: do not contact."""
        held = self._at(row, (*self._places["email"], *self._places["url"]))
        is_beside = any(
            says_do_not_contact(" ".join(w for w in cell.split() if not _IN_ADDRESS.search(w)))
            for cell in held
            if not (is_plain_email(cell) or is_plain(cell))
        )
        if is_beside:
            doubts.append("do not contact stands beside an address, and counts for the whole row")
        return is_beside

    def _doubt_consent(self, row: Sequence[str], doubts: list[str]) -> None:
        """Add a doubt for each cell that is almost a refusal."""
        for name, cell in self._named(row, self._choice.consent):
            words = plain(cell)
            if says_no(cell) or (words and words.split()[0] in _REFUSING):
                doubts.append(f"{name} says {cell.strip()[:_SHOWN]!r}; the status does not")
        for name, cell in self._named(row, self._choice.by_phone):
            if is_yes(cell):
                doubts.append(f"{name} says yes; that is not about e-mail and was left out")

    def _named(self, row: Sequence[str], places: Iterable[int]) -> Iterator[tuple[str, str]]:
        """The name of each column with its cell in `row`, where there is one."""
        for place in places:
            if place < len(row) and row[place]:
                yield self._names[place][:_SHOWN], row[place]

    @staticmethod
    def _at(row: Sequence[str], places: Iterable[int]) -> list[str]:
        return [row[place] for place in places if place < len(row) and row[place]]


def _first(found: Sequence[str]) -> str:
    if len(found) == 1:
        return found[0]
    return next((cell for cell in found if not is_placeholder(cell)), found[0] if found else "")


def _means_no(cell: str) -> bool:
    """Whether a cell of a column such as Unsubscribed means no; a mark without letters does not."""
    if is_yes(cell) or not (is_no(cell) or plain(cell) == "not set"):
        return False
    return bool(plain(cell)) or says_no(cell) or _NO_MARK.fullmatch(cell) is not None


def _begins_with_no(cell: str) -> bool:
    """Whether `cell` explains a no, as `No (asked in May)`."""
    words = plain(cell).split()
    return len(words) > 1 and says_no(words[0]) and not says_do_not_contact(cell)
