"""A revision that was stopped half-way is finished by resume: what was executed is not executed again."""

from __future__ import annotations

import subprocess
import sys

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.util.exc import UnfinishedRevision, UpgradeFailed

JOURNAL = "alembic_version_journal"
STOP = "op.execute('nonsense')"

MARIADB = [
    "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True), sa.Column('n', sa.Integer))",
    "op.execute('INSERT INTO t (id, n) VALUES (1, 1)')",
    "op.execute('UPDATE t SET n = n + 1')",
    "op.add_column('t', sa.Column('a', sa.Integer))",
    "op.get_bind().execute(sa.text('UPDATE t SET a = n + :more'), {'more': 1})",
    "op.create_index('ix', 't', ['a'])",
    "op.execute('CREATE VIEW v AS SELECT id FROM t')",
    "op.alter_column('t', 'a', new_column_name='b', existing_type=sa.Integer)",
    "op.execute('UPDATE t SET b = b + 1')",
]
BLOCK = "with op.get_context().autocommit_block():\n    "
IN_BLOCKS = [
    "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True), sa.Column('n', sa.Integer))",
    "op.execute('INSERT INTO t (id, n) VALUES (1, 1)')",
    f"{BLOCK}op.execute('UPDATE t SET n = n + 1')",
    "op.execute('UPDATE t SET n = n + 1')",
    f"{BLOCK}op.create_index('ix', 't', ['n'])\n    op.execute('UPDATE t SET n = n + 1')",
    "op.add_column('t', sa.Column('a', sa.Integer))",
]
SHOWN = {"t": "SELECT n FROM t", "v": "SELECT count(*) FROM v"}


def upgrade(project, lines):
    """Write the one revision and upgrade to it."""
    project.write("a1", None, "\n".join(lines))
    return command.upgrade(project.config(), "head")


def state(project):
    """Return the tables with their columns and indexes, the rows, and the revision."""
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    inspector = sa.inspect(engine)
    names = sorted(set(inspector.get_table_names()) | set(inspector.get_view_names()))
    tables = {
        name: (
            [column["name"] for column in inspector.get_columns(name)],
            [index["name"] for index in inspector.get_indexes(name)] if name != "v" else [],
        )
        for name in names
    }
    with engine.connect() as connection:
        rows = {name: connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in names}
    return tables, rows


def stopped_before(project, lines, place):
    """Stop the upgrade before one of its lines by an error, then put the file right again."""
    with pytest.raises(UpgradeFailed):
        upgrade(project, [*lines[:place], STOP, *lines[place:]])
    project.write("a1", None, "\n".join(lines))


@pytest.mark.parametrize("place", [1, 3, 5, 8, 9])
def test_on_mariadb_resume_ends_as_an_upgrade_that_was_not_stopped(mariadb_project, place):
    stopped_before(mariadb_project, MARIADB, place)
    assert JOURNAL in mariadb_project.tables()
    report = command.resume(mariadb_project.config(), accepts_edits=True)
    assert (report.before, report.after) == ((), ("a1",))
    tables, rows = state(mariadb_project)
    assert tables == {
        "alembic_version": (["version_num"], []),
        "t": (["id", "n", "b"], ["ix"]),
        "v": (["id"], []),
    }
    assert rows == {"alembic_version": [("a1",)], "t": [(1, 2, 4)], "v": [(1,)]}


@pytest.mark.parametrize("place", [3, 4, 5, 6])
def test_with_autocommit_blocks_resume_ends_as_an_upgrade_that_was_not_stopped(any_project, place):
    stopped_before(any_project, IN_BLOCKS, place)
    command.resume(any_project.config(), accepts_edits=True)
    tables, rows = state(any_project)
    assert tables == {"alembic_version": (["version_num"], []), "t": (["id", "n", "a"], ["ix"])}
    assert rows == {"alembic_version": [("a1",)], "t": [(1, 4, None)]}


