"""Constraints without a name: the downgrade drops them by the name that the database gives them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Integer, UniqueConstraint
from sqlalchemy.dialects import postgresql

from kernel_core.ddl.postgresql.generated_names import object_name

LONG = "a_table_whose_name_is_nearly_as_long_as_a_name_may_be_on"
WIDE = "größenordnungsmäßigkeitsprüfungsübersichtsäußerungen"
FAR = "a_column_of_a_long_name_that_is_cut_when_it_is_joined"


def items(*names: str) -> list[Column]:
    return [Column(name, Integer) for name in names]


def refers(target: str = "users.id", **options) -> ForeignKey:
    return ForeignKey(target, **options)


BEFORE = {
    "new": lambda: items("user_id", "code", "n"),
    "more": lambda: [Column("a", Integer, refers()), Column("b", Integer, unique=True), Column("c", Integer)],
    "changed": lambda: [Column("a", Integer, refers()), Column("b", Integer)],
    LONG: lambda: items(FAR, f"{FAR}_2"),
    WIDE: lambda: items("übergröße_der_maßgeblichen_prüfung", "n"),
    "Order Items": lambda: items("User Id", "select"),
    "checked": lambda: items("a", "b", "c"),
    "tree": lambda: items("parent", "root"),
    "composed": lambda: items("x", "y", "z"),
    "later_a": lambda: items("b_id"),
    "later_b": lambda: items("a_id"),
    "indexed": lambda: [*items("user_id"), sa.Index("ix_indexed", "user_id")],
    "covered": lambda: [Column("a", Integer, refers()), Column("b", Integer, refers()), *items("c")],
}
AFTER = {
    "new": lambda: [
        Column("user_id", Integer, refers()),
        Column("code", Integer, unique=True),
        Column("n", Integer),
        CheckConstraint("n > 0"),
        Column("added", Integer, refers(ondelete="CASCADE"), unique=True),
    ],
    "more": lambda: [
        Column("a", Integer, refers()),
        Column("b", Integer, unique=True),
        Column("c", Integer, refers()),
        UniqueConstraint("b", "c"),
        UniqueConstraint("a", "c"),
    ],
    "changed": lambda: [Column("a", Integer, refers(ondelete="CASCADE")), Column("b", Integer, refers())],
    LONG: lambda: [
        Column(FAR, Integer, refers(), unique=True),
        Column(f"{FAR}_2", Integer, refers(), unique=True),
        CheckConstraint(f"{FAR} > 0"),
    ],
    WIDE: lambda: [
        Column("übergröße_der_maßgeblichen_prüfung", Integer, refers(), unique=True),
        Column("n", Integer, unique=True),
    ],
    "Order Items": lambda: [Column("User Id", Integer, refers()), Column("select", Integer, unique=True)],
    "checked": lambda: [
        *items("a", "b", "c"),
        CheckConstraint("a > 0"),
        CheckConstraint("a < 9"),
        CheckConstraint("a < b"),
        CheckConstraint("1 < 2"),
        CheckConstraint("length('b') < c"),
    ],
    "tree": lambda: [Column("parent", Integer, refers("tree.id")), Column("root", Integer, refers("tree.id"))],
    "composed": lambda: [
        *items("x", "y", "z"),
        UniqueConstraint("x", "y"),
        UniqueConstraint("x", "z"),
        ForeignKeyConstraint(["x", "y"], ["pairs.x", "pairs.y"]),
    ],
    "later_a": lambda: [Column("b_id", Integer, refers("later_b.id"))],
    "later_b": lambda: [Column("a_id", Integer, refers("later_a.id"))],
    "indexed": lambda: [Column("user_id", Integer, refers()), sa.Index("ix_indexed", "user_id")],
    "covered": lambda: [
        Column("a", Integer, refers()),
        Column("b", Integer, refers()),
        *items("c"),
        sa.Index("ix_covered", "a", "c"),
        UniqueConstraint("b", "c", name="uq_covered"),
    ],
    "created": lambda: [Column("user_id", Integer, refers(), unique=True), CheckConstraint("user_id > 0")],
    "circle_a": lambda: [Column("b_id", Integer, refers("circle_b.id"))],
    "circle_b": lambda: [Column("a_id", Integer, refers("circle_a.id"))],
}


def models(tables) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("users", metadata, Column("id", Integer, primary_key=True))
    sa.Table("pairs", metadata, *items("x", "y"), UniqueConstraint("x", "y", name="uq_pairs"))
    for name, made in tables.items():
        sa.Table(name, metadata, Column("id", Integer, primary_key=True), *made())
    return metadata


@pytest.mark.slow
def test_what_has_no_name_is_created_and_dropped_again(migration):
    if migration.name == "sqlite":  # its tables are created with their keys, in any order
        made = {name: each for name, each in AFTER.items() if not name.startswith("circle")}
    else:
        made = AFTER
    sentences = migration.there_and_back(models(BEFORE), models(made))
    assert len(sentences) > 30


def test_the_upgrade_leaves_the_name_to_the_database(migration):
    migration.create(models({"new": BEFORE["new"]}))
    script = migration.script(models({"new": AFTER["new"]}))
    upgrade, downgrade = migration.run(script.upgrade_ops), migration.run(script.downgrade_ops)
    assert upgrade.count("constraint(None") == 3
    assert upgrade.count("create_foreign_key(None") == 2 - upgrade.count("create_foreign_key(\n")
    assert "drop_constraint(None" not in downgrade


def test_a_name_that_an_operation_frees_is_given_again(postgresql_migration):
    """``a_key`` is dropped before it is needed; ``a_check`` is taken by another table of the schema."""
    before, after = sa.MetaData(), sa.MetaData()
    sa.Table("t", before, Column("a", Integer), UniqueConstraint("a", name="t_b_key"), Column("b", Integer))
    sa.Table("other", before, Column("c", Integer), CheckConstraint("c > 0", name="t_a_check"))
    sa.Table("t", after, Column("a", Integer), Column("b", Integer, unique=True), CheckConstraint("a > 0"))
    sa.Table("other", after, Column("c", Integer), CheckConstraint("c > 0", name="t_a_check"))
    postgresql_migration.there_and_back(before, after)


def test_an_exclude_constraint_and_a_primary_key_without_a_name(postgresql_migration):
    before, after = sa.MetaData(), sa.MetaData()
    sa.Table("t", before, Column("a", Integer, nullable=False), Column("during", postgresql.INT4RANGE))
    exclude = postgresql.ExcludeConstraint(("during", "&&"), using="gist")
    sa.Table("t", after, Column("a", Integer, primary_key=True), Column("during", postgresql.INT4RANGE), exclude)
    postgresql_migration.there_and_back(before, after)


@pytest.mark.parametrize(
    ("table", "columns", "label", "name"),
    [
        ("users", "email", "key", "users_email_key"),
        ("users", "", "pkey", "users_pkey"),
        ("t" * 70, "c" * 70, "fkey", f"{'t' * 29}_{'c' * 28}_fkey"),
        ("t" * 10, "c" * 70, "key", f"{'t' * 10}_{'c' * 48}_key"),
        ("ü" * 40, "c", "key1", f"{'ü' * 28}_c_key1"),
    ],
)
def test_a_long_name_of_postgresql_is_cut_to_63_bytes(table, columns, label, name):
    assert object_name(table, columns, label) == name
    assert len(name.encode()) <= 63
