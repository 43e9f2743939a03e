"""What a person types after a command: comments, variables, semicolons, and names that do not exist."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_comment_may_follow_every_command(notebook, tmp_path):
    notebook.declare()
    for line in (
        "%mig_connect sqlite:///dev.db   # the dev database",
        "%mig_init migrations # once",
        '%mig_autogenerate Base -m "fix #12" --id a1 --write # unattended, don\'t ask',
        "%mig_upgrade # go",
        "%mig # status",
        "%mig history # all of it",
        "%mig_diff Base # nothing?",
        "p = %mig_history # kept",
        "%%migration 'by hand' --id b2 # not written yet\nop.execute('SELECT 1 -- # $x {x}')\n",
        "%%mig_models Base # again\nclass Pet(Base):\n    __tablename__ = 'pets'\n    id: Mapped[int] = mapped_column(primary_key=True)",
    ):
        notebook.run(line)
    (written,) = (tmp_path / "migrations" / "versions").glob("*.py")
    assert "fix #12" in written.read_text()
    assert notebook.run("%mig_history; # silent") is None
    assert notebook.run("p = %mig_diff ; # kept\nlen(p)") == 1
    assert notebook.run("p = %mig_diff;\nlen(p)") == 1
    assert notebook.run("p = %mig_autogenerate -m 'a; # b' ;\np.message") == "a; # b"


@pytest.mark.slow
def test_variables_stand_for_every_argument_and_never_in_code(migrated):
    migrated.run("rev, low, message, pick = 'a1', 'base', 'costs $5 {here}', ['a1']")
    for line in ("%mig_show $rev", "%mig_show {rev}", "%mig_show rev", "%mig_show {pick[0]}", "%mig show $pick"):
        assert migrated.run(line).revision == "a1", line
    assert len(migrated.run("%mig_history $low:{rev}")) == 1
    migrated.run("def back(target):\n    %mig_downgrade $target --yes\nback('base')")
    migrated.run("def forth(target):\n    if target:\n        %mig upgrade target\nforth('head')")
    migrated.run(
        "def models():\n    inner = sa.MetaData()\n    sa.Table('t', inner, sa.Column('x', sa.Integer))\n    d = %mig_diff $inner\n    e = %mig_diff inner\n    return len(d), len(e)"
    )
    assert migrated.run("models()") == (2, 2)
    assert migrated.run("%mig_diff $Base") is not None
    revision = migrated.run("%mig_revision -m $message --id b2")
    assert Path(revision.path).read_text().startswith('"""costs $5 {here}')
    shown = migrated.run("%%migration 'hand'\nop.execute(\"SELECT '$rev {rev}'\")\n")
    assert "$rev {rev}" in repr(shown)
    assert "$nobody" in migrated.fail("%mig_show $nobody")
    assert "{nobody}" in migrated.fail("%mig_show {nobody}")


def test_a_revision_of_that_name_is_meant_before_a_variable(migrated):
    migrated.run("a1, a, head = 'nobody', 'nobody', 'nobody'")
    assert migrated.run("%mig_show a1").revision == "a1"
    assert migrated.run("%mig_show a").revision == "a1"
    assert migrated.run("%mig_show head").revision == "a1"


def test_a_password_in_a_variable_is_not_in_the_cell(notebook, postgresql_url):
    import sqlalchemy as sa

    url = sa.make_url(postgresql_url)
    notebook["secret"], notebook["url"] = "swordfish94", url.set(password="swordfish94").render_as_string(False)
    for line in (
        f"%mig_connect {url.drivername}://{url.username}:$secret@{url.host}:{url.port}/{url.database}",
        "%mig_connect $url",
        "%mig_connect {url}",
    ):
        shown = repr(notebook.run(line))
        assert "is written in the cell" not in shown
        assert "swordfish94" not in shown


