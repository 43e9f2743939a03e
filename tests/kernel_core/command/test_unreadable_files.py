"""Version files of Alembic 0.1, whose name is their id; and commands that are refused if a file cannot be read."""

import py_compile

import pytest

from kernel_core import command
from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import BrokenScript

OLD = '"""Of 2012"""\nfrom alembic import op\n{head}\ndef upgrade():\n    op.execute("create table t{name} (i int)")\ndef downgrade():\n    op.execute("drop table t{name}")\n'

NAMES = {
    "1ab2.py": "1ab2",
    "3f2a9c41bd7.py": "3f2a9c41bd7",
    "beef.py": "beef",
    "1AB2.py": None,
    "1ab2_add.py": None,
    "add_1ab2.py": None,
    "xbeef.py": None,
    "1ab2-3.py": None,
    "0x1a.py": None,
}


def old(project, name: str, head: str = "down_revision = None", table: str = "x") -> None:
    (project.versions / name).write_text(OLD.format(head=head, name=table))


def test_a_file_without_an_id_has_its_name_as_id(project):
    for name in NAMES:
        old(project, name)
    scripts = ScriptDirectory.from_config(project.config())
    assert sorted(script.revision for script in scripts.walk_revisions()) == sorted(filter(None, NAMES.values()))
    refused = {error.path.rpartition("/")[2] for error in scripts.unreadable}
    assert refused == {name for name, revision in NAMES.items() if revision is None}


def test_a_history_of_old_files_continues_with_new_ones(project):
    old(project, "1ab2.py", table="one")
    old(project, "2ab2.py", 'down_revision = "1ab2"', table="two")
    script = command.revision(project.config(), "Go on", rev_id="new1")
    assert script.down_revision == "2ab2"
    assert [step.revision for step in command.upgrade(project.config(), "head").steps] == ["1ab2", "2ab2", "new1"]
    assert [step.revision for step in command.downgrade(project.config(), "base").steps] == ["new1", "2ab2", "1ab2"]
    assert "1ab2.py" in command.show(project.config(), "1ab2").path
    assert command.show(project.config(), "2ab").doc == "Of 2012"


def test_old_files_may_be_compiled_or_compute_their_parent(project):
    old(project, "1ab2.py")
    source = project.versions / "1ab2.py"
    py_compile.compile(str(source), cfile=str(project.versions / "1ab2.pyc"))
    source.unlink()
    old(project, "2ab2.py", 'down_revision = "1ab" + "2"', table="two")
    config = project.config()
    config.set_main_option("sourceless", "true")
    assert [step.revision for step in command.upgrade(config, "head").steps] == ["1ab2", "2ab2"]


UNREADABLE = {
    "an open parenthesis": "revision = 'zz'\ndown_revision = (\n",
    "an empty file": "",
    "a file without an id": "down_revision = 'a1'\n",
    "a conflict of git": "<<<<<<< HEAD\nrevision = 'zz'\n=======\nrevision = 'yy'\n>>>>>>> theirs\n",
    "an id that fails when it is computed": "revision = nowhere\n",
    "a number as an id": "revision = 7\n",
}
REFUSED = {
    "upgrade head": lambda config: command.upgrade(config, "head"),
    "upgrade heads": lambda config: command.upgrade(config, "heads"),
    "upgrade an id that is applied": lambda config: command.upgrade(config, "a1"),
    "upgrade one more": lambda config: command.upgrade(config, "+1"),
    "SQL of an upgrade": lambda config: command.upgrade(config, "head", sql=True),
    "stamp head": lambda config: command.stamp(config, "head"),
    "check": command.check,
    "current --check-heads": lambda config: command.current(config, check_heads=True),
    "revision --autogenerate": lambda config: command.revision(config, "x", autogenerate=True),
}
KEPT = {
    "current": (command.current, ["a1"]),
    "heads": (command.heads, ["b1"]),
    "stamp an id": (lambda config: command.stamp(config, "a1").steps, []),
    "downgrade": (lambda config: command.downgrade(config, "-1").steps, ["a1"]),
    "upgrade an id": (lambda config: command.upgrade(config, "b1").steps, ["a1", "b1"]),
}


@pytest.mark.parametrize("fault", UNREADABLE)
@pytest.mark.costly
@pytest.mark.filterwarnings("ignore:cannot be read:UserWarning")
def test_commands_that_need_every_file_name_the_unreadable_one(project, fault):
    project.chain("a1", "b1")
    command.upgrade(project.config(), "a1")
    (project.versions / "zz_x.py").write_text(UNREADABLE[fault])
    for what, run in REFUSED.items():
        with pytest.raises(BrokenScript, match=r"zz_x\.py") as refused:
            run(project.config())
        assert "The heads are not certain" in str(refused.value), what
        assert [each.revision for each in command.current(project.config())] == ["a1"], what
    for what, (run, expected) in KEPT.items():
        assert [each.revision for each in run(project.config())] == expected, what


def test_nothing_to_do_is_reported_only_where_every_file_was_read(project):
    project.chain("a1")
    command.upgrade(project.config(), "head")
    (project.versions / "zz_x.py").write_text("")
    (project.versions / "zy_x.py").write_text("")
    with pytest.raises(BrokenScript, match="2 files cannot be read"):
        command.upgrade(project.config(), "head")
