"""Each directive on a live SQLite, in a batch and outside: the catalog before, after, and after its reverse."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core.operations import MigrateOperation, Operations, ops
from kernel_core.operations.registry import all_operations
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError, UnsupportedOperation

from .test_live import CASES


@pytest.fixture
def op(sqlite: sa.Connection) -> Operations:
    """Directives on a database with two tables with constraints of every kind, and a row in each."""
    sqlite.exec_driver_sql("PRAGMA foreign_keys=ON")
    op = Operations(MigrationContext.configure(sqlite))
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False, server_default="it's 5%", comment="how: 'called'"),
        sa.Column("age", sa.Integer, comment="in years"),
        comment="people",
    )
    op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("user_id", sa.Integer))
    op.bulk_insert(sa.table("users", sa.column("id"), sa.column("age")), [{"id": 1, "age": 20}])
    op.bulk_insert(sa.table("orders", sa.column("id"), sa.column("user_id")), [{"id": 7, "user_id": 1}])
    sqlite.execute(sa.text("CREATE TRIGGER kept AFTER DELETE ON orders BEGIN UPDATE users SET name = 'x'; END"))
    sqlite.commit()
    return op


def catalogue(op: Operations) -> dict[str, Any]:
    """The tables as SQLite describes them, and the rows."""
    connection, found = op.get_bind(), {}
    for table in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all():
        inspector = sa.inspect(connection)

        def pragma(name: str, table: str = table) -> list[Any]:
            return [tuple(row) for row in connection.exec_driver_sql(f"PRAGMA {name}({table})")]

        found[table] = {
            "columns": sorted((*row[1:4], str(row[4]).strip("'"), *row[5:]) for row in pragma("table_xinfo")),
            "indexes": sorted((row[1:], pragma("index_xinfo", row[1])) for row in pragma("index_list")),
            "foreign": pragma("foreign_key_list"),
            "named": sorted(str(each["name"]) for each in inspector.get_unique_constraints(table)),
            "checks": sorted((str(each["name"]), each["sqltext"]) for each in inspector.get_check_constraints(table)),
            "rows": [tuple(sorted(map(repr, row))) for row in connection.exec_driver_sql(f"SELECT * FROM {table}")],
        }
    triggers = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    return found | {"triggers": [(row.name, row.sql.replace('"', "")) for row in connection.exec_driver_sql(triggers)]}


def run(op: Operations, operation: MigrateOperation, in_batch: bool) -> None:
    """Run an operation as a revision does: in one transaction with a check of its references at the end."""
    connection = op.get_bind()
    connection.rollback()
    with op.get_context().impl.begin_revision(connection):
        if in_batch and getattr(operation, "alters_table", False):
            with op.batch_alter_table(operation.table_name) as batch_op:
                batch_op.invoke(operation)
        else:
            op.invoke(operation)


MORE = {
    "drop a check": lambda: ops.DropConstraintOp.from_constraint(
        ops.CreateCheckConstraintOp("ck_users", "users", "id > 0").to_constraint()
    ),
    "create a primary key": lambda: ops.CreatePrimaryKeyOp("pk_loose", "loose", ["a"]),
    "drop an index": lambda: ops.DropIndexOp.from_index(ops.CreateIndexOp("ix_there", "users", ["name"]).to_index()),
    "drop a table": lambda: ops.DropTableOp.from_table(
        sa.Table("loose", sa.MetaData(), sa.Column("a", sa.Integer, nullable=False, autoincrement=False))
    ),
    "insert rows": lambda: ops.BulkInsertOp(sa.table("loose", sa.column("a")), [{"a": 5}, {"a": 6}]),
    "run SQL": lambda: ops.ExecuteSQLOp("INSERT INTO loose VALUES (9)", reverse_sql="DELETE FROM loose WHERE a = 9"),
}
NOTHING_TO_SEE = {"change a comment", "drop a comment", "change the table's comment", "drop the table's comment",
                  "comment a counted column"}  # fmt: skip
ONLY_IN_A_BATCH = {
    "widen a type", "allow null", "forbid null", "set a default", "change a default", "drop a default", "change all of a column",
    "create a unique constraint", "create a check", "create a foreign key", "drop a check", "create a primary key",
    "add a computed column",
}  # fmt: skip
EVERY = {**CASES, **MORE}


@pytest.fixture
def more(op: Operations) -> Operations:
    """Directives on a database with further objects, which the cases of SQLite drop."""
    with op.batch_alter_table("users") as batch_op:
        batch_op.create_check_constraint("ck_users", "id > 0")
        batch_op.create_index("ix_there", ["name"])
    op.create_table("loose", sa.Column("a", sa.Integer, nullable=False, autoincrement=False))
    op.get_bind().commit()
    return op


OF_OTHERS = {
    ops.CreateExcludeConstraintOp: "exclude",
    ops.CreateEnumTypeOp: r"no CREATE TYPE .* AS ENUM",
    ops.AddEnumValueOp: r"no CREATE TYPE .* AS ENUM",
    ops.RenameEnumValueOp: r"no CREATE TYPE .* AS ENUM",
    ops.SetEnumValuesOp: r"no CREATE TYPE .* AS ENUM",
    ops.DropEnumTypeOp: r"no CREATE TYPE .* AS ENUM",
    ops.SetTableOptionsOp: "sqlite",
    ops.CreateSchemaOp: "no CREATE SCHEMA",
    ops.DropSchemaOp: "no CREATE SCHEMA",
    ops.CreateSequenceOp: "no sequences",
    ops.DropSequenceOp: "no sequences",
}


def test_every_operation_has_a_case() -> None:
    tried = {type(case()) for case in EVERY.values()} | OF_OTHERS.keys() | {ops.DeleteRowsOp}
    registered = {cls for cls in all_operations() if cls.__module__.startswith("kernel_core.")}
    assert registered - tried == set()


@pytest.mark.parametrize("cls", OF_OTHERS)
def test_what_only_another_database_has_is_refused_by_name(more: Operations, cls: type[MigrateOperation]) -> None:
    before = catalogue(more)
    with pytest.raises(CommandError, match=OF_OTHERS[cls]):
        more.invoke(cls.example())
    assert catalogue(more) == before


def equal_but_for_dropped_values(case: str, after: dict[str, Any], before: dict[str, Any]) -> bool:
    """Return whether everything is as before but for the values of a dropped column."""
    if case == "drop a column":
        assert after["users"].pop("rows") != before["users"].pop("rows")
    return after == before


@pytest.mark.parametrize("case", EVERY)
def test_in_a_batch_a_change_shows_in_the_catalogue_and_is_undone(more: Operations, case: str) -> None:
    operation, before = EVERY[case](), catalogue(more)
    run(more, operation, in_batch=True)
    after = catalogue(more)
    assert (after != before) == (case not in NOTHING_TO_SEE)
    run(more, operation.reverse(), in_batch=True)
    assert equal_but_for_dropped_values(case, catalogue(more), before)
    assert more.get_bind().exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize("case", EVERY)
def test_outside_a_batch_a_change_is_made_and_undone_or_points_to_the_batch(more: Operations, case: str) -> None:
    operation, before = EVERY[case](), catalogue(more)
    if case in ONLY_IN_A_BATCH:
        with pytest.raises(UnsupportedOperation, match="batch_alter_table"):
            run(more, operation, in_batch=False)
    else:
        run(more, operation, in_batch=False)
        assert (catalogue(more) != before) == (case not in NOTHING_TO_SEE)
        run(more, operation.reverse(), in_batch=False)
    assert equal_but_for_dropped_values(case, catalogue(more), before)


def test_a_column_that_every_table_takes_is_added_by_one_statement(op: Operations) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sa.event.listen(op.get_bind(), "before_cursor_execute", note)
    op.add_column("users", sa.Column("nick", sa.String(30)))
    assert [each.strip() for each in statements] == ["ALTER TABLE users ADD COLUMN nick VARCHAR(30)"]
    with pytest.raises(UnsupportedOperation, match="not null and has no default"):
        op.add_column("users", sa.Column("code", sa.Integer, nullable=False))
    op.get_bind().exec_driver_sql("DELETE FROM users")
    op.add_column("users", sa.Column("code", sa.Integer, nullable=False))
