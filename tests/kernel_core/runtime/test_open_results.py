"""Results that a failed revision leaves open do not keep a SQLite file locked."""

from __future__ import annotations

import subprocess
import sys

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.util.exc import UpgradeFailed

KEPT = {
    "a result": "opened.append(op.get_bind().execute(sa.text('SELECT * FROM rows')))\nopened[0].fetchone()",
    "a generator": "opened.append(row for row in op.get_bind().execute(sa.text('SELECT * FROM rows')))\nnext(opened[0])",
    "a cursor": "opened.append(op.get_bind().connection.cursor().execute('SELECT * FROM rows'))\nopened[0].fetchone()",
    "a cursor of the driver": (
        "opened.append(op.get_bind().connection.driver_connection.execute('SELECT * FROM rows'))\nopened[0].fetchone()"
    ),
}
ENDS = {
    "an error of the database": "op.execute('nonsense')",
    "an error of its own": "raise ValueError('no')",
    "an interrupt": "raise KeyboardInterrupt",
}
CHANGE = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
other.execute("BEGIN EXCLUSIVE")
other.execute("DROP TABLE rows")
other.execute("COMMIT")
other.close()
"""


def change_in_another_process(project) -> str:
    """Lock and change the file in another process; return its error."""
    path = str(sa.make_url(project.url).database)
    return subprocess.run([sys.executable, "-c", CHANGE, path], capture_output=True, text=True, check=False).stderr


@pytest.fixture
def filled(project):
    project.run("CREATE TABLE rows (n INTEGER)")
    project.run(
        "INSERT INTO rows WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i LIMIT 9999) SELECT n FROM i"
    )
    return project


def fails(project, body: str) -> BaseException:
    """Run a revision that keeps what it appends to ``opened``; return the error, which refers to its frames."""
    path = project.write("a1", None, body)
    path.write_text(path.read_text().replace("def upgrade", "opened = []\ndef upgrade"))
    with (
        sa.create_engine(project.url, poolclass=sa.StaticPool).connect() as connection,
        pytest.raises((UpgradeFailed, KeyboardInterrupt)) as raised,
    ):
        command.upgrade(project.config(connection=connection), "head")
    return raised.value


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_another_process_can_change_the_file_while_the_error_is_kept(filled, kept, end):
    error = fails(filled, f"{kept}\n{end}")
    assert change_in_another_process(filled) == ""
    assert error is not None


def test_also_after_an_autocommit_block(filled):
    body = f"with op.get_context().autocommit_block():\n    {KEPT['a cursor'].splitlines()[0]}\n    opened[0].fetchone()\n    op.execute('nonsense')"
    error = fails(filled, body)
    assert change_in_another_process(filled) == ""
    assert error is not None


def test_results_of_other_connections_stay_open(filled):
    with sa.create_engine(filled.url, poolclass=sa.NullPool).connect() as other:
        other.exec_driver_sql("CREATE TEMP TABLE own AS SELECT * FROM rows")
        other.commit()
        result = other.exec_driver_sql("SELECT * FROM own")
        result.fetchone()
        fails(filled, "raise ValueError('no')")
        assert result.fetchone() is not None
