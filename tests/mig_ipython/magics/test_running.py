"""Upgrades and downgrades: the plan before, the question about data, the trial on a copy, the interrupt."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import sqlalchemy as sa

DROP = """%%migration 'Drop names' --write --id b2
def upgrade():
    op.drop_column('users', 'name')

def downgrade():
    op.add_column('users', sa.Column('name', sa.String(40)))
"""

FOREIGN_ENV = """
from logging.config import fileConfig
from sqlalchemy import engine_from_config, pool
from alembic import context

config = context.config
if config.config_file_name is not None:
    fileConfig(config.config_file_name)


def run_migrations_online():
    connectable = engine_from_config(config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool)
    with connectable.connect() as connection:
        context.configure(connection=connection, version_table="my_versions")
        with context.begin_transaction():
            context.run_migrations()


run_migrations_online()
"""

LOGGING = """
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = WARNING
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = plain
[formatter_plain]
format = %(message)s
"""


@pytest.fixture
def filled(migrated):
    """Two rows in users, and a pending revision b2 that drops their names."""
    migrated.run("c = %mig_connect dev")
    with migrated["c"].engine.begin() as live:
        live.execute(sa.text("INSERT INTO users (id, name) VALUES (1, 'Ada'), (2, 'Bob')"))
    migrated.run(DROP)
    return migrated


def names(notebook) -> set[str]:
    with notebook["c"].engine.connect() as live:
        return {column["name"] for column in sa.inspect(live).get_columns("users")}


def test_a_plan_lists_the_operations_and_runs_nothing(filled):
    plan = filled.run("plan = %mig_upgrade --plan\nplan")
    assert "- Drop column" in repr(plan)
    assert "loses data" in repr(plan)
    assert "(2 rows)" in repr(plan)
    assert "(2 rows)" in plan._repr_html_()
    assert "DROP" in plan.sql
    assert names(filled) == {"id", "name"}


def test_what_would_lose_rows_is_refused_unattended_with_the_plan(filled):
    shown = filled.fail("%mig_upgrade")
    assert "2 rows" in shown
    assert "b2 (Drop names)" in shown
    assert "%mig_upgrade head --yes" in shown
    assert names(filled) == {"id", "name"}
    report = filled.run("%mig_upgrade --yes")
    assert report.after == ("b2",)
    assert "Drop column" in repr(report)
    assert names(filled) == {"id"}


def test_nothing_is_asked_where_no_row_would_be_lost(migrated):
    migrated.run(DROP)
    assert migrated.run("%mig_upgrade").after == ("b2",)


def test_a_file_with_custom_code_is_not_run_for_the_plan(migrated, tmp_path):
    path = tmp_path / "migrations" / "versions" / "c3_own.py"
    path.write_text(
        "import os\nrevision = 'c3'\ndown_revision = 'a1'\n"
        "def upgrade():\n    with open('ran', 'a') as stream:\n        stream.write('x')\ndef downgrade():\n    pass\n"
    )
    plan = migrated.run("plan = %mig_upgrade --plan\nplan")
    assert "known only after it has run" in repr(plan)
    assert not (tmp_path / "ran").exists()
    migrated.run("%mig_upgrade")
    assert (tmp_path / "ran").read_text() == "x"


def test_trying_shows_the_schema_and_leaves_the_database_as_it_is(filled, tmp_path):
    before = (tmp_path / "dev.db").read_bytes()
    report = filled.run("%mig_upgrade --try")
    assert "upgrade by 1 revision, rehearsed on a clone: every statement ran" in repr(report)
    assert "nothing was written to it meanwhile (verified)" in repr(report)
    assert "- users: column name VARCHAR(40) not null" in repr(report)
    assert ("-", "users", "column name VARCHAR(40) not null") in report.found[0].schema
    assert "column name VARCHAR(40)" in report._repr_html_()
    assert (tmp_path / "dev.db").read_bytes() == before
    assert [entry.revision for entry in filled.run("%mig_current")] == ["a1"]


def test_trying_a_downgrade_needs_no_confirmation(filled):
    assert "- users: table users" in repr(filled.run("%mig_downgrade base --try"))
    assert names(filled) == {"id", "name"}


def test_a_trial_that_fails_reports_it_and_changes_nothing(migrated, tmp_path):
    migrated.run(
        "%%migration 'Half' --write --id b2\ndef upgrade():\n    op.execute('SELECT nonsense FROM nowhere')\ndef downgrade():\n    pass\n"
    )
    before = (tmp_path / "dev.db").read_bytes()
    report = migrated.run("%mig_upgrade --try")
    assert not report
    assert "1 blocker" in repr(report)
    assert "nowhere" in repr(report)
    assert (tmp_path / "dev.db").read_bytes() == before


def test_trying_a_database_in_memory(notebook):
    notebook.run("%mig_connect sqlite:// --as c\n%mig_init migrations")
    notebook.declare()
    notebook.run("%mig_autogenerate -m x --id a1 --write")
    assert "+ users: table users" in repr(notebook.run("%mig_upgrade --try"))
    assert notebook.run("%mig_current").entries == ()


def test_trying_on_postgresql_leaves_the_database_as_it_is(notebook, postgresql_url):
    notebook["url"] = postgresql_url
    notebook.run("c = %mig_connect url --as c\n%mig_init migrations")
    notebook.declare()
    notebook.run("%mig_autogenerate -m 'Add users' --id a1 --write")
    report = notebook.run("%mig_upgrade --try")
    assert "+ users: table users" in repr(report)
    with notebook.run("c = %mig_connect c\nc").engine.connect() as live:
        assert not sa.inspect(live).has_table("users")
    assert notebook.run("%mig_current").entries == ()
    assert notebook.run("%mig_upgrade").after == ("a1",)


def test_trying_on_mariadb_leaves_the_database_as_it_is(notebook, mariadb_url):
    notebook["url"] = mariadb_url
    notebook.run("c = %mig_connect url --as c\n%mig_init migrations")
    notebook.declare()
    notebook.run("%mig_autogenerate -m 'Add users' --id a1 --write")
    assert "+ users: table users" in repr(notebook.run("%mig_upgrade --try"))
    assert notebook.run("%mig_current").entries == ()


@pytest.fixture
def foreign(migrated, tmp_path):
    """An environment from Alembic's template: its env.py creates the connection, with another version table."""
    (tmp_path / "migrations" / "env.py").write_text(FOREIGN_ENV)
    ini = tmp_path / "migrations" / "alembic.ini"
    ini.write_text("[alembic]\nscript_location = %(here)s\nsqlalchemy.url = sqlite:///dev.db\n" + LOGGING)
    migrated.run("c = %mig_connect dev")
    return migrated


