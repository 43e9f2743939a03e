"""``%mig_autogenerate``: its options, and which models are compared."""

from __future__ import annotations

import pytest

TABLES = """
for name in ("pets", "tmp_one", "tmp_two"):
    sa.Table(name, Base.metadata, sa.Column("id", sa.Integer, primary_key=True))
"""

OWN_ENV = """
import sqlalchemy as sa
from kernel_core import context

target_metadata = sa.MetaData()
sa.Table("of_env", target_metadata, sa.Column("id", sa.Integer, primary_key=True))
context.configure(connection=context.config.attributes["connection"], target_metadata=target_metadata)
with context.begin_transaction():
    context.run_migrations()
"""


def sentences(diff) -> list[str]:
    return [operation.sentence() for operation in diff]


@pytest.mark.parametrize(
    ("options", "tables"),
    [
        ("", {"users", "pets", "tmp_one", "tmp_two"}),
        ("--only users", {"users"}),
        ("--only users,pets", {"users", "pets"}),
        ("--only users --only 'tmp_*'", {"users", "tmp_one", "tmp_two"}),
        ("--exclude 'tmp_*'", {"users", "pets"}),
        ("--only 'tmp_*' --exclude tmp_one", {"tmp_two"}),
    ],
)
def test_tables_are_chosen_by_their_names(ready, options, tables):
    ready.run(TABLES)
    proposal = ready.run(f"%mig_autogenerate -m x {options}")
    assert {row.table for row in proposal.review.rows} == tables


def test_columns_are_chosen_by_their_names(migrated):
    migrated.run("Base.metadata.tables['users'].append_column(sa.Column('email', sa.String(80)))")
    migrated.run("Base.metadata.tables['users'].append_column(sa.Column('age', sa.Integer))")
    proposal = migrated.run("%mig_autogenerate -m x --exclude users.age")
    assert [row.sentence for row in proposal.review.rows if "age" in row.sentence] == []
    assert len(proposal) == 1


def test_what_was_left_out_stays_out_when_the_review_is_written(ready):
    ready.run(TABLES)
    ready.run("p = %mig_autogenerate -m x --only users")
    assert ready.run("p.write()").read_text().count("create_table") == 1


def test_the_branch_whose_head_to_follow(migrated):
    migrated.run("%mig_revision -m Left --id b2 --label left")
    migrated.run("%mig_revision -m Right --id c2 --head a1 --splice --label right")
    migrated.run("%mig_upgrade heads")
    migrated.run(TABLES)
    migrated.run("%mig_autogenerate -m x --branch right --id d3 --write")
    assert migrated.run("%mig_show d3").entry.down == ("c2",)
    assert "Give one of them" in migrated.fail("%mig_autogenerate -m x --branch right --head b2")


def test_a_label_and_a_dependency_are_written(migrated):
    migrated.run(TABLES)
    migrated.run("%mig_revision -m Side --id s1 --head base")
    migrated.run("%mig_upgrade heads")
    migrated.run("%mig_autogenerate -m x --head a1 --label pets --depends-on s1 --id d3 --write")
    entry = migrated.run("%mig_show d3").entry
    assert (entry.labels, entry.depends_on) == (("pets",), ("s1",))


def test_renames_are_shown_or_accepted(migrated):
    migrated.run(
        "class Base(DeclarativeBase):\n    pass\n\n"
        "class User(Base):\n    __tablename__ = 'users'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "    full_name: Mapped[str] = mapped_column(sa.String(40))\n"
    )
    assert len(migrated.run("%mig_autogenerate -m x --renames off").comparison.operations.renames) == 0
    shown = migrated.run("%mig_autogenerate -m x")
    assert len(shown.comparison.operations.renames) == 1
    accepted = migrated.run("p = %mig_autogenerate -m x --renames accept\np")
    assert len(accepted) == 1
    assert "new_column_name" in migrated.run("p.write()").read_text()


def test_models_of_env_py_are_used_and_named(ready, tmp_path):
    (tmp_path / "migrations" / "env.py").write_text(OWN_ENV)
    proposal = ready.run("%mig_autogenerate -m x --id a1 --write")
    assert "`target_metadata` of migrations/env.py (1 table)" in repr(proposal)
    assert "of_env" in proposal.path.read_text()
    ready.run("%mig_upgrade")
    assert not ready.run("%mig_diff")
    assert "env.py" in repr(ready.run("%mig_diff"))


def test_models_of_env_py_serve_where_the_notebook_has_none(notebook, tmp_path):
    notebook.run("%mig_connect sqlite:///dev.db\n%mig_init migrations")
    (tmp_path / "migrations" / "env.py").write_text(OWN_ENV)
    assert "of_env" in repr(notebook.run("%mig_diff"))
    assert "%mig_autogenerate -m" in notebook.fail("%mig_check")


def test_a_named_target_beside_models_of_env_py_is_refused_naming_both(ready, tmp_path):
    (tmp_path / "migrations" / "env.py").write_text(OWN_ENV)
    shown = ready.fail("%mig_diff Base")
    assert "`target_metadata` of migrations/env.py (1 table)" in shown
    assert "`Base` (1 table)" in shown


def test_drift_made_by_hand_is_found_when_the_review_is_written(migrated):
    migrated.run(TABLES)
    migrated.run("p = %mig_autogenerate -m x")
    with migrated.run("c = %mig_connect dev\nc").engine.begin() as live:
        live.exec_driver_sql("CREATE TABLE pets (id INTEGER)")
    assert "altered by hand" in migrated.fail("p.write()")


@pytest.mark.slow
def test_diff_and_check_leave_out_what_autogenerate_leaves_out_and_say_so(migrated):
    migrated.run("sa.Table('pets', Base.metadata, sa.Column('x', sa.Integer))")
    assert len(migrated.run("%mig_diff")) == 1
    migrated.fail("%mig_check")
    for command in ("%mig_diff Base --exclude pets", "%mig_check Base --exclude pets", "%mig_check --only 'us*'"):
        found = migrated.run(command)
        assert not found
        assert "names)." in repr(found), command
    assert len(migrated.run("%mig_diff --only pets")) == 1
    migrated.run("%config Mig.exclude = ['pets']")
    assert not migrated.run("%mig_check")
