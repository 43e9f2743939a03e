"""The current heads of a database, as sets."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_core.runtime.heads import RowChanges, after, as_text, row_changes
from kernel_core.util.exc import CommandError

IDS = st.frozensets(st.sampled_from("abcdefgh"), max_size=6)


@dataclass
class Move:
    removed: tuple[str, ...]
    added: tuple[str, ...]


@pytest.mark.parametrize(
    ("heads", "removed", "added", "expected"),
    [
        ("", "", "a", "a"),
        ("a", "a", "b", "b"),
        ("ax", "a", "b", "bx"),
        ("ab", "ab", "m", "m"),
        ("m", "m", "ab", "ab"),
        ("a", "a", "", ""),
    ],
)
def test_a_step_removes_and_adds_rows(heads, removed, added, expected):
    assert after(frozenset(heads), Move(tuple(removed), tuple(added))) == frozenset(expected)


@pytest.mark.parametrize(("removed", "added"), [("z", "b"), ("", "a")])
def test_a_step_that_does_not_fit_is_refused(removed, added):
    with pytest.raises(CommandError, match="does not fit: the database is at a"):
        after(frozenset("a"), Move(tuple(removed), tuple(added)))


def test_one_head_that_follows_another_is_one_update():
    assert row_changes({"a"}, {"b"}) == RowChanges(updates=(("a", "b"),))


def test_a_merge_updates_one_row_and_deletes_the_rest():
    assert row_changes({"a", "b", "c"}, {"m"}) == RowChanges(updates=(("a", "m"),), deletes=("b", "c"))


def test_a_head_that_stays_is_not_touched():
    assert row_changes({"a", "x"}, {"b", "x"}) == RowChanges(updates=(("a", "b"),))


@given(IDS, IDS)
def test_the_row_changes_lead_from_any_heads_to_any_others(before, wanted):
    changes = row_changes(before, wanted)
    rows = list(before)
    for gone in changes.deletes:
        rows.remove(gone)
    for old, new in changes.updates:
        rows[rows.index(old)] = new
    rows.extend(changes.inserts)
    assert sorted(rows) == sorted(wanted)
    assert not (changes.inserts and changes.deletes)


def test_no_heads_are_shown_as_base():
    assert (as_text(()), as_text({"b", "a"})) == ("base", "a, b")
