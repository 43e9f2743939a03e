"""Directives on a real database, without any environment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[sa.Connection]:
    """A connection to a fresh SQLite file."""
    engine = sa.create_engine(sqlite_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[sa.Connection]:
    """A connection to a fresh PostgreSQL database."""
    engine = sa.create_engine(postgresql_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def operations(connection: sa.Connection) -> Operations:
    """Directives that run on ``connection``."""
    return Operations(MigrationContext.configure(connection))
