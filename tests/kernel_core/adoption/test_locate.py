"""Locate: which revision the schema of a database is that of, what deviates, and when it is stamped."""

import json

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.util.exc import SchemaDeviates


@pytest.fixture
def located(project):
    """Write three revisions, and return a function that locates the database at one of them, without its stamp."""
    return history_on(project)


def history_on(p):
    p.write("r1", None, "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True))")
    p.write("r2", "r1", "op.add_column('users', sa.Column('age', sa.Integer))")
    p.write("r3", "r2", "op.create_index('ix_age', 'users', ['age'])")

    def locate(revision=None, *statements, **kw):
        if revision is not None:
            command.upgrade(p.config(), revision)
            p.run("DELETE FROM alembic_version")
        p.run(*statements)
        [found] = command.locate(p.config(), **kw)
        return found

    return locate


@pytest.mark.parametrize("revision", ["r1", "r2", "r3"])
def test_a_database_without_drift_is_at_its_revision(any_project, revision):
    found = history_on(any_project)(revision)
    assert found.is_certain
    assert found.best.heads == (revision,)
    assert found.verdict == f"The schema is that of {revision}, without any deviation."


def test_the_keys_of_tables_on_two_branches_are_known(any_project):
    for name, down in (("a", None), ("b1", "a"), ("b2", "a"), ("c", ("b1", "b2"))):
        body = f"op.create_table('t_{name}', sa.Column('id', sa.Integer, primary_key=True))" if name != "c" else "pass"
        any_project.write(name, down, body)
    command.upgrade(any_project.config(), ("b1", "b2"))
    any_project.run("DELETE FROM alembic_version")
    [found] = command.locate(any_project.config())
    assert set(found.fitting_heads) == {("b1", "b2"), ("c",)}


def test_an_empty_database_is_at_base(located):
    assert located().best.heads == ()


def test_drift_is_explained_and_the_nearest_revision_comes_first(located):
    found = located("r3", "ALTER TABLE users ADD COLUMN nick VARCHAR(20)", "CREATE TABLE tmp (id INTEGER PRIMARY KEY)")
    assert not found.fitting
    assert found.best.heads == ("r3",)
    assert sorted(found.best.deviations) == [
        "column users.nick is in the database, not in the revision",
        "table tmp is in the database, not in the revision",
    ]


def test_what_is_missing_is_explained(located):
    found = located("r3", "DROP INDEX ix_age", "DROP TABLE users", "CREATE TABLE users (age INTEGER)")
    assert "column users.id is missing" in found.candidate_at(["r3"]).deviations


def test_a_data_migration_cannot_be_told_apart_from_the_revision_before(project, located):
    project.write("r4", "r3", "op.execute('UPDATE users SET age = 0')")
    found = located("r3")
    assert not found.is_certain
    assert found.fitting_heads == (("r3",), ("r4",))
    assert "which it cannot tell apart: r3 or r4" in found.verdict
    with pytest.raises(SchemaDeviates, match=r"Nothing was stamped. Name one of them: --stamp r3"):
        located(stamp=True)
    assert project.rows() == []
    assert located(stamp="r4").marked == ("r4",)
    assert project.rows() == ["r4"]


def test_a_revision_that_another_one_undoes_has_the_same_schema(project, located):
    project.write("r4", "r3", "op.drop_index('ix_age', 'users')")
    assert located("r4").fitting_heads == (("r2",), ("r4",))


@pytest.mark.slow
def test_sql_that_cannot_be_followed_is_named_and_never_called_certain(project, located):
    project.write("r4", "r3", "op.execute('CREATE TABLE other AS SELECT 1 AS n')")
    found = located("r3")
    assert not found.is_certain
    assert found.verdict.endswith("r4 cannot be excluded, because some code could not be followed.")
    assert located(stamp="r3").marked == ("r3",)
    after = located("r4")
    assert after.best.heads == ("r4",)
    assert "which the code that could not be followed may explain" in after.verdict
    [unknown] = after.best.incomplete
    assert (unknown.revision, unknown.line) == ("r4", 9)
    with pytest.raises(SchemaDeviates, match="Nothing was stamped"):
        located(stamp=True)