def test_an_environment_that_connects_by_itself_runs_and_keeps_its_version_table(foreign):
    with foreign["c"].engine.begin() as live:
        live.execute(sa.text("DROP TABLE users"))
    assert foreign.run("%mig_current").entries == ()
    assert foreign.run("%mig_upgrade").after == ("a1",)
    assert [entry.revision for entry in foreign.run("%mig_current")] == ["a1"]
    with foreign["c"].engine.connect() as live:
        assert sa.inspect(live).has_table("my_versions")


def test_an_env_py_does_not_change_the_logging_of_the_notebook(foreign):
    with foreign["c"].engine.begin() as live:
        live.execute(sa.text("DROP TABLE users"))
    logger, root = logging.getLogger("somebody"), logging.getLogger()
    before = (list(root.handlers), root.level)
    foreign.run("%mig_upgrade")
    assert not logger.disabled
    assert (list(root.handlers), root.level) == before


def test_an_environment_that_connects_by_itself_is_tried_on_a_copy_too(foreign, tmp_path):
    with foreign["c"].engine.begin() as live:
        live.execute(sa.text("DROP TABLE users"))
    before = (tmp_path / "dev.db").read_bytes()
    assert "+ users: table users" in repr(foreign.run("%mig_upgrade --try"))
    assert (tmp_path / "dev.db").read_bytes() == before


def test_an_env_py_with_its_url_in_the_code_is_stopped_before_the_first_step(foreign, tmp_path):
    env = tmp_path / "migrations" / "env.py"
    other = f"sqlite:///{tmp_path / 'other.db'}"
    start, end = "connectable = ", "\n    with connectable"
    begin, _, rest = FOREIGN_ENV.partition(start)
    made = f"__import__('sqlalchemy').create_engine({other!r}, poolclass=pool.NullPool)"
    env.write_text(begin + start + made + end + rest.partition(end)[2])
    with foreign["c"].engine.begin() as live:
        live.execute(sa.text("DROP TABLE users"))
    shown = foreign.fail("%mig_upgrade")
    assert "other.db" in shown
    assert "dev.db" in shown
    refused = foreign.fail("%mig_upgrade --try")
    assert "Nothing was run: env.py connects to" in refused
    assert "other.db" in refused
    other_db = sa.create_engine(other, poolclass=sa.NullPool)
    with other_db.connect() as live:
        assert sa.inspect(live).get_table_names() == []


