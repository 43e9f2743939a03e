"""A range becomes one revision: databases before it, inside it and after it end equal."""

from __future__ import annotations

import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.config import Config, main
from kernel_core.script import ScriptDirectory
from kernel_core.snapshot import snapshot_of
from kernel_core.squash import squashed, write
from kernel_core.util.exc import BrokenScript, CommandError, DatabaseNotAtHead, LostRevision

from .conftest import REVISIONS


def content(project: Any) -> Any:
    """Return schema, rows and versions of the database."""
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        metadata = sa.MetaData()
        metadata.reflect(connection)
        rows = {
            table.name: connection.execute(sa.select(table)).all()
            for table in metadata.sorted_tables
            if "journal" not in table.name
        }
        return snapshot_of(connection).tables, rows


def folder(project: Any, name: str = "versions") -> Path:
    return Path(project.folder) / "migrations" / name


def names(path: Path) -> set[str]:
    return {each.name for each in path.glob("*.py")}


@pytest.mark.slow
@pytest.mark.costly
@pytest.mark.parametrize("at", ["base", *REVISIONS])
def test_a_database_at_any_revision_ends_equal(any_history: Any, at: str) -> None:
    command.upgrade(any_history.config, "head")
    expected = content(any_history)
    command.downgrade(any_history.config, "base")
    empty = content(any_history)
    if at != "base":
        command.upgrade(any_history.config, at)
    made = command.squash(any_history.config, "a1:e5", "All of it")
    assert any("by running both" in each for each in made.proof.compared), made.proof
    assert (made.before, made.after, made.kept) == (7, 3, ("d4",))
    assert names(folder(any_history)) == {"e5.py", "f6.py"}
    assert names(folder(any_history, "replaced/e5")) == {"a1.py", "b2.py", "c3.py", "d4.py", "e5.py"}
    command.upgrade(any_history.config, "head")
    assert content(any_history) == expected
    command.downgrade(any_history.config, "base")
    assert content(any_history) == empty
    command.upgrade(any_history.config, "head")
    found, rows = content(any_history)
    assert (found, rows["users"][0][1:]) == (expected[0], expected[1]["users"][0][1:])


@pytest.mark.parametrize(
    ("at", "listed", "marked"),
    [
        ("base", ["f6", "e5"], []),
        ("b2", ["f6", "e5", "d4", "c3", "b2", "a1"], ["b2"]),
        ("e5", ["f6", "e5"], ["e5"]),
        ("f6", ["f6", "e5"], ["f6"]),
    ],
)
@pytest.mark.costly
def test_every_listing_knows_where_a_database_is(history: Any, at: str, listed: list[str], marked: list[str]) -> None:
    if at != "base":
        command.upgrade(history.config, at)
    command.squash(history.config, "a1:e5")
    scripts = command.scripts_of(history.config)
    assert [each.revision for each in command.current(history.config)] == marked
    assert all(each.path for each in command.current(history.config))  # type: ignore[attr-defined]
    places = command.heads_by_database(history.config, scripts)
    assert not [edited for place in places for edited in place.journal.edited]
    assert [each.revision for each in command.history(history.config, scripts=scripts)] == listed
    assert [each.revision for each in command.heads(history.config)] == ["f6"]
    if at == "f6":
        command.current(history.config, check_heads=True)
    else:
        with pytest.raises(DatabaseNotAtHead, match="the newest is f6"):
            command.current(history.config, check_heads=True)
    command.stamp(history.config, "head")
    assert history.rows() == ["f6"]


def test_a_database_inside_the_range_goes_up_and_down_by_the_old_files(history: Any) -> None:
    command.upgrade(history.config, "b2")
    command.squash(history.config, "a1:e5")
    command.downgrade(history.config, "-1")
    assert history.rows() == ["a1"]
    command.upgrade(history.config, "+2")
    assert history.rows() == ["c3"]
    assert [each.revision for each in command.current(history.config)] == ["c3"]


@pytest.mark.slow
def test_a_squashed_revision_can_be_squashed_again(history: Any) -> None:
    command.upgrade(history.config, "b2")
    command.squash(history.config, "a1:c3")
    made = command.squash(history.config, "c3:f6")
    assert made.range.replaces == ("a1", "b2", "c3", "d4", "e5", "f6")
    assert names(folder(history)) == {"f6.py"}
    command.upgrade(history.config, "head")
    assert history.rows() == ["f6"]
    assert {"users", "pets"} <= history.tables()


@pytest.mark.slow
def test_the_error_about_a_replaced_name_says_what_replaces_it(history: Any) -> None:
    command.squash(history.config, "a1:e5")
    command.prune(history.config, "e5")
    with pytest.raises(CommandError, match=r'No revision is named "b2"\. e5 replaces it\. Name e5\.'):
        command.upgrade(history.config, "b2")


