"""What looks like a rename is one choice."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import produce_migrations
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError
from mig_ipython.review import Review


@pytest.fixture
def review():
    """A column `mail` with an index that became `email`, and a column that is new."""
    engine = sa.create_engine("sqlite://")
    before, after = sa.MetaData(), sa.MetaData()
    sa.Table(
        "person",
        before,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("mail", sa.String(80), index=True),
    )
    sa.Table(
        "person",
        after,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(80), index=True),
        sa.Column("age", sa.Integer),
    )
    with engine.connect() as connection:
        before.create_all(connection)
        found = produce_migrations(MigrationContext.configure(connection=connection), after)
    engine.dispose()
    return Review(found.upgrade_ops, dialect="sqlite")


def kinds(review) -> list[str]:
    return [row.kind for row in review.rows]


def test_the_candidates_are_offered(review):
    assert [(one.old_name, one.new_name) for one in review.renames] == [("person.mail", "email")]


def test_one_choice_makes_one_row_of_all_that_belongs_to_it(review):
    assert kinds(review).count("drop column") == 1
    said = review.rename(1)
    assert "its values are kept" in said
    assert "drop column" not in kinds(review)
    assert not any(row.loses_data for row in review.rows)
    assert any("ename" in row.sentence for row in review.rows)
    assert review.renames == ()
    assert not review.accepted().is_empty()


def test_it_is_undone_and_offered_again(review):
    before = review.rows
    review.rename(1)
    review.undo()
    assert review.rows == before
    assert len(review.renames) == 1
    review.redo()
    assert review.renames == ()


def test_the_other_rows_stay_the_same_rows(review):
    age = next(row.key for row in review.rows if "age" in row.sentence)
    review.set_accepted(review.row_of(age).number, accepted=False)
    review.rename(1)
    assert not review.row_of(age).accepted


@pytest.mark.parametrize("act", ["edit", "reject"])
def test_what_was_edited_or_rejected_is_no_candidate_any_more(review, act):
    number = next(row.number for row in review.rows if row.kind == "add column" and "email" in row.sentence)
    if act == "edit":
        review.edit(number, nullable=False)
    else:
        review.set_accepted(number, accepted=False)
    assert review.renames == ()
    with pytest.raises(CommandError, match="There is no rename 1: nothing looks like one"):
        review.rename(1)
