"""The main road on SQLite, in a real shell: models, review, file, upgrade, change, back."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

CHANGED = (
    "name: Mapped[str] = mapped_column(sa.String(80))",
    'email: Mapped[str] = mapped_column(sa.String(120), server_default="")',
    '__table_args__ = (sa.UniqueConstraint("name", name="uq_users_name"),)',
)


def columns(notebook, table: str = "users") -> dict[str, str]:
    with notebook.shell.user_ns["c"].engine.connect() as live:
        return {column["name"]: str(column["type"]) for column in sa.inspect(live).get_columns(table)}


def test_the_whole_road(ready, tmp_path):
    ready.run("c = %mig_connect dev")
    proposal = ready.run("%mig_autogenerate Base -m 'Add users' --write")
    assert proposal.path.parent == tmp_path / "migrations" / "versions"
    assert "op.create_table(" in proposal.path.read_text()
    report = ready.run("%mig_upgrade")
    assert report.after == (proposal.rev_id,)
    assert "sqlite dev.db" in repr(report)
    with ready["c"].engine.begin() as live:
        live.execute(sa.text("INSERT INTO users (id, name) VALUES (1, 'Ada')"))

    ready.declare(*CHANGED)
    second = ready.run("%mig_autogenerate Base -m 'Add e-mail' --id b2 --write")
    assert "email" in second.path.read_text()
    ready.run("%mig_upgrade")
    assert columns(ready)["email"] == "VARCHAR(120)"
    assert columns(ready)["name"] == "VARCHAR(80)"
    with ready["c"].engine.connect() as live:
        assert live.execute(sa.text("SELECT id, name, email FROM users")).all() == [(1, "Ada", "")]

    assert not ready.run("%mig_diff")
    assert [entry.state for entry in ready.run("%mig_history")] == ["applied", "applied"]
    ready.run("%mig_downgrade -1 --yes")
    assert set(columns(ready)) == {"id", "name"}
    assert [entry.state for entry in ready.run("%mig_history")] == ["pending", "applied"]
    ready.run("%mig_upgrade head")
    assert "email" in columns(ready)


def test_the_status_reports_the_next_step(notebook, tmp_path):
    assert notebook.run("%mig").next.startswith("%mig_connect")
    notebook.run("%mig_connect sqlite:///dev.db")
    assert notebook.run("%mig").next == "%mig_init migrations"
    notebook.run("%mig_init migrations")
    notebook.declare()
    assert notebook.run("%mig").next.startswith("%mig_autogenerate Base")
    notebook.run("%mig_autogenerate --write -m x")
    assert notebook.run("%mig").next == "%mig_upgrade"
    notebook.run("%mig_upgrade")
    status = notebook.run("%mig_status")
    assert status.next == "nothing: the database is up to date"
    assert (status.pending, status.drift) == (0, 0)


def test_without_writing_nothing_is_written_and_the_proposal_does_the_same(ready, tmp_path):
    proposal = ready.run("p = %mig_autogenerate Base -m 'Add users'\np")
    assert list((tmp_path / "migrations" / "versions").glob("*.py")) == []
    assert "Create table users" in repr(proposal)
    assert "<style>" in proposal._repr_html_()
    path = ready.run("p.write()")
    assert path.exists()
    assert ready.run("p.write()") == path
    assert ready.run("p.upgrade()").after == (proposal.rev_id,)


def test_accepting_some_writes_only_those(ready):
    ready.run("class Pet(Base):\n    __tablename__ = 'pets'\n    id: Mapped[int] = mapped_column(primary_key=True)\n")
    proposal = ready.run("%mig_autogenerate -m one --accept 1 --write")
    assert proposal.path.read_text().count("op.create_table(") == 1


def test_an_edit_is_written(migrated):
    migrated.declare(*CHANGED)
    migrated.run("p = %mig_autogenerate -m 'Add e-mail'")
    number = next(row.number for row in migrated["p"].review.rows if row.kind == "add column")
    migrated.run(f"p[{number}].edit_text('server_default', \"'nobody'\")")
    assert "nobody" in migrated.run("p.write()").read_text()


def test_the_session_sql_is_returned_and_nothing_is_run(ready):
    ready.run("%mig_autogenerate -m 'Add users' --write")
    plan = ready.run("plan = %mig_upgrade --sql\nplan")
    assert "CREATE TABLE users" in plan.sql
    assert ready.run("%mig_current").entries == ()


def test_no_environment_still_compares(notebook):
    notebook.run("%mig_connect sqlite://")
    notebook.declare()
    assert len(notebook.run("%mig_diff")) == 1
    notebook.run("p = %mig_autogenerate -m x")
    assert "%mig_init migrations" in notebook.fail("p.write()")


def test_making_an_environment_twice_opens_it(ready):
    assert "environment already" in repr(ready.run("%mig_init migrations"))


def test_an_environment_is_found_after_a_restart(migrated):
    from mig_ipython.session import forget_session

    forget_session(migrated.shell)
    migrated.run("%mig_connect sqlite:///dev.db")
    assert [entry.revision for entry in migrated.run("%mig_current")] == ["a1"]


def test_stamping_moves_only_the_version_table(migrated):
    assert migrated.run("%mig_stamp base").after == ()
    assert migrated.run("%mig_current").entries == ()
    assert migrated.run("%mig_stamp head").after == ("a1",)


def test_show_gives_source_and_sql(migrated):
    shown = migrated.run("%mig_show a1 --sql")
    assert "CREATE TABLE users" in shown.sql
    assert "op.create_table" in shown.source
    assert shown.entry.is_current


def test_an_empty_revision_is_written(migrated):
    assert Path(migrated.run("%mig_revision -m 'By hand' --id b2").path).exists()
    assert [entry.revision for entry in migrated.run("%mig_heads")] == ["b2"]


def test_the_graph_and_the_history_show_the_current_revision(migrated):
    migrated.run("%mig_revision -m 'By hand' --id b2")
    graph = migrated.run("%mig_graph")
    assert "@ a1 (current) Add users" in repr(graph)
    assert "o b2 (head, pending) By hand" in repr(graph)
    assert len(migrated.run("%mig_history base:current")) == 1


def test_ranges_that_begin_with_a_minus_are_no_options(migrated):
    migrated.run("%mig_revision -m 'By hand' --id b2")
    assert [entry.revision for entry in migrated.run("%mig_history a1:b2")] == ["b2", "a1"]


@pytest.mark.parametrize(
    "command", ["%mig_status", "%mig_history", "%mig_current", "%mig_heads", "%mig_diff", "%mig_show a1"]
)
def test_every_view_has_text_and_well_formed_html(migrated, command):
    import html5lib

    bundle = migrated.run(command)._repr_mimebundle_()
    assert bundle["text/plain"]
    parser = html5lib.HTMLParser()
    parser.parseFragment(bundle["text/html"])
    assert parser.errors == []


def test_the_result_on_postgresql(notebook, postgresql_url):
    notebook["url"] = postgresql_url
    notebook.run("%mig_connect url")
    notebook.run("%mig_init migrations")
    notebook.declare()
    notebook.run("%mig_autogenerate -m 'Add users' --id a1 --write")
    assert notebook.run("%mig_upgrade").after == ("a1",)
    assert not notebook.run("%mig_diff")
    notebook.run("%mig_downgrade base --yes")
    assert notebook.run("%mig_diff")


def test_show_with_sql_lists_the_operations(migrated):
    shown = migrated.run("%mig_show a1 --sql")
    assert [line.sentence for line in shown.lines] == ["Create table users with 2 columns"]
    assert "Create table users" in repr(shown)
    assert migrated.run("%mig_show a1").lines == shown.lines


def test_opening_reports_when_env_py_runs(ready, tmp_path):
    assert "takes the notebook's connection; it runs for upgrade" in repr(ready.run("%mig_open migrations"))
    (tmp_path / "migrations" / "env.py").write_text("raise SystemExit('it ran')")
    assert "connects by itself" in repr(ready.run("%mig_open migrations/alembic.ini"))


def test_an_environment_of_pyproject_is_opened(notebook, tmp_path):
    notebook.run("%mig_connect sqlite:///dev.db\n%mig_init migrations --template pyproject")
    assert "Environment migrations" in repr(notebook.run("%mig_open"))


def test_connections_are_a_list(ready):
    ready.run("%mig_connect sqlite:///other.db")
    several = ready.run("%mig_connections")
    assert [one.name for one in several] == ["dev", "other"]
    assert several[1].target == "sqlite other.db"


def test_no_other_process_writes_while_a_review_is_checked_and_written(ready, monkeypatch):
    import threading

    from kernel_core.script import ScriptDirectory
    from kernel_core.util.exc import EnvironmentBusy

    seen = []
    original = ScriptDirectory.generate_revision

    def another(scripts):
        try:
            with scripts.writing(timeout=0):
                seen.append("free")
        except EnvironmentBusy:
            seen.append("busy")

    def watched(self, *args, **options):
        thread = threading.Thread(target=another, args=(self,))
        thread.start()
        thread.join()
        return original(self, *args, **options)

    monkeypatch.setattr(ScriptDirectory, "generate_revision", watched)
    ready.run("p = %mig_autogenerate -m x")
    ready.run("p.write()")
    assert seen == ["busy"]


@pytest.mark.parametrize("run", ["asyncio.run(go())", "asyncio.get_event_loop().run_until_complete(go())"])
def test_an_env_py_that_runs_a_loop_of_its_own_works_inside_the_notebooks(migrated, tmp_path, run):
    import asyncio

    (tmp_path / "migrations" / "env.py").write_text(
        "import asyncio\nfrom sqlalchemy import pool\nfrom sqlalchemy.ext.asyncio import create_async_engine\n"
        "from alembic import context\n"
        "def do(connection):\n    context.configure(connection=connection)\n"
        "    with context.begin_transaction():\n        context.run_migrations()\n"
        "async def go():\n    engine = create_async_engine('sqlite+aiosqlite:///dev.db', poolclass=pool.NullPool)\n"
        f"    async with engine.connect() as connection:\n        await connection.run_sync(do)\n{run}\n"
    )

    async def inside() -> None:
        assert "by 1 revision, from a1 to base" in repr(migrated.run("%mig_downgrade base --yes"))
        assert "by 1 revision, from base to a1" in repr(migrated.run("%mig_upgrade"))

    asyncio.run(inside())


def test_stamping_as_sql_writes_nothing(migrated):
    migrated.run("%mig_revision -m x --id b2")
    report = migrated.run("%mig_stamp head --sql")
    assert "b2" in report.sql
    assert [entry.revision for entry in migrated.run("%mig_current")] == ["a1"]
    assert migrated.run("from mig_ipython import mig\nmig.stamp('head')").after == ("b2",)


def test_a_malformed_url_of_an_environment_is_reported_without_its_password(migrated, tmp_path):
    (tmp_path / "migrations" / "env.py").write_text("raise SystemExit('it ran')\n")
    ini = tmp_path / "migrations" / "alembic.ini"
    ini.write_text("[alembic]\nscript_location = %(here)s\nsqlalchemy.url = postgresql//ada:swordfish94@db/prod\n")
    shown = migrated.fail("%mig_upgrade")
    assert "is not a database URL" in shown
    assert "swordfish94" not in shown
