"""The progress of a run while it goes on."""

from __future__ import annotations

import pytest

from mig_ipython.running.execution import run
from mig_ipython.running.progress import Progress, watched

MANY = """%%migration 'Many' --write --id b2
def upgrade():
    for number in range(10, 510):
        op.execute(f"INSERT INTO users (id, name) VALUES ({number}, 'x')")

def downgrade():
    op.execute("DELETE FROM users WHERE id >= 10")
"""


def told_by(notebook, revision: str) -> list[tuple[str, str, str]]:
    """Upgrade, and return what each update said: the statement, the text, the page."""
    told = []

    def tell(progress: Progress) -> None:
        told.append((progress.statement, progress.text(), str(progress.html())))

    with watched(tell) as on_step:
        notebook.run("from mig_ipython import mig")
        run(notebook["mig"].session.workspace(), "upgrade", revision, on_step=on_step)
    return told


@pytest.mark.slow
def test_a_statement_is_shown_before_it_runs_and_not_after(migrated):
    migrated.run("%%migration 'One' --write --id b2\nop.create_index('ix_name', 'users', ['name'])")
    told = told_by(migrated, "b2")
    statements = [statement for statement, _, _ in told]
    place = statements.index("CREATE INDEX ix_name ON users (name)")
    assert statements[place + 1] == ""
    _, text, page = told[place]
    first, second = text.splitlines()
    assert first.endswith(" s: running b2 One")
    assert second.startswith("Statement ")
    assert second.endswith(": CREATE INDEX ix_name ON users (name) (0.0 s)")
    assert page.count('class="mig-clock"') == 2
    assert told[-1][1].startswith("Ran 1 of 1 revision, ")


def test_a_run_without_an_event_yet_and_one_that_has_ended_are_shown_without_a_bar():
    progress = Progress(lambda _: None)
    for _ in ("before its first revision", "after its end"):
        assert progress.text() == "Ran 0 of 0 revisions, 0 statements."
        assert "Ran 0 of 0 revisions, 0 statements." in str(progress.html())
        assert "<progress" not in str(progress.html())
        progress.end()


@pytest.mark.sweep
def test_many_quick_statements_are_not_all_shown(migrated):
    migrated.run(MANY)
    told = told_by(migrated, "b2")
    begun = [statement for statement, _, _ in told if statement]
    assert 5 <= len(begun) < 250
    assert begun[0] != begun[-1]
