"""A command that only reads, or has nothing to change, does not create the file of the connected SQLite database."""

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
    "%mig_schema",
    "%mig_schema --by-running",
    "%mig_current",
    "%mig_adopt",
)
CHANGES_NOTHING = (
    "%mig_resume",
    "%mig_abandon",
    "%mig_stamp base",
    "%mig_stamp base --purge",
    "%mig_stamp unknown",
    "%mig_upgrade base",
    "%mig_downgrade base --yes",
    "%mig_locate --stamp",
    "%mig_adopt --write",
)


@pytest.mark.parametrize(
    "command",
    [
        *(READS[1], *CHANGES_NOTHING[:3]),
        *(pytest.param(each, marks=pytest.mark.sweep) for each in (READS[0], *READS[2:], *CHANGES_NOTHING[3:])),
    ],
)
def test_no_file_is_created_by_a_command_that_reads_or_changes_nothing(ready, command):
    assert not os.path.exists("dev.db")
    with open("migrations/versions/a1.py", "w") as stream:
        stream.write("from kernel_core import op\nrevision = 'a1'\ndown_revision = None\n")
        stream.write("def upgrade():\n    op.execute('CREATE TABLE t (id INTEGER)')\n")
        stream.write("def downgrade():\n    op.drop_table('t')\n")
    with suppress(AssertionError):  # some refuse: the database is not at the newest revision
        ready.run(command)
    assert "Usage:" not in ready.printed
    assert not os.path.exists("dev.db")
    assert "Traceback" not in ready.printed
    ready.run("%mig_upgrade")
    assert os.path.getsize("dev.db")


@pytest.mark.parametrize("command", ["%mig_upgrade", "%mig_upgrade head --yes"])
def test_an_upgrade_without_revisions_creates_no_file(ready, command):
    assert "nothing to do" in repr(ready.run(command))
    assert not os.path.exists("dev.db")


@pytest.mark.parametrize("url", ["sqlite:///file:dev.db?uri=true", "sqlite:///dev.db"])
def test_the_current_revision_of_a_missing_file_is_base_whatever_its_url(ready, url):
    ready.run(f"%mig_connect {url} --as other")
    assert list(ready.run("%mig_current")) == []
    assert not os.path.exists("dev.db")
