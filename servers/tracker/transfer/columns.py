"""Chooses the columns of a lead file by their names and cells. Pure.

In come the names, the first rows, and the columns that the user chose; out goes a `Choice` with all
doubts about it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from servers.tracker.entry import DRAFT_FIELDS
from servers.tracker.transfer import cells, headers
from servers.tracker.transfer.text_file import LeadFileError
from servers.tracker.transfer.wording import (
    is_no,
    is_placeholder,
    is_yes,
    listed,
    plain,
    status_named,
)

MAPPED: Final = (*DRAFT_FIELDS, "do_not_contact")
"""What a column can be used as."""
ColumnMap = Mapping[str, Sequence[str]]
"""The columns that the user chose for fields; an empty list means no column."""
_SOCIAL: Final = listed("""
    linkedin.com|facebook.com|twitter.com|x.com|instagram.com|youtube.com|tiktok.com|xing.com
    github.com|crunchbase.com|angel.co|pinterest.com|lnkd.in|fb.com|t.me|wa.me
""")
_REMARK: Final = re.compile(r"[(\[<][^()\[\]<>]{0,60}+[)\]>]")
_MOST_NAMES: Final = 12
_MANY: Final = 3
"""Rows from which on one and the same value is no coincidence."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its plain name, and its cells in the first rows."""

    place: int
    name: str
    words: str
    bare: str
    """The plain name without what is in brackets: `Note (optional)` is `note`."""
    cells: tuple[str, ...]
    filled: tuple[str, ...] = ()
    emails: float = 0.0
    """Which part of the filled cells are e-mail addresses."""
    pages: float = 0.0
    """Which part of the filled cells are web addresses."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The column numbers of each field, and the doubts about them.

    In `allowing` columns a no means do not contact. In `watched` columns words of refusal count,
    in `noticed` ones only when the cell says nothing else.
    """

    names: tuple[str, ...]
    fields: Mapping[str, tuple[int, ...]]
    allowing: tuple[int, ...] = ()
    watched: tuple[int, ...] = ()
    noticed: tuple[int, ...] = ()
    consent: tuple[int, ...] = ()
    by_phone: tuple[int, ...] = ()
    doubts: tuple[str, ...] = ()
    fault: str = ""
    """Why the file cannot be read: no column holds the page or the address."""

    def named(self) -> dict[str, list[str]]:
        """The names of the columns of each field that is in the file."""
        return {
            one: [self.names[place] for place in places]
            for one, places in self.fields.items()
            if places
        }


@dataclass(slots=True)
class _ColumnChooser:
    columns: list[Column]
    column_map: ColumnMap
    ignored: frozenset[str]
    doubts: list[str] = field(default_factory=list)
    fields: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def free(self) -> list[Column]:
        """The columns without a use that the user does not ignore."""
        used = {place for places in self.fields.values() for place in places}
        return [
            one for one in self.columns if one.place not in used and one.name not in self.ignored
        ]

    def doubt(self, text: str, found: Sequence[Column]) -> None:
        """Add a doubt about the columns `found`, if there are any."""
        if found:
            self.doubts.append(text.format(_shown([one.name for one in found])))


def choose(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    column_map: ColumnMap,
    ignored: Sequence[str] = (),
) -> Choice:
    """The best use of the columns called `names`, of which `rows` are the first rows.

    Raises:
        LeadFileError: `column_map` names no column or no field.
    """
    _check(names, column_map, ignored)
    columns = [_column(place, name, rows) for place, name in enumerate(names)]
    chooser = _ColumnChooser(columns, column_map, frozenset(ignored))
    for one, wanted in column_map.items():
        chooser.fields[one] = tuple(names.index(name) for name in wanted)
    for one, chosen in (("email", _emails), ("url", _page), ("status", _status)):
        if one not in column_map:
            chooser.fields[one] = chosen(chooser)
    for one, is_for in (("tags", headers.is_tags), ("note", headers.is_note)):
        if one not in column_map:
            chooser.fields[one] = tuple(c.place for c in chooser.free() if is_for(c.bare))
    return replace(_with_refusals(chooser), fault=_missing(chooser))


def _check(names: Sequence[str], column_map: ColumnMap, ignored: Sequence[str]) -> None:
    strange = next((one for one in column_map if one not in MAPPED), None)
    if strange is not None:
        raise LeadFileError(f"There is no field {strange[:40]!r}. There are: {', '.join(MAPPED)}.")
    wanted = [name for chosen in column_map.values() for name in chosen]
    unknown = next((name for name in (*wanted, *ignored) if name not in names), None)
    if unknown is not None:
        raise LeadFileError(f"There is no column {unknown[:40]!r}. {there_are(names)}")


