"""Every command of the program: its options, its output, its JSON, its exit code; and custom commands."""

import json
import sys

import pytest
import sqlalchemy as sa

from kernel_core.config import CommandLine, Config
from kernel_core.config.usage import COMMANDS
from kernel_core.util.exc import CommandError

ALEMBIC_OPTIONS = {
    "list_templates": [],
    "init": ["-t", "--template", "--package"],
    "revision": [
        "-m", "--message", "--autogenerate", "--sql", "--head", "--splice", "--branch-label", "--version-path",
        "--rev-id", "--depends-on",
    ],
    "check": [],
    "merge": ["-m", "--message", "--branch-label", "--rev-id", "--splice"],
    "upgrade": ["--sql", "--tag"],
    "downgrade": ["--sql", "--tag"],
    "show": [],
    "history": ["-r", "--rev-range", "-v", "--verbose", "-i", "--indicate-current"],
    "heads": ["-v", "--verbose", "--resolve-dependencies"],
    "branches": ["-v", "--verbose"],
    "current": ["-v", "--verbose", "-c", "--check-heads"],
    "stamp": ["--sql", "--tag", "--purge"],
    "edit": [],
    "ensure_version": ["--sql"],
}  # fmt: skip


def test_every_command_of_alembic_is_there_with_its_options():
    assert set(COMMANDS) - {"abandon", "adopt", "locate", "rehearse", "resume", "schema", "squash"} == set(
        ALEMBIC_OPTIONS
    )
    for name, options in ALEMBIC_OPTIONS.items():
        flags = {flag for flags, _ in COMMANDS[name].arguments for flag in flags}
        assert set(options) <= flags, name


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_shows_an_example_that_can_be_typed(mig, name):
    import shlex

    code, out, _ = mig(name, "--help")
    assert code == 0
    example = out.partition("example:\n  mig ")[2].strip()
    assert CommandLine().parser.parse_args(shlex.split(example)).mig_command is COMMANDS[name]


def test_templates_are_listed(mig):
    code, out, _ = mig("list_templates")
    assert code == 0
    assert out.startswith("Available templates:\n\n")
    assert "\ngeneric - One database, one folder of revisions.\n" in out


def test_check_fails_where_something_would_be_generated(mig, project):
    assert mig("check")[0] == 255
    project.env(lambda text: text.replace('config.attributes.get("target_metadata")', "sa.MetaData()\n", 1).replace(
        "import os\n", "import os\nimport sqlalchemy as sa\n", 1))  # fmt: skip
    assert mig("check") == (0, "No new upgrade operations detected.\n", "")
    assert mig("-q", "check") == (0, "", "")
    assert json.loads(mig("check", "--json")[1]) == {"differs": False, "operations": []}
    project.run("CREATE TABLE lost (id INTEGER PRIMARY KEY)")
    assert mig("check") == (255, "", "FAILED: New upgrade operations detected: Drop table lost.\n")
    code, out, err = mig("check", "--json")
    assert (code, json.loads(out)) == (255, {"differs": True, "operations": ["Drop table lost"]})
    assert err.startswith("FAILED: ")
    project.chain("a1")
    assert "upgrade it first" in mig("check")[2]


def test_json_has_all_fields_of_a_revision(mig, project):
    project.chain("a1")
    project.write("b1", "a1", labels=("blue",), doc="Blue")
    project.write("b2", "a1", needs="b1")
    shown = json.loads(mig("show", "b1", "--json")[1])
    assert shown == {
        "revision": "b1", "down_revision": ["a1"], "depends_on": [], "branch_labels": ["blue"], "is_head": True,
        "is_base": False, "is_branch_point": False, "is_merge_point": False, "children": [], "replaces": [], "doc": "Blue",
        "create_date": None, "path": str(project.versions / "b1.py"), "upgrade": shown["upgrade"],
        "downgrade": shown["downgrade"],
    }  # fmt: skip
    assert shown["upgrade"].keys() == shown["downgrade"].keys() == {"complete", "unread", "operations"}
    assert [each["revision"] for each in json.loads(mig("heads", "--json")[1])] == ["b1", "b2"]
    assert [each["revision"] for each in json.loads(mig("heads", "--resolve-dependencies", "--json")[1])] == ["b2"]
    assert [each["children"] for each in json.loads(mig("branches", "--json")[1])] == [["b1", "b2"]]
    assert "is_current" not in json.loads(mig("history", "--json")[1])[0]
    mig("upgrade", "a1")
    marked = {each["revision"]: each["is_current"] for each in json.loads(mig("history", "-i", "--json")[1])}
    assert marked == {"a1": True, "b1": False, "b2": False}
    (here,) = json.loads(mig("current", "--json")[1])
    assert (here["revision"], here["database"]) == ("a1", project.url)
    project.run("UPDATE alembic_version SET version_num = 'gone'")
    assert json.loads(mig("current", "--json")[1])[0]["path"] is None


