"""DEFERRABLE and INITIALLY of unique constraints."""

import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.postgresql


def schema(name="uq", **timing):
    metadata = sa.MetaData()
    columns = sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer)
    sa.Table("t", metadata, *columns, sa.UniqueConstraint("a", name=name, **timing))
    return metadata


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"deferrable": True}),
        ({"deferrable": True}, {"deferrable": True, "initially": "DEFERRED"}),
        ({"deferrable": True, "initially": "DEFERRED"}, {}),
    ],
)
@pytest.mark.parametrize("name", ["uq", None])
def test_a_changed_timing_recreates_the_constraint(postgresql_migration, name, before, after):
    found = postgresql_migration.there_and_back(schema(name, **before), schema(name, **after))
    called = name or "t_a_key"
    assert found == [f"Drop unique constraint {called} of t", f"Create unique constraint {called} on t (a)"]


@pytest.mark.parametrize(
    ("one", "two"),
    [({"deferrable": False}, {}), ({"deferrable": True, "initially": "IMMEDIATE"}, {"deferrable": True})],
)
def test_a_default_option_does_not_differ(postgresql_migration, one, two):
    postgresql_migration.create(schema(**one))
    assert postgresql_migration.found(schema(**two)) == []
