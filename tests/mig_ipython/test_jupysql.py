"""jupysql and we in one shell: both work, neither changes the other, and one connection serves both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

# It is not imported here: it imports pandas, which each worker would do.
pytestmark = pytest.mark.skipif(find_spec("sql") is None, reason="jupysql is not installed: pip install jupysql")

ROOT = Path(__file__).parents[2]

SIDE_BY_SIDE = '''
import inspect, json, sys, warnings
warnings.simplefilter("ignore")
from IPython.core.interactiveshell import InteractiveShell
from IPython.core import interactiveshell, completer, displayhook
from traitlets.config import Config

shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
shell.colors = "nocolor"

def run(cell):
    result = shell.run_cell(cell)
    error = result.error_before_exec or result.error_in_exec
    if error:
        raise SystemExit(f"{cell}: {error}")
    return result.result

def patchable():
    """Everything of IPython, SQLAlchemy, logging and the other extension that could be replaced, by its identity."""
    found = {}
    names = ["IPython.core.interactiveshell", "IPython.core.completer", "IPython.core.magic", "logging", "sqlalchemy",
             "sqlalchemy.engine.base", "sql.magic", "sql.connection", "sql.run", "mig_ipython.session"]
    for module in [sys.modules[name] for name in names if name in sys.modules]:
        for name, value in vars(module).items():
            if callable(value) and not name.startswith("__"):
                found[module.__name__, name] = id(value)
            if inspect.isclass(value) and value.__module__ == module.__name__:
                found |= {(module.__name__, value.__qualname__, key): id(inner) for key, inner in vars(value).items()
                          if callable(inner)}
    return found

def magics(prefix):
    return {name: id(magic) for kind in shell.magics_manager.magics.values() for name, magic in kind.items()
            if str(name).startswith(prefix)}

first, second, ours, theirs = sys.argv[1:]
run(f"%load_ext {first}")
if first == "sql":
    run("import mig_ipython.session")
else:
    run("import sql.magic, sql.connection")
before, known = patchable(), magics(ours)
run(f"%load_ext {second}")
after = patchable()
report = {"patched": sorted(str(key) for key in before if after.get(key) != before[key]),
          "magics": magics(ours) == known and bool(known) and bool(magics(theirs))}
run("%config SqlMagic.displaycon = False")
run("%config SqlMagic.feedback = 0")
run("%sql sqlite:///dev.db")
run("%sql CREATE TABLE theirs (x INTEGER)")
run("%sql INSERT INTO theirs VALUES (42)")
report["connection"] = repr(run("%mig_connect --sql --as shared"))
run("""
import sqlalchemy as sa
models = sa.MetaData()
theirs = sa.Table("theirs", models, sa.Column("x", sa.Integer))
ours = sa.Table("ours", models, sa.Column("y", sa.Integer))
""")
run("%mig_init migrations")
report["diff"] = repr(run("%mig_diff models"))
run("%mig_autogenerate models -m ours --id a1 --accept all --write")
report["upgrade"] = repr(run("%mig_upgrade"))
run("%sql INSERT INTO ours VALUES (7)")
report["rows"] = [list(row) for row in run("%sql SELECT x, y FROM theirs, ours")]
report["versions"] = [list(row) for row in run("%sql SELECT version_num FROM alembic_version")]
run("%mig_close shared")
report["after_close"] = [list(row) for row in run("%sql SELECT y FROM ours")]
run("%unload_ext mig_ipython")
report["after_unload"] = [list(row) for row in run("%sql SELECT x FROM theirs")]
print("REPORT" + json.dumps(report))
'''


@pytest.fixture(
    scope="module",
    params=[
        ("sql", "mig_ipython", "sql", "mig"),
        pytest.param(("mig_ipython", "sql", "mig", "sql"), marks=pytest.mark.sweep),
    ],
    ids=["sql first", "mig first"],
)
def report(request, tmp_path_factory) -> dict[str, object]:
    """What a shell with both extensions tells, whichever was loaded first."""
    run = subprocess.run(
        [sys.executable, "-c", SIDE_BY_SIDE, *request.param],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path_factory.mktemp("side"),
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PLOOMBER_STATS_ENABLED": "false",
            "PLOOMBER_VERSION_CHECK_DISABLED": "true",
        },
    )
    assert "REPORT" in run.stdout, run.stdout[-2000:] + run.stderr[-2000:]
    return json.loads(run.stdout.rpartition("REPORT")[2].splitlines()[0])


# One test, so that no two workers start that shell: it imports pandas and both extensions.
@pytest.mark.slow
def test_both_work_in_one_shell_and_neither_changes_the_other(report):
    assert report["patched"] == [], "nothing of the other, nor of IPython or SQLAlchemy"
    assert report["magics"]

    assert report["connection"] == "Connected to sqlite dev.db as 'shared' (engine of the notebook)"
    assert "Create table ours" in report["diff"]
    assert report["diff"].startswith("1 change ")
    assert "theirs exists already, but no revision creates it" in report["diff"]
    assert "from base to a1" in report["upgrade"]
    assert report["rows"] == [[42, 7]]
    assert report["versions"] == [["a1"]]

    assert report["after_close"] == [[7]], "the other keeps its connection"
    assert report["after_unload"] == [[42]]


def test_without_a_connection_of_sql_this_is_reported(notebook):
    shown = notebook.fail("%mig_connect --sql")
    assert "%load_ext sql" in shown or "%sql" in shown
