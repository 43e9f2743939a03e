"""``%%migration``: the cell is the migration."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

FILL = """%%migration 'Fill names' --id b2 {options}
def upgrade():
    # everybody has a name
    op.execute("UPDATE users SET name = 'x' WHERE name = ''")

def downgrade():
    pass
"""


def test_by_default_nothing_is_written(migrated, tmp_path):
    shown = migrated.run(FILL.format(options=""))
    assert "UPDATE users" in repr(shown) + shown._repr_html_()
    assert "Nothing is written" in repr(shown)
    assert len(list((tmp_path / "migrations" / "versions").glob("*.py"))) == 1


def test_writing_keeps_the_code_with_its_comments(migrated):
    path = migrated.run(FILL.format(options="--write")).path
    assert "    # everybody has a name\n    op.execute(\"UPDATE users SET name = 'x'" in path.read_text()


def test_up_writes_and_upgrades(migrated):
    shown = migrated.run(FILL.format(options="--up"))
    assert shown.report.after == ("b2",)
    migrated.run("%mig_downgrade -1 --yes")


def test_the_same_cell_again_is_unchanged(migrated):
    path = migrated.run(FILL.format(options="--write")).path
    before = path.read_text()
    shown = migrated.run(FILL.format(options="--write").replace(" --id b2", ""))
    assert "already written as b2" in repr(shown)
    assert path.read_text() == before


def test_a_changed_cell_rewrites_its_unapplied_file(migrated, tmp_path):
    path = migrated.run(FILL.format(options="--write")).path
    shown = migrated.run(FILL.format(options="--write").replace("'x'", "'y'"))
    assert "Rewritten" in repr(shown)
    assert "name = 'y'" in path.read_text()
    assert len(list((tmp_path / "migrations" / "versions").glob("*.py"))) == 2


def test_a_changed_cell_of_an_applied_migration_is_refused_with_two_ways_out(migrated):
    path = migrated.run(FILL.format(options="--up")).path
    before = path.read_text()
    shown = migrated.fail(FILL.format(options="--up").replace("'x'", "'y'"))
    assert "message of its own" in shown
    assert "%mig_downgrade b2-1 --yes" in shown
    assert path.read_text() == before
    migrated.run("%mig_downgrade b2-1 --yes")


def test_bare_lines_get_their_downgrade(migrated):
    shown = migrated.run(
        "%%migration 'Add pets' --up\nimport json\nop.create_table('pets', sa.Column('id', sa.Integer, primary_key=True))\n"
        "op.add_column('users', sa.Column('pet', sa.Integer))\n"
    )
    text = Path(shown.path).read_text()
    assert "op.drop_table(" in text
    assert "import json\n" in text
    with migrated.run("c = %mig_connect dev\nc").engine.connect() as live:
        assert sa.inspect(live).has_table("pets")
    migrated.run("%mig_downgrade -1 --yes")
    with migrated["c"].engine.connect() as live:
        assert not sa.inspect(live).has_table("pets")


def test_bare_lines_that_cannot_be_undone_are_refused_with_the_reason(migrated):
    assert "Cannot undo" in migrated.fail("%%migration 'Drop' --write\nop.execute('DELETE FROM users')")


def test_batches_are_recorded(migrated):
    shown = migrated.run(
        "%%migration 'Longer'\nwith op.batch_alter_table('users') as batch:\n    batch.add_column(sa.Column('age', sa.Integer))\n"
    )
    assert "age" in repr(shown)


def test_code_that_asks_the_database_needs_its_own_downgrade(migrated):
    cell = "%%migration 'Ask' --write\nfor row in op.get_bind().execute(sa.text('SELECT 1')):\n    print(row)\n"
    assert "Add def downgrade()" in migrated.fail(cell)


def test_code_that_asks_the_database_runs(migrated):
    shown = migrated.run(
        "%%migration 'Ask' --up\ndef upgrade():\n    for row in op.get_bind().execute(sa.text('SELECT 41 + 1')):\n        print(row[0])\n"
        "def downgrade():\n    pass\n"
    )
    assert "42" in migrated.printed
    assert "only when it runs" in repr(shown)


def test_a_name_of_the_notebook_is_an_error_that_names_it(migrated):
    migrated["rate"] = 3
    assert "rate: a name of the notebook" in migrated.fail("%%migration 'Use rate'\nop.execute(f'SELECT {rate}')")


def test_a_mistake_in_the_code_is_shown_with_its_line(migrated):
    assert "`op.no_such_thing()`" in migrated.fail("%%migration 'Oops'\nop.no_such_thing()")


def test_dollars_and_braces_in_the_cell_are_never_expanded(migrated):
    migrated["x"] = "EXPANDED"
    shown = migrated.run("%%migration 'Money $x {x}'\nop.execute(\"SELECT '$x {x}'\")")
    assert "EXPANDED" not in repr(shown)
    assert shown.message == "Money $x {x}"


def test_a_template_sign_in_the_code_stays_as_it_is(migrated):
    shown = migrated.run(
        "%%migration 'Sign' --write\ndef upgrade():\n    op.execute('''\n% if x:\n${y}\n## z\n''')\ndef downgrade():\n    pass\n"
    )
    assert "\n% if x:\n${y}\n## z\n" in shown.path.read_text()
