"""``--only`` and ``--exclude``: what is chosen is complete, and what was included is said."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, Enum, Integer, MetaData, Sequence, Table

from kernel_core.autogenerate import produce_migrations
from kernel_core.operations import MigrateOperation, ops
from kernel_core.operations.containers import UpgradeOps, grouped
from kernel_core.operations.ops import CreateForeignKeyOp, CreateUniqueConstraintOp
from kernel_core.runtime.migration import MigrationContext
from mig_ipython.proposals.scope import Scope


class Provider(MigrateOperation):
    """Some operation of an add-on that provides one thing."""

    sign = "+"

    def __init__(self, *need: str) -> None:
        self.need = need

    def provides(self):
        return frozenset({self.need})

    def sentence(self) -> str:
        return f"Provide {'.'.join(filter(None, self.need))}"


def table(name: str, *columns: Column, schema: str | None = None) -> MigrateOperation:
    return ops.CreateTableOp.from_table(Table(name, MetaData(), Column("id", Integer), *columns, schema=schema))


def chosen(operations, **wanted) -> tuple[list[str], str]:
    found, notes = Scope(**wanted).select(UpgradeOps(grouped(operations)))
    return [leaf.sentence() for leaf in found.leaves()], " ".join(notes)


OTHER = ops.AddColumnOp("other", Column("x", Integer))
KEY = CreateForeignKeyOp("fk", "orders", "users", ["user_id"], ["id"])
MOOD = Enum("sad", "ok", name="mood")

INCLUDED = {
    "a schema": (Provider("schema", "shop"), table("users", schema="shop")),
    "a sequence": (Provider("sequence", "", "ids"), table("users", Column("n", Integer, Sequence("ids")))),
    "a sequence in a default": (
        Provider("sequence", "", "ids"),
        ops.AddColumnOp("users", Column("n", Integer, server_default=sa.text("nextval('ids'::regclass)"))),
    ),
    "an enum type": (ops.CreateEnumTypeOp("mood", ["sad", "ok"]), ops.AddColumnOp("users", Column("mood", MOOD))),
    "a value of an enum type": (
        ops.AddEnumValueOp("mood", "ok"),
        ops.AlterColumnOp("users", "mood", existing_type=MOOD, modify_server_default="ok"),
    ),
    "the drop of a key to it": (KEY.reverse(), ops.DropTableOp.from_table(Table("users", MetaData()))),
    "the other half of a replacement": (
        CreateUniqueConstraintOp("uq", "users", ["a"]).reverse(),
        CreateUniqueConstraintOp("uq_2", "users", ["a"]),
    ),
}


@pytest.mark.parametrize("name", INCLUDED)
def test_what_a_chosen_table_needs_is_included_and_reported(name):
    needed, operation = INCLUDED[name]
    pattern = "users.uq_2" if "half" in name else "users,shop.users"
    sentences, notes = chosen([needed, OTHER, operation], only=tuple(pattern.split(",")))
    assert sentences == [needed.sentence(), operation.sentence()]
    assert needed.sentence() in notes


def test_a_value_is_included_for_the_table_that_uses_its_type_already():
    addition = ops.AddEnumValueOp("mood", "ok", columns=[{"table": "users", "column": "mood"}])
    assert chosen([addition, OTHER], only=("users",)) == ([addition.sentence()], "")
    assert chosen([addition, OTHER], only=("pets",)) == ([], "")
    assert chosen([addition, OTHER], exclude=("users",)) == ([OTHER.sentence()], "")


def test_what_would_lose_data_is_not_included_but_named():
    users, orders = Table("users", MetaData(), Column("id", Integer, primary_key=True)), MetaData()
    child = Table("orders", orders, Column("user_id", sa.ForeignKey("users.id")))
    Table("users", orders, Column("id", Integer, primary_key=True))
    drops = [ops.DropTableOp.from_table(child), ops.DropTableOp.from_table(users)]
    sentences, notes = chosen(drops, only=("users",))
    assert sentences == ["Drop table users"]
    assert "needs what is left out: Drop table orders" in notes


def test_an_excluded_half_leaves_out_the_other_half():
    pair = (CreateUniqueConstraintOp("uq", "users", ["a"]).reverse(), CreateUniqueConstraintOp("uq_2", "users", ["a"]))
    sentences, notes = chosen([*pair, OTHER], exclude=("users.uq",))
    assert sentences == [OTHER.sentence()]
    assert "Left out too" in notes


def test_a_need_that_is_excluded_is_named():
    sentences, notes = chosen([table("users"), KEY], exclude=("users",))
    assert sentences == [KEY.sentence()]
    assert "needs what is left out: Create table users" in notes


def test_a_table_of_postgresql_brings_its_enum_type_and_new_values(postgresql_url):
    before, after = MetaData(), MetaData()
    for labels, metadata in ((["sad"], before), (["sad", "ok"], after)):
        Table("users", metadata, Column("mood", Enum(*labels, name="mood")))
    Table("pets", after, Column("size", Enum("s", "m", name="size")))
    Table("others", after, Column("color", Enum("red", name="color")))
    with sa.create_engine(postgresql_url, poolclass=sa.NullPool).connect() as connection:
        before.create_all(connection)
        opts = {"autogenerate_plugins": ["alembic.autogenerate.*", "kernel_core.ext.*"], "target_metadata": after}
        found = produce_migrations(MigrationContext.configure(connection, opts=opts), after).upgrade_ops
    assert chosen(found.leaves(), only=("users",))[0] == ["Add value 'ok' to enum type mood"]
    assert chosen(found.leaves(), only=("pets",))[0] == [
        "Create enum type size: 's', 'm'",
        "Create table pets with 1 column",
    ]


@pytest.mark.slow
def test_a_pattern_that_matches_nothing_is_named(migrated):
    for command in ("%mig_diff --only user", "%mig_check --only user", "%mig_autogenerate -m x --only user"):
        assert "'user' matches no table or column. The nearest is users." in repr(migrated.run(command)), command
    for matching in ("users", "user*", "users.name", "*.name"):
        assert "matches no" not in repr(migrated.run(f"%mig_diff --only {matching}")), matching
    migrated.run("%mig_connect dev").engine.connect().exec_driver_sql("CREATE TABLE other (x INTEGER)")
    assert "Drop table other" in repr(found := migrated.run("%mig_diff --only other"))
    assert "matches no" not in repr(found)