def there_are(names: Sequence[str]) -> str:
    """The columns there are, as an error tells them."""
    shown = ", ".join(repr(name[:40]) for name in names[:30])
    return f"There are: {shown}." if shown else "The first row is empty."


def _column(place: int, name: str, rows: Sequence[Sequence[str]]) -> Column:
    found = tuple(row[place] if place < len(row) else "" for row in rows)
    filled = tuple(cell for cell in found if not is_placeholder(cell))
    share = 1 / max(1, len(filled))
    return Column(
        place,
        name,
        plain(name),
        plain(_REMARK.sub(" ", name)),
        found,
        filled,
        share * sum(map(cells.holds_addresses, filled)),
        share * sum(bool(cells.pages(cell)) for cell in filled),
    )


def _emails(chooser: _ColumnChooser) -> tuple[int, ...]:
    """The columns of the person's own addresses. A colleague's is reported and left out."""
    free = chooser.free()
    named = [one for one in free if headers.is_address(one.words)]
    named = [one for one in named if not headers.is_colleague(one.words)]
    holding = [one for one in named if one.emails >= 0.5 or not one.filled]
    if not any(one.filled for one in holding):
        unnamed = [one for one in free if one.emails >= 0.5 and not _is_of_others(one, free)]
        chooser.doubt("Taken for the e-mail address, for what the cells hold: {}.", unnamed[:1])
        holding = unnamed[:1] or holding or named[:1]
    same = [one for one in holding if _is_of_others(one, holding)]
    found = [one for one in holding if one not in same]
    used = [one for one in found if one.filled]
    if len(used) > 1:
        chooser.doubt("Each address of a row makes an entry of its own: {}.", used)
    rest = [one for one in free if one not in found and one.emails >= 0.5]
    chooser.doubt(
        "Not used, as the addresses seem to be of somebody else, such as a colleague: {}.", rest
    )
    return tuple(one.place for one in found)


def _is_of_others(one: Column, beside: Sequence[Column]) -> bool:
    """Whether the column's name, or the one address in all its rows, tells of a colleague."""
    if headers.is_colleague(one.words):
        return True
    is_one = len(one.filled) >= _MANY and len(set(one.filled)) == 1
    return is_one and any(
        len(set(other.filled)) >= _MANY and other.emails >= 0.5 for other in beside if other != one
    )


def _page(chooser: _ColumnChooser) -> tuple[int, ...]:
    """The column of the pages: a website before a profile, an address before a word."""
    free = chooser.free()
    emails = [chooser.columns[place] for place in chooser.fields["email"]]
    ranked = sorted(
        ((_page_score(one, emails), -one.place, one) for one in free), key=lambda found: found[:2]
    )
    if not ranked or ranked[-1][0] <= 0:
        named = [one for one in free if headers.page_rank(one.words) >= 3]
        return tuple(one.place for one in named[:1])
    chosen = ranked[-1][2]
    if headers.page_rank(chosen.words) < 2:
        chooser.doubt("Taken for the page, for what the cells hold: {}.", [chosen])
    rest = [one for one in free if one != chosen and _holds_pages(one)]
    chooser.doubt("Not used, though web addresses are there, too: {}.", rest)
    return (chosen.place,)


def _page_score(one: Column, emails: Sequence[Column]) -> float:
    """A score for the column of pages; 0 or less means surely not."""
    rank = headers.page_rank(one.words)
    if rank < 0 or (one.filled and one.pages < 0.5) or (not one.filled and rank < 2):
        return 0
    hosts = [cells.host(cell) for cell in one.cells]
    filled = [host for host in hosts if host]
    social = sum(".".join(host.split(".")[-2:]) in _SOCIAL for host in filled)
    if social * 2 > len(filled):
        return 0.5 + min(rank, 1) / 10
    match = _match(hosts, emails)
    if rank < 1 and not match and not _holds_pages(one):
        return 0
    is_one_site = len(filled) > 1 and len(set(filled)) == 1
    return 1 + rank + 2 * match + len(filled) / max(1, len(hosts)) - (3.5 if is_one_site else 0)


def _holds_pages(one: Column) -> bool:
    """Whether the cells are web addresses beyond doubt, and no other words with dots in them."""
    is_named = headers.page_rank(one.words) >= 1
    return one.pages >= 0.5 and (is_named or any("://" in c or "www." in c for c in one.filled))


