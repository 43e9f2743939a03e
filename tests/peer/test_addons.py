"""The same add-on, written for Alembic, run by an installed Alembic and by this engine: it hears and says the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.peer
pytest.importorskip("alembic.runtime.plugins", reason="the yardstick is not installed (extra peer)")

PROGRAM = """
import json, sys
if sys.argv[1] == "ours":
    from kernel_core import alias
    alias.install()
import sqlalchemy as sa
import addon_for_alembic
from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.runtime.plugins import Plugin
Plugin.setup_plugin_from_module(addon_for_alembic, "an.addon")
models = sa.MetaData(info={"views": {"adult": "SELECT 1 AS one"}, "tables": []})
sa.Table("t", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String(9)), sa.Column("b", sa.Text))
sa.Table("new", models, sa.Column("id", sa.Integer, primary_key=True))
engine = sa.create_engine("sqlite://")
said = []
with engine.begin() as connection:
    connection.exec_driver_sql("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a INTEGER, b INTEGER)")
    connection.exec_driver_sql("CREATE TABLE gone (id INTEGER NOT NULL PRIMARY KEY)")
    connection.exec_driver_sql("CREATE VIEW old AS SELECT 2 AS two")
    for patterns in (["alembic.autogenerate.*"], ["alembic.autogenerate.*", "an.addon"], ["alembic.*.*", "an.*", "~*.tables"]):
        models.info["tables"].clear()
        context = MigrationContext.configure(connection, opts={"target_metadata": models, "autogenerate_plugins": patterns})
        script = produce_migrations(context, models)
        kinds = [diff[0] if isinstance(diff, tuple) else sorted(each[0] for each in diff) for diff in script.upgrade_ops.as_diffs()]
        said.append(sorted(kinds, key=str))  # in which order tables come and go is another test's matter
        said.append(sorted(models.info["tables"]))
        said.append([line.strip() for line in render_python_code(script.upgrade_ops).splitlines() if "view" in line])
        said.append([line.strip() for line in render_python_code(script.downgrade_ops).splitlines() if "view" in line])
    op = Operations(context)
    op.create_a_view("adult", "SELECT 1 AS one")
    said.append(sorted(sa.inspect(connection).get_view_names()))
print(json.dumps(said))
"""


def run(engine: str) -> list[object]:
    here = Path(__file__).parent
    path = ":".join([str(here), str(here.parents[1])])
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, engine],
        capture_output=True, text=True, check=False, env={"PYTHONPATH": path, "PATH": "/usr/bin"},
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def test_an_add_on_written_for_alembic_gets_and_returns_the_same_in_both() -> None:
    ours = run("ours")
    assert ours == run("theirs")
    assert ["op.create_a_view('adult', 'SELECT 1 AS one')", "op.drop_a_view('old')"] in ours