def test_an_interrupt_ends_at_a_boundary_and_reports_the_current_revision(migrated, tmp_path):
    folder = tmp_path / "migrations" / "versions"
    (folder / "b2.py").write_text(
        "import sqlalchemy as sa\nfrom kernel_core import op\nrevision = 'b2'\ndown_revision = 'a1'\n"
        "def upgrade():\n    op.create_table('kept', sa.Column('x', sa.Integer))\n"
    )
    (folder / "c3.py").write_text(
        "import sqlalchemy as sa\nfrom kernel_core import op\nrevision = 'c3'\ndown_revision = 'b2'\n"
        "def upgrade():\n    op.create_table('gone', sa.Column('x', sa.Integer))\n    raise KeyboardInterrupt\n"
    )
    result = migrated.shell.run_cell("%mig_upgrade")
    shown = migrated.capsys.readouterr().out.strip()
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert len(shown.splitlines()) == 1, shown
    assert "is at b2" in shown
    with migrated.run("c = %mig_connect dev\nc").engine.connect() as live:
        tables = sa.inspect(live).get_table_names()
    assert "kept" in tables
    assert "gone" not in tables
    assert [entry.revision for entry in migrated.run("%mig_current")] == ["b2"]
    (folder / "c3.py").write_text((folder / "c3.py").read_text().replace("    raise KeyboardInterrupt\n", ""))
    assert migrated.run("%mig_upgrade").after == ("c3",)


def test_a_cell_that_was_stopped_while_it_read_keeps_no_lock_on_the_file_of_sqlite(migrated):
    """SQLAlchemy leaves the cursor of the statement open, and IPython keeps the traceback."""

    def interrupt(_connection, _cursor, statement, *_):
        if statement.lstrip().startswith(("SELECT", "PRAGMA")):
            raise KeyboardInterrupt

    sa.event.listen(sa.Engine, "after_cursor_execute", interrupt)
    try:
        kept = migrated.shell.run_cell("%mig_check")
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", interrupt)
    assert isinstance(kept.error_in_exec, KeyboardInterrupt)
    url = migrated.run("c = %mig_connect dev\nc").engine.url
    with sa.create_engine(url, connect_args={"timeout": 0}, poolclass=sa.NullPool).connect() as other:
        other.exec_driver_sql("BEGIN EXCLUSIVE")


class Kernel:
    """Makes a shell look like one whose front end answers."""

    _allow_stdin = True


@pytest.fixture
def attended(filled, monkeypatch):
    """A notebook with a live front end; ``shown`` is what was displayed."""
    monkeypatch.setattr(filled.shell, "kernel", Kernel(), raising=False)
    displays: list[object] = []

    class Handle:
        def update(self, value):
            displays.append(repr(value))

    def display(value, **options):
        displays.append(repr(value))
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    filled.displays = displays
    return filled


def test_with_a_front_end_the_question_is_asked_and_answered_once(attended):
    question = attended.run("q = %mig_upgrade\nq")
    assert question.word == "users"
    assert "Nothing was done" in repr(question)
    assert names(attended) == {"id", "name"}
    assert "Type users to confirm" in attended.fail("q.confirm('pets')")
    assert attended.run("q.confirm('users')").after == ("b2",)
    assert attended.run("q.confirm('users')") is question.report
    assert names(attended) == {"id"}


def test_with_a_front_end_the_progress_is_updated_in_place(attended):
    report = attended.run("%mig_upgrade --yes")
    assert report.after == ("b2",)
    assert attended.displays[0].endswith("running b2 Drop names")
    assert attended.displays[-1].startswith("Ran 1 of 1 revision, ")
    assert "0 statements" not in attended.displays[-1]


def test_the_panel_of_the_question_runs_only_with_the_word(attended):
    from mig_ipython.widgets.confirm import ConfirmPanel

    question = attended.run("q = %mig_downgrade base\nq")
    panel = ConfirmPanel(question)
    assert panel.yes.disabled
    panel.answer.value = question.word
    assert not panel.yes.disabled
    panel.yes.click()
    assert question.report.after == ()
    assert "downgraded" in panel.status.text
    assert panel.yes.disabled


