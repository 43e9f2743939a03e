"""How many questions the plugins ask: none more of 300 tables than of 10, nor of 3 schemas than of 1."""

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
    """Tables of which each has what the plugins look at; ``respelled`` in words that the database says otherwise."""
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


def asked(road, metadata, **options):
    """Return the statements of a comparison that finds nothing, without those about the version table."""
    road.statements.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert road.found(metadata, **options) == []
    return [statement for statement in road.statements if "alembic_version" not in statement]


@in_number
def test_nothing_more_is_asked_of_many_tables_than_of_few(road, number):
    road.create(schema(10))
    few = asked(road, schema(10))
    road.create(schema(number))
    more = asked(road, schema(number))
    assert len(more) == len(few)
    assert len(more) <= LIMITS[road.name], more


@pytest.fixture
def three_schemas(road):
    """Return None and the names of two schemas that are made for the test."""
    connection = road.connection
    names = [f"{connection.dialect.default_schema_name}_{number}" for number in (1, 2)]
    for name in names:
        connection.exec_driver_sql(f"ATTACH ':memory:' AS {name}" if road.name == "sqlite" else f"CREATE SCHEMA {name}")
    connection.commit()
    yield [None, *names]
    connection.rollback()
    for name in names if road.name != "sqlite" else ():
        connection.exec_driver_sql(f"DROP SCHEMA {name}{' CASCADE' * (road.name == 'postgresql')}")
    connection.commit()


@pytest.mark.parametrize("respelled", sampled([True, False], 1))
def test_nothing_more_is_asked_of_three_schemas_than_of_one(road, three_schemas, respelled):
    def ours(name, type_, parents):
        return type_ != "schema" or name in three_schemas

    dialect = road.name if respelled else ""
    road.create(schema(12, respelled=respelled, dialect=dialect))
    few = asked(road, schema(12, respelled=respelled, dialect=dialect))
    road.wipe()
    models = schema(12, three_schemas, respelled=respelled, dialect=dialect)
    road.create(models)
    more = asked(road, models, include_schemas=True, include_name=ours)
    assert len(more) <= len(few) + 1, "the names of the schemas"
    assert respelled or len(more) <= LIMITS[road.name]


@in_number
def test_texts_that_the_database_respells_are_asked_for_together(road, number):
    road.create(schema(10, respelled=True, dialect=road.name))
    few = asked(road, schema(10, respelled=True, dialect=road.name))
    road.create(schema(number, respelled=True, dialect=road.name))
    more = asked(road, schema(number, respelled=True, dialect=road.name))
    assert len(more) == len(few)
    is_respelled = any("mig_scratch" in each for each in more)
    assert is_respelled is (road.name != "sqlite")


@pytest.mark.postgresql
def test_one_text_costs_two_statements_a_round(postgresql_road):
    road, models = postgresql_road, schema(40)
    models.tables["t0"].append_constraint(sa.CheckConstraint("a IN (1, 2, 3)", name="other"))
    road.create(models)
    statements = [each for each in asked(road, models) if not is_savepoint(each)]
    questions = [each for each in statements if "mig_scratch" in each]
    assert 1 <= len(questions) <= 3, "rounds, in each of which all is asked"
    assert len(statements) <= LIMITS[road.name] + 2 * len(questions)
    assert all(each.count("CREATE TEMPORARY TABLE") == 1 for each in questions), "about that table alone"