def test_current_checks_that_the_database_is_at_the_heads(mig, project):
    project.chain("a1", "b2")
    mig("upgrade", "a1")
    code, out, err = mig("current", "--check-heads")
    assert (code, out) == (255, "")
    assert err == (
        f"FAILED: Database is not on all head revisions: {project.url} is at a1, the newest is b2. "
        "Upgrade it: upgrade heads.\n"
    )
    mig("upgrade", "head")
    assert mig("current", "-c") == (0, "b2 (head), Do b2\n", "")
    assert mig("current", "-v")[1].startswith(f"{project.url}:\nRev: b2 (head)\nParent: a1\n")


def test_a_head_that_another_one_depends_on_need_not_be_stored(mig, project):
    project.chain("a1")
    project.write("x1", None, needs="a1")
    mig("upgrade", "heads")
    assert project.rows() == ["x1"]
    assert mig("current", "--check-heads")[0] == 0


def test_show_takes_symbols(mig, project):
    project.chain("a1")
    project.write("b1", "a1")
    project.write("b2", "a1")
    assert mig("show", "heads")[1].count("Rev: ") == 2
    assert "base, which is not a revision" in mig("show", "base")[2]


def test_edit_opens_the_file_in_the_editor(mig, project, monkeypatch, tmp_path):
    project.chain("a1", "b2")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f'{sys.executable} -c \'import sys; print(*sys.argv[1:], file=open("seen", "w"))\'')
    assert mig("edit", "head") == (0, "", "")
    assert (tmp_path / "seen").read_text() == f"{project.versions / 'b2.py'}\n"
    mig("upgrade", "a1")
    mig("edit", "current")
    assert (tmp_path / "seen").read_text() == f"{project.versions / 'a1.py'}\n"
    assert "base, which has no file" in mig("edit", "base")[2]
    monkeypatch.setenv("VISUAL", "/no/such/editor")
    assert "cannot be started" in mig("edit", "head")[2]
    monkeypatch.setenv("VISUAL", "false")
    assert "exit code 1" in mig("edit", "head")[2]
    monkeypatch.delenv("VISUAL")
    monkeypatch.delenv("EDITOR")
    assert "Set EDITOR, or open" in mig("edit", "head")[2]


def test_ensure_version_creates_the_table_and_no_row(mig, project):
    assert mig("ensure_version") == (0, f"{project.url} has its version table.\n", "")
    assert (project.tables(), project.rows()) == ({"alembic_version"}, [])
    assert mig("ensure_version")[0] == 0
    code, out, _ = mig("ensure_version", "--sql")
    assert code == 0
    assert out.startswith("CREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL")


def test_ensure_version_on_postgresql_is_kept(postgresql_project):
    from kernel_core import command

    command.ensure_version(postgresql_project.config())
    assert postgresql_project.tables() == {"alembic_version"}


def test_merge_may_splice(mig, project):
    project.chain("a1", "b2", "c3")
    project.write("x1", "a1")
    assert "is not a head" in mig("merge", "b2", "x1", "--rev-id", "m1")[2]
    assert mig("merge", "b2", "x1", "--splice", "--rev-id", "m1", "-m", "Join")[0] == 0
    assert json.loads(mig("show", "m1", "--json")[1])["down_revision"] == ["b2", "x1"]


def test_stamp_prints_sql_for_a_range_and_several_revisions(mig, project):
    project.chain("a1", "b2")
    out = mig("stamp", "a1:b2", "--sql")[1]
    assert "UPDATE alembic_version SET version_num='b2' WHERE alembic_version.version_num = 'a1';" in out
    project.write("x1", None)
    assert mig("stamp", "b2", "x1")[0] == 0
    assert project.rows() == ["b2", "x1"]
    assert mig("stamp", "--purge", "a1")[0] == 0
    assert project.rows() == ["a1"]


def test_a_tag_reaches_env_py(mig, project):
    project.chain("a1")
    project.env(lambda text: text + "\nprint('tag', context.get_tag_argument())\n")
    assert "tag t1\n" in mig("upgrade", "head", "--tag", "t1")[1]
    assert "tag t2\n" in mig("stamp", "head", "--tag", "t2")[1]


def test_a_custom_command(capsys):
    seen = []

    def promote(config: Config, revision, *, stage="test", count=1, dry: bool = False, sql=False, message=None):
        """Take a revision to the next stage.

        And more of it.
        """
        config.print_stdout("promoting %s", revision)
        seen.append((revision, stage, count, dry, sql, message))

    line = CommandLine()
    line.register_command(promote)
    line.main(["promote", "a1", "--stage", "live", "--count", "3", "--dry", "--sql", "-m", "Hi"])
    line.main(["-q", "promote", "a1"])
    assert seen == [("a1", "live", 3, True, True, "Hi"), ("a1", "test", 1, False, False, None)]
    assert capsys.readouterr().out == "promoting a1\n"
    with pytest.raises(SystemExit):
        line.main(["promote", "--help"])
    assert "Take a revision to the next stage." in capsys.readouterr().out


