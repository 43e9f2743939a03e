"""A name that differs only in letter case, in a case-insensitive database: always a rename, which keeps all data."""

from __future__ import annotations

import pytest
import rounds
import sqlalchemy as sa

from kernel_core.autogenerate import produce_migrations
from kernel_core.operations.ops import AddColumnOp, DropColumnOp, RenameTableOp


def model(table, column, key="id", type_=None, child="kid"):
    metadata = sa.MetaData()
    sa.Table(
        table,
        metadata,
        sa.Column(key, sa.Integer, primary_key=True),
        sa.Column(column, type_ or sa.String(9), index=True),
        sa.UniqueConstraint(column, name="uq"),
    )
    sa.Table(
        child,
        metadata,
        sa.Column("i", sa.Integer, primary_key=True),
        sa.Column("p", sa.ForeignKey(f"{table}.{key}", name="fk")),
    )
    return metadata


COLUMNS = {
    "a column": (model("users", "Name"), model("users", "name")),
    "its type too": (model("users", "Name"), model("users", "NAME", type_=sa.String(200))),
    "the key that others refer to": (model("users", "name", "ID"), model("users", "name", "id")),
    "several": (model("users", "Name", "Id"), model("users", "NAME", "ID")),
}
TABLES = {
    "a table": (model("users", "name"), model("Users", "name")),
    "a table and its columns": (model("Users", "Name", "ID"), model("USERS", "name", "id")),
    "the table that refers": (model("users", "name"), model("users", "name", child="Kid")),
}


def there_and_back(connection, make_context, old, new, **options):
    old.create_all(connection)
    (before, *_), (after, *_) = old.sorted_tables, new.sorted_tables
    connection.execute(before.insert().values({before.c[1].name: "kept"}))
    script = rounds.migrated(make_context, connection, new, **options)
    assert connection.execute(sa.select(after.c[1])).scalar() == "kept"
    rounds.undone(make_context, connection, script, old, **options)
    assert connection.execute(sa.select(before.c[1])).scalar() == "kept"
    old.drop_all(connection)


@pytest.mark.slow
@pytest.mark.parametrize("renames", ["show", "off"])
@pytest.mark.costly
def test_sqlite_renames_columns_and_tables(sqlite, make_context, renames):
    for old, new in (COLUMNS | TABLES).values():
        there_and_back(sqlite, make_context, old, new, renames=renames)


@pytest.mark.slow
def test_mariadb_renames_columns(mariadb, make_context):
    for old, new in COLUMNS.values():
        there_and_back(mariadb, make_context, old, new)


def test_postgresql_distinguishes_letter_case(postgresql, make_context):
    old, new = COLUMNS["a column"]
    old.create_all(postgresql)
    found = list(produce_migrations(make_context(postgresql), new).upgrade_ops.leaves())
    assert any(isinstance(each, AddColumnOp) for each in found)
    assert any(isinstance(each, DropColumnOp) for each in found)


def test_a_rename_by_case_runs_on_sqlite_where_the_other_name_is_in_use_too(sqlite, make_context):
    old, new = TABLES["a table"]
    old.create_all(sqlite)
    found = produce_migrations(make_context(sqlite), new).upgrade_ops
    assert [each.new_table_name for each in found.leaves() if isinstance(each, RenameTableOp)] == ["Users"]
