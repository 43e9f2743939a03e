"""CHECKs of a Column are added with the column."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext

from .conftest import operations


def column() -> sa.Column[int]:
    return sa.Column(
        "age", sa.Integer, sa.CheckConstraint("age < 200"), sa.CheckConstraint("age >= 0", name="positive")
    )


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb", "mssql", "oracle", "sqlite"])
def test_it_is_printed_after_the_column(dialect: str) -> None:
    script = io.StringIO()
    context = MigrationContext.configure(dialect_name=dialect, opts={"as_sql": True, "output_buffer": script})
    Operations(context).add_column("t", column())
    assert "CHECK (age < 200) CONSTRAINT positive CHECK (age >= 0)" in " ".join(script.getvalue().split())


def refused(connection: sa.Connection, age: int) -> bool:
    savepoint = connection.begin_nested()
    try:
        connection.exec_driver_sql(f"INSERT INTO t (id, age) VALUES (7, {age})")
    except IntegrityError:
        return True
    finally:
        savepoint.rollback()
    return False


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize("recreate", ["never", "always"])
def test_the_database_enforces_it(database: str, recreate: str, request: pytest.FixtureRequest) -> None:
    connection: sa.Connection = request.getfixturevalue(database)
    connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    with operations(connection).batch_alter_table("t", recreate=recreate) as batch:
        batch.add_column(column())
    assert [refused(connection, age) for age in (-1, 0, 199, 200)] == [True, False, False, True]