def downgrades():
    """Return the revisions whose downgrade has run, in that order."""
    return Path("ran").read_text() if Path("ran").exists() else ""


@pytest.fixture
def counted(attended):
    """Three revisions, all applied; each downgrade notes in the file ``ran`` that it ran, and can be run again."""
    Path("migrations/versions/b2_drop_names.py").unlink()
    for revision, parent in (("b2", "a1"), ("c3", "b2")):
        Path(f"migrations/versions/{revision}.py").write_text(
            f"from kernel_core import op\nrevision = {revision!r}\ndown_revision = {parent!r}\n"
            "def upgrade():\n    pass\n"
            "def downgrade():\n    with open('ran', 'a') as ran:\n"
            f"        ran.write('{revision} ')\n    op.execute('UPDATE users SET id = id')\n"
        )
    attended.run("%mig_upgrade")
    return attended


def test_a_second_confirmation_does_not_run_the_downgrade_again(counted):
    question = counted.run("q = %mig_downgrade -1\nq")
    first = counted.run(f"q.confirm({question.word!r})")
    assert (first.after, downgrades()) == (("b2",), "c3 ")
    assert counted.run(f"q.confirm({question.word!r})") is first
    assert counted.run("q.confirm()") is first
    assert ([one.revision for one in counted.run("%mig_current")], downgrades()) == (["b2"], "c3 ")
    counted.run("%mig_upgrade")  # where the database was when the question was asked
    assert counted.run(f"q.confirm({question.word!r})") is first
    assert ([one.revision for one in counted.run("%mig_current")], downgrades()) == (["c3"], "c3 ")


def test_the_button_of_the_question_clicked_twice_runs_the_downgrade_once(counted):
    from mig_ipython.widgets.confirm import ConfirmPanel

    panel = ConfirmPanel(counted.run("q = %mig_downgrade -1\nq"))
    panel.answer.value = panel.confirmation.word
    panel.yes.click()
    panel.yes.click()
    assert "downgraded" in panel.status.text
    assert ([one.revision for one in counted.run("%mig_current")], downgrades()) == (["b2"], "c3 ")


def test_of_two_questions_about_one_downgrade_the_second_is_void_once_the_first_has_run(counted):
    counted.run("first = %mig_downgrade -1\nsecond = %mig_downgrade -1")
    word = counted["first"].word
    counted.run(f"first.confirm({word!r})")
    assert "since this question was asked" in counted.fail(f"second.confirm({word!r})")
    assert ([one.revision for one in counted.run("%mig_current")], downgrades()) == (["b2"], "c3 ")


def test_a_question_that_is_confirmed_while_its_run_goes_on_starts_no_second_run(counted):
    from mig_ipython.running.confirmation import Confirmation

    ran = []

    def clicked_meanwhile():
        ran.append(question.word)
        with pytest.raises(Exception, match="running already") as caught:
            question.confirm(question.word)
        assert caught.type.__name__ == "MigError"
        return "the report"

    question = Confirmation(
        counted.run("plan = %mig_downgrade -1 --plan\nplan"), "%mig_downgrade -1", clicked_meanwhile
    )
    assert question.confirm(question.word) == question.confirm(question.word) == "the report"
    assert ran == [question.word]


def test_the_panel_of_the_question_can_be_cancelled(attended):
    from mig_ipython.widgets.confirm import ConfirmPanel

    panel = ConfirmPanel(attended.run("q = %mig_upgrade\nq"))
    panel.no.click()
    assert panel.status.text == "Nothing was run."
    assert names(attended) == {"id", "name"}


def test_what_the_database_stood_at_is_taken_from_a_literal_version_table(foreign):
    foreign.run("%mig_stamp a1")
    assert Path("migrations/env.py").exists()
    assert foreign.run("%mig").current == ("a1",)


def test_a_proposal_asks_too_before_rows_are_lost(filled):
    Path("migrations/versions/b2_drop_names.py").unlink()
    filled.run(
        "class Base(DeclarativeBase):\n    pass\n\nclass Pet(Base):\n    __tablename__ = 'pets'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
    )
    filled.run("p = %mig_autogenerate Base -m 'Pets instead' --id c3")
    shown = filled.fail("p.upgrade()")
    assert "2 rows" in shown
    assert ".upgrade(yes=True)" in shown
    assert names(filled) == {"id", "name"}
    assert filled.run("p.upgrade(yes=True)").after == ("c3",)