def test_stamping_over_drift_needs_the_flag(project, located):
    with pytest.raises(SchemaDeviates, match=r"First deviation: column users.nick.*--despite-drift"):
        located("r2", "ALTER TABLE users ADD COLUMN nick VARCHAR(20)", stamp=True)
    with pytest.raises(SchemaDeviates, match=r"deviates from r2 \(1\). It was not stamped"):
        located(stamp="r2")
    assert project.rows() == []
    assert located(stamp=True, despite_drift=True).marked == ("r2",)
    assert project.rows() == ["r2"]


def test_a_wrong_stamp_is_reported_and_corrected(project, located):
    found = located("r2", "INSERT INTO alembic_version VALUES ('r3')")
    assert "The version table says r3, which the schema does not confirm." in found.sentences()
    assert located(stamp=True).marked == ("r2",)
    assert project.rows() == ["r2"]


def test_a_stamp_at_a_revision_without_a_file_is_corrected(project, located):
    located("r2", "INSERT INTO alembic_version VALUES ('gone')", stamp=True)
    assert project.rows() == ["r2"]


def test_two_branches_give_a_set_of_heads(project):
    project.write("r1", None, "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True))")
    project.write("a1", "r1", "op.create_table('a', sa.Column('id', sa.Integer, primary_key=True))")
    project.write("b1", "r1", "op.create_table('b', sa.Column('id', sa.Integer, primary_key=True))")
    project.write("b2", "b1", "op.add_column('b', sa.Column('n', sa.Integer))")
    command.upgrade(project.config(), ["a1", "b1"])
    project.run("DELETE FROM alembic_version")
    [found] = command.locate(project.config(), stamp=True)
    assert found.marked == ("a1", "b1")
    assert project.rows() == ["a1", "b1"]
    assert found.places == 7


def test_the_schema_of_later_revisions_is_compared_too(postgresql_project):
    p = postgresql_project
    p.write("r1", None, "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True))")
    body = "op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True), schema='sales')"
    p.write("r2", "r1", f"op.execute(sa.schema.CreateSchema('sales'))\n{body}")
    command.upgrade(p.config(), "r2")
    p.run("DELETE FROM alembic_version")
    [found] = command.locate(p.config())
    assert found.fitting_heads == (("r2",),)


def test_the_program_prints_json(mig, project):
    project.chain("a", "b")
    command.upgrade(project.config(), "a")
    code, out, _ = mig("locate", "--json")
    assert code == 0
    [found] = json.loads(out)
    assert (found["fits"], found["stamped"], found["is_certain"], found["marked"]) == ([["a"]], ["a"], True, None)


def test_the_program_refuses_to_stamp_over_drift(mig, project):
    project.chain("a")
    project.run("CREATE TABLE t_a (id INTEGER PRIMARY KEY, n INTEGER)")
    code, _, err = mig("locate", "--stamp")
    assert code == 255
    assert "Nothing was stamped" in err
    assert "alembic_version" not in sa.inspect(sa.create_engine(project.url)).get_table_names()


def test_tables_with_the_same_columns_do_not_hide_the_right_revision(project):
    down = None
    for number in range(30):
        create = (
            f"op.create_table('t{number}', sa.Column('id', sa.Integer, primary_key=True), sa.Column('o', sa.Integer))"
        )
        drop = f"op.drop_table('t{number - 1}')" if number else "pass"
        project.write(f"r{number:02}", down, f"{drop}\n{create}")
        down = f"r{number:02}"
    command.upgrade(project.config(), "r17")
    project.run("DELETE FROM alembic_version")
    [found] = command.locate(project.config())
    assert found.is_certain
    assert found.best.heads == ("r17",)
