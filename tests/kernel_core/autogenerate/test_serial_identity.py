"""PostgreSQL: a column that is serial on one side and an identity on the other keeps counting."""

from __future__ import annotations

import io
from itertools import permutations

import pytest
import rounds
import sqlalchemy as sa

from kernel_core.ddl.postgresql.generated_names import object_name
from kernel_core.ddl.postgresql.serial import sequence_of, serial_default
from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext

KINDS = {
    "serial": (),
    "by default": (sa.Identity(),),
    "always": (sa.Identity(always=True),),
    "from 100 by 5": (sa.Identity(start=100, increment=5),),
    "downwards": (sa.Identity(start=-1, increment=-1),),
    "bounded": (sa.Identity(minvalue=1, maxvalue=9000, cycle=True),),
}
PLACES = [(None, "GEO", "id"), (None, "t" * 50, "a key with 'quotes'"), ("Other one", "users", "id")]


def model(kind, schema=None, table="users", column="id", type_=sa.Integer):
    metadata = sa.MetaData()
    generated = [each._copy() for each in KINDS[kind]]
    key = sa.Column(column, type_, *generated, primary_key=True)
    sa.Table(table, metadata, key, sa.Column("name", sa.String(4)), schema=schema)
    return metadata


def add_rows(connection, metadata, number=1):
    (table,) = metadata.tables.values()
    for _ in range(number):
        connection.execute(sa.insert(table).values(name="x"))
    return connection.execute(sa.select(table.c[0]).order_by(sa.desc(sa.func.abs(table.c[0])))).scalars().all()


@pytest.mark.parametrize(("before", "after"), list(permutations([kind for kind in KINDS if kind != "downwards"], 2)))
def test_the_script_runs_both_ways_and_rows_can_be_added_after_each(postgresql, make_context, before, after):
    old, new = model(before), model(after)
    old.create_all(postgresql)
    assert len(add_rows(postgresql, old, 3)) == 3
    script = rounds.migrated(make_context, postgresql, new)
    add_rows(postgresql, new, 2)
    rounds.undone(make_context, postgresql, script, old)
    numbers = add_rows(postgresql, old, 2)
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("before", ["serial", "by default", "from 100 by 5"])
def test_numbers_may_decrease(postgresql, make_context, before):
    old, new = model(before), model("downwards")
    old.create_all(postgresql)
    add_rows(postgresql, old, 3)
    rounds.migrated(make_context, postgresql, new)
    assert sorted(add_rows(postgresql, new, 2))[:2] == [-2, -1]


@pytest.mark.parametrize(("schema", "table", "column"), PLACES)
def test_names_that_need_quotes_are_quoted(postgresql, make_context, schema, table, column):
    old, new = (model(kind, schema, table, column) for kind in ("serial", "always"))
    if schema:
        postgresql.execute(sa.schema.CreateSchema(schema))
    options = {"include_schemas": True, "include_name": lambda name, kind, _: kind != "schema" or name == schema}
    old.create_all(postgresql)
    add_rows(postgresql, old, 3)
    script = rounds.migrated(make_context, postgresql, new, **options)
    assert add_rows(postgresql, new)[0] == 4
    rounds.undone(make_context, postgresql, script, old, **options)
    assert add_rows(postgresql, old)[0] == 5
    if schema:
        postgresql.execute(sa.schema.DropSchema(schema, cascade=True))


@pytest.mark.parametrize("type_", [sa.SmallInteger, sa.BigInteger])
def test_the_sequence_has_the_range_of_the_column(postgresql, make_context, type_):
    old, new = model("by default", type_=type_), model("serial", type_=type_)
    old.create_all(postgresql)
    rounds.migrated(make_context, postgresql, new)
    counted = "SELECT data_type FROM information_schema.sequences WHERE sequence_schema = current_schema()"
    assert postgresql.exec_driver_sql(counted).scalar() == {sa.SmallInteger: "smallint"}.get(type_, "bigint")


def test_used_numbers_are_not_used_again(postgresql, make_context):
    old, new = model("serial"), model("by default")
    old.create_all(postgresql)
    add_rows(postgresql, old, 5)
    postgresql.exec_driver_sql("DELETE FROM users")
    script = rounds.migrated(make_context, postgresql, new)
    assert add_rows(postgresql, new) == [6]
    rounds.undone(make_context, postgresql, script, old)
    assert add_rows(postgresql, old)[0] == 7


