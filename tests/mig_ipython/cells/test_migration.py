"""``%%migration``: the cell is the migration."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
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


def test_a_cell_has_a_hint_about_no_downgrade_only_where_it_has_none(migrated):
    fill = "op.execute(\"UPDATE users SET name = 'x'\")"
    for cell, said in (
        (FILL.format(options=""), ()),
        (f"%%migration 'Fill' --no-downgrade\n{fill}", ("downgrade() will raise an error",)),
        (f"%%migration 'Fill'\n{fill}", ("the SQL that undoes it is not known", "Add def downgrade() to the cell")),
    ):
        shown = repr(migrated.run(cell))
        assert shown.count("cannot be downgraded") == bool(said), shown
        assert "reverse_sql" not in shown
        assert all(words in shown for words in said), shown


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


def test_a_changed_cell_of_an_applied_migration_is_refused_with_two_remedies(migrated):
    path = migrated.run(FILL.format(options="--up")).path
    before = path.read_text()
    shown = migrated.fail(FILL.format(options="--up").replace("'x'", "'y'"))
    assert "another message" in shown
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


CANNOT_BE_UNDONE = (
    "op.execute('DELETE FROM users')",
    "op.drop_table('users')",
    "op.drop_index('ix')",
    "op.drop_constraint('uq', 'users')",
    "op.drop_column('users', 'name')",
    "for one in 'ab':\n    op.execute(f'DELETE FROM {one}')",
    "print(op.execute('SELECT 1'))",
)


def test_bare_lines_that_cannot_be_undone_need_a_downgrade_with_existing_arguments(migrated):
    for line in CANNOT_BE_UNDONE:
        said = migrated.fail(f"%%migration 'Drop' --write\n{line}")
        assert "Add def downgrade() to the cell, or --no-downgrade" in said, line
        assert not re.search(r"reverse_sql|from_\w+|reverse\(\)", said), line


def test_without_a_downgrade_the_file_reports_it_and_downgrade_refuses(migrated):
    shown = migrated.run("%%migration 'Fill' --up --no-downgrade --id b2\nop.execute(\"UPDATE users SET name = 'x'\")")
    assert shown.report.after == ("b2",)
    assert "Fill: this revision has no downgrade" in migrated.fail("%mig_downgrade -1 --yes")
    assert "Remove one" in migrated.fail(
        "%%migration 'Both' --no-downgrade\ndef upgrade():\n    pass\ndef downgrade():\n    pass"
    )


def test_the_example_of_the_help_runs(migrated):
    migrated.run("%%migration 'Add e-mail' --up\nop.add_column('users', sa.Column('email', sa.String(80)))")
    help_text = migrated.shell.find_cell_magic("migration").__doc__
    example = re.search(r"(?ms)^ *%%migration .*?(?=^\S)", help_text)[0]
    assert migrated.run(textwrap.dedent(example).strip() + "\n").path is not None


COUNTED = """%%migration 'Count' {options}
import builtins

def note():
    with open('ran.txt', 'a') as stream:
        stream.write('x')

def upgrade():
    note()
    op.add_column('users', sa.Column('age', sa.Integer))
    {extra}

def downgrade():
    pass
