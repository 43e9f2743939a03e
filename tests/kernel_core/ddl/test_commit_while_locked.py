"""A commit on SQLite that a reader of the file delays ends the transaction, also for SQLAlchemy."""

from __future__ import annotations

import sqlite3
import threading

import sqlalchemy as sa

from kernel_core.migration import MigrationContext


def test_after_a_delayed_commit_the_next_transaction_can_begin(tmp_path):
    path = tmp_path / "test.db"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    reader = sqlite3.connect(path, check_same_thread=False)
    reader.execute("CREATE TABLE seen (id INTEGER)")
    reader.execute("INSERT INTO seen VALUES (1), (2)")
    reader.commit()
    cursor = reader.execute("SELECT id FROM seen")
    cursor.fetchone()  # a lock on the file, as long as the result is open
    with engine.connect() as connection:
        transactions = MigrationContext.configure(connection).transactions
        with transactions.of_revision():
            connection.exec_driver_sql("CREATE TABLE one (id INTEGER)")
            threading.Timer(0.05, cursor.close).start()
        assert not connection.in_transaction()
        with transactions.of_revision():
            connection.exec_driver_sql("CREATE TABLE two (id INTEGER)")
    assert {"one", "two"} <= set(sa.inspect(engine).get_table_names())
    reader.close()
