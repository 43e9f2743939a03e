"""A command that only reads, or has nothing to change, does not create the file of the connected SQLite database."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

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
    "%mig_locate --stamp a1",
    "%mig_locate --stamp",
    "%mig_locate --stamp a1 --by-running",
    "%mig_locate --stamp unknown",
    "%mig_locate --stamp base",
    "%mig_adopt --write",
)


@pytest.mark.parametrize(
    "command",
    [
        *(READS[1], *CHANGES_NOTHING[:3], "%mig_locate --stamp a1"),
        *(
            pytest.param(each, marks=pytest.mark.sweep)
            for each in (READS[0], *READS[2:], *CHANGES_NOTHING[3:])
            if each != "%mig_locate --stamp a1"
        ),
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


CONNECTS_ELSEWHERE = """import sqlalchemy as sa
from kernel_core import context
with sa.create_engine("sqlite:///elsewhere.db").connect() as live:
    context.configure(connection=live)
    with context.begin_transaction():
        context.run_migrations()
"""
RUNS_ENV = (
    "%mig_upgrade",
    "%mig_locate --stamp a1 --despite-drift",
    "%mig_abandon",
    "%mig_locate",
    "%mig_locate --stamp base",
    "%mig_stamp a1",
    "%mig_diff",
    "%mig_resume",
    "%mig_adopt",
    "%mig_adopt --write",
    "%mig_rehearse",
)


@pytest.mark.parametrize("exists", [False, True], ids=["missing", "there"])
@pytest.mark.parametrize(
    "command", [*RUNS_ENV[:3], *(pytest.param(each, marks=pytest.mark.sweep) for each in RUNS_ENV[3:])]
)
def test_where_env_connects_to_another_database_each_command_is_refused_and_neither_file_changes(
    ready, command, exists
):
    with open("migrations/env.py", "w") as stream:
        stream.write(CONNECTS_ELSEWHERE)
    with open("migrations/versions/a1.py", "w") as stream:
        stream.write("from kernel_core import op\nrevision = 'a1'\ndown_revision = None\n")
        stream.write("def upgrade():\n    op.execute('CREATE TABLE t (id INTEGER)')\n")
        stream.write("def downgrade():\n    op.drop_table('t')\n")
    if exists:
        for name in ("dev.db", "elsewhere.db"):
            with closing(sqlite3.connect(name)) as live:
                live.execute("CREATE TABLE old (id INTEGER PRIMARY KEY)")
    before = {name: os.path.exists(name) and Path(name).read_bytes() for name in ("dev.db", "elsewhere.db")}
    shown = ready.fail(command)
    if command == "%mig_rehearse":
        assert "env.py connects to elsewhere.db" in shown
    else:
        assert "migrations is configured for sqlite:///elsewhere.db, but this notebook is connected to" in shown
    assert {name: os.path.exists(name) and Path(name).read_bytes() for name in before} == before


def test_a_revision_that_an_empty_database_fits_is_located_and_stamped_in_a_new_file(ready):
    with open("migrations/versions/a1.py", "w") as stream:
        stream.write("revision = 'a1'\ndown_revision = None\ndef upgrade():\n    pass\n")
    assert "a1" in repr(ready.run("%mig_locate --stamp a1"))
    assert os.path.getsize("dev.db")
    assert [entry.revision for entry in ready.run("%mig_current")] == ["a1"]
