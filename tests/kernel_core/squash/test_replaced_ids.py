"""Ids inside the range of a squashed revision: each command works with the replaced files, or says what replaces them."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.util.exc import CommandError, UnfinishedRevision, UpgradeFailed

from .conftest import REVISIONS, written


@pytest.fixture(
    params=[
        "project",
        *(pytest.param(f"{name}_project", marks=pytest.mark.sweep) for name in ("postgresql", "mariadb")),
    ]
)
def squashed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A history a1 ... f6 on each database, of which b2:e5 is squashed; its SQL can be printed."""
    project = written(request.getfixturevalue(request.param), monkeypatch)
    row = "op.execute(\"INSERT INTO users (id, name, age) VALUES (7, 'x', 1)\")"
    project.write("d4", "c3", row, "op.execute('DELETE FROM users')")
    command.squash(project.config, "b2:e5", run=False)
    return project


def columns(project: Any) -> list[str]:
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    return sorted(each["name"] for each in sa.inspect(engine).get_columns("users"))


def test_upgrade_and_downgrade_lead_into_the_range(squashed: Any) -> None:
    command.upgrade(squashed.config, "a1")
    command.upgrade(squashed.config, "d4")
    assert (squashed.rows(), columns(squashed)) == (["d4"], ["age", "id", "name"])
    command.downgrade(squashed.config, "b2")
    assert (squashed.rows(), columns(squashed)) == (["b2"], ["age", "id", "nick"])
    command.upgrade(squashed.config, "head")
    assert squashed.rows() == ["f6"]
    command.downgrade(squashed.config, "c3-1")
    assert (squashed.rows(), columns(squashed)) == (["b2"], ["age", "id", "nick"])


def test_a_database_of_the_squashed_revision_goes_back_into_its_range(
    squashed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    squashed.config.attributes["remember_content"] = True
    command.upgrade(squashed.config, "head")
    command.downgrade(squashed.config, "c3")
    assert (squashed.rows(), columns(squashed)) == (["c3"], ["age", "id", "name"])
    assert "edited" not in capsys.readouterr().out


def test_stamp_current_and_show_know_them(squashed: Any) -> None:
    command.upgrade(squashed.config, "head")
    command.stamp(squashed.config, "c3")
    assert squashed.rows() == ["c3"]
    assert [each.revision for each in command.current(squashed.config)] == ["c3"]
    command.stamp(squashed.config, "d4", purge=True)
    assert squashed.rows() == ["d4"]
    assert command.show(squashed.config, "c3").path.endswith("replaced/e5/c3.py")
    assert [each.revision for each in command.history(squashed.config, "b2:d4")] == ["d4", "c3", "b2"]
    assert [each.revision for each in command.history(squashed.config, "c3:")] == ["f6", "e5", "d4", "c3"]
    assert "name" in command.schema(squashed.config, "c3").metadata.tables["users"].c
    assert [each["revision"] for each in command.operations_between(squashed.config, "b2:d4")] == ["c3", "d4"]


def test_sql_is_printed_for_them(squashed: Any) -> None:
    up = command.upgrade(squashed.config, "b2:d4", sql=True).sql
    assert up.count("-- Running upgrade") == 2
    assert "SET version_num='d4' WHERE alembic_version.version_num = 'c3'" in up
    down = command.downgrade(squashed.config, "d4:b2", sql=True).sql
    assert down.count("-- Running downgrade") == 2
    stamped = command.stamp(squashed.config, "b2:c3", sql=True).sql
    assert "SET version_num='c3' WHERE alembic_version.version_num = 'b2'" in stamped
    assert "Running upgrade a1 -> e5" in command.upgrade(squashed.config, "a1:head", sql=True).sql


@pytest.mark.parametrize("place", ["b2", "c3"])
def test_locate_finds_them(squashed: Any, place: str) -> None:
    command.upgrade(squashed.config, place)
    squashed.run("DELETE FROM alembic_version")
    [found] = command.locate(squashed.config)
    assert (place,) in found.fitting_heads
    [found] = command.locate(squashed.config, stamp=place)
    assert squashed.rows() == [place]
    command.upgrade(squashed.config, "head")
    assert squashed.rows() == ["f6"]


def test_without_the_replaced_files_the_message_says_what_to_name(squashed: Any) -> None:
    command.prune(squashed.config, "e5")
    for call in (
        lambda: command.upgrade(squashed.config, "d4"),
        lambda: command.upgrade(squashed.config, "a1:d4", sql=True),
        lambda: command.stamp(squashed.config, "d4"),
        lambda: command.show(squashed.config, "d4"),
        lambda: command.history(squashed.config, "d4:"),
        lambda: command.schema(squashed.config, "d4"),
    ):
        with pytest.raises(CommandError, match=r'No revision is named "d4"\. e5 replaces it\. Name e5\.'):
            call()
    [found] = command.locate(squashed.config)
    assert found.best.heads == ()


def test_a_name_that_is_not_replaced_leads_to_the_squashed_revision(squashed: Any) -> None:
    command.upgrade(squashed.config, "f6-1")
    assert squashed.rows() == ["e5"]
    command.downgrade(squashed.config, "-1")
    assert squashed.rows() == ["a1"]
    with pytest.raises(CommandError, match="e5 replaces it"):
        command.revision(squashed.config, "child", head="c3")


@pytest.mark.slow
def test_an_unfinished_revision_of_the_range_is_finished_and_undone(
    mariadb_project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = written(mariadb_project, monkeypatch)
    body = f"{REVISIONS['b2'][1]}\nop.execute('INSERT INTO other VALUES (1)')"
    project.write("b2", "a1", body, REVISIONS["b2"][2])
    for undone in (False, True):
        with pytest.raises(UpgradeFailed):
            command.upgrade(project.config, "c3")
        if not undone:
            command.squash(project.config, "b2:e5", run=False)
            with pytest.raises(CommandError, match=r"is at b2, inside the range of e5. Nothing was deleted"):
                command.prune(project.config, "e5")
            with pytest.raises(UnfinishedRevision):
                command.upgrade(project.config, "head")
            project.run("CREATE TABLE other (n INTEGER)")
            command.resume(project.config)
            assert project.rows() == ["b2"]
            command.downgrade(project.config, "a1")
            project.run("DROP TABLE other")
        else:
            command.abandon(project.config, force=True)
            assert (project.rows(), columns(project)) == (["a1"], ["id", "nick"])


def test_a_squash_of_a_squash_knows_the_ids_of_both(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    history = written(project, monkeypatch)
    command.squash(history.config, "a1:c3", run=False)
    command.squash(history.config, "c3:f6", run=False)
    command.upgrade(history.config, "b2")
    assert history.rows() == ["b2"]
    command.upgrade(history.config, "d4")
    assert history.rows() == ["d4"]
    shutil.rmtree(history.folder / "migrations" / "replaced" / "c3")
    assert command.show(history.config, "e5").path.endswith("replaced/f6/e5.py")
    with pytest.raises(CommandError, match=r"c3 replaces it|f6 replaces it"):
        command.show(history.config, "b2")
