"""Entries and drafts, and the checks of their fields. In come texts, out comes a Draft."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Final, Literal, TypeVar, get_args

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from servers.tracker.codec import urls
from servers.tracker.transfer.wording import is_placeholder, says_do_not_contact

Status = Literal["new", "contacted", "replied", "won", "lost", "do_not_contact"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
LONGEST_NOTE: Final = 4000
LONGEST_TAG: Final = 40
MOST_TAGS: Final = 20
_T = TypeVar("_T")
_TAG = re.compile(r"[^\W_][\w .:/+#-]*")
_LABEL = r"[a-z0-9](?:[a-z0-9]|-(?!-)){0,61}(?<!-)"
_PLAIN_EMAIL = re.compile(
    rf"[A-Za-z0-9_]{{1,32}}(?:[.+-][A-Za-z0-9_]{{1,15}}){{0,2}}@(?:{_LABEL}\.)+(?P<top>[a-z]{{2,24}})"
)
_LONGEST_PLAIN, _LONGEST_EMAIL = 200, 1_000
_SPECIAL = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)
_NOBODY = re.compile(
    r"email_not_unlocked@.*|(?:n\.?a|none|no-?(?:e-?)?mail|unknown|null|nobody)@"
    r"(?:n\.?a|none|no-?(?:e-?)?mail|unknown|null|nowhere|domain|email)\.[a-z]+",
    re.IGNORECASE,
)
"""Placeholders that other tools write for a missing address."""
_MASK = re.compile(r"\*\*|\u2022|\u2026|\.\.\.|x{3}@|@x{3}", re.IGNORECASE)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_SHORTEST_TOP = 2
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_AT_SIGN = re.compile(
    r"@|\uff20|\ufe6b|%(?:25)*40|%(?:25)*EF%(?:25)*(?:BC%(?:25)*A0|B9%(?:25)*AB)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Rules:
    """When two entries count as the same: settings of the user."""

    strip_tracking: bool = True
    fold_case: bool = True
    fold_plus_tag: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """One field that was refused, and why."""

    field: str
    reason: str


class RejectedEntryError(ValueError):
    """All fields of an entry that were refused."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.field} {fault.reason}" for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Draft:
    """Checked fields for an entry."""

    url: str
    email: str
    note: str = ""
    tags: tuple[str, ...] = ()
    status: Status = "new"


DRAFT_FIELDS: Final = tuple(each.name for each in fields(Draft))


@dataclass(frozen=True, slots=True)
class Entry:
    """One address found on one page. Times are microseconds since 1970.

    A `locked` entry cannot be opened with the present key: its sealed fields are empty.
    """

    id: str
    version: int
    url: str
    email: str
    note: str
    tags: tuple[str, ...]
    status: Status
    deleted: bool = False
    created: int = 0
    changed: int = 0
    locked: bool = False

    def stored(self, version: int, created: int, changed: int) -> Entry:
        """This entry as it is stored. It is called often; `replace` takes twice as long."""
        return Entry(
            self.id,
            version,
            self.url,
            self.email,
            self.note,
            self.tags,
            self.status,
            self.deleted,
            created,
            changed,
            self.locked,
        )


def checked(
    *,
    url: str,
    email: str,
    rules: Rules,
    note: str = "",
    tags: Iterable[str] = (),
    status: str = "new",
    present: Draft | Entry | None = None,
) -> Draft:
    """The draft of these fields. An address of `present` is accepted as it is.

    Raises:
        RejectedEntryError: names every field that may not be stored.
    """
    faults: list[Fault] = []
    page = urls.normalise if present and url == present.url else urls.page
    address = str if present and email == present.email else email_address
    draft = Draft(
        _check_field(faults, "url", "", lambda: page(url, strip_tracking=rules.strip_tracking)),
        _check_field(faults, "email", "", lambda: address(email)),
        _check_field(faults, "note", "", lambda: _note(note)),
        _check_field(faults, "tags", (), lambda: _tags(tags)),
        _check_field(faults, "status", "new", lambda: _status(status)),
    )
    if faults:
        raise RejectedEntryError(faults)
    return draft


