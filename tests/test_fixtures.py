"""The databases that the tests are given are there, empty and their own."""

import logging
import logging.config

import pytest
import sqlalchemy as sa
from restored_logging import restored_logging

LEFT_BEHIND = {
    "schemas": "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1",
    "types": "SELECT typname FROM pg_type WHERE typtype = 'e'",
    "extensions": "SELECT extname FROM pg_extension",
    "settings": "SELECT unnest(setconfig) FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase AND datname = current_database()",
    "connections": "SELECT usename FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
}
AVAILABLE = "SELECT name FROM pg_available_extensions WHERE name = 'btree_gist'"  # the packaged server has it not
NOTHING = {
    "schemas": ["information_schema", "public"],
    "types": [],
    "extensions": ["plpgsql"],
    "settings": ["synchronous_commit=off"],
    "connections": [],
}


def _tables(url):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        before = sa.inspect(connection).get_table_names()
        connection.exec_driver_sql("CREATE TABLE visited (id INTEGER)")
    return before


def test_a_sqlite_database_is_fresh(sqlite_url):
    assert _tables(sqlite_url) == []


@pytest.fixture(scope="module")
def forgotten():
    """Connections that are still open when the next test comes."""
    connections = []
    yield connections
    for connection in connections:
        connection.invalidate()
        connection.close()


@pytest.mark.parametrize("time", ["first", "second", "third"])
def test_a_postgresql_database_is_as_if_it_were_fresh(postgresql_url, time, forgotten):
    assert _tables(postgresql_url) == []
    left_open = sa.create_engine(postgresql_url, poolclass=sa.NullPool).connect()
    forgotten.append(left_open)
    asked = {what: sa.text(query) for what, query in LEFT_BEHIND.items()}
    assert {what: list(left_open.scalars(query)) for what, query in asked.items()} == NOTHING
    for statement in (
        'CREATE SCHEMA "50% ""off"""',
        *(f"CREATE EXTENSION {name}" for name in left_open.scalars(sa.text(AVAILABLE))),
        "CREATE TYPE mood AS ENUM ('happy')",
        f"ALTER DATABASE {left_open.engine.url.database} SET work_mem = '5MB'",
    ):
        left_open.execute(sa.text(statement))
    left_open.commit()
    left_open.execute(sa.text("LOCK TABLE visited"))  # and nobody gives it back
    if time == "second":
        left_open.execute(sa.text("DROP SCHEMA public CASCADE; COMMIT"))


def test_a_mariadb_database_is_fresh(mariadb_url):
    assert _tables(mariadb_url) == []


INI = """
[loggers]
keys = root,new
[handlers]
keys = console
[formatters]
keys =
[logger_root]
level = INFO
handlers = console
[logger_new]
level = DEBUG
handlers =
qualname = a_logger_of_this_test
[handler_console]
class = StreamHandler
args = (sys.stderr,)
"""


def test_a_logging_configuration_ends_with_the_test_that_ran_it(tmp_path, capsys):
    (tmp_path / "alembic.ini").write_text(INI)
    before = logging.root.level, list(logging.root.handlers)
    with restored_logging():
        logging.config.fileConfig(tmp_path / "alembic.ini", disable_existing_loggers=False)
        assert logging.getLogger("a_logger_of_this_test").isEnabledFor(logging.INFO)
    assert (logging.root.level, logging.root.handlers) == before
    assert not logging.getLogger("a_logger_of_this_test").isEnabledFor(logging.INFO)
