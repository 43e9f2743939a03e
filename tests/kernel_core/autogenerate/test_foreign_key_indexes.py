"""MariaDB creates an index for each foreign key: it is dropped with the key or the table, in both directions."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from rounds import run

from kernel_core.autogenerate import compare_metadata, produce_migrations
from kernel_core.runtime.migration import MigrationContext


def model(*further: Any, child: bool = True) -> sa.MetaData:
    metadata = sa.MetaData()
    pair = (sa.Column("x", sa.Integer, primary_key=True), sa.Column("y", sa.Integer, primary_key=True))
    sa.Table("parent", metadata, *pair, mysql_engine="InnoDB")
    if child:
        columns = [sa.Column(name, sa.Integer) for name in ("a", "b", "c")]
        sa.Table("child", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns, *further)
    return metadata


def key(*columns: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(columns, [f"parent.{name}" for name in ("x", "y")[: len(columns)]], name="fk_child")


# Before and after: each way is gone and undone.
CHANGES: dict[str, tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]] = {
    "a key of two columns": ((), (lambda: key("a", "b"),)),
    "a key of one column": ((), (lambda: key("a"),)),
    "a key with a separate index": ((), (lambda: key("a", "b"), lambda: sa.Index("ix_child_ab", "a", "b"))),
    "a key with a longer index": ((), (lambda: key("a"), lambda: sa.Index("ix_child_ac", "a", "c"))),
    "a key over an index that stays": (
        (lambda: sa.Index("ix_child_abc", "a", "b", "c"),),
        (lambda: key("a", "b"), lambda: sa.Index("ix_child_abc", "a", "b", "c")),
    ),
    "a table with a key": (None, (lambda: key("a", "b"),)),
    "a table with a key and its index": (None, (lambda: key("a"), lambda: sa.Index("ix_child_a", "a"))),
    "a table with a key and a unique index": (
        None,
        (lambda: key("a"), lambda: sa.Index("ux_child_a", "a", unique=True)),
    ),
}


def stated(connection: sa.Connection) -> list[str]:
    names = sa.inspect(connection).get_table_names()
    return sorted(connection.exec_driver_sql(f"SHOW CREATE TABLE {name}").one()[1] for name in names)


@pytest.mark.slow
@pytest.mark.parametrize("forwards", [True, False])
@pytest.mark.costly
def test_the_index_of_a_foreign_key_is_dropped_with_it(forwards: bool, mariadb: sa.Connection) -> None:
    for what, states in CHANGES.items():
        before, after = (
            model(child=False) if parts is None else model(*(part() for part in parts))
            for parts in (states if forwards else reversed(states))
        )
        before.create_all(mariadb)
        there = stated(mariadb)
        context = MigrationContext.configure(mariadb, opts={"target_metadata": after})
        script = produce_migrations(context, after)
        run(context, script.upgrade_ops)
        assert compare_metadata(context, after) == [], what
        run(context, script.downgrade_ops)
        assert stated(mariadb) == there, what
        before.drop_all(mariadb)


@pytest.mark.slow
def test_a_cycle_of_foreign_keys_over_other_keys_can_be_dropped(mariadb: sa.Connection) -> None:
    metadata = sa.MetaData()
    identity = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("root", metadata, identity, sa.Column("node_id", sa.Integer, sa.ForeignKey("node.id")))
    sa.Table(
        "node",
        metadata,
        sa.Column("id", sa.Integer, sa.ForeignKey("root.id"), primary_key=True),
        sa.Column("code", sa.Integer, sa.ForeignKey("root.id"), unique=True),
        sa.Column("both", sa.Integer, sa.ForeignKey("root.id")),
        sa.UniqueConstraint("code", "both"),
        sa.UniqueConstraint("both", "code"),
    )
    context = MigrationContext.configure(mariadb, opts={"target_metadata": metadata})
    script = produce_migrations(context, metadata)
    run(context, script.upgrade_ops)
    assert compare_metadata(context, metadata) == []
    run(context, script.downgrade_ops)
    assert sa.inspect(mariadb).get_table_names() == []
