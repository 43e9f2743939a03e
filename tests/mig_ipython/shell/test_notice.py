"""A command that changes something prints one line wherever it is in the cell; at the end its view is shown instead."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mig_ipython.errors import MigError

ROOT = Path(__file__).parents[3]
NOT_LAST = "{}\nNone"
ASSIGNED = "x = {}"
LOOPED = "for one in [1]:\n    {}"
IN_A_FUNCTION = "def go():\n    {}\ngo()"

STEPS = [
    ("%mig_connect sqlite:///dev.db", "Connected to sqlite dev.db as 'dev'"),
    ("%mig_init migrations", "Made the environment migrations"),
    ("%mig_autogenerate Base -m 'Add users' --id a1 --write", "Wrote migrations/versions/a1_add_users.py"),
    ("%mig_upgrade", "sqlite dev.db, environment migrations: upgraded by 1 revision, from base to a1"),
    ("%mig_stamp base", "sqlite dev.db, environment migrations: stamped by 1 revision, from a1 to base"),
    ("%mig_stamp a1", "sqlite dev.db, environment migrations: stamped by 1 revision, from base to a1"),
    ("%mig_downgrade base --yes", "sqlite dev.db, environment migrations: downgraded by 1 revision, from a1 to base"),
    ("%mig_revision -m more --id b2", "Written to migrations/versions/b2_more.py"),
    ("%mig_undo", "Deleted migrations/versions/b2_more.py; nothing was run."),
]


@pytest.mark.parametrize(
    "shape", [NOT_LAST, ASSIGNED, LOOPED, IN_A_FUNCTION], ids=["first", "assigned", "loop", "call"]
)
@pytest.mark.costly
def test_a_change_is_one_line_wherever_it_is(notebook, shape):
    notebook.declare()
    for command, line in STEPS:
        notebook.run(shape.format(command))
        assert notebook.printed.splitlines() == [line], command


@pytest.mark.slow
def test_at_the_end_of_a_cell_the_view_is_shown_alone(notebook):
    notebook.declare()
    for command, line in STEPS:
        shown = notebook.run(command)
        assert line not in notebook.printed.replace(repr(shown), ""), command
        assert line.rstrip(".") in repr(shown) or command.startswith(("%mig_auto", "%mig_rev")), command


@pytest.mark.slow
def test_what_changes_nothing_and_what_is_silenced_prints_nothing(migrated):
    for command in ("%mig_upgrade", "%mig_upgrade --plan", "%mig_upgrade --sql", "%mig_history", "%mig_stamp a1 ;"):
        migrated.run(NOT_LAST.format(command))
        assert migrated.printed == "", command


def test_a_call_from_python_prints_the_same_line(migrated):
    migrated.run("from mig_ipython import mig\nmig.downgrade('base', yes=True)\nNone")
    assert migrated.printed.splitlines() == [
        "sqlite dev.db, environment migrations: downgraded by 1 revision, from a1 to base"
    ]


EMBEDDED = """
import sqlalchemy
from IPython import embed
def debug():
    engine = sqlalchemy.create_engine("sqlite:///dev.db")
    embed(colors="NoColor", banner1="")
debug()
"""


@pytest.mark.slow
def test_an_embedded_shell_displays_a_result_once(tmp_path):
    (tmp_path / "program.py").write_text(EMBEDDED)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "IPYTHONDIR": str(tmp_path / "ipython")}
    typed = "%load_ext mig_ipython\n%mig_connect engine\nexit\n"
    done = subprocess.run(
        [sys.executable, "program.py"],
        input=typed,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("Connected to sqlite dev.db as 'dev'") == 1, done.stdout + done.stderr


def test_a_file_that_ipython_runs_prints_each_result_that_is_used_for_nothing_else(migrated, tmp_path):
    (tmp_path / "script.ipy").write_text(
        "%mig_current\nkept = %mig_history\n%mig_heads ;\nfor one in [1]:\n    %mig_branches\n"
        "%mig_stamp base\ndown = %mig_stamp a1\n%mig_status --no-drift\n"
    )
    migrated.shell.safe_execfile_ipy("script.ipy", raise_exceptions=True)
    shown = migrated.capsys.readouterr().out
    assert len(migrated["kept"]) == 1
    assert re.findall(r"a1 +✓ applied|Branches: none|stamped by .*|current +a1", shown) == [
        "a1        ✓ applied",
        "Branches: none",
        "stamped by 1 revision, from a1 to base",
        "stamped by 1 revision, from base to a1",
        "current      a1",
    ]


def test_a_file_that_ipython_runs_stops_at_an_error(migrated, tmp_path):
    (tmp_path / "script.ipy").write_text("%mig_upgrade nowhere\nwent_on = True\n")
    with pytest.raises(MigError, match="nowhere"):
        migrated.shell.safe_execfile_ipy("script.ipy", raise_exceptions=True)
    assert "went_on" not in migrated.shell.user_ns
