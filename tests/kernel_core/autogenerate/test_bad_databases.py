"""What cannot be read is said in one line; what was read by half is never taken for the whole."""

import warnings

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import compare_metadata
from kernel_core.util import CommandError


def models():
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True))
    return metadata


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"])
@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_connection_lost_in_the_middle_gives_no_result(after, database, request, make_context):
    connection = request.getfixturevalue(database)
    metadata = models()
    metadata.create_all(connection)
    context, asked = make_context(connection), []

    def lose(connection, cursor, statement, *rest):
        asked.append(statement)
        if len(asked) == after:
            raise ConnectionResetError("server closed the connection unexpectedly")

    sa.event.listen(connection, "before_cursor_execute", lose)
    with pytest.raises(ConnectionResetError):
        compare_metadata(context, metadata)
    sa.event.remove(connection, "before_cursor_execute", lose)
    assert compare_metadata(context, metadata) == []


def test_a_role_without_a_schema_is_told_so(postgresql, make_context):
    postgresql.exec_driver_sql("SET search_path TO nowhere")
    postgresql.dialect.default_schema_name = None
    try:
        with pytest.raises(CommandError, match=r"no schema to look into.*GRANT USAGE"):
            compare_metadata(make_context(postgresql), models())
    finally:
        postgresql.dialect.default_schema_name = "public"


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"])
def test_a_view_in_the_place_of_a_table_is_named(database, request, make_context):
    connection = request.getfixturevalue(database)
    connection.exec_driver_sql("CREATE VIEW t AS SELECT 1 AS id")
    with pytest.warns(UserWarning, match='"t" is a view in the database'):
        diffs = compare_metadata(make_context(connection), models())
    assert [diff[0] for diff in diffs] == ["add_table"]


@pytest.mark.parametrize(
    ("database", "type_"), [("postgresql", "pg_lsn[]"), ("mariadb", "inet6"), ("mariadb", "point")]
)
def test_a_type_that_is_not_known_is_named_and_left_alone(database, type_, request, make_context):
    connection = request.getfixturevalue(database)
    connection.exec_driver_sql(f"CREATE TABLE t (id integer PRIMARY KEY, strange {type_})")
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("strange", sa.String(20)))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        diffs = compare_metadata(make_context(connection), metadata)
    assert [diff for diff in diffs if "type" in str(diff[0])] == []
    assert all("strange" in str(each.message) for each in said if "Did not recognize" in str(each.message))


@pytest.mark.parametrize("wanted", [True, False])
def test_an_index_that_was_not_finished_is_as_good_as_none(wanted, postgresql, make_context):
    before, after = models(), models()
    sa.Index("ix_half", before.tables["t"].c.id)
    before.create_all(postgresql)
    postgresql.exec_driver_sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_half'::regclass")
    with pytest.warns(UserWarning, match='"ix_half" of table "t" is invalid.*REINDEX INDEX CONCURRENTLY'):
        diffs = compare_metadata(make_context(postgresql), before if wanted else after)
    assert [diff[0] for diff in diffs] == ["remove_index", "add_index"][: 1 + wanted]


def make_virtual(connection, name):
    """Write a table of a module that no connection has into SQLite's schema."""
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text("INSERT INTO sqlite_master VALUES ('table', :name, :name, 0, :sql)"),
        {"name": name, "sql": f'CREATE VIRTUAL TABLE "{name}" USING nowhere(a)'},
    )
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


@pytest.mark.parametrize("wanted", [True, False])
def test_a_virtual_table_whose_module_is_missing_is_left_out_by_name(wanted, sqlite, make_context):
    metadata = models()
    metadata.create_all(sqlite)
    make_virtual(sqlite, "it's")
    if wanted:
        sa.Table("it's", metadata, sa.Column("a", sa.Text))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        diffs = compare_metadata(make_context(sqlite), metadata)
    first, *more = (str(each.message) for each in said)
    assert first.startswith('The virtual table "it\'s" is left out')
    assert "no such module: nowhere" in first
    assert ['"it\'s" is a virtual table in the database' in each for each in more] == [True] * wanted
    assert [diff[0] for diff in diffs] == ["add_table"] * wanted


def test_a_virtual_table_that_nobody_wants_is_passed_over_in_silence(sqlite, make_context):
    make_virtual(sqlite, "v")
    context = make_context(sqlite, include_name=lambda name, kind, parents: name != "v")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [diff[0] for diff in compare_metadata(context, models())] == ["add_table"]


class TestThirdParties:
    """Dialects of others override documented methods, which are asked."""

    def test_they_take_out_what_means_the_same(self, sqlite, make_context):
        before, after = models(), models()
        table = before.tables["t"]
        sa.Index("ix_old", table.c.id)
        before.create_all(sqlite)
        sa.Index("ix_new", after.tables["t"].c.id)
        context = make_context(sqlite)
        seen = []

        class Impl(type(context.impl)):
            __dialect__ = "of_others"

            def correct_for_autogen_constraints(self, conn_uniques, conn_indexes, uniques, indexes):
                seen.append([{index.name for index in each} for each in (conn_indexes, indexes)])
                conn_indexes.clear()
                indexes.clear()

        context.impl.__class__ = Impl
        assert compare_metadata(context, after) == []
        assert seen == [[{"ix_old"}, {"ix_new"}]]

    def test_they_take_out_keys(self, sqlite, make_context):
        metadata = models()
        sa.Table("u", metadata, sa.Column("id", sa.Integer, sa.ForeignKey("t.id"), primary_key=True))
        metadata.create_all(sqlite)
        after = models()
        sa.Table("u", after, sa.Column("id", sa.Integer, primary_key=True))
        context = make_context(sqlite)

        class Impl(type(context.impl)):
            __dialect__ = "of_others"

            def correct_for_autogen_foreignkeys(self, conn_fks, metadata_fks):
                conn_fks.clear()

        context.impl.__class__ = Impl
        assert compare_metadata(context, after) == []
