"""The rule of the guard, as a table."""

from __future__ import annotations

import pytest

from app.clients.planning.entry_loss import Loss, judge
from app.formats.spans import Outline

LOU = {"command": "lou-connect"}
OTHER = {"command": "npx"}
OURS = {"lou-search"}


def says(*servers: str, rest: tuple[str, ...] = ("theme",), root: bool = True) -> Outline:
    found = {name: LOU if name.startswith("lou") else OTHER for name in servers}
    return Outline(found, root, dict.fromkeys(rest, 1))


CASES = {
    "nothing changed": (says("lou-search", "x"), says("lou-search", "x"), False, Loss.NONE),
    "another server was removed": (says("lou-search", "x"), says("lou-search"), False, Loss.NONE),
    "settings changed": (says("lou-search"), says("lou-search", rest=("new",)), False, Loss.NONE),
    "only Lou's was removed": (says("lou-search", "x"), says("x"), False, Loss.REMOVED),
    "Lou's alone was there and its place stays": (says("lou-search"), says(), False, Loss.REMOVED),
    "one of two others went with it": (
        says("lou-search", "x", "y"), says("y"), False, Loss.REMOVED,
    ),
    "all others went with it": (says("lou-search", "x", "y"), says(), False, Loss.WIPED),
    "the place of the servers went": (says("lou-search"), says(root=False), False, Loss.WIPED),
    "a setting went with it": (says("lou-search"), says(rest=()), False, Loss.WIPED),
    "the file went": (says("lou-search", "x"), None, False, Loss.WIPED),
    "the file that held only Lou's went": (says("lou-search", rest=()), None, False, Loss.REMOVED),
    "the client wrote its older copy back": (says("lou-search", "x"), says("x"), True, Loss.WIPED),
    "no good copy is known": (None, says("x"), False, Loss.WIPED),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_loss_is_judged(name: str) -> None:
    good, now, has_old_copy, expected = CASES[name]
    verdict = judge(good, now, OURS, has_old_copy=has_old_copy)
    assert verdict.loss is expected
    assert verdict.ours == (() if expected is Loss.NONE else ("lou-search",))


def test_the_others_that_went_are_named_with_their_entries() -> None:
    verdict = judge(says("lou-search", "x", "y"), says("z"), OURS, has_old_copy=False)
    assert verdict.others == {"x": OTHER, "y": OTHER}
