"""Abandoning an unfinished revision undoes what was executed, or says what stays and changes nothing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from test_resume import JOURNAL, MARIADB, STOP, begun, state, stopped_before

from kernel_core import command
from kernel_core.util.exc import UnfinishedRevision, UpgradeFailed

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


def test_an_index_created_concurrently_is_undone(postgresql_project):
    block = (
        "with op.get_context().autocommit_block():\n    op.create_index('ix', 't', ['n'], postgresql_concurrently=True)"
    )
    stopped_before(postgresql_project, [MARIADB[0], block], 2)
    (abandoned,) = command.abandon(postgresql_project.config())
    assert (len(abandoned.undone), abandoned.remains) == (2, ())
    assert postgresql_project.tables() == {"alembic_version"}


@pytest.mark.parametrize(
    "line",
    [
        "op.add_column('t', sa.Column('e', {type}))",
        "with op.batch_alter_table('t') as batch:\n    batch.add_column(sa.Column('e', {type}))",
        "op.create_table('u', sa.Column('e', {type}))",
    ],
    ids=["column", "batch", "table"],
)
@pytest.mark.parametrize("type_", ["sa.Enum('a', 'b', name='mood')", "sa.ARRAY(sa.Enum('a', 'b', name='mood'))"])
def test_the_type_that_was_created_with_a_column_is_dropped(postgresql_project, line, type_):
    block = "with op.get_context().autocommit_block():\n    op.create_index('ix', 't', ['n'])"
    stopped_before(postgresql_project, [MARIADB[0], line.format(type=type_), block], 3)
    (abandoned,) = command.abandon(postgresql_project.config())
    assert abandoned.remains == ()
    with sa.create_engine(postgresql_project.url, poolclass=sa.NullPool).connect() as connection:
        assert sa.inspect(connection).get_enums() == []
        assert set(sa.inspect(connection).get_table_names()) == {"alembic_version"}


def test_a_changed_type_is_changed_back_also_where_nothing_shows_whether_it_was_changed(mariadb_project):
    longer = "op.alter_column('t', 's', type_=sa.String(80), existing_type=sa.String(40))"
    made = "op.create_table('t', sa.Column('s', sa.String(40)))"
    mariadb_project.write("a0", None, made, "op.drop_table('t')")
    command.upgrade(mariadb_project.config(), "head")
    mariadb_project.write("a1", "a0", f"{longer}\n{STOP}")
    with pytest.raises(UpgradeFailed):
        command.upgrade(mariadb_project.config(), "head")
    mariadb_project.write("a1", "a0", longer)
    begun(mariadb_project, 1)
    (abandoned,) = command.abandon(mariadb_project.config())
    assert (len(abandoned.undone), abandoned.remains) == (1, ())
    with sa.create_engine(mariadb_project.url, poolclass=sa.NullPool).connect() as connection:
        assert sa.inspect(connection).get_columns("t")[0]["type"].length == 40


def test_what_may_have_been_created_only_if_it_was_not_there_stays_and_is_named(mariadb_project):
    line = MARIADB[0].replace("primary_key=True), sa.Column('n', sa.Integer)", "primary_key=True), if_not_exists=True")
    stopped_before(mariadb_project, [line], 1)
    begun(mariadb_project, 1)
    with pytest.raises(UnfinishedRevision, match=r"cannot be undone: CREATE TABLE IF NOT EXISTS t"):
        command.abandon(mariadb_project.config())


def test_a_statement_that_is_not_in_the_file_any_more_is_named(mariadb_project):
    stopped_before(mariadb_project, REVERSIBLE, 2)
    mariadb_project.write("a1", None, MARIADB[0])
    with pytest.raises(UnfinishedRevision, match=r"cannot be undone: ALTER TABLE t ADD COLUMN a .*Nothing was changed"):
        command.abandon(mariadb_project.config())


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


FAILING = (
    "op.execute('SELECT nonsense FROM nowhere')",
    "op.get_bind().scalar(sa.text('SELECT x FROM y'))",
    "raise ValueError",
)


@pytest.mark.parametrize("failing", FAILING)
def test_what_fails_again_behind_the_last_executed_statement_is_no_obstacle(mariadb_project, failing):
    mariadb_project.write("a1", None, f"{MARIADB[0]}\n{failing}")
    with pytest.raises(UpgradeFailed):
        command.upgrade(mariadb_project.config(), "head")
    assert "t" in mariadb_project.tables()
    (abandoned,) = command.abandon(mariadb_project.config())
    assert (len(abandoned.undone), abandoned.remains) == (1, ())
    assert mariadb_project.tables() == {"alembic_version"}


def test_what_fails_before_the_last_executed_statement_is_refused(mariadb_project):
    stopped_before(mariadb_project, REVERSIBLE, 2)
    mariadb_project.write("a1", None, f"{REVERSIBLE[0]}\nraise ValueError('changed')\n{REVERSIBLE[1]}")
    with pytest.raises(
        UnfinishedRevision, match=r"cannot be read to its last executed statement: changed\. Nothing was undone"
    ):
        command.abandon(mariadb_project.config())
    assert "t" in mariadb_project.tables()
