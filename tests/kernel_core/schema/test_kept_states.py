"""A schema that is asked for again is found without reading a file, as long as every file is as it was."""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from random_histories import RandomHistory
from sampling import repeated
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine.default import DefaultDialect
from test_random_histories import HEAD, written

from kernel_core import schema
from kernel_core.operations import Operations, registry
from kernel_core.operations.ops import AddColumnOp
from kernel_core.script import ScriptDirectory, version

LONG_AGO = 1_600_000_000
BODIES = {
    "a": 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))',
    "b": 'op.add_column("t", sa.Column("b", sa.String(20)))',
    "c": 'op.create_index("ix", "t", ["b"])',
}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the version files that are read, in their order."""
    names: list[str] = []
    original = version.read_source

    def read_source(path: str) -> str:
        names.append(Path(path).stem)
        return original(path)

    monkeypatch.setattr(version, "read_source", read_source)
    return names


@pytest.fixture
def versions(project: Any) -> Path:
    """Three revisions, the files of which are old enough for a later change to be seen."""
    for down, (name, body) in zip((None, *BODIES), BODIES.items(), strict=False):
        project.write(name, down, body)
    folder: Path = project.versions
    settle(folder)
    return folder


def settle(folder: Path) -> None:
    """Wait until a later change of the files gives them another stamp."""
    while ScriptDirectory(str(folder.parent)).unchanged() is None:
        pass


def directory(versions: Path) -> ScriptDirectory:
    return ScriptDirectory(str(versions.parent))


def file_of(versions: Path, name: str) -> Path:
    (found,) = versions.glob(f"{name}*.py")
    return found


def shown(found: schema.SchemaAt) -> object:
    return found.revision, found.incomplete, schema.describe(found.metadata, DefaultDialect())


def test_the_same_schema_is_found_again_without_reading_a_file(versions: Path, read: list[str]) -> None:
    scripts = directory(versions)
    first = shown(schema.at(scripts, "c"))
    assert read == ["a", "b", "c"]
    for again in (scripts, directory(versions)):
        assert shown(schema.at(again, "c")) == first
        assert shown(schema.at(again)) == first
    assert read == ["a", "b", "c"]


def test_both_ends_of_a_range_are_kept_and_what_follows_one_begins_there(versions: Path, read: list[str]) -> None:
    alone = shown(schema.at(directory(versions), "a"))
    first = schema.read(directory(versions), "a:b").changes
    assert read == ["a", "b", "b"]  # the last one for its renames
    del read[:]
    assert schema.read(directory(versions), "a:b").changes == first
    assert read == ["b"]
    assert shown(schema.at(directory(versions), "a")) == alone


def test_the_first_of_two_that_are_found_at_once_is_not_changed_by_the_second(versions: Path) -> None:
    found = schema.read(directory(versions), "a:b")
    assert found.before is not None
    assert shown(found.before) == shown(schema.at(directory(versions), "a"))
    assert found.before.metadata.tables["t"].c.keys() == ["id"]


def test_what_a_caller_does_with_a_schema_changes_no_other(versions: Path) -> None:
    scripts = directory(versions)
    first = schema.at(scripts, "b")
    before = shown(first)
    first.metadata.tables["t"].c.b.comment = "mine"
    first.metadata.remove(first.metadata.tables["t"])
    second = schema.at(scripts, "b")
    assert shown(second) == before
    second.metadata.tables["t"].append_column(sa.Column("more", sa.Integer))
    assert shown(schema.at(scripts, "b")) == before
    assert "b" in schema.at(scripts, "c").metadata.tables["t"].c


@pytest.mark.parametrize("is_new", [True, False], ids=["a new directory", "the same directory"])
def test_a_file_that_changed_is_read_again(versions: Path, is_new: bool) -> None:
    scripts = directory(versions)
    assert schema.at(scripts, "c").metadata.tables["t"].c.keys() == ["id", "b"]
    path = file_of(versions, "b")
    path.write_text(path.read_text().replace('"t", sa.Column("b"', '"t", sa.Column("x"'))
    path_of_c = file_of(versions, "c")
    path_of_c.write_text(path_of_c.read_text().replace('["b"]', '["x"]'))
    settle(versions)
    for _ in range(2):
        again = directory(versions) if is_new else scripts
        assert schema.at(again, "c").metadata.tables["t"].c.keys() == ["id", "x"]


def test_a_change_that_keeps_size_and_time_of_a_file_is_seen(versions: Path) -> None:
    scripts = directory(versions)
    path = file_of(versions, "b")
    os.utime(path, (LONG_AGO, LONG_AGO))
    settle(versions)
    assert schema.at(scripts, "b").metadata.tables["t"].c.keys() == ["id", "b"]
    path.write_text(path.read_text().replace('sa.Column("b"', 'sa.Column("x"'))
    os.utime(path, (LONG_AGO, LONG_AGO))
    settle(versions)
    assert schema.at(scripts, "b").metadata.tables["t"].c.keys() == ["id", "x"]


def test_files_outside_of_the_folders_are_read_each_time(versions: Path, tmp_path: Path, read: list[str]) -> None:
    (tmp_path / "empty" / "versions").mkdir(parents=True)
    scripts = ScriptDirectory(str(tmp_path / "empty"))
    scripts.use(directory(versions).map)
    for _ in range(2):
        schema.at(scripts, "a")
    assert read == ["a", "a"]


def test_environments_with_the_same_revisions_have_their_own(versions: Path, tmp_path: Path) -> None:
    shutil.copytree(versions.parent, tmp_path / "other")
    path = file_of(tmp_path / "other" / "versions", "b")
    path.write_text(path.read_text().replace('sa.Column("b"', 'sa.Column("x"'))
    settle(path.parent)
    for _ in range(2):
        assert schema.at(directory(versions), "b").metadata.tables["t"].c.keys() == ["id", "b"]
        assert schema.at(directory(path.parent), "b").metadata.tables["t"].c.keys() == ["id", "x"]


def test_files_that_were_just_written_are_read_each_time(project: Any, read: list[str]) -> None:
    project.write("a", None, BODIES["a"])
    path = file_of(project.versions, "a")
    ahead = 4_000_000_000
    os.utime(path, (ahead, ahead))
    for _ in range(2):
        schema.at(directory(project.versions), "a")
    assert read == ["a", "a"]


def test_a_schema_that_depends_on_code_is_found_each_time(versions: Path, read: list[str]) -> None:
    path = file_of(versions, "b")
    path.write_text(path.read_text().replace("    op.add_column", "    if True:\n        op.add_column"))
    settle(versions)
    for _ in range(2):
        del read[:]
        assert schema.at(directory(versions), "c").complete
        assert set(read) == {"a", "b", "c"}
    schema.at(directory(versions), "a")
    del read[:]
    schema.at(directory(versions), "a")
    assert read == [], "what comes before the code is kept"


def test_a_schema_that_is_not_known_wholly_is_found_each_time(versions: Path, read: list[str]) -> None:
    path = file_of(versions, "b")
    path.write_text(
        path.read_text().replace("op.add_column", 'op.execute("CREATE VIEW v AS SELECT 1")\n    op.add_column')
    )
    settle(versions)
    for _ in range(2):
        del read[:]
        assert [each.revision for each in schema.at(directory(versions), "c").incomplete] == ["b"]
        assert read[:3] == ["a", "b", "c"]


class AddCountedOp(AddColumnOp):
    """An operation that a project has defined; its effect is another one each time."""

    count = itertools.count(1)

    @classmethod
    def add_counted(cls, operations: Any, table_name: str) -> None:
        operations.invoke(cls(table_name, sa.Column(f"n{next(cls.count)}", sa.Integer)))


@pytest.fixture
def add_counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register ``op.add_counted()`` during a test."""
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    Operations.register_operation("add_counted")(AddCountedOp)
    yield
    del Operations.add_counted  # type: ignore[attr-defined]


