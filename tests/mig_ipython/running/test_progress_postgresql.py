"""The progress of %mig_upgrade on PostgreSQL, where the statements of several revisions are sent together."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from kernel_core.util.exc import UpgradeFailed
from mig_ipython.running.execution import run
from mig_ipython.running.progress import watched

pytestmark = pytest.mark.postgresql

TABLE = "%%migration '{0}' --write --no-downgrade --id {0}\nop.create_table('t_{0}', sa.Column('id', sa.Integer))\n{1}"


@pytest.fixture
def written(notebook, postgresql_url):
    """A function that writes five revisions, of which some do more, and returns the notebook."""

    def write(**more):
        for cell in (f"%mig_connect {postgresql_url}", "%mig_init migrations", "from mig_ipython import mig"):
            notebook.run(cell)
        for name in ("a1", "b2", "c3", "d4", "e5"):
            notebook.run(TABLE.format(name, more.get(name, "")))
        return notebook

    return write


def upgraded(notebook, **options):
    """Upgrade; return what each update said, without durations, and the error."""
    told, error = [], None
    try:
        with watched(
            lambda progress: told.append(re.sub(r",? ?\(?\d+\.\d s\)?", "", progress.text())), **options
        ) as on_step:
            run(notebook["mig"].session.workspace(), "upgrade", "head", on_step=on_step)
    except UpgradeFailed as failure:
        error = failure
    return told, error


def test_statements_that_are_sent_together_are_shown_and_counted_as_what_they_are(written):
    told, _ = upgraded(written(), only_last=False)
    together = [text for text in told if "and the next" in text]
    assert together == [
        "0 of 5 revisions, 2 statements: running a1 a1 and the next 3\nStatements 3 to 7: CREATE TABLE t_a1 ( id INTEGER )",
        "0 of 5 revisions, 7 statements: running a1 a1 and the next 4\nStatement 8: CREATE TABLE t_e5 ( id INTEGER )",
    ], "the first is one that limits the others"
    done = [text for text in told if ": done " in text]
    assert [text.partition(": ")[2] for text in done] == [
        f"done {each} {each}" for each in ("a1", "b2", "c3", "d4", "e5")
    ]
    assert told[-1].startswith("Ran 5 of 5 revisions, ")


@pytest.mark.slow
def test_a_failure_of_one_of_them_is_shown_at_its_own_revision(written, postgresql_url):
    told, error = upgraded(written(c3="op.drop_table('missing')"), only_last=False)
    assert (error.revision, error.applied) == ("c3", ("a1", "b2"))
    shown = [text for text in told if "done" in text or "failed" in text]
    assert [text.partition(": ")[2] for text in shown] == ["done a1 a1", "done b2 b2", "failed c3 c3"]
    assert told[-1].startswith("Ran 2 of 5 revisions, ")
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    assert not {"t_c3", "t_d4"} & set(sa.inspect(engine).get_table_names())


@pytest.mark.slow
def test_what_is_updated_in_place_shows_only_the_last_of_those_reported_together(written):
    told, _ = upgraded(written())
    done = [text.partition(": ")[2] for text in told if ": done " in text]
    assert done == ["done e5 e5"]
