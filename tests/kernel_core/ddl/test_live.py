"""Each directive on a live MariaDB and PostgreSQL: the catalog before, after, and after its reverse operation."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core.operations import MigrateOperation, Operations, ops
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import IrreversibleOperation, UnsupportedOperation

SERVERS = ("mariadb", "mysql", "postgresql")


@pytest.fixture(params=SERVERS)
def op(request: pytest.FixtureRequest) -> Iterator[Operations]:
    """Directives on a database with two tables and a row; MariaDB also by a ``mysql`` URL."""
    url = sa.make_url(request.getfixturevalue("postgresql_url" if request.param == "postgresql" else "mariadb_url"))
    if request.param != "postgresql":
        url = url.set(drivername=f"{request.param}+pymysql")
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        op = Operations(MigrationContext.configure(connection))
        op.create_table(
            "users",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(80), nullable=False, server_default="it's 5%", comment="how: 'called'"),
            sa.Column("age", sa.Integer, comment="in years"),
            comment="people",
        )
        op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("user_id", sa.Integer))
        op.bulk_insert(
            sa.table("users", sa.column("id", sa.Integer), sa.column("age", sa.Integer)), [{"id": 1, "age": 20}]
        )
        yield op
    engine.dispose()


def catalogue(op: Operations) -> dict[str, Any]:
    """The tables as reflected, sorted."""
    inspector = sa.inspect(op.get_bind())
    return {
        table: {
            "comment": inspector.get_table_comment(table)["text"],
            "columns": [
                {key: str(value) for key, value in column.items() if key != "default"}
                | {"default": str(column["default"])}
                for column in inspector.get_columns(table)
            ],
            "primary": inspector.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(str(each["name"]) for each in inspector.get_unique_constraints(table)),
            "check": sorted(str(each["name"]) for each in inspector.get_check_constraints(table)),
            "foreign": sorted(str((each["name"], each["options"])) for each in inspector.get_foreign_keys(table)),
            "indexes": sorted((str(each["name"]), str(each["column_names"])) for each in inspector.get_indexes(table)),
        }
        for table in sorted(inspector.get_table_names())
    }


def column(op: Operations, name: str, table: str = "users") -> dict[str, Any]:
    return {each["name"]: each for each in sa.inspect(op.get_bind()).get_columns(table)}[name]


NAME = {
    "existing_type": sa.String(80),
    "existing_nullable": False,
    "existing_comment": "how: 'called'",
    "existing_server_default": "it's 5%",
}
AGE = {
    "existing_type": sa.Integer(),
    "existing_nullable": True,
    "existing_comment": "in years",
    "existing_server_default": None,
}


CASES: dict[str, Callable[[], MigrateOperation]] = {
    "add a column": lambda: ops.AddColumnOp(
        "users", sa.Column("nick", sa.String(9), nullable=False, server_default="a%b", comment="short: 'x'")
    ),
    "add a column that refers": lambda: ops.AddColumnOp("orders", sa.Column("buyer", sa.Integer)),
    "add a computed column": lambda: ops.AddColumnOp(
        "users", sa.Column("twice", sa.Integer, sa.Computed("age * 2", persisted=True))
    ),
    "drop a column": lambda: ops.DropColumnOp.from_column_and_tablename(
        None, "users", sa.Column("age", sa.Integer, comment="in years")
    ),
    "rename a column": lambda: ops.AlterColumnOp("users", "name", modify_name="called", **NAME),
    "rename a column of unknown type": lambda: ops.AlterColumnOp("users", "name", modify_name="called"),
    "widen a type": lambda: ops.AlterColumnOp("users", "name", modify_type=sa.String(200), **NAME),
    "allow null": lambda: ops.AlterColumnOp("users", "name", modify_nullable=True, **NAME),
    "forbid null": lambda: ops.AlterColumnOp("users", "age", modify_nullable=False, **AGE),
    "set a default": lambda: ops.AlterColumnOp("users", "age", modify_server_default=sa.text("18"), **AGE),
    "change a default": lambda: ops.AlterColumnOp("users", "name", modify_server_default="no: 'one'", **NAME),
    "drop a default": lambda: ops.AlterColumnOp("users", "name", modify_server_default=None, **NAME),
    "change a comment": lambda: ops.AlterColumnOp("users", "name", modify_comment="5%: \\ 'so'", **NAME),
    "drop a comment": lambda: ops.AlterColumnOp("users", "age", modify_comment=None, **AGE),
    "change all of a column": lambda: ops.AlterColumnOp(
        "users",
        "age",
        modify_name="years",
        modify_type=sa.BigInteger(),
        modify_nullable=False,
        modify_server_default=sa.text("3"),
        modify_comment="so",
        **AGE,
    ),
    "create a table": lambda: ops.CreateTableOp(
        "t", [sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Text, comment="y")], comment="z"
    ),
    "rename a table": lambda: ops.RenameTableOp("orders", "purchases"),
    "create an index": lambda: ops.CreateIndexOp("ix_age", "users", ["age", "name"], unique=True),
    "create a unique constraint": lambda: ops.CreateUniqueConstraintOp("uq_age", "users", ["age"]),
    "create a check": lambda: ops.CreateCheckConstraintOp("ck_age", "users", "age % 2 = 0"),
    "create a foreign key": lambda: ops.CreateForeignKeyOp(
        "fk_user", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE"
    ),
    "change the table's comment": lambda: ops.CreateTableCommentOp("users", "all: 'of' 5%", existing_comment="people"),
    "drop the table's comment": lambda: ops.DropTableCommentOp("users", existing_comment="people"),
    "comment a counted column": lambda: ops.AlterColumnOp(
        "orders",
        "id",
        modify_comment="number",
        existing_type=sa.Integer(),
        existing_nullable=False,
        existing_comment=None,
        existing_autoincrement=True,
    ),
}


QUICK = {
    "mariadb": (
        *("add a column", "drop a column", "rename a column", "change all of a column", "comment a counted column"),
        *("create a foreign key", "create a unique constraint", "drop the table's comment"),
    ),
    "mysql": ("add a computed column", "create a check"),
}
"""The cases of the quick run on MariaDB, also by a ``mysql`` URL; other databases run all cases."""


@pytest.mark.parametrize(
    ("op", "case"),
    [
        pytest.param(server, case, marks=() if case in QUICK.get(server, CASES) else pytest.mark.sweep)
        for server in SERVERS
        for case in CASES
    ],
    indirect=["op"],
)
def test_a_change_shows_in_the_catalogue_and_is_undone(op: Operations, case: str) -> None:
    operation = CASES[case]()
    before = catalogue(op)
    op.invoke(operation)
    after = catalogue(op)
    assert after != before
    op.invoke(operation.reverse())
    again = catalogue(op)
    if case == "drop a column":  # it comes back as the last one
        for each in (before, again):
            each["users"]["columns"].sort(key=lambda found: found["name"])
    if case == "create a foreign key" and op.get_context().dialect.name != "postgresql":
        again["orders"]["indexes"] = []  # MariaDB makes an index for the key, and keeps it
    assert again == before


def test_altering_one_thing_keeps_the_others(op: Operations) -> None:
    op.alter_column("users", "name", type_=sa.String(90), **NAME)
    found = column(op, "name")
    assert (found["nullable"], found["comment"], "5%" in found["default"]) == (False, "how: 'called'", True)
    op.alter_column("users", "name", server_default=None)
    found = column(op, "name")
    assert (found["nullable"], found["comment"], found["default"]) == (False, "how: 'called'", None)


def test_a_default_may_be_an_expression(op: Operations) -> None:
    op.add_column("orders", sa.Column("at", sa.DateTime))
    op.alter_column("orders", "at", server_default=sa.func.now())
    op.execute("INSERT INTO orders (id) VALUES (7)")
    assert op.get_bind().execute(sa.text("SELECT at FROM orders")).scalar() is not None


def test_a_default_with_on_update_needs_the_type_in_a_script_alone(op: Operations) -> None:
    if op.get_context().dialect.name == "postgresql":
        pytest.skip("PostgreSQL has no ON UPDATE")
    on_update = sa.text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP")
    script = MigrationContext.configure(
        dialect=op.get_context().dialect, opts={"as_sql": True, "output_buffer": io.StringIO()}
    )
    with pytest.raises(UnsupportedOperation, match="existing_type"):
        Operations(script).alter_column("orders", "at", server_default=on_update)
    op.add_column("orders", sa.Column("at", sa.TIMESTAMP, nullable=True))
    op.alter_column("orders", "at", server_default=on_update)
    assert "on update" in column(op, "at", "orders")["default"].lower()


def test_a_computed_column_stays_computed_when_its_type_changes(op: Operations) -> None:
    computed = sa.Computed("age * 2", persisted=True)
    op.add_column("users", sa.Column("twice", sa.Integer, computed))
    op.alter_column(
        "users", "twice", type_=sa.BigInteger(), existing_type=sa.Integer(), existing_server_default=computed
    )
    assert column(op, "twice")["computed"]["persisted"] is True
    assert op.get_bind().execute(sa.text("SELECT twice FROM users")).scalar() == 40
    with pytest.raises(UnsupportedOperation, match="Drop it and add it again"):
        op.alter_column("users", "twice", server_default=None, existing_server_default=computed)


def test_constraints_are_dropped_by_their_kind(op: Operations) -> None:
    op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])
    op.create_unique_constraint("uq_age", "users", ["age"])
    op.create_check_constraint("ck_age", "users", "age > 0")
    op.drop_constraint("fk_user", "orders", "foreignkey")
    op.drop_constraint("uq_age", "users", "unique")
    op.drop_constraint("ck_age", "users", "check")
    found = catalogue(op)
    assert (found["orders"]["foreign"], found["users"]["unique"], found["users"]["check"]) == ([], [], [])


def test_if_exists_is_used_where_the_server_has_it(op: Operations) -> None:
    for kind in ("foreignkey", "unique", "check"):
        op.drop_constraint("nothing", "users", kind, if_exists=True)
    op.drop_column("users", "nothing", if_exists=True)
    op.add_column("users", sa.Column("age", sa.Integer), if_not_exists=True)
    op.drop_table("nothing", if_exists=True)


def test_a_primary_key_is_dropped_without_its_name(op: Operations) -> None:
    op.create_table("t", sa.Column("a", sa.Integer, nullable=False, autoincrement=False))
    op.create_primary_key("t_pkey", "t", ["a"])
    assert catalogue(op)["t"]["primary"] == ["a"]
    op.drop_constraint("t_pkey", "t", "primary")
    assert catalogue(op)["t"]["primary"] == []


def test_rows_are_inserted_and_deleted(op: Operations) -> None:
    users = sa.table("users", sa.column("id", sa.Integer), sa.column("name", sa.String), sa.column("age", sa.Integer))
    insert = ops.BulkInsertOp(users, [{"id": 2, "name": "o'k: 5%", "age": None}, {"id": 3, "name": "\\", "age": 4}])
    count = sa.select(sa.func.count()).select_from(users)
    op.invoke(insert)
    assert op.get_bind().execute(count).scalar() == 3
    op.invoke(insert.reverse())
    assert op.get_bind().execute(count).scalar() == 1
    op.bulk_insert(users, [{"id": 5, "name": op.inline_literal("x")}], multiinsert=False)
    op.bulk_insert(users, [])
    assert op.get_bind().execute(count).scalar() == 2
    with pytest.raises(IrreversibleOperation):
        ops.BulkInsertOp(users, [{"name": op.inline_literal("x")}]).reverse()


def test_a_script_that_was_printed_runs(op: Operations) -> None:
    """Percent signs, quotes, backslashes, JSON and bytes are the same in a script and in a live run."""
    buffer = io.StringIO()
    name = op.get_context().dialect.name
    offline = Operations(MigrationContext.configure(dialect_name=name, opts={"as_sql": True, "output_buffer": buffer}))
    columns = {"a": sa.Text, "j": sa.JSON, "x": sa.LargeBinary, "b": sa.Boolean, "d": sa.DateTime}
    offline.create_table("t", *(sa.Column(key, kind) for key, kind in columns.items()), comment="a: 'b' 5% \\")
    table = sa.table("t", *(sa.column(key, kind) for key, kind in columns.items()))
    row = {
        "a": "o'k: 5% \\n",
        "j": {"k": ["it's 5% \\", None]},
        "x": b"\x00'\\",
        "b": True,
        "d": dt.datetime(2020, 1, 2, 3),  # noqa: DTZ001 - the column has no time zone
    }
    offline.bulk_insert(table, [row])
    for statement in buffer.getvalue().strip().split(";\n\n"):
        op.get_bind().connection.cursor().execute(statement.rstrip(";\n"))
    assert dict(op.get_bind().execute(sa.select(table)).mappings().one()) == row
    assert sa.inspect(op.get_bind()).get_table_comment("t")["text"] == "a: 'b' 5% \\"
