"""Abandoning an unfinished revision undoes what was executed, or says what stays and changes nothing."""

from __future__ import annotations

import pytest
from test_resume import JOURNAL, MARIADB, STOP, begun, state, stopped_before

from kernel_core import command
from kernel_core.util.exc import UnfinishedRevision

REVERSIBLE = [MARIADB[0], MARIADB[3], MARIADB[5]]


@pytest.mark.parametrize("place", [1, 2, 3])
def test_what_was_executed_is_undone(mariadb_project, place):
    stopped_before(mariadb_project, REVERSIBLE, place)
    (abandoned,) = command.abandon(mariadb_project.config())
    assert (abandoned.revision, len(abandoned.undone), abandoned.remains) == ("a1", place, ())
    assert mariadb_project.tables() == {"alembic_version"}
    assert command.upgrade(mariadb_project.config(), "head").after == ("a1",)


def test_a_batch_is_undone(mariadb_project):
    batch = "with op.batch_alter_table('t') as batch:\n    batch.add_column(sa.Column('x', sa.Integer))\n    batch.create_index('iy', ['x'])"
    stopped_before(mariadb_project, [MARIADB[0], batch], 2)
    command.abandon(mariadb_project.config())
    assert mariadb_project.tables() == {"alembic_version"}


def test_what_has_no_reverse_is_listed_and_nothing_is_changed(mariadb_project):
    stopped_before(mariadb_project, MARIADB, 4)
    before = state(mariadb_project)
    with pytest.raises(
        UnfinishedRevision, match=r"cannot be undone: INSERT .*; UPDATE t .*. Nothing was changed.*--force"
    ):
        command.abandon(mariadb_project.config())
    assert state(mariadb_project) == before
    (abandoned,) = command.abandon(mariadb_project.config(), force=True)
    assert any("UPDATE t SET n = n + 1" in each for each in abandoned.remains)
    assert mariadb_project.tables() == {"alembic_version"}


def test_forgetting_undoes_nothing(mariadb_project):
    stopped_before(mariadb_project, MARIADB, 4)
    (abandoned,) = command.abandon(mariadb_project.config(), forget=True)
    assert (abandoned.undone, abandoned.remains) == ((), ())
    assert mariadb_project.tables() == {"alembic_version", "t"}
    assert command.stamp(mariadb_project.config(), "a1").after == ("a1",)


def test_in_an_autocommit_block_too(any_project):
    block = "with op.get_context().autocommit_block():\n    op.create_index('ix', 't', ['n'])"
    stopped_before(any_project, [MARIADB[0], block], 2)
    command.abandon(any_project.config())
    assert any_project.tables() == {"alembic_version"}


def test_a_statement_that_was_not_executed_is_not_undone(mariadb_project):
    stopped_before(mariadb_project, REVERSIBLE, 2)
    begun(mariadb_project, 2)
    mariadb_project.run("ALTER TABLE t DROP COLUMN a")
    (abandoned,) = command.abandon(mariadb_project.config())
    assert len(abandoned.undone) == 1
    assert mariadb_project.tables() == {"alembic_version"}


def test_an_abandoned_revision_whose_undoing_was_stopped_is_undone_by_the_next_call(mariadb_project):
    stopped_before(mariadb_project, REVERSIBLE, 3)
    mariadb_project.run("DROP INDEX ix ON t")
    command.abandon(mariadb_project.config())
    assert mariadb_project.tables() == {"alembic_version"}


def test_without_an_unfinished_revision_nothing_is_abandoned(any_project):
    any_project.write("a1", None, "pass")
    command.upgrade(any_project.config(), "head")
    assert command.abandon(any_project.config()) == ()
    assert any_project.rows() == ["a1"]


def test_the_journal_is_gone_afterwards(mariadb_project):
    stopped_before(mariadb_project, [MARIADB[0], STOP], 1)
    assert JOURNAL in mariadb_project.tables()
    command.abandon(mariadb_project.config())
    assert JOURNAL not in mariadb_project.tables()