@pytest.mark.parametrize("place", [1, 3, 6])
def test_a_connection_in_autocommit_has_a_journal(postgresql_project, place):
    lines = [line for line in IN_BLOCKS if BLOCK not in line]
    lines = [*lines, *[line.removeprefix(BLOCK).replace("\n    ", "\n") for line in IN_BLOCKS if BLOCK in line]]
    lines = [*lines, "with op.batch_alter_table('t') as batch:\n    batch.add_column(sa.Column('z', sa.Integer))"]
    engine = sa.create_engine(postgresql_project.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    postgresql_project.write("a1", None, "\n".join([*lines[:place], STOP, *lines[place:]]))
    with engine.connect() as connection, pytest.raises(UpgradeFailed):
        command.upgrade(postgresql_project.config(connection=connection, on_notice=lambda _: None), "head")
    postgresql_project.write("a1", None, "\n".join(lines))
    with engine.connect() as connection:
        config = postgresql_project.config(connection=connection, on_notice=lambda _: None)
        assert command.resume(config, accepts_edits=True).after == ("a1",)
    assert state(postgresql_project)[1]["t"] == [(1, 4, None, None)]


@pytest.mark.slow
def test_a_killed_process_is_resumed(mariadb_project):
    body = [*MARIADB[:5], "import os\nif os.environ.get('KILL'): os._exit(9)", *MARIADB[5:]]
    mariadb_project.write("a1", None, "\n".join(body))
    code = (
        "import os; os.environ['KILL'] = '1'; from kernel_core import command; from kernel_core.config import Config; "
    )
    code += f"command.upgrade(Config({mariadb_project.ini!r}), 'head')"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    with pytest.raises(
        UnfinishedRevision, match=r"a1 is unfinished: its upgrade stopped after statement 4 \(ALTER TABLE"
    ):
        command.upgrade(mariadb_project.config(), "head")
    assert command.resume(mariadb_project.config()).after == ("a1",)
    assert state(mariadb_project)[1]["t"] == [(1, 2, 4)]


@pytest.mark.parametrize("run", [command.upgrade, command.downgrade, command.stamp], ids=lambda run: run.__name__)
def test_nothing_else_runs_while_a_revision_is_unfinished(mariadb_project, run):
    stopped_before(mariadb_project, MARIADB, 3)
    before = state(mariadb_project)
    with pytest.raises(UnfinishedRevision, match=r"mig resume.*mig abandon"):
        run(mariadb_project.config(), "base")
    assert state(mariadb_project) == before


def test_without_an_unfinished_revision_resume_changes_nothing(any_project):
    any_project.chain("a1", "b2")
    command.upgrade(any_project.config(), "a1")
    assert command.resume(any_project.config()).steps == ()
    assert any_project.rows() == ["a1"]


def test_an_edited_file_is_refused_unless_the_edit_is_accepted(mariadb_project):
    stopped_before(mariadb_project, MARIADB, 5)
    with pytest.raises(UnfinishedRevision, match=r"edited since. Nothing was run.*--edited"):
        command.resume(mariadb_project.config())
    assert mariadb_project.rows(f"SELECT count(*) FROM {JOURNAL}") != [0]


def test_a_file_with_a_new_comment_is_not_edited(mariadb_project):
    lines = [*MARIADB[:3], "sa.text('x').bindparams() if op.get_bind().scalar(sa.text('SELECT @stop')) else None"]
    mariadb_project.write("a1", None, "\n".join([*lines, STOP]))
    with pytest.raises(UpgradeFailed):
        command.upgrade(mariadb_project.config(), "head")
    path = mariadb_project.write("a1", None, "\n".join([*lines, STOP]))
    path.write_text(path.read_text() + "\n\n# a comment\n")
    with pytest.raises(UpgradeFailed, match="nonsense"):
        command.resume(mariadb_project.config())


def test_a_downgrade_is_resumed_as_well(mariadb_project):
    mariadb_project.write("a1", None, "\n".join(MARIADB), f"op.execute('DROP VIEW v')\n{STOP}\nop.drop_table('t')")
    command.upgrade(mariadb_project.config(), "head")
    with pytest.raises(UpgradeFailed, match="1 statement of it stays, the last is DROP VIEW v"):
        command.downgrade(mariadb_project.config(), "base")
    mariadb_project.write("a1", None, "\n".join(MARIADB), "op.execute('DROP VIEW v')\nop.drop_table('t')")
    assert command.resume(mariadb_project.config(), accepts_edits=True).after == ()
    assert mariadb_project.tables() == {"alembic_version"}


def begun(project, number):
    """Make the journal say that statement ``number`` was begun, as if the process had been killed while it ran."""
    project.run(f"DELETE FROM {JOURNAL} WHERE number > {number}")
    project.run(f"UPDATE {JOURNAL} SET kind = 'begun' WHERE number = {number}")


@pytest.mark.parametrize("was_executed", [True, False])
def test_a_statement_that_was_running_is_looked_up_in_the_catalog(mariadb_project, was_executed):
    stopped_before(mariadb_project, MARIADB, 4)
    begun(mariadb_project, 4)
    if not was_executed:
        mariadb_project.run("ALTER TABLE t DROP COLUMN a")
    with pytest.raises(UnfinishedRevision, match=f"stopped after statement {3 + was_executed} "):
        command.upgrade(mariadb_project.config(), "head")
    command.resume(mariadb_project.config(), accepts_edits=True)
    assert state(mariadb_project)[1]["t"] == [(1, 2, 4)]


@pytest.mark.parametrize("was_executed", [True, False])
def test_a_statement_of_which_the_catalog_tells_nothing_is_asked_for(mariadb_project, was_executed):
    lines = [*MARIADB[:3], "op.execute('TRUNCATE TABLE t')", "op.execute('INSERT INTO t (id, n) VALUES (2, 2)')"]
    stopped_before(mariadb_project, lines, 4)
    begun(mariadb_project, 4)
    mariadb_project.run("INSERT INTO t (id, n) VALUES (7, 7)")
    with pytest.raises(
        UnfinishedRevision, match=r"cannot be read from the database: TRUNCATE TABLE t. Nothing was run"
    ):
        command.resume(mariadb_project.config(), accepts_edits=True)
    command.resume(mariadb_project.config(), accepts_edits=True, was_executed=was_executed)
    assert mariadb_project.rows("SELECT id FROM t ORDER BY id") == ([2, 7] if was_executed else [2])


def test_an_index_that_postgresql_left_invalid_is_made_again(postgresql_project):
    lines = [
        "op.execute('CREATE TABLE t (id INTEGER)')",
        "op.execute('INSERT INTO t VALUES (1), (1)')",
        f"{BLOCK}op.create_index('ix', 't', ['id'], unique=True, postgresql_concurrently=True)",
    ]
    with pytest.raises(
        UpgradeFailed, match=r"Whether CREATE UNIQUE INDEX CONCURRENTLY ix ON t .id. was executed is not known"
    ):
        upgrade(postgresql_project, lines)
    postgresql_project.run("DELETE FROM t", "INSERT INTO t VALUES (1), (2)")
    assert command.resume(postgresql_project.config()).after == ("a1",)
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix'::regclass"
    assert postgresql_project.rows(valid) == [True]


def test_a_statement_that_failed_and_was_caught_is_not_noted(mariadb_project):
    lines = [MARIADB[0], "try:\n    op.drop_index('missing', 't')\nexcept sa.exc.DBAPIError:\n    pass", *MARIADB[1:3]]
    stopped_before(mariadb_project, lines, 4)
    assert mariadb_project.rows(f"SELECT statement FROM {JOURNAL} WHERE number = 1") != []
    assert mariadb_project.rows(f"SELECT count(*) FROM {JOURNAL} WHERE statement LIKE '%%missing%%'") == [0]
    assert command.resume(mariadb_project.config(), accepts_edits=True).after == ("a1",)


def test_a_user_who_may_not_create_tables_still_upgrades(postgresql_project):
    name = "mig_no_create"
    postgresql_project.run(
        f"DROP ROLE IF EXISTS {name}", f"CREATE ROLE {name}", "CREATE TABLE t (id INTEGER)",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
        f"ALTER TABLE t OWNER TO {name}", f"ALTER TABLE alembic_version OWNER TO {name}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    )  # fmt: skip
    try:
        engine = sa.create_engine(postgresql_project.url, poolclass=sa.NullPool)
        postgresql_project.write("a1", None, f"{BLOCK}op.execute('COMMENT ON TABLE t IS $$x$$')")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"SET ROLE {name}")
            connection.commit()
            assert command.upgrade(postgresql_project.config(connection=connection), "head").after == ("a1",)
    finally:
        postgresql_project.run("DROP TABLE t, alembic_version", f"DROP ROLE {name}")


def test_an_upgrade_on_a_transactional_database_makes_no_journal(any_project):
    statements = []
    engine = sa.create_engine(any_project.url, poolclass=sa.NullPool)
    sa.event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    any_project.write("a1", None, "\n".join(IN_BLOCKS[:2]))
    with engine.connect() as connection:
        command.upgrade(any_project.config(connection=connection), "head")
    assert not any(JOURNAL in each and "CREATE" in each for each in statements)


def test_a_connection_that_is_lost_while_the_journal_is_created_is_the_error_that_is_raised(mariadb_project):
    mariadb_project.write("a1", None, MARIADB[0])
    engine = sa.create_engine(mariadb_project.url, poolclass=sa.NullPool)

    @sa.event.listens_for(engine, "before_cursor_execute")
    def lose(connection, _cursor, sql, *_):
        if sql.lstrip().startswith(f"CREATE TABLE {JOURNAL}"):
            mariadb_project.run(f"KILL {connection.connection.dbapi_connection.thread_id()}")

    with (
        engine.connect() as connection,
        pytest.raises(sa.exc.OperationalError, match=r"Lost connection|gone away") as lost,
    ):
        command.upgrade(mariadb_project.config(connection=connection), "head")
    assert lost.value.connection_invalidated
    assert mariadb_project.tables() == set()