def test_show_writes_nothing(history: Any) -> None:
    made = command.squash(history.config, "a1:e5", show=True)
    assert 'replaces = ("a1", "b2", "c3", "d4", "e5")' in made.text
    assert len(names(folder(history))) == 6
    assert not folder(history, "replaced").exists()


@pytest.mark.parametrize(
    ("extra", "text", "reason"),
    [
        ((), "a1", "is not a range"),
        ((), "e5:a1", "does not come after"),
        ((), "a1:a1", "only one revision"),
        (("g7", "c3", "pass", "pass"), "a1:e5", "g7 follows c3 too"),
        (("é7", "f6", "pass", "pass"), "a1:é7", "no folder can have the name 'é7'"),
        (("m8", ("f6", "g7"), "pass", "pass"), "c3:m8", "can only be the first revision|needs|g7"),
    ],
)
def test_a_range_that_cannot_be_squashed_is_refused(history: Any, extra: Any, text: str, reason: str) -> None:
    if extra and extra[0] == "m8":
        history.write("g7", "f6", "pass", "pass")
        extra = ("m8", ("g7", "f6"), *extra[2:])
    if extra:
        history.write(*extra)
    before = names(folder(history))
    with pytest.raises(CommandError, match=reason):
        command.squash(history.config, text)
    assert names(folder(history)) == before


def test_a_range_with_a_file_that_does_not_compile_is_refused(history: Any) -> None:
    path = folder(history) / "c3.py"
    path.write_text(f"{path.read_text()}\n\ndef broken(:\n    pass\n")
    with pytest.raises(BrokenScript, match=r"c3\.py"):
        command.squash(history.config, "a1:e5", run=False)


def test_a_range_with_a_compiled_file_is_refused(history: Any) -> None:
    history.config.set_main_option("sourceless", "true")
    path = folder(history) / "c3.py"
    py_compile.compile(str(path), str(path.with_suffix(".pyc")))
    path.unlink()
    with pytest.raises(CommandError, match=r"c3\.pyc is compiled"):
        command.squash(history.config, "a1:e5")


def test_a_revision_that_depends_on_the_inside_is_refused(history: Any) -> None:
    history.write("x9", None, "pass", "pass")
    path = folder(history) / "x9.py"
    path.write_text(path.read_text() + "\ndepends_on = 'c3'\n")
    with pytest.raises(CommandError, match="x9 depends on "):
        command.squash(history.config, "a1:e5")
    assert command.squash(history.config, "a1:c3").range.last.revision == "c3"


def test_labels_and_dependencies_of_the_range_are_kept(history: Any) -> None:
    history.write("x9", None, "pass", "pass")
    for name, line in (("b2", "depends_on = 'x9'"), ("a1", "branch_labels = 'shop'")):
        path = folder(history) / f"{name}.py"
        path.write_text(path.read_text() + f"\n{line}\n")
    command.squash(history.config, "a1:c3")
    script = ScriptDirectory(folder(history).parent).get_revision("c3")
    assert script is not None
    assert (script.dependencies, set(script.own_labels)) == ("x9", {"shop"})