"""


@pytest.mark.parametrize(("options", "times"), [("", 0), ("--write", 0), ("--up", 1)])
def test_code_that_does_more_than_call_directives_runs_once_with_up_and_else_never(migrated, tmp_path, options, times):
    extra = "op.get_bind(); global n; n = 1; print(sa.__name__)"
    shown = migrated.run(COUNTED.format(options=options, extra=extra))
    ran = tmp_path / "ran.txt"
    assert (ran.read_text() if ran.exists() else "") == "x" * times
    assert "age" in repr(shown)
    assert "known only when it runs" in repr(shown)


def test_a_directive_that_does_not_exist_is_found_without_running_the_code(migrated, tmp_path):
    cell = COUNTED.format(options="--up", extra="op.add_colum('users')")
    assert "`op.add_colum`: op has no 'add_colum'. The nearest is add_column." in migrated.fail(cell)
    assert not (tmp_path / "ran.txt").exists()


def test_batches_are_recorded(migrated):
    shown = migrated.run(
        "%%migration 'Longer'\nwith op.batch_alter_table('users') as batch:\n    batch.add_column(sa.Column('age', sa.Integer))\n"
    )
    assert "age" in repr(shown)


def test_a_batch_of_bare_lines_is_undone_in_a_batch(migrated, tmp_path):
    lines = "b.create_unique_constraint('uq_users_name', ['name'])\n    b.alter_column('name', nullable=True)"
    migrated.run(f"%%migration 'Names' --id n1 --up\nwith op.batch_alter_table('users') as b:\n    {lines}")
    migrated.run("%mig_downgrade -1 --yes")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'dev.db'}")
    assert sa.inspect(engine).get_unique_constraints("users") == []
    assert not sa.inspect(engine).get_columns("users")[1]["nullable"]
    engine.dispose()


def test_a_batch_can_copy_from_a_table_that_is_written_out(migrated):
    copied = (
        'sa.Table("users", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))'
    )
    body = f'with op.batch_alter_table("users", copy_from={copied}) as batch_op:\n    '
    shown = migrated.run(f"%%migration 'Unique' --id b2\n{body}batch_op.create_unique_constraint('uq', ['name'])")
    assert "Create unique constraint uq on users (name)" in repr(shown)


def test_code_that_asks_the_database_needs_its_own_downgrade(migrated):
    cell = "%%migration 'Ask' --write\nfor row in op.get_bind().execute(sa.text('SELECT 1')):\n    print(row)\n"
    assert "Add def downgrade()" in migrated.fail(cell)
    assert migrated.run(cell.replace("--write", "--write --no-downgrade")).path is not None


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


CHECK = "%%migration 'Be strict' --id b2 {options}\nop.create_index('ux_name', 'users', ['name'], unique=True)\n"


def twice_the_same_name(notebook) -> None:
    rows = "INSERT INTO users (id, name) VALUES (1, 'ada'), (2, 'ada')"
    notebook.run(f"import sqlite3\nc = sqlite3.connect('dev.db')\nc.execute({rows!r})\nc.commit()\nc.close()")


def test_it_is_rehearsed_before_it_is_written(migrated, tmp_path):
    twice_the_same_name(migrated)
    shown = str(migrated.run(CHECK.format(options="--rehearse")))
    assert "2 rows have the same name as another row" in shown
    assert "Nothing is written yet" in shown
    assert not list((tmp_path / "migrations" / "versions").glob("b2*"))


def test_a_written_one_is_rehearsed_from_its_file(migrated):
    assert "every statement ran" in str(migrated.run(CHECK.format(options="--write --rehearse")))
    assert migrated.run(CHECK.format(options="")).rehearse().is_clean
    other = CHECK.replace("'ux_name'", "'ux_other'").format(options="")
    assert "has other code than the cell" in migrated.fail(
        f"m = get_ipython().run_cell_magic({_split(other)})\nm.rehearse()"
    )


def _split(cell: str) -> str:
    line, _, body = cell.partition("\n")
    return f"'migration', {line.removeprefix('%%migration ')!r}, {body!r}"


def test_with_a_front_end_a_button_rehearses_it(migrated, monkeypatch):
    twice_the_same_name(migrated)
    session = migrated.run("from mig_ipython import mig\nmig.session")
    monkeypatch.setattr(type(session), "has_front_end", True)
    migrated.run(CHECK.format(options=""))
    (panel,) = session.panels.values()
    panel.rehearse.click()
    assert panel.status.text.startswith("Rehearsed on a clone: 1 blocker.")
    assert "the same name as another row" in panel.widget.children[-1].value
