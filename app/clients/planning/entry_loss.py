"""Whether a client lost Lou's entry or the user removed it: the rule of the guard. Pure.

In: the last good copy and the file now. Lou's entry counts as **wiped**, and is restored, when the
loss was not aimed at it:

* the running client held the file from before Lou's write in memory, and wrote that back; or
* the section of the servers is gone, or all other servers, or a setting elsewhere in the file; or
* the file is gone, and it held more than Lou's entry.

In every other case the rest of the file is intact, so the user **removed** the entry. Lou does not
restore it until the user connects again.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from app.formats.spans import Outline


class Loss(Enum):
    """What happened to Lou's entries."""

    NONE = "none"
    REMOVED = "removed"
    WIPED = "wiped"


@dataclass(frozen=True, slots=True)
class LossVerdict:
    """Which entries are missing, and why."""

    loss: Loss
    ours: tuple[str, ...] = ()
    others: Mapping[str, Any] = field(default_factory=dict)
    """The user's entries that were lost too, from the last good copy."""


def judge(
    good: Outline | None, now: Outline | None, ours: Set[str], *, has_old_copy: bool
) -> LossVerdict:
    """The verdict on a file that holds `now` and held `good`; None stands for no file.

    `ours` are the names of the entries that should be there.
    """
    present = now.servers if now is not None else {}
    lost = tuple(sorted(ours - present.keys()))
    before = good.servers if good is not None else {}
    others = {name: each for name, each in before.items() if name not in {*present, *ours}}
    if not lost:
        return LossVerdict(Loss.NONE, others=others)
    was_aimed = good is not None and not has_old_copy and not _is_reset(good, now, ours)
    return LossVerdict(Loss.REMOVED if was_aimed else Loss.WIPED, lost, others)


def _is_reset(good: Outline, now: Outline | None, ours: Set[str]) -> bool:
    others = good.servers.keys() - ours
    if now is None:
        return bool(others or good.rest)
    return (
        not now.has_root
        or bool(others and not others & now.servers.keys())
        or bool(good.rest.keys() - now.rest.keys())
    )
