"""Collations of columns."""

import pytest
import sqlalchemy as sa

NAMES = {"sqlite": ("NOCASE", "RTRIM"), "postgresql": ("C", "POSIX")}


def names(migration):
    return NAMES.get(migration.name, ("utf8mb4_bin", "utf8mb4_unicode_ci"))


def schema(collation=None, **kw):
    metadata = sa.MetaData()
    columns = sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String(20, collation=collation), **kw)
    sa.Table("t", metadata, *columns)
    return metadata


@pytest.mark.parametrize(("one", "two"), [(None, 0), (0, None), (0, 1)])
def test_a_changed_collation_is_found_and_set(migration, one, two):
    before, after = (None if each is None else names(migration)[each] for each in (one, two))
    found = migration.there_and_back(schema(before), schema(after))
    assert len(found) == 1
    assert found[0].startswith("Alter column a of t: type ")


def test_it_is_merged_with_another_change_of_the_column(migration):
    before, after = schema(None), schema(names(migration)[0], nullable=False)
    found = migration.there_and_back(before, after)
    assert len(found) == 1
    assert found[0].endswith("not null")


def test_it_is_not_compared_without_the_plugin(migration):
    migration.create(schema(names(migration)[0]))
    assert migration.found(schema(), ["alembic.autogenerate.*"]) == []


def test_the_collation_of_the_table_is_implied(mariadb_migration):
    metadata = sa.MetaData()
    column = sa.Column("a", sa.String(20, collation="utf8mb4_bin"))
    table = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), column, mysql_collate="utf8mb4_bin")
    mariadb_migration.create(metadata)
    assert mariadb_migration.found(metadata) == []
    table.c.a.type = sa.String(20)
    assert mariadb_migration.found(metadata) == []
