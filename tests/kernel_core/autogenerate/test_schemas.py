"""Models that name schemas: exactly these are compared, and what the database lacks is created."""

from __future__ import annotations

import uuid

import pytest
import rounds
import sqlalchemy as sa

from kernel_core.autogenerate import compare_metadata, produce_migrations, render_python_code
from kernel_core.operations.ops import CreateSchemaOp, CreateTableOp, DropSchemaOp, DropTableOp


@pytest.fixture(params=["postgresql", "mariadb"])
def database(request):
    """A connection, and three names of schemas that do not exist yet; whatever is made is dropped."""
    connection = request.getfixturevalue(request.param)
    names = [f"mig_{part}_{uuid.uuid4().hex[:6]}" for part in ("sales", "staff", "other")]
    yield connection, *names
    connection.rollback()
    cascade = " CASCADE" if request.param == "postgresql" else ""
    for name in names:
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {name}{cascade}")
    connection.commit()


def model(*places):
    metadata = sa.MetaData()
    for schema, name in places:
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), schema=schema)
    return metadata


def made(connection, metadata, *schemas):
    for schema in schemas:
        connection.execute(sa.schema.CreateSchema(schema))
    metadata.create_all(connection)
    connection.commit()


def test_schemas_of_the_models_are_compared_and_no_others(database, make_context):
    connection, sales, staff, other = database
    metadata = model((sales, "orders"), (staff, "people"), (None, "plain"))
    made(connection, metadata, sales, staff, other)
    made(connection, model((other, "strange")))
    assert compare_metadata(make_context(connection), metadata) == []
    made(connection, model((sales, "old")))
    (found,) = produce_migrations(make_context(connection), metadata).upgrade_ops.leaves()
    assert (type(found), found.schema, found.table_name) == (DropTableOp, sales, "old")


def test_the_default_schema_is_not_compared_where_no_model_is_in_it(database, make_context):
    connection, sales, *_ = database
    metadata = model((sales, "orders"))
    made(connection, metadata, sales)
    made(connection, model((None, "somebody_elses")))
    assert compare_metadata(make_context(connection), metadata) == []


def test_with_include_schemas_all_are_compared_as_before(database, make_context):
    connection, sales, staff, other = database
    metadata = model((sales, "orders"))
    made(connection, metadata, sales, other)
    made(connection, model((other, "strange"), (None, "plain")))
    ours = {None, sales, staff, other}
    context = make_context(
        connection, include_schemas=True, include_name=lambda name, kind, _: kind != "schema" or name in ours
    )
    assert {each.table_name for each in produce_migrations(context, metadata).upgrade_ops.leaves()} == {
        "strange",
        "plain",
    }


def test_the_schemas_of_the_server_itself_are_never_compared(database, make_context):
    connection, sales, staff, _ = database
    own = {"information_schema", "mysql", "performance_schema", "sys", "pg_catalog"}

    def included(name, kind, _):
        """Leave out the databases of tests that run at the same time."""
        return kind != "schema" or name in {None, sales, staff, *own}

    context = make_context(connection, include_schemas=True, include_name=included)
    with_schemas = {
        each.schema
        for each in produce_migrations(context, sa.MetaData()).upgrade_ops.leaves()
        if hasattr(each, "schema")
    }
    assert not own & with_schemas


def test_include_name_may_exclude_a_schema_of_the_metadata(database, make_context):
    connection, sales, staff, _ = database
    metadata = model((sales, "orders"))
    made(connection, metadata, sales, staff)
    made(connection, model((sales, "old"), (staff, "older")))
    context = make_context(connection, include_name=lambda name, kind, _: kind != "schema" or name != sales)
    assert [each.sentence() for each in produce_migrations(context, model((staff, "older"))).upgrade_ops.leaves()] == []


@pytest.mark.filterwarnings("ignore:The database")
def test_a_missing_schema_is_created_before_its_tables_and_dropped_after_them(database, make_context):
    connection, sales, staff, _ = database
    metadata = model((sales, "orders"), (staff, "people"), (None, "plain"))
    sa.Table("lines", metadata, sa.Column("a", sa.ForeignKey(f"{sales}.orders.id")), schema=staff)
    connection.execute(sa.schema.CreateSchema(staff))
    connection.commit()
    script = rounds.migrated(make_context, connection, metadata)
    first, *_ = script.upgrade_ops.leaves()
    assert (type(first), first.name) == (CreateSchemaOp, sales)
    *_, last = script.downgrade_ops.leaves()
    assert (type(last), last.name) == (DropSchemaOp, sales)
    rounds.run(make_context(connection), script.downgrade_ops)
    assert sales not in sa.inspect(connection).get_schema_names()
    assert compare_metadata(make_context(connection), sa.MetaData()) == []


@pytest.mark.filterwarnings("ignore:The database")
def test_the_script_runs_with_alembic_too(database, make_context):
    connection, sales, *_ = database
    found = produce_migrations(make_context(connection), model((sales, "orders"))).upgrade_ops
    code = render_python_code(found, migration_context=make_context(connection))
    assert code.startswith(f'op.execute(sa.schema.CreateSchema("{sales}"))')
    create, table = found.leaves()
    assert isinstance(table, CreateTableOp)
    assert create.provides() & table.requires()


def test_a_table_with_the_default_schema_is_the_one_without_a_schema(postgresql, make_context):
    default = postgresql.dialect.default_schema_name
    made(postgresql, model((None, "plain")))
    assert compare_metadata(make_context(postgresql), model((default, "plain"))) == []


def test_sqlite_compares_attached_files(sqlite, make_context):
    sqlite.exec_driver_sql("ATTACH ':memory:' AS archive")
    metadata = model(("archive", "old"), (None, "new"))
    metadata.create_all(sqlite)
    assert compare_metadata(make_context(sqlite), metadata) == []
    found = produce_migrations(make_context(sqlite), model(("absent", "t"))).upgrade_ops
    assert [type(each) for each in found.leaves()] == [CreateTableOp]
