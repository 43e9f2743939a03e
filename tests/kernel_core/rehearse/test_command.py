"""`mig rehearse`: everything that a run does is reported, the database itself is only read, no clone is left."""

from __future__ import annotations

import json
import os
import tempfile

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.config import CommandLine, Config
from kernel_core.rehearse.clone.names import maker_of
from kernel_core.util.exc import CommandError

DATABASES = ["sqlite", *(pytest.param(name, marks=pytest.mark.sweep) for name in ("postgresql", "mariadb"))]
"""A clone on a server takes a second, so most of its tests are in the sweep."""


@pytest.fixture(params=DATABASES)
def filled(request):
    """An environment at a1, with rows."""
    make = {"sqlite": "project", "postgresql": "postgresql_project", "mariadb": "mariadb_project"}
    made = request.getfixturevalue(make[request.param])
    made.write(
        "a1",
        None,
        "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(50)))",
        "op.drop_table('users')",
    )
    command.upgrade(made.config(), "head")
    made.run("INSERT INTO users VALUES (1, 'Ada'), (2, 'Bob'), (3, 'Cy')")
    return made


def leftovers(url: str) -> list[str]:
    """Return the clones that exist now, on the server of ``url`` and in the temporary folder, of this process."""
    names = os.listdir(tempfile.gettempdir())
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    if engine.dialect.name != "sqlite":
        query = "SHOW DATABASES" if engine.dialect.name == "mysql" else "SELECT datname FROM pg_database"
        with engine.connect() as live:
            names += list(live.exec_driver_sql(query).scalars())
    return [name for name in names if (maker := maker_of(name)) is not None and maker.pid == os.getpid()]


def test_schema_rows_and_the_way_back_are_reported_and_nothing_is_changed(filled):
    filled.write(
        "b2",
        "a1",
        "op.add_column('users', sa.Column('age', sa.Integer))\n"
        "op.execute('UPDATE users SET age = 7 WHERE id < 3')\n"
        "op.execute(\"INSERT INTO users (id, name) VALUES (9, 'New')\")",
        "op.execute('DELETE FROM users WHERE id = 9')\nop.drop_column('users', 'age')",
    )
    (found,) = command.rehearse(filled.config(), "head")
    assert found.revisions == ("b2",)
    assert (found.before, found.after) == (("a1",), ("b2",))
    assert [sign for sign, table, text in found.schema if "age" in text] == ["+"]
    (rows,) = found.rows
    assert (rows.added, rows.removed, rows.changed, dict(rows.filled)) == (1, 0, 0, {"age": 2})
    assert found.undone.restores
    assert filled.rows() == ["a1"]
    assert filled.rows("SELECT count(*) FROM users") == [3]
    assert leftovers(filled.url) == []


def test_a_downgrade_that_loses_something_is_said(filled):
    filled.write("b2", "a1", "op.execute('DELETE FROM users WHERE id = 2')")
    (found,) = command.rehearse(filled.config(), "head")
    assert found.is_clean
    assert not found.undone.restores
    assert [each.sentence() for each in found.undone.rows] == ["users: 1 row removed"]


def test_a_downgrade_that_fails_is_said(filled):
    filled.write("b2", "a1", downgrade="raise ValueError('no way back')")
    (found,) = command.rehearse(filled.config(), "head")
    assert "no way back" in found.undone.failure
    assert not found.undone.restores


def test_a_downgrade_is_rehearsed_with_its_way_back(filled):
    filled.write("b2", "a1", "op.add_column('users', sa.Column('age', sa.Integer))", "op.drop_column('users', 'age')")
    command.upgrade(filled.config(), "head")
    filled.run("UPDATE users SET age = 1")
    (found,) = command.rehearse(filled.config(), "-1", direction="downgrade")
    assert found.rows[0].lost == {"age": 3}
    assert not found.undone.restores
    assert filled.rows() == ["b2"]


def test_nothing_is_rehearsed_where_nothing_is_pending(filled):
    (found,) = command.rehearse(filled.config(), "head")
    assert found.revisions == ()
    assert found.is_clean
    assert leftovers(filled.url) == []


def test_a_sample_keeps_the_rows_that_its_rows_refer_to(filled):
    filled.run(
        "CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER, "
        "FOREIGN KEY (user_id) REFERENCES users (id))",
        "INSERT INTO orders VALUES (1, 3), (2, 3), (3, 3)",
    )
    filled.write("b2", "a1", "op.execute('UPDATE orders SET id = id + 10')")
    (found,) = command.rehearse(filled.config(), "head", sample=1)
    rows = {each.table: each for each in found.rows}
    assert (rows["orders"].before, rows["users"].before) == (1, 2)
    assert found.is_clean


def test_without_rows_only_the_schema_is_compared(filled):
    filled.write("b2", "a1", "op.add_column('users', sa.Column('age', sa.Integer, nullable=False))")
    (found,) = command.rehearse(filled.config(), "head", schema_only=True)
    assert found.is_clean
    assert found.rows == ()


