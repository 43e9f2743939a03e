"""A comparison needs as many queries for 300 tables as for 10, and for 3 schemas as for 1."""

import contextlib

import pytest
import sqlalchemy as sa
from sampling import sampled

from kernel_core.autogenerate import compare_metadata

LIMITS = {"sqlite": 4, "postgresql": 8, "mysql": 4}


@contextlib.contextmanager
def questions(connection):
    """Collect the statements that are run meanwhile."""
    asked = []

    def note(connection, cursor, statement, *rest):
        asked.append(statement)

    sa.event.listen(connection, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(connection, "before_cursor_execute", note)


def models(tables, schemas, default=None):
    """Return models; a ``default`` of the first of them is worth a question."""
    metadata = sa.MetaData()
    for number in range(tables):
        first = number % len(schemas)
        schema = schemas[first]
        table = sa.Table(f"t{number}", metadata, sa.Column("id", sa.Integer, primary_key=True), schema=schema)
        if number < 10:
            name = sa.Column("name", sa.String(20), server_default="x", unique=number % 2 == 0, index=number % 3 == 0)
            table.append_column(name)
            target = f"{schema}.t{first}.id" if schema else f"t{first}.id"
            table.append_column(sa.Column("born", sa.Date, server_default=default))
            table.append_column(sa.Column("parent", sa.ForeignKey(target)))
    return metadata


def asked_about(connection, metadata, make_context, **options):
    """Create, compare, drop; return what was asked meanwhile."""
    context = make_context(connection, compare_server_default=True, **options)
    metadata.create_all(connection)
    try:
        with questions(connection) as asked:
            assert compare_metadata(context, metadata) == []
        return asked
    finally:
        metadata.drop_all(connection)


@pytest.fixture
def schemas(request):
    """Return a connection and the names of two more schemas there, None before them."""

    def make(database):
        connection = request.getfixturevalue(database)
        if database == "sqlite":
            for name in ("one", "two"):
                connection.exec_driver_sql(f"ATTACH ':memory:' AS {name}")
            return connection, [None, "one", "two"]
        made = [f"{connection.dialect.default_schema_name}_{number}" for number in (1, 2)]
        for name in made:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
            request.addfinalizer(lambda name=name: drop(connection, name))
        return connection, [None, *made]

    def drop(connection, name):
        with contextlib.suppress(sa.exc.SQLAlchemyError), connection.engine.begin() as fresh:
            fresh.exec_driver_sql(f"DROP SCHEMA IF EXISTS {name}" + " CASCADE" * (fresh.dialect.name == "postgresql"))

    return make


@pytest.mark.slow
@pytest.mark.parametrize("database", sampled(["sqlite", "postgresql", "mariadb"], 2))
def test_the_number_of_tables_does_not_matter(database, request, make_context):
    connection = request.getfixturevalue(database)
    many = 300 if database != "mariadb" else 40
    few = asked_about(connection, models(10, [None]), make_context)
    more = asked_about(connection, models(many, [None]), make_context)
    assert len(few) == len(more) <= LIMITS[connection.dialect.name]


@pytest.mark.sweep
def test_the_number_of_tables_does_not_matter_on_mariadb_in_full(mariadb, make_context):
    assert len(asked_about(mariadb, models(300, [None]), make_context)) <= LIMITS["mysql"]


@pytest.mark.parametrize("database", sampled(["postgresql", "sqlite", "mariadb"], 1))
def test_the_number_of_schemas_does_not_matter(database, schemas, make_context):
    connection, names = schemas(database)

    def ours(name, type_, parents):
        return type_ != "schema" or name in names

    default = "20240229" if database == "postgresql" else None  # shown as '2024-02-29'::date
    asked = asked_about(connection, models(12, names, default), make_context, include_schemas=True, include_name=ours)
    assert len(asked) <= LIMITS[connection.dialect.name]
    assert any("IS NOT DISTINCT FROM" in statement for statement in asked) is (database == "postgresql")
