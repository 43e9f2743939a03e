"""Lengths and precisions that only one side states."""

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


def schema(type_):
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", type_))
    return metadata


@pytest.mark.parametrize(("before", "after"), [(sa.String(), sa.String(5)), (sa.Numeric(10, 2), sa.Numeric())])
def test_an_added_or_dropped_bound_is_found_where_it_is_stored(migration, before, after):
    if migration.name == "mysql":
        migration.create(schema(sa.Numeric()))
        assert migration.found(schema(sa.Numeric(10, 0))) == [], "MariaDB fills it in"
    else:
        assert len(migration.there_and_back(schema(before), schema(after))) == 1


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
def test_a_default_option_does_not_differ(postgresql_migration, before, after):
    postgresql_migration.create(schema(before))
    assert postgresql_migration.found(schema(after)) == []


@pytest.mark.parametrize("answer", [False, lambda *given: None, lambda *given: False])
def test_compare_type_takes_precedence(sqlite_migration, answer):
    sqlite_migration.create(schema(sa.String()))
    assert sqlite_migration.found(schema(sa.String(5)), compare_type=answer) == []


def test_it_is_merged_with_another_change_of_the_column(sqlite_migration):
    after = schema(sa.String(5))
    after.tables["t"].c.a.nullable = False
    sqlite_migration.create(schema(sa.String()))
    assert len(sqlite_migration.found(after)) == 1


def test_include_object_may_exclude_the_column(sqlite_migration):
    sqlite_migration.create(schema(sa.String()))
    assert (
        sqlite_migration.found(schema(sa.String(5)), include_object=lambda item, name, kind, *rest: kind != "column")
        == []
    )
