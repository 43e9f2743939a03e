"""Running revisions on live databases: transactions, failures, interrupts, several heads."""

import io

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.runtime.environment import current_environment
from kernel_core.util.exc import BrokenScript, CommandError, UpgradeFailed, VersionTableChanged


def test_upgrade_and_downgrade(any_project):
    any_project.chain("a1", "b2", "c3")
    report = command.upgrade(any_project.config(), "head")
    assert [(step.revision, step.direction, step.doc) for step in report.steps] == [
        ("a1", "upgrade", "Do a1"),
        ("b2", "upgrade", "Do b2"),
        ("c3", "upgrade", "Do c3"),
    ]
    assert (report.before, report.after) == ((), ("c3",))
    assert any_project.tables() == {"alembic_version", "t_a1", "t_b2", "t_c3"}
    assert command.downgrade(any_project.config(), "-1").after == ("b2",)
    command.downgrade(any_project.config(), "base")
    assert (any_project.tables(), any_project.rows()) == ({"alembic_version"}, [])


def test_the_version_table_has_the_documented_shape(any_project):
    any_project.chain("a1")
    command.upgrade(any_project.config(), "head")
    inspector = sa.inspect(sa.create_engine(any_project.url, poolclass=sa.NullPool))
    (column,) = inspector.get_columns("alembic_version")
    assert (column["name"], column["type"].length, column["nullable"]) == ("version_num", 32, False)
    assert inspector.get_pk_constraint("alembic_version")["name"] == "alembic_version_pkc"


def test_reading_writes_nothing(any_project):
    any_project.chain("a1")
    assert command.current(any_project.config()) == ()
    command.heads(any_project.config())
    command.history(any_project.config())
    assert any_project.tables() == set()


def test_an_upgrade_with_nothing_to_do_writes_nothing(any_project):
    report = command.upgrade(any_project.config(), "head")
    assert (report.steps, any_project.tables()) == ((), set())


def test_a_revision_that_fails_half_way_leaves_nothing_behind(any_project):
    any_project.chain("a1")
    path = any_project.write("b2", "a1", "op.create_table('half', sa.Column('id', sa.Integer))\nop.execute('nonsense')")
    any_project.chain("a1")
    with pytest.raises(UpgradeFailed) as raised:
        command.upgrade(any_project.config(), "head")
    error = raised.value
    assert (error.revision, error.standing_at, error.applied) == ("b2", ("a1",), ("a1",))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "nonsense" in text)
    assert f"Revision b2 (b2.py, line {line}) failed: " in str(error)
    assert "nonsense" in str(error)
    assert "It was rolled back; the database is at a1." in str(error)
    assert "\n" not in str(error)
    assert isinstance(error.__cause__, sa.exc.DBAPIError)
    assert any_project.tables() == {"alembic_version", "t_a1"}


def test_after_a_failure_the_same_upgrade_can_be_run_again(any_project):
    any_project.write("a1", None, "op.create_table('t', sa.Column('id', sa.Integer))\nraise ValueError('not yet')")
    with pytest.raises(UpgradeFailed, match=r"ValueError: not yet\. It was rolled back; the database is at base\."):
        command.upgrade(any_project.config(), "head")
    assert any_project.tables() == set()
    any_project.write("a1", None, "op.create_table('t', sa.Column('id', sa.Integer))")
    assert command.upgrade(any_project.config(), "head").after == ("a1",)


def test_a_downgrade_that_fails_says_so(any_project):
    any_project.write("a1", None, downgrade="raise ValueError('cannot')")
    command.upgrade(any_project.config(), "head")
    with pytest.raises(UpgradeFailed, match=r"could not be undone: ValueError: cannot\..* is at a1\."):
        command.downgrade(any_project.config(), "base")
    assert any_project.rows() == ["a1"]


