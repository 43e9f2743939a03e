"""Blockers and data loss are listed in the plan, and printed before every run."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa

UNIQUE = """%%migration 'Unique names' --write --id b2
def upgrade():
    with op.batch_alter_table('users') as batch:
        batch.create_unique_constraint('uq_users_name', ['name'])
        batch.alter_column('name', existing_type=sa.String(40), nullable=False)

def downgrade():
    {back}
"""


@pytest.fixture
def doubled(ready):
    """Two users of the same name; a pending revision wants unique names that are not null."""
    ready.run("%mig_autogenerate Base -m 'Add users' --id a1 --write\n%mig_upgrade\nc = %mig_connect dev")
    with ready["c"].engine.begin() as live:
        live.execute(sa.text("INSERT INTO users (id, name) VALUES (1, 'Ada'), (2, 'Ada')"))
    return ready


FAILING = (
    "will fail: Create unique constraint uq_users_name on users (name): rows of users have the same values (2 rows)"
)


def test_the_plan_and_each_run_say_what_will_fail(doubled):
    doubled.run(UNIQUE.format(back="pass"))
    plan = doubled.run("plan = %mig_upgrade --plan\nplan")
    assert f"  ! {FAILING}" in repr(plan).splitlines()
    assert FAILING in plan._repr_html_()
    assert [(one.rows, one.is_certain) for one in plan.blockers] == [(2, True)]
    doubled.shell.run_cell("%mig_upgrade")
    shown = doubled.capsys.readouterr().out
    assert shown.index(f"! {FAILING}") < shown.index("UNIQUE constraint failed")


def test_a_proposal_that_is_upgraded_in_python_reports_it_too(doubled):
    doubled.declare("__table_args__ = (sa.UniqueConstraint('name', name='uq_users_name'),)")
    doubled.run("p = %mig_autogenerate Base -m 'Unique names' --id b2")
    doubled.shell.run_cell("p.upgrade()")
    shown = doubled.capsys.readouterr().out
    assert shown.index("! will fail") < shown.index("UNIQUE constraint failed")


def test_a_downgrade_reports_it_too_and_asks_with_it(doubled):
    doubled.run(
        UNIQUE.replace("def upgrade", "def other")
        .replace("def downgrade", "def upgrade")
        .replace("other", "downgrade")
        .format(back="pass")
    )
    doubled.run("%mig_upgrade")
    plan = doubled.run("plan = %mig_downgrade -1 --plan\nplan")
    assert FAILING in repr(plan)
    shown = doubled.shell.run_cell("%mig_downgrade -1 --yes")
    assert shown.error_in_exec is not None
    assert FAILING in doubled.capsys.readouterr().out


def test_operations_beside_code_of_its_own_are_named_and_not_counted(doubled, tmp_path):
    path = tmp_path / "migrations" / "versions" / "c3_own.py"
    path.write_text(
        "import os\nfrom kernel_core import op\nrevision = 'c3'\ndown_revision = 'a1'\n"
        "def upgrade():\n    print(os.sep)\n    op.drop_column('users', 'name')\ndef downgrade():\n    pass\n"
    )
    assert "Drop column name from users: all data in users.name is lost (not counted)" in doubled.fail("%mig_upgrade")
    assert "c3" in repr(doubled.run("%mig_upgrade --yes"))


@pytest.mark.parametrize(
    ("back", "typed"),
    [
        ("op.drop_table('empty_one')", False),
        ("op.drop_index('ix')", False),
        ("op.execute('DROP VIEW v')", False),
        ("op.drop_table('users')", True),
        ("op.execute('UPDATE users SET id = id')", True),
        ("op.execute('ALTER TABLE users DROP COLUMN name')", True),
        ("for name in print.__name__: op.f(name)", True),
    ],
)
@pytest.mark.costly
def test_a_downgrade_that_is_certain_to_lose_nothing_needs_no_typed_word(doubled, monkeypatch, back, typed):
    doubled.run(
        "%%migration 'More' --up --id b2\ndef upgrade():\n"
        "    op.create_table('empty_one', sa.Column('id', sa.Integer))\n    op.create_index('ix', 'users', ['name'])\n"
        f"    op.execute('CREATE VIEW v AS SELECT 1 AS one')\ndef downgrade():\n    {back}"
    )
    assert ("It loses no data." in doubled.fail("%mig_downgrade -1")) is not typed
    monkeypatch.setattr(type(doubled.run("from mig_ipython import mig\nmig.session")), "has_front_end", True)
    question = doubled.run("q = %mig_downgrade -1\nq")
    assert bool(question.word) is typed
    assert ("Type " in doubled.fail("q.confirm()")) if typed else doubled.run("q.confirm()").after == ("a1",)


BATCHES = """%%migration 'Unique names' --write --id b2
def upgrade():
    with op.batch_alter_table('users') as batch:
        batch.create_unique_constraint('uq_users_name', ['name'])

def downgrade():
    with op.batch_alter_table('users') as batch:
        batch.drop_constraint('uq_users_name', type_='unique')
"""


@pytest.mark.slow
@pytest.mark.parametrize("database", ["dev.db", ""])
@pytest.mark.costly
def test_the_sql_of_batches_is_written_from_the_connection(notebook, tmp_path, database):
    notebook.run(f"%mig_connect sqlite:///{database} --as here\n%mig_init migrations")
    notebook.declare()
    notebook.run("%mig_autogenerate Base -m 'Add users' --id a1 --write\n%mig_upgrade")
    notebook.run(BATCHES)
    wanted = "CONSTRAINT uq_users_name UNIQUE (name)"
    upgrade = notebook.run("%mig_upgrade --sql").sql
    assert wanted in upgrade
    assert wanted in notebook.run("plan = %mig_upgrade --plan\nplan").sql
    assert wanted in notebook.run("%mig_show b2 --sql").sql
    notebook.run("%mig_upgrade")
    assert notebook.run("%mig_show b2 --sql").sql == upgrade
    assert wanted not in notebook.run("%mig_downgrade b2:a1 --sql").sql
    notebook.run("%mig_export --sql all.sql")
    with sqlite3.connect(":memory:") as live:
        live.executescript((tmp_path / "all.sql").read_text())
        assert wanted in live.execute("SELECT sql FROM sqlite_master WHERE name = 'users'").fetchone()[0]
