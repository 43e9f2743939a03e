"""MigrationContext by itself, without an environment."""

import io

import pytest
import sqlalchemy as sa

from kernel_core import op
from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext
from kernel_core.script import ScriptDirectory
from kernel_core.script.steps import upgrade_steps
from kernel_core.util.exc import CommandError


def engine_of(url):
    return sa.create_engine(url, poolclass=sa.NullPool)


def test_a_connection_is_enough_to_read_and_to_operate(sqlite_url):
    engine = engine_of(sqlite_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert (context.get_current_revision(), context.get_current_heads()) == (None, ())
        assert (context.bind, context.dialect.name, context.as_sql) == (connection, "sqlite", False)
        with Operations.context(context):
            op.create_table("t", sa.Column("id", sa.Integer))
        assert sa.inspect(connection).has_table("t")


def test_a_dialect_is_enough_to_print():
    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": buffer})
    Operations(context).create_table("t", sa.Column("id", sa.BigInteger))
    context.execute("SELECT '10:30'")
    assert buffer.getvalue() == "CREATE TABLE t (\n    id BIGINT\n);\n\nSELECT '10:30';\n\n"
    assert context.connection is None


@pytest.mark.parametrize("given", [{"url": "postgresql+psycopg://h/d"}, {"dialect_name": "mysql"}])
def test_a_url_or_a_name_gives_the_dialect_without_its_driver(given):
    context = MigrationContext.configure(**given)
    assert context.dialect.name in ("postgresql", "mysql")


def test_an_engine_instead_of_a_connection_is_explained(sqlite_url):
    with pytest.raises(CommandError, match=r"must be a SQLAlchemy Connection, not Engine\. Use: with engine\.connect"):
        MigrationContext.configure(engine_of(sqlite_url))


def test_a_context_without_a_database_is_an_error():
    with pytest.raises(CommandError, match="No database is named"):
        MigrationContext.configure()


def test_without_a_plan_there_is_nothing_to_run(sqlite_url):
    with engine_of(sqlite_url).connect() as connection, pytest.raises(CommandError, match="without a plan"):
        MigrationContext.configure(connection).run_migrations()


def test_several_heads_are_not_one_revision(project):
    project.run(
        "CREATE TABLE alembic_version (version_num VARCHAR(32))", "INSERT INTO alembic_version VALUES ('b'), ('a')"
    )
    with engine_of(project.url).connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_heads() == ("a", "b")
        assert not connection.in_transaction()
        with pytest.raises(CommandError, match="several revisions: a, b"):
            context.get_current_revision()


def test_a_plan_and_a_stamp_need_no_env_py(project):
    project.chain("a1", "b2")
    scripts = ScriptDirectory(project.folder / "migrations")

    def plan(heads, context):
        return upgrade_steps(scripts.map, frozenset(heads), "b2")

    with engine_of(project.url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"fn": plan, "script": scripts})
        context.run_migrations()
        assert context.get_current_revision() == "b2"
        context.stamp(scripts, "a1")
        assert context.get_current_revision() == "a1"
    assert project.rows() == ["a1"]


def test_a_plan_that_changes_something_is_refused_if_only_reading_is_allowed(project):
    project.chain("a1")
    scripts = ScriptDirectory(project.folder / "migrations")
    with engine_of(project.url).connect() as connection:
        opts = {
            "fn": lambda heads, context: upgrade_steps(scripts.map, (), "a1"),
            "script": scripts,
            "dont_mutate": True,
        }
        with pytest.raises(CommandError, match="only reads"):
            MigrationContext.configure(connection, opts=opts).run_migrations()
    assert project.tables() == set()


def test_an_autocommit_block_restores_the_isolation_level(postgresql_url):
    with engine_of(postgresql_url).connect() as connection:
        context = MigrationContext.configure(connection)
        with context.autocommit_block():
            connection.exec_driver_sql("VACUUM")
        assert connection.get_isolation_level() == "READ COMMITTED"


def test_an_autocommit_block_in_a_transaction_of_the_caller_is_refused(sqlite_url):
    with engine_of(sqlite_url).connect() as connection, connection.begin():
        context = MigrationContext.configure(connection)
        with pytest.raises(CommandError, match="the caller began"), context.autocommit_block():
            pass


def test_offline_an_autocommit_block_is_outside_begin_and_commit():
    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": buffer})
    with context.autocommit_block():
        context.execute("VACUUM")
    assert buffer.getvalue().split() == ["COMMIT;", "VACUUM;", "BEGIN;"]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_offline_a_block_of_statements_is_one_transaction_that_an_autocommit_block_interrupts(dialect):
    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True, "output_buffer": buffer})
    with context.begin_transaction():
        context.execute("first")
        with context.begin_transaction():
            context.execute("second")
        with context.autocommit_block():
            context.execute("VACUUM")
        context.execute("third")
    context.execute("fourth")
    printed = "BEGIN; first; second; COMMIT; VACUUM; BEGIN; third; COMMIT; fourth;"
    assert buffer.getvalue().split() == printed.split()


def fail_after_a_statement(context):
    context.execute("first")
    raise KeyError


def test_offline_a_block_that_fails_is_not_committed():
    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name="sqlite", opts={"as_sql": True, "output_buffer": buffer})
    with pytest.raises(KeyError), context.begin_transaction():
        fail_after_a_statement(context)
    assert buffer.getvalue().split() == ["BEGIN;", "first;"]


def test_offline_no_statement_is_lost_after_an_autocommit_block_outside_of_a_transaction():
    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name="sqlite", opts={"as_sql": True, "output_buffer": buffer})
    with context.autocommit_block():
        context.execute("VACUUM")
    context.execute("second")
    assert buffer.getvalue().split() == ["VACUUM;", "second;"]