def holds_address(url: str) -> bool:
    """Whether somebody's e-mail address may be part of `url`, encoded or not."""
    return _AT_SIGN.search(url) is not None


def folded_email(email: str, *, case: bool, plus_tag: bool) -> str:
    """The form of `email` that is compared. Its domain is in lower case already."""
    local, _, domain = email.rpartition("@")
    if plus_tag:
        local = local.partition("+")[0] or local
    return f"{local.lower() if case else local}@{domain}"


def _check_field(faults: list[Fault], field: str, instead: _T, check: Callable[[], _T]) -> _T:
    try:
        return check()
    except ValueError as refused:
        faults.append(Fault(field, str(refused)))
        return instead


def email_address(text: str) -> str:
    """`text` as a normalised e-mail address; raises ValueError if it is no e-mail address."""
    text = text.strip()
    if is_plain_email(text):
        return text
    if not text:
        raise ValueError("is empty")
    if len(text) > _LONGEST_EMAIL:
        raise ValueError(f"is {len(text)} characters long, which no e-mail address is")
    if is_placeholder(text) or _NOBODY.fullmatch(text) or _MASK.search(text):
        raise ValueError(f"holds no e-mail address but a placeholder: {text[:40]!r}")
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as refused:
        raise ValueError(f"is no e-mail address: {str(refused).rstrip('.')}") from None
    if escape := _ESCAPE.search(found.local_part):
        raise ValueError(f"holds the escape {escape[0]}; write the character that it stands for")
    if len(found.ascii_domain.rpartition(".")[2]) < _SHORTEST_TOP:
        raise ValueError("is no e-mail address: no top-level domain has a single letter")
    return f"{found.local_part}@{found.ascii_domain}"


def is_plain_email(text: str) -> bool:
    """Whether `text` is an address that email_validator surely accepts unchanged.

    Most are; the library takes as long as all other checks. A test compares the two.
    """
    plain = _PLAIN_EMAIL.fullmatch(text)
    return (
        plain is not None
        and len(text) <= _LONGEST_PLAIN
        and plain["top"] not in _SPECIAL
        and not _NOBODY.fullmatch(text)
    )


def _note(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > LONGEST_NOTE:
        raise ValueError(f"is {len(text)} characters long; the limit is {LONGEST_NOTE}")
    if _UNSEEN.search(text):
        raise ValueError("contains a control character; remove it")
    return text


def _tags(tags: Iterable[str]) -> tuple[str, ...]:
    found = sorted({tag_name(text) for text in tags if text.strip()})
    if len(found) > MOST_TAGS:
        raise ValueError(f"are {len(found)}; the limit is {MOST_TAGS}")
    return tuple(found)


@lru_cache(4096)
def tag_name(text: str) -> str:
    """`text` as a normalised tag; raises ValueError if it cannot be a tag."""
    name = unicodedata.normalize("NFC", " ".join(text.split())).casefold()
    if len(name) > LONGEST_TAG or not (
        _TAG.fullmatch(name) or _TAG.fullmatch(_without_marks(name))
    ):
        raise ValueError(
            f"may have 1 to {LONGEST_TAG} letters, digits, spaces and . : / + # - _ each, "
            f"a letter or digit first; {text[:LONGEST_TAG]!r} does not"
        )
    return name


def _without_marks(text: str) -> str:
    """`text` without the marks that some scripts write above, below and around their letters."""
    return "".join(sign for sign in text if not unicodedata.category(sign).startswith("M"))


def _status(text: str) -> Status:
    """`text` as a status; empty means new."""
    named = text.strip().casefold() or "new"
    for status in STATUSES:
        if named == status:
            return status
    if says_do_not_contact(text):  # never lose this because of its wording
        return "do_not_contact"
    raise ValueError(f"must be one of {', '.join(STATUSES)}")
