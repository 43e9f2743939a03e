"""Directives on a real PostgreSQL, and the catalog after them."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as postgresql_types
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from kernel_core.autogenerate import render_python_code
from kernel_core.operations import Operations, ops
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError, TruncatedName

from .conftest import operations

pytestmark = pytest.mark.postgresql


@pytest.fixture
def op(postgresql: sa.Connection) -> Operations:
    op = operations(postgresql)
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(10)),
        sa.Column("mood", sa.Enum("good", "bad", name="mood")),
    )
    op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("user_id", sa.Integer))
    postgresql.exec_driver_sql("INSERT INTO users (name, mood) VALUES ('12', 'good')")
    return op


def column(op: Operations, name: str) -> dict[str, object]:
    return {found["name"]: found for found in sa.inspect(op.get_bind()).get_columns("users")}[name]


def test_a_column_is_added_altered_renamed_and_dropped(op: Operations) -> None:
    op.add_column("users", sa.Column("email", sa.String(20), nullable=False, server_default="it's: 50%"))
    assert op.get_bind().exec_driver_sql("SELECT email FROM users").scalar() == "it's: 50%"
    op.alter_column("users", "email", type_=sa.Text(), nullable=True, server_default=None)
    found = column(op, "email")
    assert (str(found["type"]), found["nullable"], found["default"]) == ("TEXT", True, None)
    op.alter_column("users", "email", new_column_name="mail", comment="where to write")
    assert column(op, "mail")["comment"] == "where to write"
    op.drop_column("users", "mail")
    with pytest.raises(KeyError):
        column(op, "mail")


def test_a_type_that_needs_an_expression_takes_using(op: Operations) -> None:
    op.alter_column("users", "name", type_=sa.Integer(), postgresql_using="name::integer * 2")
    assert op.get_bind().exec_driver_sql("SELECT name FROM users").scalar() == 24


def test_a_default_that_does_not_fit_the_new_type_is_replaced_with_it(op: Operations) -> None:
    op.alter_column("users", "name", server_default="none")
    op.alter_column("users", "name", type_=sa.Integer(), server_default="7", postgresql_using="name::integer")
    op.execute("INSERT INTO users DEFAULT VALUES")
    assert op.get_bind().exec_driver_sql("SELECT max(name) FROM users").scalar() == 12
    assert column(op, "name")["default"] == "7"


def test_constraints_and_indexes_are_added_and_dropped(op: Operations) -> None:
    inspect = lambda: sa.inspect(op.get_bind())  # noqa: E731
    op.create_unique_constraint("uq_name", "users", ["name"])
    op.create_check_constraint("ck_name", "users", "length(name) > 0")
    op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_user", "orders", ["user_id", sa.text("(id % 2)")], unique=True)
    assert [c["name"] for c in inspect().get_unique_constraints("users")] == ["uq_name"]
    assert [c["name"] for c in inspect().get_check_constraints("users")] == ["ck_name"]
    assert inspect().get_foreign_keys("orders")[0]["options"] == {"ondelete": "CASCADE"}
    assert inspect().get_indexes("orders")[0]["unique"] is True
    op.drop_index("ix_user", "orders")
    op.drop_constraint("fk_user", "orders", type_="foreignkey")
    op.drop_constraint("ck_name", "users")
    op.drop_constraint("uq_name", "users")
    assert (inspect().get_foreign_keys("orders"), inspect().get_unique_constraints("users")) == ([], [])


def test_a_new_column_creates_its_enum_type_or_uses_an_existing_one(op: Operations) -> None:
    op.add_column("users", sa.Column("colour", sa.Enum("red", "blue", name="colour")))
    op.add_column("orders", sa.Column("mood", sa.Enum("good", "bad", name="mood")))
    assert {enum["name"] for enum in sa.inspect(op.get_bind()).get_enums()} == {"mood", "colour"}


def test_a_batch_alters_in_place(op: Operations) -> None:
    with op.batch_alter_table("users") as batch_op:
        batch_op.alter_column("name", nullable=False)
        batch_op.create_unique_constraint("uq_name", ["name"])
    assert column(op, "name")["nullable"] is False


def test_a_renamed_table_keeps_its_rows(op: Operations) -> None:
    op.rename_table("users", "people")
    assert op.get_bind().exec_driver_sql("SELECT count(*) FROM people").scalar() == 1


def test_a_new_column_states_its_foreign_key_and_index(op: Operations) -> None:
    op.add_column("orders", sa.Column("buyer", sa.Integer, sa.ForeignKey("users.id", name="fk_buyer"), index=True))
    inspector = sa.inspect(op.get_bind())
    assert [key["name"] for key in inspector.get_foreign_keys("orders")] == ["fk_buyer"]
    assert [index["column_names"] for index in inspector.get_indexes("orders")] == [["buyer"]]


def test_a_percent_sign_and_a_colon_in_sql_are_kept(op: Operations) -> None:
    op.execute("UPDATE users SET name = '5% :x'")
    assert op.get_bind().exec_driver_sql("SELECT name FROM users").scalar() == "5% :x"


def identity(op: Operations) -> dict[str, object] | None:
    columns = {found["name"]: found for found in sa.inspect(op.get_bind()).get_columns("counted")}
    return columns["id"].get("identity")


def test_an_identity_is_added_altered_and_dropped(op: Operations) -> None:
    op.create_table("counted", sa.Column("id", sa.Integer, nullable=False))
    first = sa.Identity(start=5, increment=2)
    second = sa.Identity(always=True, start=5, maxvalue=100, cycle=True)
    op.alter_column("counted", "id", server_default=first, existing_server_default=None)
    assert (identity(op)["always"], identity(op)["start"], identity(op)["increment"]) == (False, 5, 2)
    op.alter_column("counted", "id", server_default=second, existing_server_default=first)
    found = identity(op)
    assert [found[key] for key in ("always", "increment", "maxvalue", "cycle")] == [True, 1, 100, True]
    op.alter_column("counted", "id", server_default=first, existing_server_default=second)
    found = identity(op)
    assert [found[key] for key in ("always", "increment", "maxvalue", "cycle")] == [False, 2, 2147483647, False]
    op.alter_column("counted", "id", server_default=sa.Identity(start=5, increment=2), existing_server_default=first)
    op.alter_column("counted", "id", server_default=None, existing_server_default=first)
    assert identity(op) is None


def test_an_exclude_constraint_excludes_and_is_undone(op: Operations) -> None:
    op.create_table("bookings", sa.Column("room", sa.Integer), sa.Column("during", postgresql_types.INT4RANGE))
    create = ops.CreateExcludeConstraintOp("ex", "bookings", [("during", "&&")], where="room > 0", using="gist")
    op.invoke(create)
    op.execute("INSERT INTO bookings VALUES (1, '[1,5)'), (0, '[1,5)')")
    with pytest.raises(sa.exc.IntegrityError), op.get_bind().begin_nested():
        op.execute("INSERT INTO bookings VALUES (2, '[2,3)')")
    op.invoke(create.reverse())
    op.execute("INSERT INTO bookings VALUES (2, '[2,3)')")
    table = sa.Table("bookings", sa.MetaData(), sa.Column("room", sa.Integer), sa.Column("during", sa.Integer))
    table.append_constraint(postgresql_types.ExcludeConstraint((table.c.room, "="), name="ex", ops={"room": "x"}))
    again = ops.AddConstraintOp.from_constraint(next(c for c in table.constraints if c.name == "ex"))
    assert isinstance(again, ops.CreateExcludeConstraintOp)
    assert (again.elements, again.kw) == ([("room", "=")], {"using": "gist", "ops": {"room": "x"}})


def test_index_options_reach_the_catalogue(op: Operations) -> None:
    op.create_index(
        "ix_all",
        "users",
        ["name"],
        unique=True,
        postgresql_include=["mood"],
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("id > 0"),
        postgresql_ops={"name": "varchar_pattern_ops"},
    )
    words = op.get_bind().exec_driver_sql("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_all'").scalar()
    assert words.endswith("(name varchar_pattern_ops) INCLUDE (mood) NULLS NOT DISTINCT WHERE (id > 0)")


def test_an_index_is_made_concurrently_outside_the_transaction(postgresql: sa.Connection) -> None:
    context = MigrationContext.configure(postgresql)
    op = Operations(context)
    with postgresql.begin():
        op.create_table("t", sa.Column("a", sa.Integer))
    with context.autocommit_block():
        op.create_index("ix", "t", ["a"], postgresql_concurrently=True)
        op.drop_index("ix", "t", postgresql_concurrently=True, if_exists=True)
    assert sa.inspect(postgresql).get_indexes("t") == []


def test_async_functions_run_in_the_same_transaction(postgresql_url: str) -> None:
    async def fill(connection: AsyncConnection, value: int) -> int:
        await connection.execute(sa.text("INSERT INTO t VALUES (:value)"), {"value": value})
        return value + 1

    def migrate(connection: sa.Connection) -> int:
        op = operations(connection)
        op.create_table("t", sa.Column("a", sa.Integer))
        return op.run_async(fill, 41)

    async def run() -> tuple[int, int | None]:
        engine = create_async_engine(postgresql_url)
        async with engine.begin() as connection:
            result = await connection.run_sync(migrate)
            stored = await connection.scalar(sa.text("SELECT a FROM t"))
        await engine.dispose()
        return result, stored

    assert asyncio.run(run()) == (42, 41)


def test_run_async_reports_what_it_needs(op: Operations) -> None:
    with pytest.raises(CommandError, match="needs an async engine; postgresql"):
        op.run_async(lambda connection: None)
    offline = Operations(MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True}))
    with pytest.raises(CommandError, match="offline"):
        offline.run_async(lambda connection: None)


def test_an_exclude_constraint_of_a_model_is_written_and_read_back(op: Operations) -> None:
    room, during = sa.Column("room", sa.Integer), sa.Column("during", postgresql_types.INT4RANGE)
    rule = postgresql_types.ExcludeConstraint(
        (during, "&&"), (sa.text("int4range(room, room + 1)"), "="), name="ex", where=sa.text("room > 0"), using="gist"
    )
    table = sa.Table("bookings", sa.MetaData(), room, during, rule)
    imports: set[str] = set()
    code = render_python_code(ops.UpgradeOps([ops.CreateTableOp.from_table(table)]), imports=imports)
    exec("\n".join([*imports, code.replace("\n    ", "\n")]), {"op": op, "sa": sa})
    words = (
        op.get_bind()
        .exec_driver_sql("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ex'")
        .scalar()
    )
    assert words == "EXCLUDE USING gist (during WITH &&, int4range(room, (room + 1)) WITH =) WHERE ((room > 0))"


@pytest.mark.filterwarnings("ignore::kernel_core.util.exc.TruncatedName")
def test_a_history_of_names_that_postgresql_truncates_runs(op: Operations) -> None:
    long, column = "x" * 70, "c" + "y" * 70
    op.create_table(long, sa.Column("id", sa.Integer, primary_key=True), sa.Column("b", sa.Integer))
    op.add_column(long, sa.Column(column, sa.Integer, comment="so"))
    op.create_index(op.f(f"ix_{long}"), long, [column])
    op.alter_column(long, column, nullable=False)
    op.bulk_insert(sa.table(long, sa.column("id"), sa.column(column)), [{"id": 1, column: 2}])
    found = sa.inspect(op.get_bind())
    assert [each["name"] for each in found.get_columns(long[:63])] == ["id", "b", column[:63]]
    assert [len(each["name"]) for each in found.get_indexes(long[:63])] == [60], "SQLAlchemy shortens it with a hash"
    op.drop_index(op.f(f"ix_{long}"), long)
    op.drop_column(long, column)
    op.rename_table(long, f"new{long}")
    op.drop_table(f"new{long}")
    with pytest.warns(TruncatedName, match=f"makes '{'z' * 63}' of it"):
        op.create_table("z" * 70, sa.Column("id", sa.Integer))
    with pytest.raises(CommandError, match="too long: postgresql takes 63 characters"):
        op.create_index("x" * 64, "users", ["name"])
