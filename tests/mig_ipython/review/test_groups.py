"""Replacements, and drops of one table, are accepted and rejected together; and this is said."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    NullPool,
    String,
    Table,
    UniqueConstraint,
    create_engine,
)

from kernel_core.autogenerate import produce_migrations
from kernel_core.operations import ops
from kernel_core.operations.ops import (
    CreateForeignKeyOp,
    CreateUniqueConstraintOp,
    DropColumnOp,
    DropIndexOp,
    DropTableOp,
    ExecuteSQLOp,
)
from kernel_core.runtime.migration import MigrationContext


def accepted(review) -> list[int]:
    return [row.number for row in review.rows if row.accepted]


def replaced(old="fk", new="fk"):
    """Return a foreign key that is dropped, and what takes its place."""
    before = CreateForeignKeyOp(old, "orders", "users", ["user_id"], ["id"])
    return before.reverse(), CreateForeignKeyOp(new, "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")


@pytest.fixture
def review(make):
    """A replacement (1 and 3) around a harmless change (2)."""
    drop, creation = replaced()
    return make(drop, ops.AddColumnOp("users", Column("nick", String(20))), creation)


@pytest.mark.parametrize(
    ("which", "numbers"),
    [("all", [1, 2, 3]), ("safe", [2]), ("none", []), ("1", [1, 3]), ("3", [1, 3]), ("1-2", [1, 2, 3]), ("2", [2])],
)
def test_a_replacement_is_chosen_as_a_whole(review, which, numbers):
    said = review.accept(which)
    assert accepted(review) == numbers
    assert ("accepted too: it belongs together with row" in said) == (which in ("1", "3", "1-2"))


@pytest.mark.parametrize("number", [1, 3])
def test_half_of_a_replacement_takes_the_other_half_along(review, number):
    said = review.set_accepted(number, accepted=False)
    assert accepted(review) == [2]
    assert "is rejected too" in said
    said = review[number].accept()._review.message
    assert accepted(review) == [1, 2, 3]
    assert "is accepted too" in said


def test_a_replacement_is_safe_only_as_a_whole_and_says_what_belongs_to_it(review):
    assert [row.is_safe for row in review.rows] == [False, True, False]
    assert [row.together for row in review.rows] == [(3,), (), (1,)]
    assert "with row 3" in repr(review[1])


def test_a_replacement_stays_one_when_its_creation_is_edited(review):
    review[3].edit(constraint_name="fk_other")
    review.accept("safe")
    assert accepted(review) == [2]


def test_the_creation_cannot_come_before_the_drop_of_its_namesake(review):
    with pytest.raises(Exception, match="needs constraint fk of orders to be dropped"):
        review.move(3, 1)


def test_an_undone_half_is_undone_with_the_other(review):
    review.set_accepted(1, accepted=False)
    review.undo()
    assert accepted(review) == [1, 2, 3]


def test_a_view_in_sql_that_is_dropped_and_created_is_one_safe_change(make):
    review = make(ExecuteSQLOp("DROP VIEW v"), ExecuteSQLOp("CREATE VIEW v AS SELECT 1"), ExecuteSQLOp("DROP TABLE t"))
    review.accept("safe")
    assert accepted(review) == [1, 2]
    review.accept("2")
    assert accepted(review) == [1, 2]


@pytest.fixture
def dropped(make):
    """A table with its index (3, 2), a key to it (1), a column with its index (5, 4), and its foreign key (6)."""
    users = Table("users", MetaData(), Column("id", Integer, primary_key=True), Column("name", String(9)))
    key = CreateForeignKeyOp("fk", "orders", "users", ["user_id"], ["id"]).reverse()
    index = DropIndexOp.from_index(Index("ix_users_name", users.c.name))
    notes = ops.CreateIndexOp("ix_note", "orders", ["note"]).reverse()
    column = DropColumnOp.from_column_and_tablename(None, "orders", Column("note", String(9)))
    return make(
        key, index, DropTableOp.from_table(users), notes, column, CreateUniqueConstraintOp("uq", "a", ["b"]).reverse()
    )


@pytest.mark.parametrize(
    ("which", "numbers"),
    [
        ("all", [1, 2, 3, 4, 5, 6]),
        ("safe", [6]),
        ("1-3", [1, 2, 3]),
        ("1,3", [1, 2, 3]),
        ("1,2", [1, 2, 3]),
        ("4-5", [4, 5]),
        ("4", []),
        ("5", []),
        ("3", []),
    ],
)
def test_what_is_dropped_for_a_table_or_column_is_chosen_with_it(dropped, which, numbers):
    dropped.accept(which)
    assert accepted(dropped) == numbers


@pytest.mark.parametrize(("number", "left"), [(3, [4, 5, 6]), (2, [4, 5, 6]), (1, [4, 5, 6]), (5, [1, 2, 3, 6])])
def test_a_drop_that_is_rejected_keeps_what_would_have_been_dropped_for_it(dropped, number, left):
    assert "ejected too" in dropped.set_accepted(number, accepted=False)
    assert accepted(dropped) == left


@pytest.mark.parametrize(("number", "taken"), [(3, [1, 2, 3]), (2, [1, 2, 3]), (4, [4, 5]), (5, [4, 5]), (6, [6])])
def test_a_drop_that_is_accepted_takes_along_what_belongs_to_it(dropped, number, taken):
    dropped.accept("none")
    dropped.set_accepted(number, accepted=True)
    assert accepted(dropped) == taken


def test_a_key_of_two_purposes_stays_while_one_is_left(make):
    key = CreateForeignKeyOp("fk", "orders", "users", ["user_id"], ["id"]).reverse()
    column = DropColumnOp.from_column_and_tablename(None, "orders", Column("user_id", Integer))
    users = Table("users", MetaData(), Column("id", Integer, primary_key=True))
    review = make(key, column, DropTableOp.from_table(users))
    review.set_accepted(3, accepted=False)
    assert accepted(review) == [1, 2]
    review.set_accepted(2, accepted=False)
    assert accepted(review) == []


def test_a_foreign_key_needs_the_unique_constraint_that_it_refers_to(make):
    unique = CreateUniqueConstraintOp("uq", "users", ["name"])
    review = make(unique, CreateForeignKeyOp("fk", "orders", "users", ["user"], ["name"]))
    review.set_accepted(1, accepted=False)
    assert accepted(review) == []
    review.set_accepted(2, accepted=True)
    assert accepted(review) == [1, 2]


CHANGED = {
    "key": lambda n: [Column("user_id", ForeignKey("users.id", name="fk", ondelete="CASCADE" if n else None))],
    "unique": lambda n: [Column("a", Integer), Column("b", Integer), UniqueConstraint(*"ab"[: n + 1], name="uq_1")],
    "renamed": lambda n: [Column("a", Integer), UniqueConstraint("a", name=f"uq_2_{n}")],
    "index": lambda n: [Column("a", Integer), Column("b", Integer), Index("ix", "ab"[n], unique=True)],
    "checked": lambda n: [Column("a", Integer), CheckConstraint(f"a > {n}", name="ck")],
}


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"])
def test_only_safe_keeps_every_constraint_of_a_real_database(make, request, database):
    before, after = MetaData(), MetaData()
    for number, metadata in enumerate((before, after)):
        Table("users", metadata, Column("id", Integer, primary_key=True))
        for name, items in CHANGED.items():
            Table(name, metadata, Column("id", Integer, primary_key=True), *items(number))
    with create_engine(request.getfixturevalue(f"{database}_url"), poolclass=NullPool).connect() as connection:
        before.create_all(connection)
        opts = {"autogenerate_plugins": ["alembic.autogenerate.*", "kernel_core.ext.*"], "target_metadata": after}
        found = produce_migrations(MigrationContext.configure(connection, opts=opts), after).upgrade_ops
        connection.rollback()
        review = make(*found.leaves(), dialect=connection.dialect)
    assert sorted(row.table for row in review.rows) == sorted([*CHANGED, *CHANGED])
    review.accept("safe")
    assert accepted(review) == []
    for row in review.rows:
        review.accept(str(row.number))
        assert [other.table for other in review.rows if other.accepted] == [row.table] * 2
