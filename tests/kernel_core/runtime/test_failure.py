"""The error of a failed run: each statement about the rollback is true of the database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.runtime.failure import explained, statement_of
from kernel_core.util.exc import UpgradeFailed

TABLE = "op.create_table('half', sa.Column('id', sa.Integer))"
BLOCK = "with op.get_context().autocommit_block():\n    op.execute('CREATE TABLE inside (id INTEGER)')\n"

JOURNAL = "alembic_version_journal"
REMEDY = "Continue it: mig resume. Or undo what it did: mig abandon."

PATHS = {
    # body, what is said, which tables stay
    "in a transaction": (f"{TABLE}\nop.execute('nonsense')", "It was rolled back", set()),
    "after an autocommit block": (
        f"{TABLE}\n{BLOCK}op.create_table('late', sa.Column('id', sa.Integer))\nop.execute('nonsense')",
        "2 statements of it stay, the last is CREATE TABLE inside (id INTEGER); the rest was rolled back",
        {"half", "inside", JOURNAL},
    ),
    "in an autocommit block": (
        f"{TABLE}\n{BLOCK}    op.execute('nonsense')",
        "2 statements of it stay, the last is CREATE TABLE inside (id INTEGER); the rest was rolled back",
        {"half", "inside", JOURNAL},
    ),
}


def option(project, words):
    """Add an option to what ``env.py`` passes to ``context.configure()``."""
    given = '"target_metadata": target_metadata,'
    project.env(lambda text: text.replace(given, f"{given} {words},"))
    assert words in (project.folder / "migrations" / "env.py").read_text()


@pytest.mark.parametrize("body", PATHS.values(), ids=PATHS)
def test_what_is_reported_as_rolled_back_is_rolled_back(any_project, body):
    text, said, kept = body
    any_project.chain("a1")
    any_project.write("b2", "a1", text)
    with pytest.raises(UpgradeFailed) as raised:
        command.upgrade(any_project.config(), "head")
    remedy = f" {REMEDY}" if JOURNAL in kept else ""
    assert f"{said}; the database is at a1.{remedy} SQL: nonsense" in str(raised.value)
    assert raised.value.statement == "nonsense"
    assert any_project.tables() - {"alembic_version"} == {"t_a1"} | kept
    assert any_project.rows() == ["a1"]


def test_one_transaction_for_all_is_rolled_back_as_a_whole(any_project):
    option(any_project, "'transaction_per_migration': False")
    any_project.chain("a1")
    any_project.write("b2", "a1", f"{TABLE}\nop.execute('nonsense')")
    with pytest.raises(UpgradeFailed, match="The whole run was rolled back; the database is at base") as raised:
        command.upgrade(any_project.config(), "head")
    assert raised.value.applied == ()
    assert any_project.tables() <= {"alembic_version"}


def test_one_transaction_for_all_that_an_earlier_revision_committed(any_project):
    option(any_project, "'transaction_per_migration': False")
    any_project.chain("a1")
    any_project.write("b2", "a1", BLOCK)
    any_project.write("c3", "b2", f"{TABLE}\nop.execute('nonsense')")
    said = "It was rolled back; 1 statement of revision b2 stays, the last is CREATE TABLE inside .*; the database is at a1"
    with pytest.raises(UpgradeFailed, match=said) as raised:
        command.upgrade(any_project.config(), "head")
    assert list(raised.value.standing_at) == any_project.rows()
    assert any_project.tables() - {"alembic_version"} == {"t_a1", "inside", JOURNAL}
    any_project.write("c3", "b2", TABLE)
    command.resume(any_project.config())
    assert any_project.rows() == ["b2"]


@pytest.mark.parametrize("claim", ["'as_sql': False", "'transactional_ddl': True"])
def test_mariadb_keeps_a_part_and_reports_it_whatever_env_py_claims(mariadb_project, claim):
    option(mariadb_project, claim)
    mariadb_project.write("a1", None, f"{TABLE}\nop.execute('nonsense')")
    with pytest.raises(UpgradeFailed, match="1 statement of it stays, the last is CREATE TABLE half"):
        command.upgrade(mariadb_project.config(), "head")
    assert "half" in mariadb_project.tables()


def _on(url, run, **options):
    engine = sa.create_engine(url, poolclass=sa.NullPool, **options)
    with engine.connect() as connection, pytest.raises(UpgradeFailed) as raised:
        run(connection)
    return str(raised.value)


def test_a_connection_in_autocommit_keeps_what_was_done(postgresql_project):
    postgresql_project.write("a1", None, f"{TABLE}\nop.execute('nonsense')")
    said = _on(
        postgresql_project.url,
        lambda live: command.upgrade(postgresql_project.config(connection=live), "head"),
        isolation_level="AUTOCOMMIT",
    )
    assert "1 statement of it stays, the last is CREATE TABLE half" in said
    assert "half" in postgresql_project.tables()


def test_sqlite_in_autocommit_still_has_its_transaction(project):
    project.write("a1", None, f"{TABLE}\nop.execute('nonsense')")
    said = _on(
        project.url,
        lambda live: command.upgrade(project.config(connection=live), "head"),
        isolation_level="AUTOCOMMIT",
    )
    assert "It was rolled back" in said
    assert project.tables() == set()


def test_a_rollback_that_fails_is_reported_and_the_connection_closed(postgresql_project):
    postgresql_project.write("a1", None, f"{TABLE}\nop.execute('nonsense')")

    def run(live):
        def refuse(_connection):
            sa.event.remove(live.engine, "rollback", refuse)
            raise OSError("the network is down")

        def on_step(event):
            if event.kind == "start":
                sa.event.listen(live.engine, "rollback", refuse)

        command.upgrade(postgresql_project.config(connection=live, on_step=on_step), "head")

    said = _on(postgresql_project.url, run)
    assert "nonsense" in said
    assert "The rollback failed as well, so the connection was closed (OSError: the network is down)" in said
    assert "before the step it was base" in said
    assert "half" not in postgresql_project.tables()


def test_a_lost_connection_is_reported(postgresql_project):
    postgresql_project.write("a1", None, f"{TABLE}\nop.execute('SELECT pg_terminate_backend(pg_backend_pid())')")
    with pytest.raises(UpgradeFailed, match="The connection was lost") as raised:
        command.upgrade(postgresql_project.config(), "head")
    assert "the database is at base" in str(raised.value)
    assert "half" not in postgresql_project.tables()


def test_a_transaction_that_could_not_begin_is_not_reported_as_rolled_back(project):
    project.chain("a1")
    engine = sa.create_engine(project.url, connect_args={"timeout": 0})
    with sa.create_engine(project.url).connect() as other, engine.connect() as live:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(UpgradeFailed, match="It did not begin; the database is at base"):
            command.upgrade(project.config(connection=live), "head")


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("SELECT\n   1", "SELECT 1"),
        ("CREATE USER ada PASSWORD 'swordfish'", "CREATE USER ada PASSWORD '***'"),
        ("CREATE USER ada IDENTIFIED BY 'sword''fish'", "CREATE USER ada IDENTIFIED BY '***'"),
        ("SELECT 'postgresql://ada:swordfish@db/x'", "SELECT 'postgresql://ada:***@db/x'"),
        ("SELECT " + "x" * 400, "SELECT " + "x" * 292 + "…"),
    ],
)
def test_the_statement_is_short_and_without_secrets(statement, shown):
    assert statement_of(sa.exc.OperationalError(statement, {}, Exception())) == shown


def test_a_connection_error_without_a_driver_names_what_to_check():
    assert explained(ConnectionRefusedError("refused")) == (
        "Database error: ConnectionRefusedError: refused. Check the URL, and that the server is running."
    )
