"""Objects that cannot be read are reported in one line; a part of the result is never taken for all of it."""

import uuid
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


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"])
def test_a_view_with_the_name_of_a_table_is_reported(database, request, make_context):
    connection = request.getfixturevalue(database)
    connection.exec_driver_sql("CREATE VIEW t AS SELECT 1 AS id")
    with pytest.warns(UserWarning, match='"t" is a view in the database'):
        diffs = compare_metadata(make_context(connection), models())
    assert [diff[0] for diff in diffs] == ["add_table"]


@pytest.mark.parametrize(
    ("database", "type_"), [("postgresql", "pg_lsn[]"), ("mariadb", "inet6"), ("mariadb", "point")]
)
def test_an_unknown_type_is_reported_and_kept(database, type_, request, make_context):
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
def test_an_invalid_index_counts_as_missing(wanted, postgresql, make_context):
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
def test_a_virtual_table_without_its_module_is_excluded_with_a_warning(wanted, sqlite, make_context):
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


def test_an_excluded_virtual_table_needs_no_warning(sqlite, make_context):
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


@pytest.fixture
def role(postgresql_url):
    """Return the engines of the owner of a database, with a schema ``hidden``, and of a role that may use no schema."""
    name = f"mig_nobody_{uuid.uuid4().hex[:8]}"
    owner = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    with owner.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
        connection.exec_driver_sql("CREATE SCHEMA hidden")
        connection.exec_driver_sql("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    yield owner, sa.create_engine(owner.url.set(username=name, password="x"), poolclass=sa.NullPool), name
    with owner.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {name}; DROP ROLE {name}")


class TestRightsOnPostgresql:
    """Its catalog is open to everybody: who may use a schema or not reads the same of it."""

    def hidden(self, *more):
        metadata = sa.MetaData(schema="hidden")
        mood = sa.Enum("a", "b", name="mood", metadata=metadata)
        columns = [sa.Column("mood", mood, server_default="a"), sa.Column("n", sa.Integer, server_default="05")]
        sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns, *more)
        return metadata

    def compared(self, engine, make_context, metadata, **options):
        with engine.connect() as connection:
            context = make_context(connection, include_schemas=True, compare_server_default=True, **options)
            return [diff[0] for diff in compare_metadata(context, metadata)]

    def test_a_role_without_the_default_schema_is_told_so(self, role, make_context):
        owner, nobody, _ = role
        models().create_all(owner)
        with pytest.raises(CommandError, match=r"can use no schema.*GRANT USAGE"):
            self.compared(nobody, make_context, models())

    def test_a_schema_that_it_may_not_use_is_read_whole(self, role, make_context):
        owner, nobody, name = role
        with owner.begin() as connection:
            connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {name}")
        self.hidden().create_all(owner)
        assert self.compared(nobody, make_context, self.hidden()) == []
        assert self.compared(nobody, make_context, self.hidden(sa.Column("new", sa.Integer))) == ["add_column"]

    def test_what_the_plugins_would_have_to_ask_there_is_named(self, role, make_context):
        owner, nobody, name = role
        with owner.begin() as connection:
            connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {name}")
        metadata = self.hidden(sa.CheckConstraint("n IN (1, 2)", name="few"))
        metadata.create_all(owner)
        beyond = {"autogenerate_plugins": ["alembic.autogenerate.*", "kernel_core.ext.*"]}
        assert self.compared(owner, make_context, metadata, **beyond) == []
        with pytest.warns(UserWarning, match=r'"hidden\.t".*permission denied for schema hidden.*GRANT SELECT'):
            assert self.compared(nobody, make_context, metadata, **beyond) == []


@pytest.fixture
def user(mariadb):
    """Return what makes engines of a user with some rights on a database of two tables; also a second database."""
    name, database = f"mig_nobody_{uuid.uuid4().hex[:8]}", mariadb.dialect.default_schema_name
    two_tables().create_all(mariadb)
    mariadb.exec_driver_sql(f"CREATE DATABASE {database}_two")
    mariadb.exec_driver_sql(f"CREATE USER {name} IDENTIFIED BY 'x'")

    def make(*rights):
        for right in rights:
            mariadb.exec_driver_sql(f"GRANT {right.replace('DATABASE', database)} TO {name}")
        return sa.create_engine(mariadb.engine.url.set(username=name, password="x"), poolclass=sa.NullPool)

    yield make
    mariadb.exec_driver_sql(f"DROP USER {name}")
    mariadb.exec_driver_sql(f"DROP DATABASE {database}_two")


def two_tables(schema=None):
    metadata = sa.MetaData(schema=schema)
    for name in ("one", "two"):
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))
    return metadata


class TestRightsOnMariadb:
    """It hides what a user has no rights on."""

    def compared(self, engine, make_context, metadata, **options):
        with engine.connect() as connection:
            return [diff[0] for diff in compare_metadata(make_context(connection, **options), metadata)]

    @pytest.mark.parametrize(
        "rights",
        [
            ["SELECT ON DATABASE.one"],
            ["SELECT (id) ON DATABASE.one", "SELECT ON DATABASE.two"],
            ["INSERT ON DATABASE.one", "SELECT ON DATABASE_two.*"],
        ],
    )
    def test_a_user_of_single_tables_or_columns_is_told_so(self, user, make_context, rights):
        with pytest.raises(CommandError, match=r"may see single tables or columns.*GRANT SELECT ON .*\.\* to"):
            self.compared(user(*rights), make_context, two_tables())

    @pytest.mark.parametrize(
        "right", ["SELECT ON DATABASE.*", "SELECT ON `mig\\_test\\_%%`.*", "INSERT ON DATABASE.*", "SELECT ON *.*"]
    )
    def test_a_user_of_the_whole_database_sees_it_whole(self, user, make_context, right):
        engine = user(right, "INSERT ON DATABASE.one")
        assert self.compared(engine, make_context, two_tables()) == []
        added = two_tables()
        sa.Table("three", added, sa.Column("id", sa.Integer, primary_key=True))
        assert self.compared(engine, make_context, added) == ["add_table"]

    def test_single_tables_are_enough_where_the_models_have_no_other(self, user, make_context):
        metadata = two_tables()
        metadata.remove(metadata.tables["two"])
        assert self.compared(user("SELECT ON DATABASE.one"), make_context, metadata) == []

    def test_a_second_database_without_rights_is_named(self, user, make_context):
        engine = user("SELECT ON DATABASE.*")
        other = f"{engine.url.database}_two"
        metadata = two_tables()
        sa.Table("three", metadata, sa.Column("id", sa.Integer, primary_key=True), schema=other)
        with pytest.warns(UserWarning, match=f'database "{other}" of the models does not exist, or.*GRANT SELECT'):
            assert self.compared(engine, make_context, metadata, include_schemas=True) == ["add_table"]
        user("SELECT ON DATABASE_two.*")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert self.compared(engine, make_context, metadata, include_schemas=True) == ["add_table"]
