"""What may become of an entry."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.tracker import ledger
from servers.tracker.entry import STATUSES, Draft, Entry, RejectedEntryError

ENTRY = Entry(
    "e", 3, "https://a.com/", "j@a.com", "first", ("a",), "contacted", created=1, changed=2
)
SAME = Draft(ENTRY.url, ENTRY.email)


def test_a_merge_that_adds_nothing_is_no_change() -> None:
    assert ledger.merged(ENTRY, SAME) is ENTRY
    assert ledger.merged(ENTRY, replace(SAME, note="first", tags=("a",))) is ENTRY
    assert ledger.outcome(ENTRY, ENTRY) == "unchanged"


def test_a_merge_adds_and_never_drops() -> None:
    merged = ledger.merged(ENTRY, replace(SAME, note="second", tags=("b",)))
    assert (merged.note, merged.tags, merged.version) == ("first\nsecond", ("a", "b"), 4)
    assert ledger.outcome(ENTRY, merged) == "merged"


@pytest.mark.parametrize(
    ("present", "added", "after"),
    [
        ("new", "contacted", "contacted"),
        ("contacted", "new", "contacted"),
        ("replied", "contacted", "replied"),
        ("replied", "won", "won"),
        ("won", "lost", "won"),
        ("won", "replied", "won"),
        ("do_not_contact", "won", "do_not_contact"),
        ("won", "do_not_contact", "do_not_contact"),
    ],
)
def test_a_merge_moves_the_status_forward_only(present: str, added: str, after: str) -> None:
    entry = replace(ENTRY, status=present)  # type: ignore[arg-type]
    assert ledger.merged(entry, replace(SAME, status=added)).status == after  # type: ignore[arg-type]


def test_an_update_may_set_any_status() -> None:
    for present in STATUSES:
        for wanted in STATUSES:
            entry = replace(ENTRY, status=present)
            assert ledger.revised(entry, replace(SAME, status=wanted)).status == wanted


def test_a_deleted_entry_comes_back_when_it_is_tracked_again() -> None:
    gone = ledger.deleted(ENTRY, gone=True)
    back = ledger.merged(gone, SAME)
    assert (gone.deleted, back.deleted) == (True, False)
    assert ledger.outcome(gone, back) == "restored"
    assert ledger.deleted(gone, gone=True) is gone


@pytest.mark.parametrize("field", ["note", "tags"])
def test_a_merge_that_would_be_too_large_is_refused_by_name(field: str) -> None:
    entry = replace(ENTRY, note="x" * 3000, tags=tuple(f"t{n}" for n in range(20)))
    draft = replace(SAME, note="y" * 2000) if field == "note" else replace(SAME, tags=("z",))
    with pytest.raises(RejectedEntryError) as rejected:
        ledger.merged(entry, draft)
    assert [fault.field for fault in rejected.value.faults] == [field]


drafts = st.builds(
    Draft,
    st.just(ENTRY.url),
    st.just(ENTRY.email),
    st.text(alphabet="ab ", max_size=5),
    st.lists(st.sampled_from("abcd"), unique=True, max_size=3).map(
        lambda tags: tuple(sorted(tags))
    ),
    st.sampled_from(STATUSES),
)


@given(st.lists(drafts, max_size=8))
def test_no_order_of_merges_loses_anything(several: list[Draft]) -> None:
    entry = ENTRY
    for draft in several:
        before, entry = entry, ledger.merged(entry, draft)
        assert set(before.tags) | set(draft.tags) == set(entry.tags)
        assert before.note in entry.note
        assert draft.note in entry.note
        assert entry.version == before.version + bool(ledger.differences(before, entry))
        assert ledger.merged(entry, draft) is entry


def test_where_a_refused_update_and_the_entry_differ_is_told() -> None:
    told = ledger.apart(ENTRY, {"note": "mine", "status": "contacted"})
    assert told == [{"field": "note", "yours": "mine", "current": "first"}]
