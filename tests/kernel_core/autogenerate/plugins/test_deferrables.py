"""When a unique constraint is checked."""

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
def test_another_time_makes_it_anew(postgresql_road, name, before, after):
    found = postgresql_road.there_and_back(schema(name, **before), schema(name, **after))
    called = name or "t_a_key"
    assert found == [f"Drop unique constraint {called} of t", f"Create unique constraint {called} on t (a)"]


@pytest.mark.parametrize(
    ("one", "two"),
    [({"deferrable": False}, {}), ({"deferrable": True, "initially": "IMMEDIATE"}, {"deferrable": True})],
)
def test_what_goes_without_saying_is_no_difference(postgresql_road, one, two):
    postgresql_road.create(schema(**one))
    assert postgresql_road.found(schema(**two)) == []
