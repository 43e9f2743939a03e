"""What looks like a rename is one choice."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import sqlalchemy.dialects.mysql

from kernel_core.autogenerate import produce_migrations
from kernel_core.operations import Operations
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


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"])
def test_another_default_for_a_renamed_column_goes_up_and_down(request, database):
    engine = sa.create_engine(request.getfixturevalue(f"{database}_url"), poolclass=sa.NullPool)
    before, after = sa.MetaData(), sa.MetaData()
    for metadata, names in ((before, ("mail", "nick")), (after, ("email", "nicks"))):
        options = {names[1]: {"server_default": "old"}}
        columns = (sa.Column(name, sa.String(80), **options.get(name, {})) for name in names)
        sa.Table("person", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    with engine.connect() as connection:
        before.create_all(connection)
        context = MigrationContext.configure(connection=connection, opts={"target_metadata": after})
        review = Review(produce_migrations(context, after).upgrade_ops, dialect=connection.dialect)
        review.rename(1)
        review.rename(1)
        for number in (1, 2):
            review.edit_text(number, "server_default", "'new'")
        for python, default in ((review.python, {"new"}), (review.downgrade, {None, "old"})):
            names = {"op": Operations(context), "sa": sa, "mysql": sa.dialects.mysql}
            with context.begin_transaction():
                for number in (1, 2):
                    exec(python(number), names)
            columns = sa.inspect(connection).get_columns("person")[1:]
            assert {str(one["default"]).split("'")[1] if one["default"] else None for one in columns} == default
            connection.commit()
