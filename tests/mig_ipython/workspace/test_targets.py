"""Environments with several version tables: schemas of tenants, tables of one database, several databases."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel_core.util.exc import CommandError
from mig_ipython.running.execution import run
from mig_ipython.running.planning import plan

MAKO = (
    "from alembic import op\nimport sqlalchemy as sa\nrevision = ${repr(up_revision)}\n"
    "down_revision = ${repr(down_revision)}\ndef upgrade():\n    ${upgrades or 'pass'}\n"
    "def downgrade():\n    ${downgrades or 'pass'}\n"
)
MODELS = "import sqlalchemy as sa\nmetadata = sa.MetaData()\nsa.Table('pets', metadata, sa.Column('id', sa.Integer, primary_key=True){more})\n"
ENV = """from alembic import context
import sqlalchemy as sa
metadata = sa.MetaData()
sa.Table("pets", metadata, sa.Column("id", sa.Integer, primary_key=True), *[sa.Column(n, sa.Integer) for n in {columns}])
connection = context.config.attributes["connection"]
{body}
"""
SEARCH_PATH = """for schema in ("ten1", "ten2", "ten3"):
    connection.exec_driver_sql(f"SET search_path TO {schema}")
    connection.commit()
    connection.dialect.default_schema_name = schema
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
connection.exec_driver_sql("SET search_path TO public")
connection.commit()
connection.dialect.default_schema_name = "public"
"""
TRANSLATED = """def migrate(schema):
    there = connection.execution_options(schema_translate_map={None: schema})
    context.configure(connection=there, target_metadata=metadata, version_table_schema=schema, include_schemas=False)
    with context.begin_transaction():
        context.run_migrations()
for schema in ("ten1", "ten2", "ten3"):
    migrate(schema)
"""
SEVERAL_TABLES = """for name in ("one_version", "two_version"):
    context.configure(connection=connection, target_metadata=metadata, version_table=name,
                      include_name=lambda n, kind, parents: not str(n).endswith("_version"))
    with context.begin_transaction():
        context.run_migrations()
"""
ONE_COMPUTED = """prefix = "shop"
context.configure(connection=connection, target_metadata=metadata, version_table=prefix + "_version")
with context.begin_transaction():
    context.run_migrations()
