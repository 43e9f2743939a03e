"""Databases to compare with: SQLite in memory, and a new schema on a real PostgreSQL."""

import uuid

import pytest
import sqlalchemy as sa

from kernel_core.ddl.impl import DefaultImpl


class Context:
    """As much of a MigrationContext as autogenerate asks for."""

    def __init__(self, connection, **opts):
        self.connection = self.bind = connection
        self.dialect = connection.dialect
        self.as_sql = False
        self.opts = opts
        self.impl = DefaultImpl.get_by_dialect(self.dialect)(self.dialect, connection, False, None, None, {})


@pytest.fixture
def sqlite():
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_engine(postgresql_database):
    """One for all tests, so that the server is asked only once what it is."""
    return sa.create_engine(postgresql_database.url, poolclass=sa.pool.NullPool)


@pytest.fixture
def postgresql(postgresql_url, postgresql_engine):
    name = f"autogen_{uuid.uuid4().hex[:12]}"
    with postgresql_engine.connect() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {name}"))
        connection.execute(sa.text(f"SET search_path TO {name}"))
        connection.commit()
        before = connection.dialect.default_schema_name
        connection.dialect.default_schema_name = name
        try:
            yield connection
        finally:
            connection.dialect.default_schema_name = before


@pytest.fixture
def mariadb(mariadb_url):
    engine = sa.create_engine(mariadb_url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def connection(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def make_context():
    return Context
