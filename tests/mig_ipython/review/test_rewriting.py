"""The rewrites that are offered for the blockers of a rehearsal."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kernel_core.operations.ops import AlterColumnOp
from kernel_core.rehearse import Blocker
from kernel_core.rehearse.rewrites import rewrites_of
from mig_ipython.review.rewriting import Offer, remedies


@pytest.mark.parametrize(
    ("kind", "is_accepted", "names"),
    [
        ("misfit", True, ["using"]),
        ("error", True, ["using"]),
        ("duplicate", True, []),
        ("misfit", False, []),
    ],
)
def test_a_type_without_a_cast_and_values_that_have_none_are_removed_by_using(kind, is_accepted, names):
    operation = AlterColumnOp("users", "age", existing_type=sa.Text(), modify_type=sa.Integer())
    row = SimpleNamespace(number=1, accepted=is_accepted, sentence=operation.sentence())
    found = rewrites_of(operation, postgresql.dialect(), lambda: None)
    review = SimpleNamespace(rows=(row,), rewrites=lambda number: tuple(Offer(number, each) for each in found))
    blockers = [Blocker(kind, "a1", f"Something before; {row.sentence}", "users", "text")]
    assert [each.name for each in remedies(review, blockers)] == names
    assert remedies(review, [Blocker(kind, "a1", "Something else", "users", "text")]) == ()
