"""Lengths and precisions that only one side states."""

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


def schema(type_):
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", type_))
    return metadata


@pytest.mark.parametrize(("before", "after"), [(sa.String(), sa.String(5)), (sa.Numeric(10, 2), sa.Numeric())])
def test_a_bound_that_comes_or_goes_is_found_where_it_is_kept(road, before, after):
    if road.name == "mysql":
        road.create(schema(sa.Numeric()))
        assert road.found(schema(sa.Numeric(10, 0))) == [], "MariaDB fills it in"
    else:
        assert len(road.there_and_back(schema(before), schema(after))) == 1


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (sa.CHAR(), sa.CHAR(1)),
        (postgresql.BIT(), postgresql.BIT(1)),
        (postgresql.TIMESTAMP(), postgresql.TIMESTAMP(precision=6)),
        (postgresql.TIME(timezone=True), postgresql.TIME(timezone=True, precision=6)),
        (sa.Float(), sa.Float(53)),
    ],
)
def test_what_goes_without_saying_is_no_difference(postgresql_road, before, after):
    postgresql_road.create(schema(before))
    assert postgresql_road.found(schema(after)) == []


@pytest.mark.parametrize("answer", [False, lambda *given: None, lambda *given: False])
def test_compare_type_has_the_last_word(sqlite_road, answer):
    sqlite_road.create(schema(sa.String()))
    assert sqlite_road.found(schema(sa.String(5)), compare_type=answer) == []


def test_another_change_of_the_column_takes_it_along(sqlite_road):
    after = schema(sa.String(5))
    after.tables["t"].c.a.nullable = False
    sqlite_road.create(schema(sa.String()))
    assert len(sqlite_road.found(after)) == 1


def test_a_hook_may_leave_the_column_alone(sqlite_road):
    sqlite_road.create(schema(sa.String()))
    assert (
        sqlite_road.found(schema(sa.String(5)), include_object=lambda item, name, kind, *rest: kind != "column") == []
    )
