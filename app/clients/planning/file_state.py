"""The state of one client file, and the sentences that explain it.

| state | the file |
|---|---|
| absent | has no entry of Lou |
| connected | has the entries that Lou would write |
| outdated | has entries of Lou that are not the current ones |
| foreign | has an entry with Lou's name that Lou did not write; Lou asks before a change |
| unreadable | is not valid, or cannot be opened; Lou never changes it |
| ambiguous | can be read in two ways, or edited only by a rewrite; Lou never changes it |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from app.formats.spans import AmbiguousError, FormatError


class FileState(Enum):
    """The state of a file with respect to Lou."""

    ABSENT = "absent"
    CONNECTED = "connected"
    OUTDATED = "outdated"
    FOREIGN = "foreign"
    UNREADABLE = "unreadable"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of one file, with its reason, hint and place."""

    state: FileState
    reason: str = ""
    hint: str = ""
    line: int = 0
    column: int = 0
    present: tuple[str, ...] = ()
    """Lou's entries in the file."""
    foreign: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Entries of Lou's that are not in the file yet; of a file whose other entries are right."""
    switched_off: tuple[str, ...] = ()
    """Lou's entries that the client itself has switched off."""


class RefusedError(Exception):
    """The file cannot be changed safely; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.reason)
        self.finding = finding


def refusal(broken: FormatError) -> Finding:
    """The finding for a text with a format error."""
    state = FileState.AMBIGUOUS if isinstance(broken, AmbiguousError) else FileState.UNREADABLE
    where = f"Line {broken.line}, column {broken.column}: " if broken.line else ""
    return Finding(
        state,
        where + broken.reason,
        "Lou leaves the file as it is. Mend it there, or undo the last edit, and look again.",
        broken.line,
        broken.column,
    )
