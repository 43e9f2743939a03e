"""A printed script of SQLite that rebuilds a table: foreign keys are off meanwhile, then checked, then on again."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext

USERS = sa.Table("users", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
ROWS = """
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE pets (owner INTEGER REFERENCES users (id) ON DELETE CASCADE);
    INSERT INTO users VALUES (1, 'Ada');
    INSERT INTO pets VALUES (1);
"""


@pytest.fixture
def session() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(ROWS)
    yield connection
    connection.close()


def script(*revisions: Callable[[Operations], Any], **opts: Any) -> str:
    """Return the script of revisions, each in its transaction."""
    buffer = io.StringIO()
    context = MigrationContext.configure(dialect_name="sqlite", opts={"as_sql": True, "output_buffer": buffer, **opts})
    for revision in revisions:
        if context.impl.transactional_ddl:
            context.impl.emit_begin()
        revision(Operations(context))
        if context.impl.transactional_ddl:
            context.impl.emit_commit()
    return buffer.getvalue()


def rebuild(op: Operations) -> None:
    with op.batch_alter_table("users", copy_from=USERS) as batch_op:
        batch_op.alter_column("name", nullable=False)


def delete(op: Operations) -> None:
    op.execute("DELETE FROM users")


def foreign_keys(session: sqlite3.Connection) -> int:
    return int(session.execute("PRAGMA foreign_keys").fetchone()[0])


def test_foreign_keys_are_on_again_and_no_row_is_lost(session: sqlite3.Connection) -> None:
    session.execute("PRAGMA foreign_keys=ON")
    session.executescript(script(rebuild, rebuild))
    assert foreign_keys(session) == 1
    assert session.execute("SELECT owner FROM pets").fetchall() == [(1,)]
    assert "NOT NULL" in session.execute("SELECT sql FROM sqlite_master WHERE name = 'users'").fetchone()[0]


@pytest.mark.parametrize("place", ["the same transaction", "a later transaction"])
def test_rows_that_would_refer_to_missing_rows_roll_back(session: sqlite3.Connection, place: str) -> None:
    def both(op: Operations) -> None:
        rebuild(op)
        delete(op)

    session.execute("PRAGMA foreign_keys=ON")
    with pytest.raises(sqlite3.IntegrityError, match="foreign_keys_would_be_broken"):
        session.executescript(script(both) if place == "the same transaction" else script(rebuild, delete))
    assert not session.in_transaction
    assert session.execute("SELECT name FROM users").fetchall() == [("Ada",)]


def test_references_that_were_dangling_before_do_not_count(session: sqlite3.Connection) -> None:
    session.execute("INSERT INTO pets VALUES (7)")
    session.commit()
    session.execute("PRAGMA foreign_keys=ON")
    session.executescript(script(rebuild, rebuild))
    assert session.execute("SELECT owner FROM pets").fetchall() == [(1,), (7,)]


def test_a_session_without_foreign_keys_is_not_checked(session: sqlite3.Connection) -> None:
    """Not even where SQLite could not check: the parent's column is not a key."""
    session.executescript("CREATE TABLE notes (user TEXT REFERENCES users (name)); INSERT INTO notes VALUES ('Ada')")
    assert foreign_keys(session) == 0
    session.executescript(script(rebuild, delete, rebuild))
    assert session.execute("SELECT owner FROM pets").fetchall() == [(1,)]
    assert session.execute("SELECT name FROM users").fetchall() == []


def test_the_same_session_may_run_two_scripts(session: sqlite3.Connection) -> None:
    for _ in range(2):
        session.executescript(script(rebuild))
    assert session.execute("SELECT owner FROM pets").fetchall() == [(1,)]


def test_without_transactions_foreign_keys_are_off_for_the_rebuild_alone(session: sqlite3.Connection) -> None:
    words = script(rebuild, transactional_ddl=False)
    assert words.index("PRAGMA foreign_keys=OFF;") < words.index("DROP TABLE users;") < words.index("foreign_keys=ON;")
    session.execute("PRAGMA foreign_keys=ON")
    session.executescript(words)
    assert session.execute("SELECT owner FROM pets").fetchall() == [(1,)]


def test_a_script_without_a_rebuild_does_not_mention_foreign_keys() -> None:
    assert "foreign_keys" not in script(delete)
