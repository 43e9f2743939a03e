"""A command that only reads does not create the file of the connected SQLite database."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

READS = (
    "%mig_status",
    "%mig_diff",
    "%mig_autogenerate",
    "%mig_upgrade --plan",
    "%mig_upgrade --sql",
    "%mig_locate",
    "%mig_rehearse",
    "%mig_history",
    "%mig_schema --database",
    "%mig_adopt",
)


@pytest.mark.parametrize(
    "command", [READS[1], *(pytest.param(each, marks=pytest.mark.sweep) for each in READS if each != READS[1])]
)
def test_no_file_is_created_by_a_command_that_reads(ready, command):
    assert not os.path.exists("dev.db")
    with open("migrations/versions/a1.py", "w") as stream:
        stream.write("from kernel_core import op\nrevision = 'a1'\ndown_revision = None\n")
        stream.write("def upgrade():\n    op.execute('CREATE TABLE t (id INTEGER)')\n")
        stream.write("def downgrade():\n    op.drop_table('t')\n")
    with suppress(AssertionError):  # some refuse: the database is not at the newest revision
        ready.run(command)
    assert not os.path.exists("dev.db")
    assert "Traceback" not in ready.printed
    ready.run("%mig_upgrade")
    assert os.path.getsize("dev.db")
