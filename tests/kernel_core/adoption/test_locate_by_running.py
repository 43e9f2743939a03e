"""`locate --by-running`: revisions whose files do not show their effect are run on a scratch database."""

import json

import pytest
import sqlalchemy as sa
from sampling import sampled

from kernel_core import command
from kernel_core.util.exc import SchemaDeviates

pytestmark = pytest.mark.slow

CONDITIONAL = (
    "if not op.get_bind().scalar(sa.text('SELECT count(*) FROM users WHERE id < 0')):\n"
    "    op.create_table('pets', sa.Column('id', sa.Integer, primary_key=True), sa.Column('nick', sa.String(20)))"
)
RAW = "op.execute('CREATE TABLE other AS SELECT 1 AS n')"
ROWS = "n = op.get_bind().scalar(sa.text('SELECT count(*) FROM users'))\nop.execute(f'UPDATE users SET age = {n}')"


@pytest.fixture(
    params=[
        "project",
        *(pytest.param(f"{name}_project", marks=pytest.mark.sweep) for name in ("postgresql", "mariadb")),
    ]
)
def each_project(request):
    """A fresh environment, once on each database."""
    return request.getfixturevalue(request.param)


def history_on(p, *bodies):
    p.write("r1", None, "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True))")
    p.write("r2", "r1", "op.add_column('users', sa.Column('age', sa.Integer))")
    for number, body in enumerate(bodies, 3):
        p.write(f"r{number}", f"r{number - 1}", body)


def located(p, revision, *statements, **kw):
    command.upgrade(p.config(), revision)
    p.run("DELETE FROM alembic_version", *statements)
    [found] = command.locate(p.config(), **{"by_running": True, **kw})
    return found


@pytest.mark.parametrize("revision", sampled(["r2", "r3", "r4", "r5"], ["r4"]))
def test_a_condition_on_rows_and_raw_sql_are_run(each_project, revision):
    history_on(each_project, CONDITIONAL, RAW, "op.add_column('pets', sa.Column('age', sa.Integer))")
    found = located(each_project, revision, stamp=True)
    assert found.is_certain
    assert found.marked == (revision,)
    name = sa.make_url(each_project.url).get_dialect().name
    where = "SQLite in memory" if name == "sqlite" else f"a scratch {name} database"
    assert found.scratch.where == where
    assert found.scratch.revisions == ("r3", "r4")
    assert f"Run on {where}, because the version files do not show their whole effect: r3, r4." in found.sentences()


def test_drift_from_a_revision_that_was_run_is_explained(each_project):
    history_on(each_project, CONDITIONAL)
    found = located(each_project, "r3", "ALTER TABLE pets DROP COLUMN nick")
    assert found.best.heads == ("r3",)
    assert found.best.deviations == ("column pets.nick is missing",)
    with pytest.raises(SchemaDeviates, match=r"column pets.nick is missing. Change the database"):
        command.locate(each_project.config(), stamp="r3", by_running=True)
    assert each_project.rows() == []


def test_a_revision_that_only_changes_rows_has_the_schema_of_the_one_before(project):
    history_on(project, ROWS, "op.create_index('ix_age', 'users', ['age'])")
    found = located(project, "r3")
    assert found.fitting_heads == (("r2",), ("r3",))
    assert not found.best.incomplete
    command.stamp(project.config(), "r3")
    assert located(project, "r4").is_certain


def test_nothing_is_run_where_the_files_show_everything(project):
    history_on(project)
    found = located(project, "r2")
    assert "Nothing was run: the files show the effect of every revision." in found.sentences()
    assert found.scratch.where == ""


def test_without_the_flag_nothing_is_run_and_it_is_proposed(project, mig):
    history_on(project, RAW)
    assert located(project, "r3", by_running=False).scratch is None
    code, out, _ = mig("locate")
    assert (code, out.count("mig locate --by-running")) == (0, 1)
    assert "not followed: r3, line" in out
    with pytest.raises(SchemaDeviates, match=r"Run it on a scratch database: --by-running"):
        command.locate(project.config(), stamp=True)
    code, out, _ = mig("locate", "--by-running", "--json")
    [facts] = json.loads(out)
    assert facts["is_certain"]
    assert facts["by_running"] == {"where": "SQLite in memory", "revisions": ["r3"], "problems": []}


def test_a_revision_that_does_not_run_is_named(project):
    history_on(project, "op.execute(f'ALTER TABLE {\"elsewhere\"} ADD COLUMN n INTEGER')")
    command.upgrade(project.config(), "r2")
    [found] = command.locate(project.config(), by_running=True)
    [problem] = found.scratch.problems
    assert problem.startswith("r3 does not run on SQLite in memory: Revision r3")
    assert "elsewhere" in problem
    assert found.fitting[0].heads == ("r2",)
    assert not found.is_certain
    assert f"Not run: {problem}" in found.sentences()


def test_branches_are_run_together(project):
    history_on(project)
    project.write("a1", "r2", CONDITIONAL)
    project.write("b1", "r2", "op.create_table('b', sa.Column('id', sa.Integer, primary_key=True))")
    project.write("b2", "b1", "op.add_column('b', sa.Column('n', sa.Integer))")
    found = located(project, ["a1", "b1"], stamp=True)
    assert found.marked == ("a1", "b1")
    assert found.scratch.revisions == ("a1",)


def test_the_version_table_of_the_environment_is_not_compared(project):
    history_on(project, RAW)
    project.env(lambda text: text.replace("context.configure(", "context.configure(version_table='own_version', "))
    command.upgrade(project.config(), "r3")
    project.run("DELETE FROM own_version")
    [found] = command.locate(project.config(), by_running=True)
    assert found.is_certain
    assert found.best.heads == ("r3",)


@pytest.mark.sweep
def test_without_the_right_to_create_databases_the_rest_is_compared(postgresql_project, monkeypatch):
    p = postgresql_project
    history_on(p, RAW)
    url = sa.make_url(p.url)
    p.run("CREATE ROLE mig_test_reader LOGIN PASSWORD 'secret-pw' NOCREATEDB SUPERUSER")
    try:
        p.run("ALTER ROLE mig_test_reader NOSUPERUSER", "GRANT ALL ON SCHEMA public TO mig_test_reader")
        command.upgrade(p.config(), "r2")
        p.run("GRANT ALL ON ALL TABLES IN SCHEMA public TO mig_test_reader")
        other = url.set(username="mig_test_reader", password="secret-pw")
        monkeypatch.setenv("DATABASE_URL", other.render_as_string(hide_password=False))
        [found] = command.locate(p.config(), by_running=True)
        [problem] = found.scratch.problems
        assert problem.startswith("No scratch database can be created on this server: ")
        assert "secret-pw" not in str(found.sentences())
        assert found.fitting[0].heads == ("r2",)
    finally:
        p.run("DROP OWNED BY mig_test_reader", "DROP ROLE mig_test_reader")


@pytest.mark.sweep
def test_a_history_that_names_another_database_is_not_run(mariadb_project):
    history_on(mariadb_project, RAW)
    mariadb_project.write("r4", "r3", "op.create_table('t', sa.Column('id', sa.Integer), schema='elsewhere')")
    command.upgrade(mariadb_project.config(), "r3")
    [found] = command.locate(mariadb_project.config(), by_running=True)
    [problem] = found.scratch.problems
    assert "Revision r4 changes the schema elsewhere, which on MariaDB is another database" in problem