@pytest.mark.parametrize(
    ("cell", "nearest"),
    [
        ("%mig_upgrde", "%mig_upgrade"),
        ("%mig_upgrde head --sql # see", "%mig_upgrade"),
        ("p = %mig_histroy", "%mig_history"),
        ("if True:\n    %mig_dif Base", "%mig_diff"),
        ("%mig upgrde", "upgrade"),
        ("%mig mig_upgrde", "%mig_upgrade"),
        ("%%migraton 'x'\nop.execute('%mig_upgrde')", "%%migration"),
        ("%%mig_model Base\nx = 1", "%%mig_models"),
        ("%mig models", "%%mig_models"),
        ("%%mig upgrade\nx", "%mig_upgrade"),
    ],
)
def test_a_mistyped_command_names_the_nearest(notebook, cell, nearest):
    assert nearest in notebook.fail(cell)


def test_text_of_a_cell_is_never_changed(notebook):
    text = "x = '''\n%mig_upgrde\n%mig_history;\n'''\nx"
    assert notebook.run(text) == "\n%mig_upgrde\n%mig_history;\n"
    notebook.run("%unload_ext mig_ipython")
    assert not [one for one in notebook.shell.input_transformers_post if one.__module__.startswith("mig_ipython")]
    notebook.run("%load_ext mig_ipython")


def test_help_lists_every_command_in_text_and_html(notebook):
    from mig_ipython.magics import find_commands

    shown = notebook.run("%mig help")
    for command in find_commands().values():
        name = command.typed
        for text in (repr(shown), shown._repr_html_(), notebook.shell.object_inspect("%mig")["docstring"]):
            assert f"{name}\n" in text or f"{name} " in text or f"{name}<" in text or f"{name}," in text, name
    assert repr(notebook.run("%mig --help")) == repr(notebook.run("%mig_help")) == repr(shown)
    result = notebook.shell.run_cell("%mig xyzzy")
    printed = notebook.capsys.readouterr().out
    assert "%%mig_models" in printed
    assert "%mig has no command 'xyzzy'" in str(result.error_in_exec)


def test_a_command_that_the_table_lacks_comes_last_with_its_docstring():
    from mig_ipython.magics import Command
    from mig_ipython.magics.help import described

    (wish,) = described([Command("undo")])
    assert wish.typed == ("%mig_undo",)
    assert wish.want[0].islower()


def test_every_command_in_the_readme_and_in_the_help_can_be_typed():
    import re

    from mig_ipython.magics import find_commands
    from mig_ipython.magics.help import WISHES
    from mig_ipython.shell.command_line import LineParser
    from mig_ipython.shell.tokenizer import read_line

    commands = find_commands()
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    code = re.findall(r"`(%[^`]+)`", readme) + re.findall(r"^(%mig.*)", readme, re.MULTILINE)
    typed = [line for line in code if "?" not in line] + [one for wish in WISHES for one in wish.typed]
    assert len(typed) > 50
    for line in typed:
        words = read_line(line.lstrip("%"), {}).words
        verb = words.pop(0).removeprefix("mig_")
        verb = (words.pop(0) if words else "status") if verb == "mig" else verb
        assert commands[verb].is_cell == line.startswith("%%"), line
        LineParser(commands[verb]).parse_args(words)


def test_the_options_of_the_status_may_follow_mig(migrated):
    assert migrated.run("%mig --no-drift # quick").drift is None
    assert migrated.run("%mig").drift == 0
    assert "%mig_status does not know --no-drft. The nearest is --no-drift." in migrated.fail("%mig --no-drft")


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "\n",
        "# note\n    x = 1\n",
        "# note\n%%time\nx = 1\n",
        "x = 1\n# note\n%%mig_models Base\n",
        "%%bash\n# mig\n",
    ],
)
def test_only_our_cell_magic_is_moved_above_comments(cell):
    from mig_ipython.shell.input_transformer import with_cell_magic_first

    lines = cell.splitlines(keepends=True)
    assert with_cell_magic_first(lines) == lines
    moved = with_cell_magic_first(["# note\n", "\n", "%%migration 'x'\n", "op.f()\n"])
    assert moved == ["%%migration 'x'\n", "# note\n", "\n", "op.f()\n"]
