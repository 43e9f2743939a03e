"""Which drops and creations replace each other."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Computed, Integer

from kernel_core.operations import MigrateOperation, ops
from kernel_core.operations.ops import (
    CreateCheckConstraintOp,
    CreateExcludeConstraintOp,
    CreateForeignKeyOp,
    CreateIndexOp,
    CreatePrimaryKeyOp,
    CreateUniqueConstraintOp,
    DropConstraintOp,
    ExecuteSQLOp,
)
from kernel_core.operations.replacements import replacements

DOUBLED = Column("total", Integer, Computed("a * 2"))


class Target:
    """What operations of add-ons are handed: a view with its schema and its signature."""

    type_ = "view"

    def __init__(self, signature: str, schema: str = "public") -> None:
        self.signature, self.schema = signature, schema


class CreateOp(MigrateOperation):
    def __init__(self, target: Target) -> None:
        self.target = target

    def reverse(self) -> MigrateOperation:
        return DropOp(self.target)


class DropOp(CreateOp):
    def reverse(self) -> MigrateOperation:
        return CreateOp(self.target)


class CreateRuleOp(MigrateOperation):
    def __init__(self, name: str) -> None:
        self.name = name


class DropRuleOp(CreateRuleOp):
    """Nobody has said how this is undone."""


def dropped(creation: MigrateOperation, name: str | None = None) -> MigrateOperation:
    """Return what drops that, under the name that the database gave it."""
    drop = creation.reverse()
    if name is not None:
        drop.constraint_name = name
    return drop


def fk(name, *columns, target="users", **options):
    return CreateForeignKeyOp(name, "orders", target, list(columns), ["id"], **options)


PAIRS = {
    "foreign key, other action": (dropped(fk("fk", "user_id")), fk("fk", "user_id", ondelete="CASCADE")),
    "foreign key, unnamed now": (dropped(fk("orders_user_id_fkey", "user_id")), fk(None, "user_id", target="people")),
    "foreign key, one more column": (dropped(fk("fk_a", "user_id")), fk("fk_b", "user_id", "tenant")),
    "unique, other name": (
        dropped(CreateUniqueConstraintOp("uq_a", "t", ["a"])),
        CreateUniqueConstraintOp("uq_b", "t", ["a"]),
    ),
    "unique, one more column": (
        dropped(CreateUniqueConstraintOp("uq_a", "t", ["a"])),
        CreateUniqueConstraintOp("uq_a_b", "t", ["a", "b"]),
    ),
    "unique constraint, now an index": (
        dropped(CreateUniqueConstraintOp("uq_a", "t", ["a"])),
        CreateIndexOp("ix_a", "t", ["a"], unique=True),
    ),
    "check, other condition": (
        dropped(CreateCheckConstraintOp(None, "t", "age > 0"), "t_age_check"),
        CreateCheckConstraintOp(None, "t", "age >= 18"),
    ),
    "index": (dropped(CreateIndexOp("ix", "t", ["a"])), CreateIndexOp("ix", "t", ["b"])),
    "primary key": (dropped(CreatePrimaryKeyOp("pk", "t", ["a"])), CreatePrimaryKeyOp("pk_2", "t", ["b"])),
    "exclude": (
        dropped(CreateExcludeConstraintOp("ex", "t", [("room", "=")])),
        CreateExcludeConstraintOp("ex2", "t", [("room", "="), ("during", "&&")]),
    ),
    "computed column": (
        ops.DropColumnOp.from_column_and_tablename(None, "t", DOUBLED),
        ops.AddColumnOp("t", Column("total", Integer, Computed("a * 3"))),
    ),
    "view of an add-on": (DropOp(Target("adults")), CreateOp(Target("adults"))),
    "custom operations": (DropRuleOp("r"), CreateRuleOp("r")),
    "SQL": (
        ExecuteSQLOp("DROP VIEW IF EXISTS adults"),
        ExecuteSQLOp("CREATE OR REPLACE VIEW adults AS SELECT 1"),
    ),
    "SQL of a materialized view": (
        ExecuteSQLOp("DROP MATERIALIZED VIEW s.v"),
        ExecuteSQLOp('CREATE  MATERIALIZED\nVIEW "s".v AS SELECT 1'),
    ),
    "SQL of a quoted view": (
        ExecuteSQLOp('DROP VIEW "Older users"'),
        ExecuteSQLOp('/* again */ CREATE VIEW "Older users" AS SELECT 1'),
    ),
    "check with a cast before the column that both have": (
        dropped(CreateCheckConstraintOp("ck_a", "t", "a::text <> '' AND shared > 1")),
        CreateCheckConstraintOp("ck_b", "t", "shared > 2"),
    ),
}

UNRELATED = {
    "foreign keys of other columns": (dropped(fk("fk_a", "user_id")), fk("fk_b", "ship_id")),
    "another table": (
        dropped(CreateUniqueConstraintOp("uq", "t", ["a"])),
        CreateUniqueConstraintOp("uq", "other", ["a"]),
    ),
    "another schema": (
        dropped(CreateIndexOp("ix", "t", ["a"], schema="s")),
        CreateIndexOp("ix", "t", ["a"]),
    ),
    "other kinds": (dropped(CreateIndexOp("ix", "t", ["a"])), CreateUniqueConstraintOp("uq", "t", ["a"])),
    "checks with one function in common": (
        dropped(CreateCheckConstraintOp("ck_a", "t", "length(a) > 'a b'")),
        CreateCheckConstraintOp("ck_b", "t", "length(b) > 2"),
    ),
    "other views": (DropOp(Target("adults")), CreateOp(Target("children"))),
    "views of one name in two schemas": (DropOp(Target("v")), CreateOp(Target("v", "other"))),
    "other quoted views in SQL": (ExecuteSQLOp('DROP VIEW "my a"'), ExecuteSQLOp('CREATE VIEW "my b" AS SELECT 1')),
    "another view in SQL": (ExecuteSQLOp("DROP VIEW a"), ExecuteSQLOp("CREATE VIEW b AS SELECT 1")),
    "comments": (ops.DropTableCommentOp("a"), ops.CreateTableCommentOp("b", "x")),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_drop_and_the_creation_that_replaces_it_are_a_pair(name):
    pair = PAIRS[name]
    assert replacements(pair) == [pair]
    assert replacements(pair[::-1]) == [pair]


@pytest.mark.parametrize("name", UNRELATED)
def test_a_drop_and_a_creation_of_another_object_are_not_a_pair(name):
    assert replacements(UNRELATED[name]) == []


def test_the_most_similar_ones_are_a_pair_and_each_is_in_one_only():
    drop_a, drop_ab = (dropped(CreateUniqueConstraintOp(n, "t", c)) for n, c in (("a", ["a"]), ("ab", ["a", "b"])))
    make_ab, make_a = CreateUniqueConstraintOp("x", "t", ["a", "b"]), CreateUniqueConstraintOp("y", "t", ["a", "c"])
    assert set(replacements([drop_a, drop_ab, make_ab, make_a])) == {(drop_ab, make_ab), (drop_a, make_a)}


def test_a_drop_of_which_only_the_name_is_known_is_paired_by_kind_and_name():
    pair = (DropConstraintOp("uq", "t", "unique"), CreateUniqueConstraintOp("uq", "t", ["a"]))
    assert replacements(pair) == [pair]
    assert replacements([DropConstraintOp("uq", "t", "check"), pair[1]]) == []
    pair = (ops.DropIndexOp("ix", "t"), CreateIndexOp("ix", "t", ["a"]))
    assert replacements(pair) == [pair]


def test_renamed_objects_are_paired_by_their_new_names():
    renames = (ops.RenameTableOp("user", "users"), ops.AlterColumnOp("users", "mail", modify_name="email"))
    drop = dropped(CreateIndexOp("ix_user_mail", "user", ["mail"]))
    creation = CreateIndexOp("ix_users_email", "users", ["email"])
    assert replacements([drop, *renames, creation]) == [(drop, creation)]
    assert replacements([drop, creation]) == []
