"""How many questions the plugins ask: none more while nothing differs as text, however many tables there are."""

import pytest
import sqlalchemy as sa

LIMITS = {"sqlite": 4, "postgresql": 8, "mysql": 4}


def schema(tables, condition=None):
    """Tables of which each has what the plugins look at, and the first one a check that reads otherwise there."""
    metadata = sa.MetaData()
    for number in range(tables):
        column = sa.Column("a", sa.Integer)
        sa.Table(
            f"t{number}",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            column,
            sa.Column("c", sa.Integer, sa.Computed("a", persisted=True)),
            sa.Index(f"ix_{number}", column, postgresql_where=column > 1, sqlite_where=column > 1),
            sa.CheckConstraint("a > 1", name=f"ck_{number}"),
            sa.UniqueConstraint("a", name=f"uq_{number}"),
        )
    if condition is not None:
        metadata.tables["t0"].append_constraint(sa.CheckConstraint(condition, name="other"))
    return metadata


def asked(road, metadata):
    road.statements.clear()
    assert road.found(metadata) == []
    return [statement for statement in road.statements if "alembic_version" not in statement]


def test_nothing_more_is_asked_of_many_tables_than_of_few(road):
    road.create(schema(5))
    few = asked(road, schema(5))
    road.create(schema(25))
    many = asked(road, schema(25))
    assert len(many) == len(few)
    assert len(many) <= LIMITS[road.name], many


@pytest.mark.postgresql
def test_one_text_costs_the_questions_about_its_table_alone(postgresql_road):
    road = postgresql_road
    road.create(schema(40, "a IN (1, 2, 3)"))
    statements = asked(road, schema(40, "a IN (1, 2, 3)"))
    scratch = [statement for statement in statements if "mig_scratch" in statement]
    assert len(scratch) == 2, "one table, and one statement with all that is asked about it"
    assert len(statements) <= LIMITS[road.name] + len(scratch) + 6, "three savepoints, their ends, and the answers"
