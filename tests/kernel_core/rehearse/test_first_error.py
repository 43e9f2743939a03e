"""What is put back after a failure does not hide the error that caused it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.operations import Operations
from kernel_core.rehearse.blockers.savepoints import undone, without_event_triggers
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.sqla_compat import executed_at_end


@pytest.fixture
def connection(postgresql_url):
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    with engine.connect() as made:
        yield made


def role(connection) -> str:
    return str(connection.exec_driver_sql("SHOW session_replication_role").scalar())


@pytest.mark.parametrize("block", [without_event_triggers, undone, lambda each: executed_at_end(each, "SELECT 1")])
def test_a_failed_transaction_of_postgresql_raises_its_own_error(connection, block):
    with pytest.raises(sa.exc.DBAPIError, match="division by zero"), block(connection):
        connection.exec_driver_sql("SELECT 1 / 0")


@pytest.mark.parametrize("block", [without_event_triggers, undone, lambda each: executed_at_end(each, "SELECT 1")])
def test_a_lost_connection_raises_its_own_error(connection, block):
    with pytest.raises(sa.exc.DBAPIError, match="terminat"), block(connection):
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")


def test_event_triggers_fire_again_after_an_error(connection):
    savepoint = connection.begin_nested()
    with pytest.raises(sa.exc.DBAPIError, match="division by zero"), without_event_triggers(connection):
        connection.exec_driver_sql("SELECT 1 / 0")
    savepoint.rollback()
    assert role(connection) == "origin"


def test_event_triggers_fire_again_after_an_error_in_autocommit(connection):
    connection.execution_options(isolation_level="AUTOCOMMIT")
    with pytest.raises(sa.exc.DBAPIError, match="division by zero"), without_event_triggers(connection):
        connection.exec_driver_sql("SELECT 1 / 0")
    assert role(connection) == "origin"


def test_what_is_executed_at_the_end_fails_where_nothing_failed_before(connection):
    with pytest.raises(sa.exc.DBAPIError, match="division by zero"), executed_at_end(connection, "SELECT 1 / 0"):
        connection.exec_driver_sql("SELECT 1")


def test_a_rebuild_whose_transaction_sqlite_has_ended_raises_the_first_error():
    engine = sa.create_engine("sqlite://", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for sql in ("PRAGMA foreign_keys=ON", "CREATE TABLE t (v int)", "INSERT INTO t VALUES (1), (1)"):
            connection.exec_driver_sql(sql)
        op = Operations(MigrationContext.configure(connection))
        connection.commit()
        with pytest.raises(sa.exc.IntegrityError, match="UNIQUE"), op.batch_alter_table("t") as batch:
            batch.create_unique_constraint("uq", ["v"], sqlite_on_conflict="ROLLBACK")
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_an_operation_that_ends_the_transaction_of_sqlite_is_reported_with_its_own_error(project):
    project.run("CREATE TABLE t (v int UNIQUE ON CONFLICT ROLLBACK)", "INSERT INTO t VALUES (1)")
    project.write("a1", None, "op.execute('INSERT INTO t VALUES (2)')\nop.execute('INSERT INTO t VALUES (1)')")
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert len(found.blockers) == 1
    assert "UNIQUE constraint failed" in found.blockers[0].text