def test_one_transaction_for_all_rolls_everything_back(any_project):
    any_project.env(
        lambda text: text.replace(
            "**options(connection.dialect.name)", "transaction_per_migration=False, **options(connection.dialect.name)"
        )
    )
    any_project.chain("a1")
    any_project.write("b2", "a1", "raise ValueError('no')")
    with pytest.raises(UpgradeFailed) as raised:
        command.upgrade(any_project.config(), "head")
    assert (raised.value.standing_at, raised.value.applied) == ((), ())
    assert any_project.tables() == set()
    any_project.write("b2", "a1")
    assert command.upgrade(any_project.config(), "head").after == ("b2",)
    assert any_project.rows() == ["b2"]


def test_an_interrupt_rolls_back_and_leaves_the_connection_usable(any_project):
    any_project.chain("a1")
    any_project.write("b2", "a1", "op.create_table('half', sa.Column('id', sa.Integer))\nraise KeyboardInterrupt")
    any_project.chain("a1")
    engine = sa.create_engine(any_project.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        with pytest.raises(KeyboardInterrupt) as raised:
            command.upgrade(any_project.config(connection=connection), "head")
        assert raised.value.__notes__ == ["Stopped in upgrade of b2. It was rolled back; the database is at a1."]
        assert not connection.in_transaction()
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "a1"
    assert any_project.tables() == {"alembic_version", "t_a1"}
    assert current_environment.get() is None


def test_a_borrowed_connection_stays_open_and_in_no_transaction(any_project):
    any_project.chain("a1", "b2")
    engine = sa.create_engine(any_project.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        command.upgrade(any_project.config(connection=connection), "head")
        assert not connection.closed
        assert not connection.in_transaction()
        assert [each.revision for each in command.current(any_project.config(connection=connection))] == ["b2"]
        assert not connection.in_transaction()


def test_a_transaction_of_the_caller_is_not_ended(any_project):
    any_project.chain("a1", "b2")
    engine = sa.create_engine(any_project.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
        assert command.upgrade(any_project.config(connection=connection), "head").after == ("b2",)
        assert connection.in_transaction()
        connection.commit()
    assert any_project.rows() == ["b2"]


def test_in_a_transaction_of_the_caller_the_error_says_that_the_caller_must_roll_back(any_project):
    any_project.write("a1", None, "raise ValueError('no')")
    engine = sa.create_engine(any_project.url, poolclass=sa.NullPool)
    with engine.begin() as connection, pytest.raises(UpgradeFailed, match="caller's transaction, which must be rolled"):
        command.upgrade(any_project.config(connection=connection), "head")


def test_what_env_py_begins_inside_the_block_is_committed(any_project):
    any_project.env(
        lambda text: text.replace(
            "        context.run_migrations()\n\n\nif",
            "        context.execute('CREATE TABLE before_it (id INTEGER)')\n"
            "        context.run_migrations()\n        context.execute('CREATE TABLE after_it (id INTEGER)')\n\n\nif",
        )
    )
    any_project.chain("a1")
    command.upgrade(any_project.config(), "head")
    assert any_project.tables() == {"alembic_version", "t_a1", "before_it", "after_it"}


def test_branches_have_a_row_each_and_a_merge_joins_them(any_project):
    any_project.chain("a1")
    any_project.write("b1", "a1")
    any_project.write("b2", "a1")
    command.upgrade(any_project.config(), "heads")
    assert any_project.rows() == ["b1", "b2"]
    merged = command.merge(any_project.config(), "heads", message="Join", rev_id="m1")
    assert merged.down_revision == ("b1", "b2")
    command.upgrade(any_project.config(), "head")
    assert any_project.rows() == ["m1"]
    command.downgrade(any_project.config(), "b1@-1")
    assert any_project.rows() == ["b1", "b2"]


def test_a_revision_that_another_depends_on_has_no_row(any_project):
    any_project.write("a1", None)
    any_project.write("x1", None, needs="a1")
    command.upgrade(any_project.config(), "heads")
    assert any_project.rows() == ["x1"]
    command.downgrade(any_project.config(), "x1@base")
    assert any_project.rows() == ["a1"]


def test_a_version_row_that_changed_concurrently_stops_the_run(any_project):
    any_project.chain("a1")
    any_project.write("b2", "a1", "op.execute(\"UPDATE alembic_version SET version_num = 'zz'\")")
    with pytest.raises(VersionTableChanged, match="revision a1 has no row in it"):
        command.upgrade(any_project.config(), "head")
    assert any_project.rows() == ["a1"]


@pytest.mark.parametrize(
    ("statement", "stands", "rows"),
    [
        ("UPDATE alembic_version SET version_num = 'b2'", "b2", ["b2"]),
        ("INSERT INTO alembic_version VALUES ('zz')", "a1, zz", ["a1", "zz"]),
    ],
    ids=["another row", "a further row"],
)
def test_a_version_table_that_changed_since_the_plan_stops_the_run_before_its_first_statement(
    any_project, statement, stands, rows
):
    any_project.chain("a1", "b2")
    command.upgrade(any_project.config(), "a1")

    def meddle(event):
        if event.kind == "start":
            any_project.run(statement)

    with pytest.raises(VersionTableChanged, match=rf"expected a1, found {stands}"):
        command.upgrade(any_project.config(on_step=meddle), "head")
    assert any_project.tables() == {"alembic_version", "t_a1"}
    assert sorted(any_project.rows()) == rows


def test_progress_is_reported_step_by_step(project):
    project.chain("a1")
    project.write("b2", "a1", "raise ValueError('no')")
    project.chain("a1")
    seen = []
    with pytest.raises(UpgradeFailed):
        command.upgrade(project.config(on_step=seen.append), "head")
    assert [(each.kind, each.revision, each.index, each.total) for each in seen] == [
        ("start", "a1", 1, 2), ("done", "a1", 1, 2), ("start", "b2", 2, 2), ("failed", "b2", 2, 2),
    ]  # fmt: skip


def test_an_autocommit_block_commits_what_was_before_it(any_project):
    any_project.write(
        "a1",
        None,
        (
            "op.create_table('t', sa.Column('id', sa.Integer))\n"
            "with op.get_context().autocommit_block():\n"
            "    op.execute('CREATE INDEX ix ON t (id)')\n"
            "op.execute('nonsense')"
        ),
    )
    with pytest.raises(UpgradeFailed, match="2 statements of it stay, the last is CREATE INDEX ix"):
        command.upgrade(any_project.config(), "head")
    assert "t" in any_project.tables()


def test_an_index_can_be_created_concurrently(postgresql_project):
    postgresql_project.write(
        "a1",
        None,
        (
            "op.create_table('t', sa.Column('id', sa.Integer))\n"
            "with op.get_context().autocommit_block():\n"
            "    op.create_index('ix', 't', ['id'], postgresql_concurrently=True)\n"
            "op.create_table('u', sa.Column('id', sa.Integer))"
        ),
    )
    assert command.upgrade(postgresql_project.config(), "head").after == ("a1",)
    assert {"t", "u"} <= postgresql_project.tables()


def test_on_version_apply_is_called_for_every_step(project):
    project.env(
        lambda text: text.replace(
            "**options(connection.dialect.name)",
            "on_version_apply=config.attributes['listen'], **options(connection.dialect.name)",
        )
    )
    project.chain("a1", "b2")
    heard = []

    def listen(*, ctx, step, heads, run_args):
        heard.append(
            (
                step.is_upgrade,
                step.is_stamp,
                step.source_revision_ids,
                step.destination_revision_ids,
                step.up_revision_id,
                step.down_revision_ids,
                heads,
                run_args,
                ctx.dialect.name,
            )
        )

    command.upgrade(project.config(listen=listen), "head")
    command.downgrade(project.config(listen=[listen]), "a1")
    command.stamp(project.config(listen=listen), "head")
    assert heard == [
        (True, False, (), ("a1",), "a1", (), {"a1"}, {}, "sqlite"),
        (True, False, ("a1",), ("b2",), "b2", ("a1",), {"b2"}, {}, "sqlite"),
        (False, False, ("b2",), ("a1",), "b2", ("a1",), {"a1"}, {}, "sqlite"),
        (True, True, ("a1",), ("b2",), "b2", ("a1",), {"b2"}, {}, "sqlite"),
    ]


def test_a_callback_that_fails_rolls_its_revision_back(project):
    project.env(
        lambda text: text.replace(
            "**options(connection.dialect.name)",
            "on_version_apply=lambda **kw: 1 / 0, **options(connection.dialect.name)",
        )
    )
    project.chain("a1")
    with pytest.raises(UpgradeFailed, match="ZeroDivisionError"):
        command.upgrade(project.config(), "head")
    assert project.tables() == set()


def test_arguments_of_run_migrations_reach_the_revisions(project):
    project.env(lambda text: text.replace("context.run_migrations()", "context.run_migrations(name='t_given')"))
    path = project.write("a1", None, "op.create_table(name, sa.Column('id', sa.Integer))")
    path.write_text(path.read_text().replace("def upgrade()", "def upgrade(name)"))
    command.upgrade(project.config(), "head")
    assert "t_given" in project.tables()


def test_a_body_that_is_not_python_is_refused_before_anything_runs(project):
    project.chain("a1")
    project.write("b2", "a1", "x = = 1")
    project.chain("a1")
    with pytest.raises(BrokenScript, match=r"b2\.py, line 9"):
        command.upgrade(project.config(), "head")
    assert project.tables() == set()
    assert command.upgrade(project.config(), "a1").after == ("a1",)


@pytest.mark.parametrize("change", [("def upgrade", "async def upgrade"), ("    op.", "    yield op.")])
def test_a_function_whose_call_runs_nothing_is_refused(project, change):
    path = project.write("a1", None, "op.create_table('t_a1', sa.Column('id', sa.Integer))")
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(UpgradeFailed, match=r"upgrade\(\) in .*a1\.py is async or has a yield"):
        command.upgrade(project.config(), "head")
    assert project.tables() == set()


def test_a_file_without_upgrade_is_named(project):
    path = project.write("a1")
    path.write_text(path.read_text().replace("def upgrade", "def something"))
    with pytest.raises(UpgradeFailed, match=r"a1\.py has no function upgrade\(\)"):
        command.upgrade(project.config(), "head")


def test_foreign_keys_are_checked_before_the_commit_and_on_again_after_it(project):
    project.write(
        "a1",
        None,
        "op.execute('CREATE TABLE p (id INTEGER PRIMARY KEY)')\n"
        "op.execute('CREATE TABLE c (p INTEGER REFERENCES p)')\nop.execute('INSERT INTO c VALUES (7)')",
    )
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.rollback()
        with pytest.raises(UpgradeFailed):
            command.upgrade(project.config(connection=connection), "head")
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert project.tables() == set()


def test_a_password_is_in_no_message(project, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://ada:sw0rdfish@127.0.0.1:1/x")
    project.chain("a1")
    with pytest.raises(sa.exc.OperationalError) as raised:
        command.upgrade(project.config(), "head")
    assert "sw0rdfish" not in str(raised.value)
    path = project.write("a1", None, "raise ValueError('postgresql://ada:sw0rdfish@h/x')")
    monkeypatch.setenv("DATABASE_URL", project.url)
    with pytest.raises(UpgradeFailed) as failed:
        command.upgrade(project.config(), "head")
    assert "sw0rdfish" not in str(failed.value)
    assert path.exists()


def test_an_id_that_does_not_fit_its_column_is_refused_with_nothing_done(any_project, request):
    any_project.write("a" * 40)
    if "sqlite" in request.node.name:  # there a VARCHAR(32) holds any text
        command.upgrade(any_project.config(), "head")
        assert any_project.rows() == ["a" * 40]
        return
    with pytest.raises(CommandError, match=r"has 40 characters.*Nothing was run"):
        command.upgrade(any_project.config(), "head")
    assert any_project.tables() == set()


def test_the_version_table_may_have_another_name_and_schema(postgresql_project):
    postgresql_project.run("CREATE SCHEMA ops")
    postgresql_project.env(
        lambda text: text.replace(
            "**options(connection.dialect.name)",
            "version_table='here', version_table_schema='ops', **options(connection.dialect.name)",
        )
    )
    postgresql_project.chain("a1")
    command.upgrade(postgresql_project.config(), "head")
    assert postgresql_project.rows("SELECT version_num FROM ops.here") == ["a1"]
    assert [each.revision for each in command.current(postgresql_project.config())] == ["a1"]


def test_an_env_py_that_runs_nothing_is_reported(project):
    project.env(lambda text: "from kernel_core import context\n")
    project.chain("a1")
    said = r"ended without context\.run_migrations"
    for run in (
        lambda config: command.upgrade(config, "head"),
        lambda config: command.downgrade(config, "base"),
        lambda config: command.stamp(config, "head"),
        command.ensure_version,
    ):
        with pytest.warns(UserWarning, match=said):
            report = run(project.config())
        assert (report.steps, report.target) == ((), "")
    with pytest.warns(UserWarning, match=said):
        assert command.current(project.config()) == ()
    for claim in (
        command.check,
        lambda config: command.current(config, check_heads=True),
        lambda config: command.revision(config, "x", autogenerate=True),
        lambda config: command.show(config, "current"),
    ):
        with pytest.raises(CommandError, match=said):
            claim(project.config())


def test_offline_output_may_go_to_a_buffer_of_env_py(project):
    project.env(
        lambda text: text.replace("literal_binds=True,", "literal_binds=True, output_buffer=config.attributes['out'],")
    )
    project.chain("a1")
    out = io.StringIO()
    report = command.upgrade(project.config(out=out), "head", sql=True)
    assert "CREATE TABLE t_a1" in out.getvalue()
    assert report.sql == ""


def test_a_row_without_a_revision_is_named_with_its_remedy(project):
    project.chain("a1")
    project.run("CREATE TABLE alembic_version (version_num VARCHAR(32))")
    project.run("INSERT INTO alembic_version VALUES (NULL)", "INSERT INTO alembic_version VALUES ('a1')")
    for run in (command.current, lambda config: command.upgrade(config, "head")):
        with pytest.raises(CommandError) as refused:
            run(project.config())
    project.run(str(refused.value).partition("Delete it: ")[2])
    assert project.rows() == ["a1"]


IN_A_BLOCK = """
import os
import sqlalchemy as sa
from kernel_core import context
engine = sa.create_engine(os.environ["DATABASE_URL"], poolclass=sa.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with connection.begin() as transaction:
        {run}
        assert transaction.is_active
        connection.exec_driver_sql("CREATE TABLE of_env (x INTEGER)")
"""


@pytest.mark.parametrize(
    "run", ["context.run_migrations()", "with context.begin_transaction():\n            context.run_migrations()"]
)
def test_a_transaction_that_env_py_begins_after_it_configured_is_its_own(any_project, run):
    any_project.chain("a1", "b2")
    any_project.env(lambda _: IN_A_BLOCK.format(run=run))
    command.upgrade(any_project.config(), "head")
    assert any_project.tables() >= {"t_a1", "t_b2", "of_env"}
    any_project.write("c3", "b2", "raise ValueError('no')")
    any_project.run("DROP TABLE of_env")
    command.downgrade(any_project.config(), "a1")
    any_project.run("DROP TABLE of_env")
    with pytest.raises(UpgradeFailed):
        command.upgrade(any_project.config(), "head")
    assert any_project.rows() == ["a1"]
    if any_project.url.startswith("postgresql"):  # on SQLite, Python's driver begins no transaction for DDL by itself
        assert "t_b2" not in any_project.tables(), "the block was rolled back"


@pytest.mark.parametrize("purge", [False, True])
def test_a_stamp_of_none_is_one_of_base(project, purge):
    command.upgrade(project.config(), "head")
    assert command.stamp(project.config(), None, purge=purge).after == ()
    assert command.current(project.config()) == ()