def _match(hosts: Sequence[str], emails: Sequence[Column]) -> float:
    """In which part of the rows the page and an address are of one domain."""
    same = seen = 0
    for row, host in enumerate(hosts):
        domains = {one.cells[row].rpartition("@")[2].strip(" >").lower() for one in emails}
        if host and any(domains):
            seen += 1
            same += any(
                domain and (host.endswith(domain) or domain.endswith(host)) for domain in domains
            )
    return same / seen if seen else 0.0


def _status(chooser: _ColumnChooser) -> tuple[int, ...]:
    """The column of the status; not one of places or of another tool's stages."""
    free = chooser.free()
    sure = [
        one for one in free if headers.is_status(one.bare) and not headers.is_address(one.words)
    ]
    maybe = [one for one in free if headers.may_be_status(one.words)]
    in_words = [one for one in maybe if _known_share(one) >= 0.5]
    named = [one for one in in_words if one.words.split()[0] in {"estado", "stato"}]
    found = sorted(sure or named, key=_known_share, reverse=True)[:1]
    rest = [one for one in (*sure, *in_words) if one not in found]
    chooser.doubt("Not taken for the status, as it may be another tool's: {}.", rest)
    return tuple(one.place for one in found)


def _known_share(one: Column) -> float:
    known = sum(status_named(cell) is not None for cell in one.filled)
    return known / len(one.filled) if one.filled else 0.0


def _missing(chooser: _ColumnChooser) -> str:
    """The error when no column holds the pages or the addresses; empty when both exist."""
    what = {"url": "the page where an address was found", "email": "an e-mail address"}
    for one, words in what.items():
        if chooser.fields[one]:
            continue
        held = [c for c in chooser.columns if (c.pages if one == "url" else c.emails) >= 0.5]
        hint = f" Such values are in: {_shown([c.name for c in held])}." if held else ""
        return (
            f"No column is called {one} or surely holds {words}, and the first row must name the "
            f"columns. {there_are([c.name for c in chooser.columns])}{hint} Say which one it is: "
            f'columns {{"{one}": "..."}}.'
        )
    return ""


def _with_refusals(chooser: _ColumnChooser) -> Choice:
    """The choice, with all columns that may say do not contact."""
    names = tuple(one.name for one in chooser.columns)
    chosen = chooser.column_map.get("do_not_contact")
    if chosen is not None and not chosen:
        return Choice(names, chooser.fields, doubts=tuple(chooser.doubts))
    free = chooser.free()
    flags = [one for one in free if headers.forbids(one.words)]
    if chosen:
        flags = [chooser.columns[place] for place in chooser.fields["do_not_contact"]]
    allowing = [one for one in free if headers.allows(one.words) and one not in flags]
    rest = [one for one in free if one not in flags]
    watched_columns = [one for one in rest if _may_refuse(one)]
    chooser.fields["do_not_contact"] = tuple(one.place for one in flags)
    filled = [one for one in flags if not all(map(is_no, one.filled))]
    chooser.doubt("A yes here makes the status do_not_contact: {}.", filled)
    by_phone = [one for one in rest if headers.forbids_by_phone(one.words) and one.filled]
    consent = [one for one in rest if headers.is_consent(one.words) and one not in allowing]
    unsure = [one for one in rest if one not in (*allowing, *consent) and _may_forbid(one)]
    chooser.doubt("Not used, though they may say whom not to contact: {}.", unsure)
    watched_places = tuple(one.place for one in watched_columns)
    others = [
        one for one in rest if one not in watched_columns and not headers.is_identity(one.words)
    ]
    noted = chooser.fields["tags"] + chooser.fields["note"]
    return Choice(
        names,
        chooser.fields,
        tuple(one.place for one in allowing),
        chooser.fields["status"] + watched_places,
        noted + tuple(one.place for one in others),
        tuple(one.place for one in consent),
        tuple(one.place for one in by_phone),
        tuple(chooser.doubts),
    )


def _may_forbid(one: Column) -> bool:
    """Whether the column has yes and no, and a name that may be about being written to."""
    are_answers = all(is_yes(cell) or is_no(cell) for cell in one.filled)
    return bool(one.filled) and are_answers and headers.may_be_about_contact(one.words)


def _may_refuse(one: Column) -> bool:
    words = one.words.split()
    return bool(
        {"status", "stage", "state", "estado", "stato", "statut", "category", "phase"} & {*words}
    ) or headers.is_consent(one.words)


def _shown(names: Sequence[str]) -> str:
    shown = ", ".join(name[:40] for name in names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return shown + more
