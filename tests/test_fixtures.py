"""The databases that the tests are given are there, empty and their own."""

import sqlalchemy as sa


def _tables(url):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        before = sa.inspect(connection).get_table_names()
        connection.exec_driver_sql("CREATE TABLE visited (id INTEGER)")
    return before


def test_a_sqlite_database_is_fresh(sqlite_url):
    assert _tables(sqlite_url) == []


def test_a_postgresql_database_is_fresh(postgresql_url):
    assert _tables(postgresql_url) == []


def test_a_mariadb_database_is_fresh(mariadb_url):
    assert _tables(mariadb_url) == []
