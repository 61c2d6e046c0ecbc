"""The state of one file, with the words for it.

| state | the file |
|---|---|
| absent | says nothing of Lou |
| connected | says just what Lou would write |
| outdated | has Lou's entries, but not those that are right now |
| foreign | has an entry of Lou's name that Lou did not write; nothing happens unasked |
| unreadable | is not in its format, or cannot be read; it is never touched |
| ambiguous | can be read in two ways, or not be edited without a rewrite; it is never touched |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from app.formats.spans import AmbiguousError, FormatError


class FileState(Enum):
    """What the file says about Lou."""

    ABSENT = "absent"
    CONNECTED = "connected"
    OUTDATED = "outdated"
    FOREIGN = "foreign"
    UNREADABLE = "unreadable"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of one file, with the words for it."""

    state: FileState
    reason: str = ""
    hint: str = ""
    line: int = 0
    column: int = 0
    present: tuple[str, ...] = ()
    """Lou's entries in the file."""
    foreign: tuple[str, ...] = ()
    switched_off: tuple[str, ...] = ()
    """Lou's entries that the client itself has switched off."""


class RefusedError(Exception):
    """The change would touch what is not Lou's; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.reason)
        self.finding = finding


def refusal(broken: FormatError) -> Finding:
    """The finding for a text that cannot be read or edited."""
    state = FileState.AMBIGUOUS if isinstance(broken, AmbiguousError) else FileState.UNREADABLE
    where = f"Line {broken.line}, column {broken.column}: " if broken.line else ""
    return Finding(
        state,
        where + broken.reason,
        "Lou leaves the file as it is. Mend it there, or undo the last edit, and look again.",
        broken.line,
        broken.column,
    )
