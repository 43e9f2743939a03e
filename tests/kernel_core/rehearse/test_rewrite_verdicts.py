"""The verdict about a rewrite: good only where nothing fails, nothing is lost, and the schema is the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_core.rehearse import Blocker, Rehearsal, TableRows, Undone
from kernel_core.rehearse.rewrites.verdict import Rehearsed, verdict

NOT_NULL = ("~", "users", "column email: now NOT NULL")
FILLED = TableRows("users", 9, 9, 0, 0, 2, ("id",), columns={"email": 2})
CLEAN = Rehearsal(
    "shop", "sqlite", ("b2",), (), ("b2",), (), (), (NOT_NULL,), (FILLED,), Undone(rows=(FILLED,)), 0.1, "copy"
)
BLOCKER = Blocker("null", "b2", "Alter column email", "users", "email is NULL in 2 rows", 2, columns=("email",))
ORIGINAL = Rehearsed(replace(CLEAN, rows=(), schema=(), blockers=(BLOCKER,)), replace(CLEAN, rows=(), undone=Undone()))
OWN = frozenset({"Fill", "Alter column email"})


def judged(**changes):
    """Return the verdict about a rehearsal of the rewrite with other values."""
    found = replace(CLEAN, **changes)
    return verdict(ORIGINAL, Rehearsed(found, replace(found, blockers=())), OWN)


def test_it_is_good():
    assert judged().is_good
    assert judged().outcome == "good"
    assert "· 2 values of users.email are filled" in judged().lines()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"rows": (replace(FILLED, removed=1),)}, "⚠ 1 row of users is removed"),
        ({"rows": (replace(FILLED, added=2),)}, "⚠ 2 rows of users are added"),
        ({"rows": (replace(FILLED, columns={"email": 3}),)}, "⚠ 3 values of users.email are changed"),
        ({"rows": (replace(FILLED, columns={"name": 2}),)}, "⚠ 2 values of users.name are changed"),
        ({"rows": (replace(FILLED, lost={"name": 1}),)}, "⚠ 1 value of users.name is lost"),
        ({"schema": ()}, "⚠ the schema differs, only without the rewrite: ~ users: column email: now NOT NULL"),
        ({"schema": (NOT_NULL, NOT_NULL)}, "⚠ the schema differs, only with it: ~ users: column email: now NOT NULL"),
        ({"undone": Undone(failure="no")}, "⚠ the downgrade fails"),
        ({"undone": Undone(schema=(NOT_NULL,))}, "⚠ after the downgrade: ~ users: column email: now NOT NULL"),
    ],
)
def test_one_fact_against_it_is_enough(changes, line):
    assert judged(**changes).outcome == "runs"
    assert line in judged(**changes).lines()


def test_a_blocker_that_is_left_makes_it_fail():
    found = judged(blockers=(replace(BLOCKER, operation="Fill; Add column age"),))
    assert found.outcome == "fails"
    assert "✗ Fill; Add column age: email is NULL in 2 rows" in found.lines()


def test_code_that_failed_is_of_every_operation():
    assert judged(blockers=(Blocker("error", "b2", "the code of b2", "", "no"),)).outcome == "fails"


def test_blockers_of_other_operations_are_named_and_are_not_about_it():
    found = judged(blockers=(replace(BLOCKER, operation="Create index"), replace(BLOCKER, operation="Add key")))
    assert found.outcome == "good"
    assert "· 2 blockers of other rows of the review: not about this rewrite" in found.lines()


def test_what_the_original_changes_too_is_not_about_the_rewrite():
    gone = TableRows("old", 3, None, 0, 3, 0)
    original = replace(ORIGINAL, on_rows=replace(ORIGINAL.on_rows, rows=(gone,)))
    found = replace(CLEAN, rows=(FILLED, gone))
    assert verdict(original, Rehearsed(found, found), OWN).is_good


def test_an_operation_that_fails_without_rows_too_leaves_the_schemas_unknown():
    found = Rehearsed(CLEAN, CLEAN)
    original = replace(ORIGINAL, complete=replace(ORIGINAL.complete, blockers=(BLOCKER,)))
    assert (
        "⚠ the schemas are not compared: an operation fails on empty tables too"
        in verdict(original, found, OWN).lines()
    )


def test_a_sample_is_named():
    assert (
        "✓ all rows of the 5 of each table that were rehearsed are kept, with every value that they had"
        in judged(sample=5).lines()
    )