def test_a_result_that_would_differ_is_refused(history: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder(history) / "b2.py"
    # A helper that counts how often its module is loaded does something else the second time.
    path.write_text(
        path.read_text().replace(
            "def upgrade():",
            "import os\nN = os.environ['LOADS'] = str(int(os.environ.get('LOADS', '0')) + 1)\n\n\ndef upgrade():\n"
            "    op.execute(f'CREATE TABLE t{N} AS SELECT 1 AS x')",
        )
    )
    monkeypatch.setenv("LOADS", "0")
    before = names(folder(history))
    with pytest.raises(CommandError, match="would differ on SQLite in memory"):
        command.squash(history.config, "a1:c3")
    assert names(folder(history)) == before


@pytest.mark.slow
def test_prune_is_refused_while_a_database_is_inside(history: Any) -> None:
    command.upgrade(history.config, "b2")
    command.squash(history.config, "a1:e5")
    with pytest.raises(CommandError, match=r"is at b2, inside the range of e5\. Nothing was deleted"):
        command.prune(history.config, "e5")
    assert len(names(folder(history, "replaced/e5"))) == 5
    command.upgrade(history.config, "e5")
    found = command.prune(history.config, "e5")
    assert len(found.paths) == 5
    assert found.checked[0].endswith("is at e5, not inside the range")
    assert found.checked[1].startswith("not checked: databases to which env.py did not connect now")
    assert not folder(history, "replaced/e5").exists()
    assert history.rows() == ["e5"]
    command.upgrade(history.config, "head")
    with pytest.raises(CommandError, match="Nothing was deleted"):
        command.prune(history.config, "e5")


TWO_DATABASES = """
import os
import sqlalchemy as sa
from alembic import context

for name in os.environ["DATABASES"].split():
    with sa.create_engine(f"sqlite:///{name}.db").connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""


@pytest.mark.slow
def test_prune_checks_each_database_of_env_py_and_names_them(
    history: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder(history, "versions").parent / "env.py").write_text(TWO_DATABASES)
    monkeypatch.setenv("DATABASES", "one")
    command.upgrade(history.config, "b2")
    command.squash(history.config, "a1:e5")
    monkeypatch.setenv("DATABASES", "two one")
    with pytest.raises(SystemExit):
        main(["-c", history.ini, "squash", "--prune", "e5"])
    assert "one.db is at b2, inside the range of e5" in capsys.readouterr().err
    command.upgrade(history.config, "e5")
    main(["-c", history.ini, "squash", "--prune", "e5"])
    shown = capsys.readouterr().out
    assert "two.db is at e5, not inside the range" in shown
    assert "one.db is at e5, not inside the range" in shown
    assert "not checked: databases to which env.py did not connect now" in shown


def test_a_database_inside_a_pruned_range_is_reported_with_the_squashed_revision(history: Any) -> None:
    command.squash(history.config, "a1:e5")
    command.prune(history.config, "e5")
    history.run("CREATE TABLE alembic_version (version_num VARCHAR(32))", "INSERT INTO alembic_version VALUES ('b2')")
    with pytest.raises(LostRevision, match="e5 replaces it, and the replaced file is gone"):
        command.upgrade(history.config, "head")


def test_files_that_changed_meanwhile_are_not_squashed(history: Any) -> None:

    scripts = command.scripts_of(history.config)
    made = squashed(scripts, "a1:e5")
    path = folder(history) / "b2.py"
    path.write_text(path.read_text() + "\n# edited\n")
    with pytest.raises(CommandError, match=r"b2\.py has changed meanwhile"):
        write(scripts, made)
    assert len(names(folder(history))) == 6


def test_a_folder_that_would_be_read_is_refused(history: Any) -> None:

    locations = [str(folder(history)), str(folder(history, "replaced"))]
    scripts = ScriptDirectory(folder(history).parent, version_locations=locations)
    with pytest.raises(CommandError, match="is read as a folder of version files"):
        write(scripts, squashed(scripts, "a1:e5"))


KILLED = """
import os, sys
count = int(sys.argv[1])
def audit(event, arguments):
    global count
    if event in ("os.rename", "os.remove", "os.mkdir", "open", "os.link", "shutil.copyfile"):
        path = str(arguments[0])
        if "migrations" in path:
            count -= 1
            if count == 0:
                os._exit(9)
sys.path.insert(0, sys.argv[2])
from kernel_core.script import ScriptDirectory
from kernel_core.squash import squashed, write
scripts = ScriptDirectory("migrations")
made = squashed(scripts, "a1:e5")
sys.addaudithook(audit)
write(scripts, made)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "count", [each if each in (12, 30) else pytest.param(each, marks=pytest.mark.sweep) for each in range(1, 75)]
)
@pytest.mark.costly
def test_a_kill_while_writing_leaves_the_old_or_the_new_files(history: Any, count: int) -> None:
    root = str(Path(command.__file__).parents[2])
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, str(count), root],
        cwd=history.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, 9), ran.stderr
    scripts = ScriptDirectory(folder(history).parent)
    found = [each.revision for each in scripts.walk_revisions()]
    assert found in (list(REVISIONS)[::-1], ["f6", "e5"])
    assert not scripts.broken
    history.config = Config(history.ini)
    command.upgrade(history.config, "head")
    assert {"users", "pets"} <= history.tables()
    if found == ["f6", "e5"]:
        from kernel_core.squash import finish

        finish(scripts)
        assert names(folder(history)) == {"e5.py", "f6.py"}


def test_plain_alembic_reads_the_squashed_history(history: Any) -> None:
    if shutil.which("alembic", path=os.path.dirname(sys.executable)) is None:
        pytest.skip("Alembic is not installed (extra peer)")
    command.squash(history.config, "a1:e5")
    code = (
        "from alembic.script import ScriptDirectory\n"
        "found = ScriptDirectory('migrations')\n"
        "print([each.revision for each in found.walk_revisions()], found.get_heads())\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=history.folder, capture_output=True, text=True, check=False)
    assert ran.stdout == "['f6', 'e5'] ['f6']\n", ran.stderr
