"""Whether a client lost Lou's entry or the user took it out: the rule of the guard. Pure.

The last good copy is compared with what the file says now. Lou's entry counts as **wiped**, and
comes back, when the loss cannot have been aimed at it:

* the client that runs has the file from before Lou wrote it in its memory, and wrote that back; or
* the whole place of the servers is gone, or every other server with it, or a setting elsewhere; or
* the file is gone, and it held more than Lou's entry.

In every other case the rest of the file is as sane as before, so the user **removed** the entry.
It stays away until the user connects again. What the user removes through Lou is not wanted any
more, and never gets here.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from app.formats.spans import Outline


class Loss(Enum):
    """What became of Lou's entries."""

    NONE = "none"
    REMOVED = "removed"
    WIPED = "wiped"


@dataclass(frozen=True, slots=True)
class LossVerdict:
    """What is missing, and why."""

    loss: Loss
    ours: tuple[str, ...] = ()
    others: Mapping[str, Any] = field(default_factory=dict)
    """Entries of the user that went at the same time, from the last good copy."""


def judge(
    good: Outline | None, now: Outline | None, ours: Set[str], *, has_old_copy: bool
) -> LossVerdict:
    """The verdict on a file that says `now` and said `good`; None means that there is no file.

    `ours` are the entries that ought to be there.
    """
    present = now.servers if now is not None else {}
    lost = tuple(sorted(ours - present.keys()))
    before = good.servers if good is not None else {}
    others = {name: each for name, each in before.items() if name not in {*present, *ours}}
    if not lost:
        return LossVerdict(Loss.NONE, others=others)
    aimed = good is not None and not has_old_copy and not _is_reset(good, now, ours)
    return LossVerdict(Loss.REMOVED if aimed else Loss.WIPED, lost, others)


def _is_reset(good: Outline, now: Outline | None, ours: Set[str]) -> bool:
    others = good.servers.keys() - ours
    if now is None:
        return bool(others or good.rest)
    return (
        not now.has_root
        or bool(others and not others & now.servers.keys())
        or bool(good.rest.keys() - now.rest.keys())
    )
