"""The version table that cannot be read, and the database or the environment that was deleted meanwhile."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

UNREADABLE = {
    "locked": ("BEGIN EXCLUSIVE", "database is locked"),
    "another table": ("DROP TABLE alembic_version; CREATE TABLE alembic_version (x)", "no such column"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_version_table_that_cannot_be_read_is_named(migrated, kind):
    statements, reason = UNREADABLE[kind]
    connection = sqlite3.connect("dev.db", isolation_level=None)
    for statement in statements.split("; "):
        connection.execute(statement)
    for command in ("%mig", "%mig_current", "%mig_upgrade", "%mig_downgrade base --yes"):
        assert f"alembic_version of sqlite dev.db cannot be read: {reason}" in migrated.fail(command)
        if kind == "locked":  # the driver waits five seconds each time
            break
    connection.close()


def test_a_file_that_was_deleted_is_named_in_the_status(migrated):
    migrated.run("%mig")
    Path("dev.db").unlink()
    gone = "The file of this database does not exist any more; it was at a1 when it was last read."
    status = migrated.run("%mig")
    assert gone in status.notes
    assert status.pending == 1
    assert not Path("dev.db").exists()
    migrated.run("%mig_upgrade")
    assert gone not in migrated.run("%mig").notes


def test_a_file_that_does_not_exist_yet_is_not_said_to_be_deleted(ready):
    assert "does not exist" not in repr(ready.run("%mig"))


def test_an_environment_that_was_deleted_is_named(migrated):
    shutil.rmtree("migrations")
    for command in ("%mig", "%mig_history", "%mig_upgrade", "%mig_revision -m x", "%mig_diff"):
        assert "migrations does not exist any more" in migrated.fail(command), command


def test_a_file_is_not_created_by_what_only_reads(notebook):
    notebook.run("%mig_connect sqlite:///dev.db")
    notebook.declare()
    assert len(notebook.run("%mig_diff")) == 1
    notebook.run("%mig_init migrations\n%mig_revision -m 'Add users' --id a1")
    Path("migrations/versions/a1_add_users.py").write_text(
        "from kernel_core import op\nimport sqlalchemy as sa\nrevision = 'a1'\ndown_revision = None\n"
        "def upgrade():\n    op.create_table('users', sa.Column('id', sa.Integer, primary_key=True))\n"
    )
    for command in ("%mig", "%mig_current", "%mig_history", "%mig_graph", "%mig_show a1"):
        notebook.run(command)
        assert not Path("dev.db").exists(), command
