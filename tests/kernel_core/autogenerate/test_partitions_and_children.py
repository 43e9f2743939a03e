"""Parts of another table are not dropped separately: partitions and children in PostgreSQL, shadow tables in SQLite."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import sqlalchemy as sa
from rounds import run

from kernel_core.autogenerate import compare_metadata, produce_migrations
from kernel_core.runtime.migration import MigrationContext

BEYOND = {"autogenerate_plugins": ["alembic.autogenerate.*", "kernel_core.ext.*"]}
PARTED = (
    """CREATE TABLE z (id bigint, day date NOT NULL, n int DEFAULT 4, CONSTRAINT pk_z PRIMARY KEY (id, day),
    CONSTRAINT ck_z CHECK (n > 0), CONSTRAINT uq_z UNIQUE (n, day)) PARTITION BY RANGE (day)""",
    "CREATE INDEX ix_z_n ON z (n)",
    "CREATE TABLE a_1 PARTITION OF z FOR VALUES FROM ('2025-01-01') TO ('2025-02-01')",
    "CREATE TABLE a_2 PARTITION OF z FOR VALUES FROM ('2025-02-01') TO ('2025-03-01') PARTITION BY RANGE (day)",
    "CREATE TABLE a_21 PARTITION OF a_2 FOR VALUES FROM ('2025-02-01') TO ('2025-02-10')",
)


def parted(*partitions: str) -> sa.MetaData:
    metadata = sa.MetaData()
    for name in ("z", *partitions):
        sa.Table(
            name,
            metadata,
            sa.Column("id", sa.BigInteger, primary_key=True),
            sa.Column("day", sa.Date, primary_key=True),
            sa.Column("n", sa.Integer, server_default="4"),
            *([sa.CheckConstraint("n > 0", name="ck_z")] if name == "z" else []),
            *([sa.UniqueConstraint("n", "day", name="uq_z")] if name == "z" else []),
            *([sa.Index("ix_z_n", "n")] if name == "z" else []),
        )
    return metadata


def context_of(connection: sa.Connection, metadata: sa.MetaData, own: dict[str, Any]) -> MigrationContext:
    return MigrationContext.configure(
        connection, opts={"target_metadata": metadata, "compare_server_default": True, **own}
    )


@pytest.mark.parametrize("own", [{}, BEYOND], ids=["default", "beyond"])
def test_partitions_in_the_metadata_need_not_repeat_their_parent(
    own: dict[str, Any], postgresql: sa.Connection
) -> None:
    for statement in PARTED:
        postgresql.exec_driver_sql(statement)
    metadata = parted("a_1", "a_2", "a_21")
    assert compare_metadata(context_of(postgresql, metadata, own), metadata) == []


@pytest.mark.parametrize("own", [{}, BEYOND], ids=["default", "beyond"])
def test_partitions_outside_of_the_metadata_stay_and_are_reported(
    own: dict[str, Any], postgresql: sa.Connection
) -> None:
    for statement in PARTED:
        postgresql.exec_driver_sql(statement)
    metadata = parted("a_1")
    with pytest.warns(UserWarning, match="are not in the models and are left alone") as caught:
        assert compare_metadata(context_of(postgresql, metadata, own), metadata) == []
    named = sorted(str(each.message).split(". ")[0] for each in caught)
    said = "are not in the models and are left alone"
    assert named == [f'Partitions of "a_2" {said}: a_21', f'Partitions of "z" {said}: a_2']

    def hook(item: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
        return type_ != "table" or name in ("z", "a_1")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compare_metadata(context_of(postgresql, metadata, own | {"include_object": hook}), metadata) == []


@pytest.mark.parametrize("own", [{}, BEYOND], ids=["default", "beyond"])
def test_a_partitioned_table_is_re_created_with_its_partitions(own: dict[str, Any], postgresql: sa.Connection) -> None:
    for statement in PARTED:
        postgresql.exec_driver_sql(statement)
    context = context_of(postgresql, sa.MetaData(), own)
    script = produce_migrations(context, sa.MetaData())
    run(context, script.upgrade_ops)
    assert sa.inspect(postgresql).get_table_names() == []
    run(context, script.downgrade_ops)
    assert set(sa.inspect(postgresql).get_table_names()) == {"z", "a_1", "a_2", "a_21"}
    postgresql.exec_driver_sql("INSERT INTO z (id, day, n) VALUES (1, '2025-02-03', 2)")
    assert postgresql.exec_driver_sql("SELECT count(*) FROM a_21").scalar() == 1
    metadata = parted("a_1", "a_2", "a_21")
    assert compare_metadata(context_of(postgresql, metadata, own), metadata) == []


@pytest.mark.parametrize("own", [{}, BEYOND], ids=["default", "beyond"])
def test_a_child_need_not_repeat_the_columns_and_checks_of_its_parent(
    own: dict[str, Any], postgresql: sa.Connection
) -> None:
    postgresql.exec_driver_sql("CREATE TABLE parent (id int NOT NULL, n int, CONSTRAINT ck CHECK (n > 0))")
    postgresql.exec_driver_sql("CREATE TABLE child (more text) INHERITS (parent)")
    metadata = sa.MetaData()
    checked = sa.CheckConstraint("n > 0", name="ck")
    sa.Table("parent", metadata, sa.Column("id", sa.Integer, nullable=False), sa.Column("n", sa.Integer), checked)
    sa.Table("child", metadata, sa.Column("more", sa.Text), postgresql_inherits="parent")
    assert compare_metadata(context_of(postgresql, metadata, own), metadata) == []


@pytest.mark.parametrize("own", [{}, BEYOND], ids=["default", "beyond"])
@pytest.mark.parametrize(
    "module", ["fts5(title, body)", "fts4(title, body)", "rtree(id, x1, x2)", "fts5(body, content='')"]
)
def test_a_virtual_table_is_dropped_and_re_created_with_its_shadow_tables(
    module: str, own: dict[str, Any], sqlite: sa.Connection
) -> None:
    sqlite.exec_driver_sql(f"CREATE VIRTUAL TABLE doc USING {module}")
    before = sorted(sa.inspect(sqlite).get_table_names())
    context = context_of(sqlite, sa.MetaData(), own)
    script = produce_migrations(context, sa.MetaData())
    assert [diff[1].name for diff in script.upgrade_ops.as_diffs()] == ["doc"]
    run(context, script.upgrade_ops)
    assert sa.inspect(sqlite).get_table_names() == []
    run(context, script.downgrade_ops)
    assert sorted(sa.inspect(sqlite).get_table_names()) == before


def test_include_name_is_called_for_checks(sqlite: sa.Connection) -> None:
    sqlite.exec_driver_sql("CREATE TABLE t (x INTEGER, CONSTRAINT ck CHECK (x > 0), CONSTRAINT ck2 CHECK (x > 1))")
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("x", sa.Integer))
    for plugin in ("alembic.ext.checkconstraint_byname", "kernel_core.ext.checks"):
        own = {
            "autogenerate_plugins": ["alembic.autogenerate.*", plugin],
            "include_name": lambda name, type_, parents: (type_, name) != ("check_constraint", "ck"),
        }
        diffs = compare_metadata(context_of(sqlite, metadata, own), metadata)
        assert [(kind, constraint.name) for kind, constraint in diffs] == [("remove_constraint", "ck2")]


@pytest.mark.parametrize("server", ["sqlite", "postgresql", "mariadb"])
def test_a_changed_generated_column_is_reported_or_changed(server: str, request: pytest.FixtureRequest) -> None:
    connection: sa.Connection = request.getfixturevalue(server)
    connection.exec_driver_sql("CREATE TABLE t (a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2) STORED)")

    def model(expression: str) -> sa.MetaData:
        metadata = sa.MetaData()
        computed = sa.Computed(expression, persisted=True)
        sa.Table("t", metadata, sa.Column("a", sa.Integer), sa.Column("b", sa.Integer, computed))
        return metadata

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compare_metadata(context_of(connection, model("(a) * 2"), {}), model("(a) * 2")) == []
    with pytest.warns(UserWarning, match=r"t\.b has different expressions"):
        assert compare_metadata(context_of(connection, model("a * 3"), {}), model("a * 3")) == []
    changed = model("a * 3")
    kinds = [diff[0] for diff in compare_metadata(context_of(connection, changed, BEYOND), changed)]
    assert kinds == ["remove_column", "add_column"]
