"""The number of queries of the plugins: the same for 300 tables as for 10, and for 3 schemas as for 1."""

import warnings

import pytest
import sqlalchemy as sa
from sampling import sampled
from sqlalchemy.dialects import postgresql

LIMITS = {"sqlite": 4, "postgresql": 8, "mysql": 4}


in_number = pytest.mark.parametrize("number", [30, pytest.param(300, marks=pytest.mark.sweep)])


def is_savepoint(statement):
    return "SAVEPOINT" in statement


def schema(tables, schemas=(None,), *, respelled=False, dialect=""):
    """Return tables with all that the plugins compare; ``respelled``: with SQL that the database spells differently."""
    respelled = respelled and dialect != "sqlite"
    metadata = sa.MetaData()
    for number in range(tables):
        column = sa.Column("a", sa.Integer)
        where = sa.text("a IN (1, 2) AND a <> 7") if respelled else column > 1
        table = sa.Table(
            f"t{number}",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            column,
            sa.Column("c", sa.Integer, sa.Computed("abs(a+1) * 2" if respelled else "a", persisted=True)),
            sa.Index(f"ix_{number}", column, postgresql_where=where, sqlite_where=where),
            sa.CheckConstraint("a IN (1, 2) AND NOT a = 7" if respelled else "a > 1", name=f"ck_{number}"),
            sa.UniqueConstraint("a", name=f"uq_{number}"),
            schema=schemas[number % len(schemas)],
        )
        if respelled:
            kind = sa.Enum("x", "y", native_enum=False, create_constraint=True, name=f"kind_{number}")
            table.append_column(sa.Column("kind", kind))
        if dialect == "postgresql":
            sa.Index(f"ops_{number}", column, postgresql_ops={"a": "int4_ops"})
            reach = sa.func.int4range(column, column, sa.text("'[]'"))
            table.append_constraint(postgresql.ExcludeConstraint((reach, "&&"), name=f"ex_{number}"))
    return metadata


def asked(migration, metadata, **options):
    """Return the statements of a comparison that finds nothing, without those about the version table."""
    migration.statements.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert migration.found(metadata, **options) == []
    return [statement for statement in migration.statements if "alembic_version" not in statement]


@pytest.mark.slow
@in_number
def test_many_tables_need_no_more_queries_than_few(migration, number):
    migration.create(schema(10))
    few = asked(migration, schema(10))
    migration.create(schema(number))
    more = asked(migration, schema(number))
    assert len(more) == len(few)
    assert len(more) <= LIMITS[migration.name], more


@pytest.fixture
def three_schemas(migration):
    """Return None and the names of two schemas that are created for the test."""
    connection = migration.connection
    names = [f"{connection.dialect.default_schema_name}_{number}" for number in (1, 2)]
    for name in names:
        connection.exec_driver_sql(
            f"ATTACH ':memory:' AS {name}" if migration.name == "sqlite" else f"CREATE SCHEMA {name}"
        )
    connection.commit()
    yield [None, *names]
    connection.rollback()
    for name in names if migration.name != "sqlite" else ():
        connection.exec_driver_sql(f"DROP SCHEMA {name}{' CASCADE' * (migration.name == 'postgresql')}")
    connection.commit()


@pytest.mark.slow
@pytest.mark.parametrize("respelled", sampled([True, False], 1))
def test_three_schemas_need_no_more_queries_than_one(migration, three_schemas, respelled):
    def ours(name, type_, parents):
        return type_ != "schema" or name in three_schemas

    dialect = migration.name if respelled else ""
    migration.create(schema(12, respelled=respelled, dialect=dialect))
    few = asked(migration, schema(12, respelled=respelled, dialect=dialect))
    migration.wipe()
    models = schema(12, three_schemas, respelled=respelled, dialect=dialect)
    migration.create(models)
    more = asked(migration, models, include_schemas=True, include_name=ours)
    assert len(more) <= len(few) + 1, "the names of the schemas"
    assert respelled or len(more) <= LIMITS[migration.name]


@pytest.mark.slow
@in_number
def test_respelled_expressions_are_queried_together(migration, number):
    migration.create(schema(10, respelled=True, dialect=migration.name))
    few = asked(migration, schema(10, respelled=True, dialect=migration.name))
    migration.create(schema(number, respelled=True, dialect=migration.name))
    more = asked(migration, schema(number, respelled=True, dialect=migration.name))
    assert len(more) == len(few)
    is_respelled = any("mig_scratch" in each for each in more)
    assert is_respelled is (migration.name != "sqlite")


@pytest.mark.slow
@pytest.mark.postgresql
def test_one_expression_costs_two_statements_per_round(postgresql_migration):
    migration, models = postgresql_migration, schema(40)
    models.tables["t0"].append_constraint(sa.CheckConstraint("a IN (1, 2, 3)", name="other"))
    migration.create(models)
    statements = [each for each in asked(migration, models) if not is_savepoint(each)]
    questions = [each for each in statements if "mig_scratch" in each]
    assert 1 <= len(questions) <= 3, "rounds, in each of which all is asked"
    assert len(statements) <= LIMITS[migration.name] + 2 * len(questions)
    assert all(each.count("CREATE TEMPORARY TABLE") == 1 for each in questions), "about that table alone"
