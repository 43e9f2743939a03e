"""An offline script for SQLite that rebuilds tables: it has the same effect as the run on the database."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.util.exc import UnsupportedOperation

CREATE = (
    "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(40)),\n"
    "    sa.Column('nick', sa.String(40)), sa.Column('age', sa.Integer), sa.CheckConstraint('age > 0', name='ck_age'))\n"
    "op.create_index('ix_name', 'users', ['name'])\n"
    "op.execute('CREATE VIEW named AS SELECT id, name FROM users')\n"
    "op.execute('CREATE TRIGGER watch AFTER INSERT ON users BEGIN UPDATE users SET name = 1 WHERE name IS NULL; END')"
)
REBUILD = (
    "with op.batch_alter_table('users') as batch:\n"
    "    batch.alter_column('name', existing_type=sa.String(40), nullable=False, server_default='x')\n"
    "    batch.create_unique_constraint('uq_nick', ['nick'])\n"
    "    batch.drop_constraint('ck_age', type_='check')\n"
)
UNDO = (
    "with op.batch_alter_table('users') as batch:\n"
    "    batch.alter_column('name', existing_type=sa.String(40), nullable=True, server_default=None)\n"
    "    batch.drop_constraint('uq_nick', type_='unique')\n"
    "    batch.create_check_constraint('ck_age', 'age > 0')\n"
)
MORE = (
    "op.add_column('users', sa.Column('mail', sa.String(9)))\n"
    "op.rename_table('users', 'people')\n"
    "with op.batch_alter_table('people') as batch:\n"
    "    batch.alter_column('nick', new_column_name='short', existing_type=sa.String(40), type_=sa.String(9))\n"
    "    batch.create_check_constraint('ck_mail', \"mail <> ''\")\n"
    "with op.batch_alter_table('people') as batch:\n"
    "    batch.drop_column('age')\n"
)
BACK = (
    "with op.batch_alter_table('people') as batch:\n"
    "    batch.add_column(sa.Column('age', sa.Integer))\n"
    "    batch.drop_constraint('ck_mail', type_='check')\n"
    "    batch.alter_column('short', new_column_name='nick', existing_type=sa.String(9), type_=sa.String(40))\n"
    "op.rename_table('people', 'users')\n"
    "with op.batch_alter_table('users') as batch:\n"
    "    batch.drop_column('mail')\n"
)


@pytest.fixture
def versions(project):
    """Three revisions: one creates a table, two rebuild it."""
    project.write("a1", None, CREATE, "op.execute('DROP VIEW named')\nop.drop_table('users')")
    project.write("b2", "a1", REBUILD, UNDO)
    project.write("c3", "b2", MORE, BACK)
    return project


def schema(path: Path) -> dict[str, str]:
    """Return every statement of the schema but those of the version table."""
    with sqlite3.connect(path) as live:
        rows = live.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name <> 'alembic_version'"
        )
        return dict(rows.fetchall())


def database(project) -> Path:
    return Path(sa.make_url(project.url).database or "")


RANGES = [
    # where the database stands, the range, the direction
    ("base", "base:head", "upgrade"),
    ("a1", "a1:head", "upgrade"),
    ("a1", "a1:b2", "upgrade"),
    ("b2", "b2:c3", "upgrade"),
    ("c3", "c3:b2", "downgrade"),
    ("c3", "c3:a1", "downgrade"),
    ("b2", "b2:base", "downgrade"),
]


@pytest.mark.parametrize(("here", "span", "direction"), RANGES)
def test_the_script_run_on_a_copy_gives_the_schema_of_the_run(versions, tmp_path, here, span, direction):
    path, act = database(versions), {"upgrade": command.upgrade, "downgrade": command.downgrade}[direction]
    command.upgrade(versions.config(), here)
    if here != "base":
        versions.run("INSERT INTO users (name, nick, age) VALUES ('Ada', 'a', 3)" if here != "c3" else "SELECT 1")
    elif not path.exists():
        sqlite3.connect(path).close()
    script = act(versions.config(), span, sql=True).sql
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    act(versions.config(), span.partition(":")[2])
    with sqlite3.connect(copy) as live:
        live.executescript(script)
    assert schema(copy) == schema(path)
    rows = "SELECT version_num FROM alembic_version"
    with sqlite3.connect(copy) as one, sqlite3.connect(path) as other:
        assert one.execute(rows).fetchall() == other.execute(rows).fetchall()


@pytest.mark.parametrize("option", ["", "transaction_per_migration=True, ", "transactional_ddl=False, "])
def test_the_script_of_a_rebuild_keeps_the_rows_that_refer_to_it_where_foreign_keys_are_enforced(project, option):
    create = (
        "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(9)))\n"
        "op.create_table('pets', sa.Column('owner', sa.Integer, sa.ForeignKey('users.id', ondelete='CASCADE')))"
    )
    rebuild = "with op.batch_alter_table('users') as batch:\n    batch.alter_column('name', nullable={})"
    project.write("a1", None, create, "op.drop_table('pets')\nop.drop_table('users')")
    project.write(
        "b2", "a1", "op.add_column('pets', sa.Column('name', sa.String(9)))", "op.drop_column('pets', 'name')"
    )
    project.write("c3", "b2", rebuild.format(False), rebuild.format(True))
    project.env(lambda text: text.replace("context.configure(", f"context.configure({option}"))
    command.upgrade(project.config(), "a1")
    project.run("INSERT INTO users VALUES (1, 'Ada')")
    project.run("INSERT INTO pets VALUES (1)")
    assert "foreign_keys" not in command.upgrade(project.config(), "a1:b2", sql=True).sql
    up = command.upgrade(project.config(), "a1:c3", sql=True).sql
    down = command.downgrade(project.config(), "c3:b2", sql=True).sql
    assert up.count("PRAGMA foreign_keys=OFF;") == down.count("PRAGMA foreign_keys=OFF;") == 1
    with sqlite3.connect(database(project)) as live:
        for script in (up, down):
            live.execute("PRAGMA foreign_keys=ON")
            live.executescript(script)
            assert live.execute("SELECT owner FROM pets").fetchall() == [(1,)]
        assert live.execute("SELECT version_num FROM alembic_version").fetchall() == [("b2",)]


@pytest.mark.parametrize(
    ("here", "span"), [("base", "a1:b2"), ("base", "b2:c3"), ("c3", "base:head"), ("c3", "b2:c3"), ("c3", "a1:b2")]
)
def test_a_range_that_does_not_begin_at_the_current_revision_is_written(versions, here, span):
    command.upgrade(versions.config(), span.partition(":")[0])
    from_there = command.upgrade(versions.config(), span, sql=True).sql
    command.upgrade(versions.config(), "head") if here == "c3" else command.downgrade(versions.config(), here)
    assert command.upgrade(versions.config(), span, sql=True).sql == from_there


def test_a_database_that_is_ahead_of_the_script_is_downgraded_in_the_scratch_database(versions):
    """What created the table is not in the history: it was there before, and the database is at the first revision."""
    versions.write("a1", None, "if not op.get_context().as_sql: pass")
    versions.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(40), nick VARCHAR(40), age INTEGER,"
        " CONSTRAINT ck_age CHECK (age > 0))"
    )
    command.upgrade(versions.config(), "b2")
    script = command.upgrade(versions.config(), "a1:b2", sql=True).sql or ""
    assert "CONSTRAINT uq_nick UNIQUE (nick)" in script
    assert "ck_age" not in script


def test_writing_a_script_changes_and_creates_no_file(versions):
    path = database(versions)
    command.upgrade(versions.config(), "base:head", sql=True)
    assert not path.exists()
    command.upgrade(versions.config(), "a1")
    before = path.read_bytes()
    command.upgrade(versions.config(), "a1:head", sql=True)
    assert path.read_bytes() == before


def test_a_connection_that_is_passed_is_read_and_left_unchanged(versions):
    command.upgrade(versions.config(), "a1")
    with sa.create_engine(versions.url).connect() as live:
        script = command.upgrade(versions.config(connection=live), "a1:b2", sql=True).sql or ""
        assert not live.in_transaction()
    assert "CONSTRAINT uq_nick UNIQUE (nick)" in script


def test_the_listener_and_the_log_get_only_the_range(versions, caplog):
    command.upgrade(versions.config(), "c3")
    heard = []
    caplog.clear()
    with caplog.at_level("INFO"):
        command.upgrade(versions.config(on_step=heard.append), "b2:c3", sql=True)
    assert {event.revision for event in heard} == {"c3"}
    assert "Running upgrade a1 -> b2" not in caplog.text


def test_what_cannot_be_followed_is_refused_with_the_reason(versions):
    versions.write(
        "a1", None, "op.execute('CREATE TABLE users (id INTEGER, nick TEXT DEFAULT (nonsense()), x nonsense(')"
    )
    with pytest.raises(
        Exception, match=r"must be rebuilt, and offline its definition cannot be read .*CREATE TABLE users"
    ):
        command.upgrade(versions.config(), "base:b2", sql=True)


def test_without_a_database_a_rebuild_is_refused_as_before():
    from io import StringIO

    from kernel_core.operations import Operations
    from kernel_core.runtime.migration import MigrationContext

    context = MigrationContext.configure(dialect_name="sqlite", opts={"as_sql": True, "output_buffer": StringIO()})
    with (
        pytest.raises(UnsupportedOperation, match=r"offline its definition cannot be read\. Pass copy_from="),
        Operations(context).batch_alter_table("users") as batch,
    ):
        batch.create_unique_constraint("uq", ["nick"])
