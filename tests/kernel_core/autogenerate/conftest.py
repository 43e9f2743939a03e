"""Databases to compare with: SQLite in memory, and a schema of its own on a real PostgreSQL."""

import os
import uuid

import pytest
import sqlalchemy as sa

from kernel_core.ddl.impl import DefaultImpl

POSTGRESQL_URL = os.environ.get("MIG_TEST_POSTGRESQL", "postgresql+psycopg://root@127.0.0.1:5432/test")


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
def postgresql_engine():
    engine = sa.create_engine(POSTGRESQL_URL, poolclass=sa.pool.NullPool, connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except sa.exc.OperationalError as error:
        pytest.skip(f"PostgreSQL cannot be reached: {str(error).splitlines()[0]}")
    yield engine
    engine.dispose()


@pytest.fixture
def postgresql(postgresql_engine):
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
            connection.rollback()
            connection.dialect.default_schema_name = before
            connection.execute(sa.text(f"DROP SCHEMA {name} CASCADE"))
            connection.commit()


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