"""


def environment(folder: Path, body: str, columns: str = "[]") -> None:
    (folder / "m/versions").mkdir(parents=True, exist_ok=True)
    (folder / "m/env.py").write_text(ENV.format(body=body, columns=columns))
    (folder / "m/script.py.mako").write_text(MAKO)


def write_revision(folder: Path, name: str, down: str | None, upgrade: str, downgrade: str = "pass") -> None:
    (folder / f"m/versions/{name}.py").write_text(
        f'"""{name}"""\nfrom alembic import op\nimport sqlalchemy as sa\nrevision = {name!r}\ndown_revision = {down!r}\n'
        f"def upgrade():\n    {upgrade}\ndef downgrade():\n    {downgrade}\n"
    )


PETS = 'op.create_table("pets", sa.Column("id", sa.Integer, primary_key=True))'


@pytest.mark.sweep
@pytest.mark.postgresql
def test_each_schema_of_a_tenant_is_a_target(notebook, tmp_path, postgresql_url):
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    with engine.begin() as live:
        for schema in ("ten1", "ten2", "ten3"):
            live.exec_driver_sql(f"CREATE SCHEMA {schema}")
    environment(tmp_path, SEARCH_PATH)
    write_revision(tmp_path, "a1", None, PETS, 'op.drop_table("pets")')
    notebook.run(f"%mig_connect {postgresql_url}\n%mig_open m")

    status = notebook.run("%mig")
    assert (status.pending, status.next) == (1, "%mig_upgrade")
    assert [str(one) for one in status.targets] == [f"ten{n}: base (nothing applied), 1 pending" for n in (1, 2, 3)]
    assert len(notebook.run("%mig_upgrade --plan")) == 1
    report = notebook.run("%mig_upgrade")
    assert "upgraded 3 of 3 targets" in repr(report)
    assert "ten2: 1 revision, from base to a1" in repr(report)
    status = notebook.run("%mig")
    assert (status.current, status.pending, status.drift) == (("a1",), 0, 0)
    assert "ten3: a1, 0 pending" in repr(status)
    assert [entry.revision for entry in notebook.run("%mig_current")] == ["a1"]
    assert "ten2: a1, 0 pending" in repr(notebook.run("%mig_current"))
    assert "nothing to do" in repr(notebook.run("%mig_upgrade"))

    with engine.begin() as live:  # somebody moves one tenant on by hand, another one back
        live.exec_driver_sql("DELETE FROM ten2.alembic_version")
        live.exec_driver_sql("DROP TABLE ten2.pets")
    history = notebook.run("%mig_history")
    assert history[0].state == "pending"
    assert "applied only in ten1, ten3" in repr(history)
    assert "ten2: base (nothing applied), 1 pending" in repr(history)
    assert "(only in ten2)" in repr(notebook.run("%mig_upgrade --plan"))
    report = notebook.run("%mig_upgrade")
    assert "upgraded 1 of 3 targets" in repr(report)
    assert "ten1: nothing to do, it is at a1" in repr(report)

    with engine.begin() as live:
        live.exec_driver_sql("INSERT INTO ten3.pets VALUES (1)")
    (loss,) = notebook.run("%mig_downgrade base --plan").losses
    assert (loss.rows, "in ten3" in loss.sentence) == (1, True)

    environment(tmp_path, SEARCH_PATH, '["age"]')
    found = notebook.run("%mig_diff")
    assert len(found) == 1
    assert "The same in 3 targets: ten1, ten2, ten3." in repr(found)
    with engine.begin() as live:
        live.exec_driver_sql("ALTER TABLE ten1.pets ADD age integer")
    found = notebook.run("%mig_diff")
    assert [line.group for line in found.lines] == ["pets in ten2", "pets in ten3"]
    assert "differ from the models in different ways" in notebook.fail("%mig_autogenerate -m x --write")
    with engine.begin() as live:
        live.exec_driver_sql("ALTER TABLE ten1.pets DROP age")
    notebook.run("%mig_autogenerate -m 'Add age' --id b2 --write\n%mig_upgrade")
    assert not notebook.run("%mig_diff")
    assert "downgraded 3 of 3 targets" in repr(notebook.run("%mig_downgrade base --yes"))
    with engine.connect() as live:
        for schema in ("ten1", "ten2", "ten3"):
            assert sa.inspect(live).get_table_names(schema=schema) == ["alembic_version"]
    engine.dispose()


@pytest.mark.slow
@pytest.mark.postgresql
def test_tenants_by_a_schema_translate_map_and_a_function(notebook, tmp_path, postgresql_url):
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    with engine.begin() as live:
        for schema in ("ten1", "ten2", "ten3"):
            live.exec_driver_sql(f"CREATE SCHEMA {schema}")
    environment(tmp_path, TRANSLATED)
    write_revision(tmp_path, "a1", None, "op.execute('SELECT 1')")
    notebook.run(f"%mig_connect {postgresql_url}\n%mig_open m\n%mig_upgrade")
    assert [one.label for one in notebook.run("%mig").targets] == ["ten1", "ten2", "ten3"]
    assert {one.current for one in notebook.run("%mig_history").targets} == {("a1",)}
    engine.dispose()


def test_several_version_tables_of_one_database_are_named_by_their_table(notebook, tmp_path):
    environment(tmp_path, SEVERAL_TABLES)
    write_revision(tmp_path, "a1", None, "op.execute('SELECT 1')")
    notebook.run("%mig_connect sqlite:///dev.db\n%mig_open m")
    assert "one_version: 1 revision, from base to a1" in repr(notebook.run("%mig_upgrade"))
    assert [str(one) for one in notebook.run("%mig_current").targets] == [
        "one_version: a1, 0 pending",
        "two_version: a1, 0 pending",
    ]


@pytest.mark.parametrize("moved", ["to a revision of no target", "to one of another target"])
def test_what_the_plan_does_not_have_for_a_target_is_not_run_in_it(notebook, tmp_path, moved):
    environment(tmp_path, SEVERAL_TABLES)
    for name, down in (("a1", None), ("b2", "a1"), ("c3", "b2")):
        write_revision(tmp_path, name, down, "op.execute('SELECT 1')")
    notebook.run("from mig_ipython import mig\n%mig_connect sqlite:///dev.db\n%mig_open m\n%mig_upgrade b2")
    engine = sa.create_engine(f"sqlite:///{tmp_path}/dev.db", poolclass=sa.NullPool)
    with engine.begin() as live:
        live.exec_driver_sql("UPDATE two_version SET version_num = 'a1'")
    workspace = notebook["mig"].session.workspace()
    planned = plan(workspace, "downgrade", "-1")  # b2 in one_version, a1 in two_version
    now = "c3" if moved == "to a revision of no target" else "b2"
    with engine.begin() as live:
        live.exec_driver_sql(f"UPDATE two_version SET version_num = '{now}'")
    with pytest.raises(CommandError, match=f"downgrade of {now} is not in the plan. Nothing was run in this target."):
        run(workspace, "downgrade", "-1", plan=planned)
    assert "two_version: " + now in repr(notebook.run("%mig_current"))
    assert "two_version: 1 revision, from" in repr(
        run(workspace, "downgrade", "-1", plan=plan(workspace, "downgrade", "-1"))
    )


def test_one_computed_version_table_is_read_by_running_env_py(notebook, tmp_path):
    environment(tmp_path, ONE_COMPUTED)
    write_revision(tmp_path, "a1", None, PETS, 'op.drop_table("pets")')
    notebook.run("%mig_connect sqlite:///dev.db\n%mig_open m\n%mig_upgrade")
    status = notebook.run("%mig")
    assert (status.current, status.pending, status.targets, status.drift) == (("a1",), 0, (), 0)
    assert notebook.run("%mig_history")[0].state == "applied"
    assert "downgraded by 1 revision" in repr(notebook.run("%mig_downgrade base --yes"))


# ---- several databases


@pytest.fixture(params=["ours", pytest.param("alembic", marks=pytest.mark.peer)])
def multidb(request, notebook, tmp_path):
    """A notebook in an environment of the template ``multidb``, of databases ``main`` and ``log``."""
    if request.param == "ours":
        notebook.run("%mig_init m --template multidb")
        ini = tmp_path / "m/alembic.ini"
        ini = ini if ini.exists() else tmp_path / "alembic.ini"
    else:
        alembic = pytest.importorskip("alembic")
        shutil.copytree(Path(alembic.__file__).parent / "templates/multidb", tmp_path / "m")
        (tmp_path / "m/versions").mkdir()
        ini = tmp_path / "alembic.ini"
        ini.write_text("[alembic]\nscript_location = %(here)s/m\ndatabases = main, log\nremember_content = true\n")
        (tmp_path / "m/alembic.ini.mako").unlink()
    text = re.sub(r"(?m)^databases *=.*$", "databases = main, log", ini.read_text())
    text = re.sub(r"(?ms)^\[(main|log|archive|engine\d)\].*?(?=^\[|\Z)", "", text)
    ini.write_text(
        f"{text}\n[main]\nsqlalchemy.url = sqlite:///{tmp_path}/main.db\n[log]\nsqlalchemy.url = sqlite:///{tmp_path}/log.db\n"
    )
    env = tmp_path / "m/env.py"
    assigned = re.search(r"(?m)^target_metadata = .*$", env.read_text())[0]
    declared = "from models import main, log\ntarget_metadata = {'main': main, 'log': log}"
    env.write_text(env.read_text().replace(assigned, declared).replace("fileConfig(config", "str(config"))
    (tmp_path / "models.py").write_text(models())
    import sys

    sys.path.insert(0, str(tmp_path))
    notebook.run(f"%mig_open {os.path.relpath(ini)}")
    yield notebook
    sys.path.remove(str(tmp_path))
    sys.modules.pop("models", None)


def models(more: str = "") -> str:
    return (
        "import sqlalchemy as sa\nmain, log = sa.MetaData(), sa.MetaData()\n"
        "sa.Table('pets', main, sa.Column('id', sa.Integer, primary_key=True))\n"
        f"sa.Table('lines', log, sa.Column('id', sa.Integer, primary_key=True){more})\n"
    )


def tables(path: Path) -> list[str]:
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    with engine.connect() as live:
        return sa.inspect(live).get_table_names()


@pytest.mark.slow
def test_each_database_of_a_multidb_environment_is_a_target(multidb, tmp_path):
    multidb.run("%mig_connect sqlite:///main.db")
    found = multidb.run("%mig_diff")
    assert [line.group for line in found.lines] == ["pets in main", "lines in log"]
    multidb.run("%mig_autogenerate -m first --id a1 --write")
    (path,) = (tmp_path / "m/versions").glob("a1*.py")
    text = path.read_text()
    assert text.index("def upgrade_main") < text.index('"pets"')
    assert "writes the SQL into files" in repr(multidb.run("%mig_upgrade --sql"))
    assert [str(one) for one in multidb.run("%mig").targets] == [
        "main: base (nothing applied), 1 pending",
        "log: base (nothing applied), 1 pending",
    ]
    report = multidb.run("%mig_upgrade")
    assert "environment m (main, log): upgraded 2 of 2 targets" in repr(report)
    assert "log: 1 revision, from base to a1" in repr(report)
    assert tables(tmp_path / "main.db") == ["alembic_version", "alembic_version_journal", "pets"]
    assert tables(tmp_path / "log.db") == ["alembic_version", "alembic_version_journal", "lines"]
    status = multidb.run("%mig")
    assert (status.pending, status.drift) == (0, 0)
    multidb.run("%mig_check")

    (tmp_path / "models.py").write_text(models(", sa.Column('text', sa.String(10))"))
    (line,) = multidb.run("%mig_diff").lines
    assert (line.group, "text" in line.sentence) == ("lines in log", True)
    multidb.run("p = %mig_autogenerate -m second --id b2\np.write()")
    assert "upgraded 2 of 2" in repr(multidb.run("%mig_upgrade"))
    assert not multidb.run("%mig_diff")
    assert "downgraded 2 of 2" in repr(multidb.run("%mig_downgrade -1 --yes"))
    multidb.run("%mig_downgrade base --yes")
    assert tables(tmp_path / "log.db") == tables(tmp_path / "main.db") == ["alembic_version"]


@pytest.mark.slow
def test_the_databases_of_a_multidb_environment_may_be_at_different_revisions(multidb, tmp_path):
    multidb.run("%mig_connect sqlite:///log.db\n%mig_autogenerate -m first --id a1 --write\n%mig_upgrade")
    engine = sa.create_engine(f"sqlite:///{tmp_path}/main.db", poolclass=sa.NullPool)
    with engine.begin() as live:
        live.exec_driver_sql("DELETE FROM alembic_version")
        live.exec_driver_sql("DROP TABLE pets")
    status = multidb.run("%mig")
    assert (status.pending, status.next) == (1, "%mig_upgrade")
    assert "main: base (nothing applied), 1 pending" in repr(status)
    assert "applied only in log" in repr(multidb.run("%mig_history"))
    report = multidb.run("%mig_upgrade")
    assert "upgraded 1 of 2 targets" in repr(report)
    assert [(one.label, one.before, one.after) for one in report.targets] == [
        ("main", (), ("a1",)),
        ("log", ("a1",), ("a1",)),
    ], "each database is reported under its own label"
    assert tables(tmp_path / "main.db") == ["alembic_version", "alembic_version_journal", "pets"]


def test_a_multidb_environment_of_other_databases_is_refused(multidb, tmp_path):
    multidb.run("%mig_connect sqlite:///third.db")
    for command in ("%mig_upgrade", "%mig_diff", "%mig_current"):
        shown = multidb.fail(command)
        assert "third.db" in shown
        assert "main.db" in shown
    assert "main" in multidb.fail("%%migration x --write\nop.execute('SELECT 1')")
    assert not (tmp_path / "third.db").exists() or tables(tmp_path / "third.db") == []