@pytest.mark.usefixtures("add_counted")
def test_an_operation_of_another_package_is_asked_for_its_effect_each_time(versions: Path) -> None:
    path = file_of(versions, "c")
    path.write_text(path.read_text().replace('op.create_index("ix", "t", ["b"])', 'op.add_counted("t")'))
    settle(versions)
    found = [schema.at(directory(versions), "c") for _ in range(2)]
    assert [each.metadata.tables["t"].c.keys()[2:] for each in found] == [["n1"], ["n2"]]
    assert all(each.complete for each in found)


def test_each_dialect_has_its_own(versions: Path) -> None:
    path = file_of(versions, "c")
    path.write_text(path.read_text().replace('["b"]', '["id", "b"]'))
    (versions / "d.py").write_text(HEAD.format("d", "c") + '    op.drop_column("t", "b")\n')
    settle(versions)
    for _ in range(2):
        indexes = {
            dialect.name: [
                each.columns.keys()
                for each in schema.at(directory(versions), dialect=dialect).metadata.tables["t"].indexes
            ]
            for dialect in (postgresql.dialect(), mysql.dialect())
        }
        assert indexes == {"postgresql": [], "mysql": [["id"]]}


def test_tables_that_exist_before_are_part_of_each_schema(versions: Path) -> None:
    start = sa.MetaData()
    sa.Table("earlier", start, sa.Column("id", sa.Integer))
    assert set(schema.at(directory(versions), "c").metadata.tables) == {"t"}
    assert set(schema.at(directory(versions), "c", start=start).metadata.tables) == {"earlier", "t"}
    assert set(schema.at(directory(versions), "c").metadata.tables) == {"t"}


def test_a_history_makes_no_metadata_that_nothing_uses(versions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    module = import_module("kernel_core.schema.history")
    original = module.metadata_of
    monkeypatch.setattr(module, "metadata_of", lambda state: made.append(state) or original(state))
    found = list(schema.history(directory(versions)))
    assert made == []
    assert [len(each.metadata.tables["t"].c) for each in found for _ in range(2)] == [1, 1, 2, 2, 2, 2]
    assert len(made) == 3


def test_only_the_last_few_are_kept(versions: Path, read: list[str]) -> None:
    for name in ("a", "b", "c"):
        for dialect in (postgresql.dialect(), mysql.dialect()):
            schema.at(directory(versions), name, dialect=dialect)
    del read[:]
    schema.at(directory(versions), "c", dialect=mysql.dialect())
    assert read == []
    schema.at(directory(versions), "a", dialect=postgresql.dialect())
    assert read == ["a"]


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(repeated(40)))
def test_whatever_was_asked_before_each_schema_is_that_of_its_revision(seed: int, tmp_path: Path) -> None:
    history = RandomHistory(seed, "postgresql")
    scripts = written(history, tmp_path / "p")
    settle(tmp_path / "p" / "versions")
    scripts.reload()
    expected = {each.revision: shown(each) for each in schema.history(scripts, "head")}
    dice = random.Random(seed)
    for _ in range(20):
        name, other = dice.choice(list(expected)), dice.choice(list(expected))
        assert shown(schema.at(scripts, name)) == expected[name]
        found = schema.read(scripts, f"{name}:{other}")
        assert shown(found.found) == expected[other]
        assert found.before is not None
        assert shown(found.before) == expected[name]