def test_an_engine_of_the_revision_leads_to_the_clone(filled):
    filled.write(
        "b2",
        "a1",
        f"engine = sa.create_engine({filled.url!r}, poolclass=sa.NullPool)\n"
        "with engine.connect() as own:\n"
        "    count = own.exec_driver_sql('SELECT count(*) FROM users').scalar()\n"
        "op.execute(f'UPDATE users SET id = id + 100 WHERE id <= {count}')",
    )
    (found,) = command.rehearse(filled.config(), "head", and_back=False)
    assert found.blockers == ()
    assert filled.rows("SELECT max(id) FROM users") == [3]


def test_statements_have_their_rows_and_operations(filled):
    filled.write("b2", "a1", "op.execute(\"UPDATE users SET name = 'x' WHERE id < 3\")")
    (found,) = command.rehearse(filled.config(), "head")
    (statement,) = found.statements
    assert (statement.revision, statement.rows, statement.failed) == ("b2", 2, False)
    assert statement.operation.startswith("Run SQL")


@pytest.mark.slow
def test_the_program_ends_with_the_code_of_its_finding(filled, capsys):
    def ends_with(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            CommandLine().main(["-c", filled.ini, "rehearse", *arguments])
        return int(ended.value.code)

    filled.write("b2", "a1", "op.add_column('users', sa.Column('age', sa.Integer))")
    CommandLine().main(["-c", filled.ini, "rehearse"])
    assert "every statement ran" in capsys.readouterr().out
    filled.write("c3", "b2", "op.execute('CREATE UNIQUE INDEX ux ON users (age)')\nop.execute('DROP TABLE nowhere')")
    assert ends_with("--json") == 1
    (data,) = json.loads(capsys.readouterr().out)
    assert [each["kind"] for each in data["blockers"]] == ["error"]
    assert ends_with("no_such_revision") == 2


def test_a_rehearsal_of_no_database_fails(project):
    project.chain("a1")
    project.env(lambda text: "from kernel_core import context\n")
    with (
        pytest.warns(UserWarning, match="no revision was run"),
        pytest.raises(CommandError, match="nothing to rehearse"),
    ):
        command.rehearse(project.config(), "head")


@pytest.mark.slow
def test_no_file_of_a_rehearsal_shows_text_of_the_rows(filled, capsys):
    filled.run("INSERT INTO users VALUES (4, 'Secretname'), (5, 'Secretname')")
    filled.write(
        "b2", "a1", "op.create_index('ux', 'users', ['name'], unique=True)\nop.execute('UPDATE users SET name = 1')"
    )
    for option in ("--json", "--html", "--markdown"):
        with pytest.raises(SystemExit):
            CommandLine().main(["-c", filled.ini, "rehearse", option])
        printed = capsys.readouterr().out
        assert "Secretname" not in printed
        assert "2 rows" in printed


@pytest.mark.slow
def test_a_statement_that_leaves_the_clone_is_refused_before_it_runs(postgresql_project):
    postgresql_project.write("a1", None, "op.execute('CREATE ROLE mig_never_made')")
    with pytest.raises(CommandError, match="outside of the database"):
        command.rehearse(postgresql_project.config(), "head")
    roles = postgresql_project.rows("SELECT count(*) FROM pg_roles WHERE rolname = 'mig_never_made'")
    assert roles == [0]


@pytest.mark.slow
def test_the_locks_and_rewrites_of_postgresql_are_observed(postgresql_project):
    postgresql_project.run("CREATE TABLE t (id integer PRIMARY KEY, v integer)", "INSERT INTO t VALUES (1, 1)")
    postgresql_project.write(
        "a1",
        None,
        "op.execute('UPDATE t SET v = 2')\nop.alter_column('t', 'v', type_=sa.BigInteger)\n"
        "with op.get_context().autocommit_block():\n"
        "    op.create_index('ix', 't', ['v'], postgresql_concurrently=True)",
    )
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    update, alter, index = found.statements
    assert ("RowExclusiveLock", "t") in {(lock.mode, lock.name) for lock in update.locks}
    assert ("AccessExclusiveLock", "t") in {(lock.mode, lock.name) for lock in alter.locks}
    assert alter.rewrites == ("t",)
    assert [(lock.mode, lock.name, lock.observed) for lock in index.locks] == [("ShareUpdateExclusiveLock", "t", False)]


@pytest.mark.slow
@pytest.mark.parametrize(("server", "sleep"), [("postgresql", "pg_sleep"), ("mariadb", "sleep")])
def test_what_watches_a_long_statement_is_no_statement_of_the_revision(request, server, sleep):
    project = request.getfixturevalue(f"{server}_project")
    project.write("a1", None, f"op.execute('SELECT {sleep}(1.5)')")
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert [each.sql for each in found.statements] == [f"SELECT {sleep}(1.5)"]


@pytest.mark.slow
def test_the_cheapest_algorithm_that_mariadb_accepts_is_told(mariadb_project):
    mariadb_project.run("CREATE TABLE t (id integer PRIMARY KEY, v integer)", "INSERT INTO t VALUES (1, 1)")
    mariadb_project.write(
        "a1",
        None,
        "op.add_column('t', sa.Column('w', sa.Integer))\n"
        "op.alter_column('t', 'v', type_=sa.BigInteger, existing_type=sa.Integer)",
    )
    (found,) = command.rehearse(mariadb_project.config(), "head", and_back=False)
    assert [each.algorithm for each in found.statements] == [
        "ALGORITHM=INSTANT, LOCK=NONE",
        "ALGORITHM=COPY, LOCK=SHARED",
    ]


@pytest.mark.slow
def test_a_name_with_the_database_leads_to_the_clone_on_mariadb(mariadb_project):
    database = sa.make_url(mariadb_project.url).database
    mariadb_project.run("CREATE TABLE t (id integer PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    mariadb_project.write("a1", None, f"op.execute('DELETE FROM {database}.t')")
    (found,) = command.rehearse(mariadb_project.config(), "head", and_back=False)
    assert next(each for each in found.rows if each.table == "t").removed == 1
    assert mariadb_project.rows("SELECT count(*) FROM t") == [1]


@pytest.mark.sweep
@pytest.mark.parametrize("driver", ["sqlite+aiosqlite", "postgresql+asyncpg", "postgresql+psycopg"])
def test_an_async_environment_is_led_to_the_clone(request, tmp_path, monkeypatch, driver):
    pytest.importorskip(driver.partition("+")[2], reason="the driver is not installed")
    url = request.getfixturevalue(f"{driver.partition('+')[0]}_url")
    monkeypatch.setenv("DATABASE_URL", driver + url[url.index("://") :])
    folder = tmp_path / "async"
    folder.mkdir()
    config = Config(str(folder / "alembic.ini"))
    command.init(config, str(folder / "migrations"), "async")
    (folder / "migrations" / "versions" / "a1.py").write_text(
        "from kernel_core import op\nrevision = 'a1'\ndown_revision = None\n"
        "def upgrade():\n    op.execute('UPDATE t SET v = 2 WHERE id = 1')\n"
        "    op.create_index('ux', 't', ['v'], unique=True)\ndef downgrade():\n    pass\n"
    )
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as live:
        live.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)")
        live.exec_driver_sql("INSERT INTO t VALUES (1, 1), (2, 2)")
    (found,) = command.rehearse(Config(str(folder / "alembic.ini")), "head")
    assert [(each.kind, each.rows) for each in found.blockers] == [("duplicate", 2)]
    assert found.live_unchanged in (True, None)
    with engine.connect() as live:
        assert live.exec_driver_sql("SELECT v FROM t ORDER BY id").scalars().all() == [1, 2]
        assert sa.inspect(live).get_table_names() == ["t"]


def test_a_database_that_does_not_exist_yet_is_not_created(project):
    project.chain("a1", "b2")
    path = sa.make_url(project.url).database
    assert not os.path.exists(path)
    (found,) = command.rehearse(project.config(), "head")
    assert found.revisions == ("a1", "b2")
    assert not os.path.exists(path)


def test_the_clone_of_a_killed_process_is_removed_by_the_next_one(project, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    from kernel_core.rehearse.clone import names

    dead = names.new_names()[0].replace(f"_{os.getpid()}_", "_4194303_")
    (tmp_path / dead).mkdir()
    project.chain("a1")
    command.rehearse(project.config(), "head")
    assert not (tmp_path / dead).exists()


MULTIDB = """
import sqlalchemy as sa
from kernel_core import op

revision, down_revision = "a1", None


def upgrade(engine_name):
    if engine_name == "archive":
        op.create_index("u", "t", ["v"], unique=True)
        {code}
    else:
        op.rename_table("t", "r")


def downgrade(engine_name):
    pass
"""


@pytest.mark.parametrize(
    ("code", "stopped_at", "found"),
    [("pass", "", [("duplicate", 2)]), ("raise ValueError", "a1", [("duplicate", 2), ("error", None)])],
)
def test_each_of_several_databases_has_its_own_blockers_and_renamed_tables(tmp_path, code, stopped_at, found):
    config = Config(tmp_path / "alembic.ini")
    command.init(config, tmp_path / "m", template="multidb")
    for name in ("main", "archive"):
        url = f"sqlite:///{tmp_path / name}.db"
        config.set_section_option(name, "sqlalchemy.url", url)
        with sa.create_engine(url).begin() as live:
            live.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
            live.exec_driver_sql("INSERT INTO t VALUES (1, 'x'), (2, 'x')")
    config.set_main_option("databases", "main, archive")
    (tmp_path / "m" / "versions" / "a1.py").write_text(MULTIDB.format(code=code))
    main, archive = command.rehearse(config, "head")
    assert (main.stopped_at, main.blockers) == ("", ())
    assert [(each.table, each.renamed_from) for each in main.rows] == [("r", "t")]
    assert (archive.stopped_at, [(each.kind, each.rows) for each in archive.blockers]) == (stopped_at, found)
    assert [(each.table, each.renamed_from) for each in archive.rows] == [("t", "")]