def test_a_shared_sequence_is_kept(postgresql):
    op = Operations(MigrationContext.configure(postgresql))
    postgresql.exec_driver_sql("CREATE SEQUENCE shared START 40")
    postgresql.exec_driver_sql("CREATE TABLE a (id integer PRIMARY KEY DEFAULT nextval('shared'), x integer)")
    postgresql.exec_driver_sql("CREATE TABLE b (id integer PRIMARY KEY DEFAULT nextval('shared'))")
    default = sa.text("nextval('shared'::regclass)")
    op.alter_column(
        "a", "id", server_default=sa.Identity(), existing_type=sa.Integer(), existing_server_default=default
    )
    postgresql.exec_driver_sql("INSERT INTO a DEFAULT VALUES")
    postgresql.exec_driver_sql("INSERT INTO b DEFAULT VALUES")
    assert postgresql.exec_driver_sql("SELECT id FROM a").scalar() == 40
    assert postgresql.exec_driver_sql("SELECT id FROM b").scalar() == 41
    op.alter_column(
        "a", "id", server_default=default, existing_type=sa.Integer(), existing_server_default=sa.Identity()
    )
    postgresql.exec_driver_sql("INSERT INTO a DEFAULT VALUES")
    assert postgresql.exec_driver_sql("SELECT max(id) FROM a").scalar() == 42


def test_a_column_may_lose_its_sequence(postgresql, make_context):
    counting, plain = sa.MetaData(), sa.MetaData()
    sa.Table("t", counting, sa.Column("a", sa.Integer, sa.Identity(), nullable=False), sa.Column("b", sa.Integer))
    sa.Table("t", plain, sa.Column("a", sa.String(9), nullable=True, server_default="x"), sa.Column("b", sa.Integer))
    counting.create_all(postgresql)
    postgresql.exec_driver_sql("INSERT INTO t (b) VALUES (1)")
    script = rounds.migrated(make_context, postgresql, plain)
    rounds.undone(make_context, postgresql, script, counting)
    postgresql.exec_driver_sql("INSERT INTO t (b) VALUES (2)")


def test_an_offline_script_does_the_same(postgresql):
    old = model("serial", table="Users")
    old.create_all(postgresql)
    add_rows(postgresql, old, 3)
    buffer = io.StringIO()
    offline = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": buffer})
    serial = serial_default(old.tables["Users"].c.id)
    known = {"existing_type": sa.Integer(), "existing_nullable": False}
    Operations(offline).alter_column(
        "Users", "id", server_default=sa.Identity(), existing_server_default=serial, **known
    )
    Operations(offline).alter_column(
        "Users", "id", server_default=serial, existing_server_default=sa.Identity(), **known
    )
    postgresql.connection.cursor().execute(buffer.getvalue())
    assert add_rows(postgresql, old)[0] == 4


def test_the_name_of_a_serial_sequence_is_the_one_that_the_server_gives(postgresql):
    for table, column in [("t", "a"), ("t" * 63, "a"), ("t" * 40, "c" * 40), ("ü" * 31, "é" * 10), ("A b", "c'd")]:
        metadata = sa.MetaData()
        made = sa.Table(table, metadata, sa.Column(column, sa.Integer, primary_key=True))
        metadata.create_all(postgresql)
        given = postgresql.execute(
            sa.text("SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = to_regclass(:name)"),
            {"name": postgresql.dialect.identifier_preparer.quote(table)},
        ).scalar()
        assert given == str(serial_default(made.c[column])).replace("\\:", ":")
        assert object_name(table, column, "seq") in given.replace("''", "'")
        metadata.drop_all(postgresql)


@pytest.mark.parametrize(
    ("default", "found"),
    [
        ("nextval('s')", "s"),
        ("nextval('\"S s\"'::regclass)", '"S s"'),
        ("nextval('app.s'::text::regclass)", "app.s"),
        ("nextval('s') + 1", None),
        ("currval('s')", None),
        ("0", None),
        (None, None),
    ],
)
def test_the_sequence_of_a_default_is_found(default, found):
    place = sequence_of(None if default is None else sa.text(default))
    assert (place and place.words) == found
