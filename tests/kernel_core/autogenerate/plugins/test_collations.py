"""Collations of columns."""

import pytest
import sqlalchemy as sa

NAMES = {"sqlite": ("NOCASE", "RTRIM"), "postgresql": ("C", "POSIX")}


def names(road):
    return NAMES.get(road.name, ("utf8mb4_bin", "utf8mb4_unicode_ci"))


def schema(collation=None, **kw):
    metadata = sa.MetaData()
    columns = sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String(20, collation=collation), **kw)
    sa.Table("t", metadata, *columns)
    return metadata


@pytest.mark.parametrize(("one", "two"), [(None, 0), (0, None), (0, 1)])
def test_another_collation_is_found_and_set(road, one, two):
    before, after = (None if each is None else names(road)[each] for each in (one, two))
    found = road.there_and_back(schema(before), schema(after))
    assert len(found) == 1
    assert found[0].startswith("Alter column a of t: type ")


def test_it_joins_another_change_of_the_column(road):
    before, after = schema(None), schema(names(road)[0], nullable=False)
    found = road.there_and_back(before, after)
    assert len(found) == 1
    assert found[0].endswith("not null")


def test_it_is_left_alone_where_the_plugin_is_off(road):
    road.create(schema(names(road)[0]))
    assert road.found(schema(), ["alembic.autogenerate.*"]) == []


def test_what_the_table_says_goes_without_saying(mariadb_road):
    metadata = sa.MetaData()
    column = sa.Column("a", sa.String(20, collation="utf8mb4_bin"))
    table = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), column, mysql_collate="utf8mb4_bin")
    mariadb_road.create(metadata)
    assert mariadb_road.found(metadata) == []
    table.c.a.type = sa.String(20)
    assert mariadb_road.found(metadata) == []