def test_a_custom_command_may_take_several_revisions_and_fail(capsys):
    def refuse(config, revisions, loud=True):
        raise CommandError(f"{', '.join(revisions)}, {loud}")

    line = CommandLine()
    line.register_command(refuse)
    with pytest.raises(SystemExit):
        line.main(["refuse", "a", "b", "--loud"])
    assert capsys.readouterr().err == "FAILED: a, b, False\n"
    with pytest.raises(TypeError, match="cannot be a command"):
        line.register_command(lambda config, *rest: None)


def test_current_lists_each_of_several_databases(mig, project, tmp_path):
    project.chain("a1", "b2")
    project.env(
        lambda text: text.replace(
            "def migrate_database():",
            "def migrate_database():\n    for name in ('one', 'two'):\n"
            f"        with create_engine(f'sqlite:///{tmp_path}/{{name}}.db').connect() as connection:\n"
            "            migrate(connection)\n    return\n",
        )
    )
    mig("upgrade", "head")
    with sa.create_engine(f"sqlite:///{tmp_path}/two.db").begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'a1'")
    assert mig("current")[1] == (
        f"sqlite:///{tmp_path}/one.db:\nb2 (head), Do b2\nsqlite:///{tmp_path}/two.db:\na1, Do a1\n"
    )
    assert "two.db is at a1" in mig("current", "--check-heads")[2]


def forked(project, one, other):
    project.write("a1", None, "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))", "pass")
    project.write("b2", "a1", one, "pass")
    project.write("c3", "a1", other, "pass")


def test_merge_check_fails_and_names_the_operations_whose_order_matters(mig, project):
    forked(project, "op.add_column('t', sa.Column('x', sa.Integer))", "op.add_column('t', sa.Column('x', sa.String))")
    code, out, err = mig("merge", "--check")
    assert code == 255
    assert out.startswith("b2 and c3 do not commute: ")
    assert "first conflicting operations:\n    migrations/versions/b2.py:" in out
    assert "The order of the heads matters" in err
    assert mig("heads")[1].count("\n") == 2


@pytest.mark.slow
def test_merge_check_of_heads_that_commute_as_text_and_json(mig, project):
    forked(
        project, "op.add_column('t', sa.Column('x', sa.Integer))", "op.create_table('u', sa.Column('id', sa.Integer))"
    )
    code, out, _ = mig("merge", "heads", "--check")
    assert code == 0
    assert out.startswith("b2 and c3 commute: both orders give the same result.\n")
    (found,) = json.loads(mig("merge", "--check", "--json")[1])
    assert (found["verdict"], found["heads"]) == ("commute", ["b2", "c3"])
    assert "both orders, run on SQLite in memory" in found["compared"]
    (found,) = json.loads(mig("merge", "--check", "--json", "--no-run")[1])
    assert found["not_compared"] == ["by running: switched off by --no-run"]


def test_merge_without_a_name_merges_the_heads(mig, project):
    forked(project, "pass", "pass")
    assert mig("merge", "-m", "Join", "--rev-id", "m1")[0] == 0
    assert mig("heads")[1].startswith("m1 ")


def test_merge_rebase_puts_one_head_after_the_other(mig, project):
    forked(project, "pass", "pass")
    assert mig("merge", "--rebase", "c3")[1] == "migrations/versions/c3.py: c3 follows b2 (before: a1)\n"
    assert mig("heads")[1].startswith("c3 ")
    assert "There are 0 other heads" in mig("merge", "--rebase", "c3")[2]
    assert "at most one" in mig("merge", "a1", "b2", "--rebase", "c3")[2]


def test_squash_writes_one_revision_in_place_of_a_range_and_prune_deletes_the_old_files(mig, project):
    project.chain("a1", "b2", "c3")
    code, out, err = mig("squash", "a1:b2", "-m", "First")
    assert (code, err) == (0, "")
    assert out.startswith("b2 replaces a1, b2: 2 operations become 2\n")
    assert out.endswith("made migrations/versions/b2.py\n")
    assert [line.split()[2] for line in mig("history")[1].splitlines()] == ["c3", "b2,"]
    (_, found) = json.loads(mig("history", "--json")[1])
    assert found["replaces"] == ["a1", "b2"]
    pruned = mig("squash", "--prune", "b2")[1].splitlines()
    assert sorted(line for line in pruned if "checked: " not in line) == [
        "deleted migrations/replaced/b2/a1.py",
        "deleted migrations/replaced/b2/b2.py",
    ]
    assert [line.partition(": ")[0] for line in pruned if "checked: " in line] == ["checked", "not checked"]
    assert "Name a range" in mig("squash")[2]


def test_squash_shows_the_file_without_writing_it(mig, project):
    project.chain("a1", "b2")
    code, out, _ = mig("squash", "a1:b2", "--show", "--no-run")
    assert code == 0
    assert 'replaces = ("a1", "b2")\n' in out
    assert not (project.folder / "migrations" / "replaced").exists()
