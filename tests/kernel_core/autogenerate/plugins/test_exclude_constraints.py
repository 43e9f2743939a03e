"""Exclude constraints of PostgreSQL."""

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import INT4RANGE, TSRANGE, ExcludeConstraint

pytestmark = pytest.mark.postgresql


def schema(*constraints):
    metadata = sa.MetaData()
    sa.Table(
        "booking",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("during", TSRANGE),
        sa.Column("Seats ok", INT4RANGE),
        sa.Column("paid", sa.Boolean),
        *constraints,
    )
    return metadata


def no_overlap(name="one", where=None, **kw):
    where = None if where is None else sa.text(where)
    return ExcludeConstraint(("during", "&&"), name=name, using="gist", where=where, **kw)


@pytest.mark.slow
def test_they_are_added_and_dropped(postgresql_migration):
    found = postgresql_migration.there_and_back(schema(no_overlap("gone")), schema(no_overlap("new", where="paid")))
    assert found == [
        "Drop constraint gone of booking",
        "Create exclude constraint new on booking (during &&, where paid)",
    ]


@pytest.mark.parametrize(
    "after",
    [
        no_overlap(where="NOT paid"),
        no_overlap(deferrable=True, initially="DEFERRED"),
        ExcludeConstraint(("during", "&&"), (sa.Column("Seats ok", INT4RANGE), "&&"), name="one", using="gist"),
        ExcludeConstraint(("during", "-|-"), name="one", using="gist"),
        ExcludeConstraint(("id", "="), name="one", using="btree"),
    ],
    ids=["where", "deferrable", "elements", "operator", "method"],
)
def test_a_changed_definition_recreates_the_constraint(postgresql_migration, after):
    found = postgresql_migration.there_and_back(schema(no_overlap()), schema(after))
    assert [each.split(" on ")[0] for each in found] == [
        "Drop constraint one of booking",
        "Create exclude constraint one",
    ]


def test_the_spelling_of_the_database_does_not_differ(postgresql_migration):
    metadata = schema(
        no_overlap("a", where="paid = true AND id IN (1, 2)"),
        ExcludeConstraint((sa.text("tsrange(lower(during), NULL)"), "&&"), name="b"),
        no_overlap(None),
    )
    postgresql_migration.create(metadata)
    assert postgresql_migration.found(metadata) == []


def test_it_is_not_compared_without_the_plugin(postgresql_migration):
    postgresql_migration.create(schema(no_overlap()))
    assert postgresql_migration.found(schema(), ["alembic.autogenerate.*"]) == []
