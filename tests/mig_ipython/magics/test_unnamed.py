"""Constraints without a name, from the models to the database and back, in a notebook."""

from __future__ import annotations

import pytest

BEFORE = """
import sqlalchemy as sa
Base = sa.MetaData()
sa.Table("users", Base, sa.Column("id", sa.Integer, primary_key=True))
sa.Table("orders", Base, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer),
         sa.Column("b", sa.Integer), sa.Column("code", sa.String(9)))
"""
AFTER = (
    BEFORE.replace('"a", sa.Integer', '"a", sa.Integer, sa.ForeignKey("users.id")')
    .replace("sa.String(9)", "sa.String(9), unique=True")
    .replace('"b", sa.Integer', '"b", sa.Integer, sa.ForeignKey("users.id")')
)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"])
def test_an_unnamed_constraint_goes_up_and_down(notebook, request, database):
    notebook["url"] = request.getfixturevalue(f"{database}_url")
    notebook.run("%mig_connect $url")
    notebook.run("%mig_init migrations")
    notebook.run(BEFORE)
    notebook.run("%mig_autogenerate Base -m one --id a1 --write")
    notebook.run("%mig_upgrade")
    notebook.run(AFTER)
    proposal = notebook.run("p = %mig_autogenerate Base -m two --id b2\np")
    rejected = next(row.number for row in proposal.review.rows if "(a)" in row.sentence)
    proposal.review.set_accepted(rejected, accepted=False)  # the key of b is the first of the table then
    assert "cannot be downgraded" not in str(proposal)
    written = notebook.run("p.write()").read_text()
    assert "drop_constraint(None" not in written
    notebook.run("%mig_upgrade")
    notebook.run("%mig_downgrade a1 --yes")
    notebook.run(BEFORE)
    assert not notebook.run("%mig_diff Base")


def test_a_file_that_drops_a_constraint_without_a_name_is_reported_before_it_runs(migrated):
    """The name of a constraint that a person wrote is not known; the plan says what will fail."""
    migrated.run(
        "%%migration 'Unique names' --write --id b2\n"
        "def upgrade():\n    op.create_unique_constraint(None, 'users', ['name'])\n\n"
        "def downgrade():\n    op.drop_constraint(None, 'users', type_='unique')\n"
    )
    assert "cannot be downgraded: unnamed: b2" in repr(migrated.run("%mig_upgrade --plan"))


def test_a_written_downgrade_that_names_its_constraint_has_no_warning(migrated):
    """What ``upgrade()`` or a comment drops by no name is not what ``downgrade()`` does."""
    migrated.run(
        "%%migration 'Unique names' --write --id b2\n"
        "def upgrade():\n    op.create_unique_constraint('uq', 'users', ['name'])\n\n"
        "def downgrade():\n    # op.drop_constraint(None, 'users', type_='unique')\n"
        "    op.drop_constraint('uq', 'users', type_='unique')\n"
    )
    assert "cannot be downgraded" not in repr(migrated.run("%mig_upgrade --plan"))
