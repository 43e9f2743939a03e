"""One head after another: which file changes, and when that is refused."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from kernel_core import command
from kernel_core.config import Config
from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import CommandError


def versions(project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (project.folder / "migrations" / "versions").glob("*.py")}


@pytest.fixture
def forked(project, monkeypatch):
    """base a1; on it b2 <- b3, and c2."""
    monkeypatch.chdir(project.folder)
    for revision, parent in (("a1", None), ("b2", "a1"), ("b3", "b2"), ("c2", "a1")):
        project.write(revision, parent, f"op.create_table('t_{revision}', sa.Column('id', sa.Integer))", "pass")
    project.config = Config(project.ini)
    return project


def chain(project) -> list[str]:
    return [each.revision for each in ScriptDirectory(project.folder / "migrations").walk_revisions()]


def test_a_line_of_revisions_is_put_after_the_other_head(forked) -> None:
    before = versions(forked)
    found = command.rebase(forked.config, "b3")
    assert (found.revision, found.before, found.onto, found.side) == ("b2", "a1", "c2", ("b2", "b3"))
    after = versions(forked)
    assert [name for name in after if after[name] != before[name]] == ["b2.py"]
    assert chain(forked) == ["b3", "b2", "c2", "a1"]
    command.upgrade(forked.config, "head")
    assert forked.rows() == ["b3"]


@pytest.mark.parametrize("applied", ["b2", "b3", "heads"])
def test_a_side_that_is_applied_stays(forked, applied: str) -> None:
    command.upgrade(forked.config, applied)
    before = versions(forked)
    with pytest.raises(CommandError, match=r"b2.* is applied in .* so its parent must stay\. Nothing was written"):
        command.rebase(forked.config, "b3")
    assert versions(forked) == before


def test_the_other_side_may_be_applied(forked) -> None:
    command.upgrade(forked.config, "c2")
    command.rebase(forked.config, "b3")
    command.upgrade(forked.config, "head")
    assert {"t_b2", "t_b3", "t_c2"} <= forked.tables()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("b3.py", "branch_labels = None", 'branch_labels = "shop"'), "begins the branch shop"),
        (("c2.py", "depends_on = None", 'depends_on = "b3"'), "one line|already"),
        (("d1", "b2", "pass"), "builds on it"),
        (("d1", ("b3", "c2"), "pass"), "not one head"),
    ],
)
def test_what_would_break_is_refused(forked, change: tuple[str, ...], reason: str) -> None:
    if change[0].endswith(".py"):
        path = forked.folder / "migrations" / "versions" / change[0]
        text = path.read_text()
        name = change[1].split(" =")[0]
        lines = [line for line in text.splitlines(keepends=True) if not line.startswith(name)]
        path.write_text("".join(lines).replace("down_revision", f"{change[2]}\ndown_revision", 1))
    else:
        forked.write(change[0], change[1], change[2], "pass")
    before = versions(forked)
    with pytest.raises(CommandError, match=reason):
        command.rebase(forked.config, "b3", "c2" if change[0] == "d1" else None)
    assert versions(forked) == before


def test_a_database_that_cannot_be_reached_is_a_warning(forked, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:////nowhere/at/all/x.db")
    found = command.rebase(forked.config, "c2")
    assert found.warnings[0].startswith("whether a database has applied it was not checked: ")
    assert chain(forked) == ["c2", "b3", "b2", "a1"]


def test_a_file_that_git_cannot_restore_is_a_warning(forked) -> None:
    for arguments in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x"),
    ):
        subprocess.run(["git", *arguments], check=True, cwd=forked.folder)
    assert command.rebase(forked.config, "c2").warnings == ()
    forked.write("e5", "a1", "pass", "pass")
    assert "e5.py was not committed to git" in command.rebase(forked.config, "e5").warnings[0]


def test_permissions_and_links_stay(forked, tmp_path: Path) -> None:
    path = forked.folder / "migrations" / "versions" / "c2.py"
    real = tmp_path / "real.py"
    path.rename(real)
    path.symlink_to(real)
    real.chmod(0o640)
    command.rebase(forked.config, "c2")
    assert path.is_symlink()
    assert 'down_revision = "b3"' in real.read_text() or "down_revision = 'b3'" in real.read_text()
    assert stat.S_IMODE(os.stat(real).st_mode) == 0o640
