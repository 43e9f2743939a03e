"""Unusual tables and statements: each row that stops an operation is counted, and no other one.

The cases are in ``unusual_blockers.txt``. Those of a database are one revision, so that one rehearsal answers them.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel_core import command

TEXT = Path(__file__).with_name("unusual_blockers.txt").read_text()
FEW = 6


@dataclass(frozen=True, slots=True)
class Case:
    """A table ``{t}``, an operation on it, and the kinds and numbers of its blockers."""

    name: str
    setup: tuple[str, ...]
    body: str
    blockers: tuple[str, ...]


def cases(database: str) -> list[Case]:
    """Return the cases of a database."""
    rows, *parts = re.split(r"\n+# ", TEXT.partition(f"[{database}]\n")[2].partition("\n[")[0])
    return [case(part.strip().splitlines(), rows.splitlines()) for part in parts]


def case(lines: list[str], rows: list[str]) -> Case:
    setup = [line for line in lines[1:] if line[:1] not in (">", "=")]
    setup = [*rows, *setup[1:]] if setup[0] == "{rows}" else setup
    body = "\n".join(line[2:] for line in lines if line.startswith(">"))
    body = body if body.startswith(("op.", "with ")) else f"op.execute({body!r})"
    return Case(lines[0], tuple(setup), body, tuple(filter(None, lines[-1].removeprefix("=").strip().split(", "))))


def counted(blockers, tables: dict[str, Case]) -> dict[str, tuple[str, ...]]:
    """Return the blockers of each case as they are written in the file."""
    found: dict[str, tuple[str, ...]] = {each.name: () for each in tables.values()}
    for blocker in blockers:
        words = re.findall(r"\w+", f"{blocker.table} {blocker.operation} {blocker.text}")
        name = next(tables[word].name for word in words if word in tables)
        found[name] += (f"{blocker.kind} {blocker.rows}" if blocker.rows is not None else blocker.kind,)
    return found


@pytest.mark.parametrize(
    ("fixture", "database", "every"),
    [
        ("project", "sqlite", FEW),
        *(
            pytest.param(f"{database}_project".removeprefix("sqlite_"), database, 1, marks=pytest.mark.sweep)
            for database in ("sqlite", "postgresql", "mariadb")
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Computed column")
def test_the_rows_that_stop_an_operation_are_counted_exactly(request, fixture, database, every):
    check(request.getfixturevalue(fixture), cases(database)[::every])


@pytest.mark.filterwarnings("ignore:Computed column")
@pytest.mark.parametrize("every", [40, pytest.param(1, marks=pytest.mark.sweep)])
def test_in_an_autocommit_block_too(postgresql_project, every):
    # there the new type is committed before NOT NULL fails: the query finds the rows later (test_refused_statements.py)
    several = [case for case in cases("postgresql")[::every] if case.name != "using that gives null, and not null"]
    check(postgresql_project, several, "with op.get_context().autocommit_block():")


@pytest.mark.slow
@pytest.mark.parametrize("runs", ["op.execute({!r})", "op.get_bind().exec_driver_sql({!r})"])
@pytest.mark.parametrize(
    ("sql", "blocker"),
    [
        ("CREATE UNIQUE INDEX CONCURRENTLY ux ON t (v)", ("duplicate", 2)),
        ("ALTER TABLE t VALIDATE CONSTRAINT ck", ("check", 2)),
        ("ALTER TABLE t VALIDATE CONSTRAINT fk", ("orphan", 2)),
    ],
)
def test_what_runs_outside_of_transactions_names_the_rows_that_stop_it(postgresql_project, runs, sql, blocker):
    postgresql_project.run(
        "CREATE TABLE p (id int PRIMARY KEY)",
        "CREATE TABLE t (id int PRIMARY KEY, v int)",
        "INSERT INTO t VALUES (1, 5), (2, 5)",
        "ALTER TABLE t ADD CONSTRAINT ck CHECK (v < 5) NOT VALID",
        "ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (v) REFERENCES p (id) NOT VALID",
    )
    body = f"with op.get_context().autocommit_block():\n    {runs.format(sql)}"
    postgresql_project.write("a1", None, body)
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    assert [(each.kind, each.rows) for each in found.blockers] == [blocker]


def check(project, several: list[Case], block: str = "") -> None:
    """Rehearse one revision with all cases, in a block if one is given; compare its blockers with those expected."""
    tables = {f"t{place}": each for place, each in enumerate(several)}
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    with engine.begin() as live:
        for table, each in tables.items():
            for statement in each.setup:
                live.connection.cursor().execute(statement.replace("{t}", table))
    bodies = [each.body.replace("{t}", table) for table, each in tables.items()]
    body = "\n".join(["from sqlalchemy.dialects import mysql", *bodies])
    project.write("a1", None, f"{block}\n{textwrap.indent(body, '    ')}" if block else body)
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert found.stopped_at == "", found.blockers[-1]
    assert counted(found.blockers, tables) == {each.name: each.blockers for each in tables.values()}
    with engine.connect() as live:
        for blocker in found.blockers:
            assert bool(blocker.query) == (blocker.rows is not None), blocker
            if blocker.query:
                cursor = live.connection.cursor()
                cursor.execute(blocker.query)
                assert len(cursor.fetchall()) == blocker.rows, blocker.query
                assert not blocker.is_later


@pytest.mark.sweep
def test_no_function_that_counts_rows_keeps_their_table_from_being_dropped(postgresql_project):
    postgresql_project.run("CREATE TABLE t (id int PRIMARY KEY, b text)", "INSERT INTO t VALUES (1, 'x')")
    body = "op.alter_column('t', 'b', type_=sa.Integer, postgresql_using='b::int')\nop.drop_table('t')"
    postgresql_project.write("a1", None, body)
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    assert [(each.kind, each.rows) for each in found.blockers] == [("misfit", 1)]


def test_a_sample_has_values_that_are_none_of_the_type_of_their_column(project):
    project.run("CREATE TABLE t (id INTEGER PRIMARY KEY, d DATE, n NUMERIC)", "INSERT INTO t VALUES (1, 'x', x'00')")
    body = "with op.batch_alter_table('t') as b: b.create_check_constraint('ck', \"d <> 'x' AND n IS NOT NULL\")"
    project.write("a1", None, body)
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert [(each.kind, each.sample) for each in found.blockers] == [("check", ({"id": 1, "d": "x", "n": b"\0"},))]


AUTOCOMMIT = """
with op.get_context().autocommit_block():
    op.execute("ALTER TABLE t VALIDATE CONSTRAINT ck")
    op.create_index("ux", "t", ["b"], unique=True, postgresql_concurrently=True)
    op.alter_column("t", "b", type_=sa.Integer, postgresql_using="b::int")
"""


@pytest.mark.sweep
def test_rows_are_counted_where_each_statement_commits(postgresql_project):
    postgresql_project.run(
        "CREATE TABLE t (id int PRIMARY KEY, b text)",
        "INSERT INTO t VALUES (1, 'x'), (2, 'x'), (3, '7')",
        "ALTER TABLE t ADD CONSTRAINT ck CHECK (id < 3) NOT VALID",
    )
    postgresql_project.write("a1", None, AUTOCOMMIT)
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    expected = [("check", 1), ("duplicate", 2), ("misfit", 2)]
    assert [(each.kind, each.rows) for each in found.blockers] == expected


@pytest.mark.sweep
def test_an_event_trigger_refuses_statements_of_the_revision_and_none_of_the_rehearsal(postgresql_project):
    body = "BEGIN IF tg_tag ~ '^DROP TABLE|FUNCTION$' THEN RAISE EXCEPTION 'no %', tg_tag; END IF; END"
    postgresql_project.run(
        "CREATE TABLE t (id int PRIMARY KEY, b text)",
        "INSERT INTO t VALUES (1, 'x'), (2, '7')",
        f"CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $${body}$$".replace("%", "%%"),
        "CREATE TABLE u (id int)",
    )
    change = "op.alter_column('t', 'b', type_=sa.Integer, postgresql_using='b::int')"
    postgresql_project.write("a1", None, f"op.execute('UPDATE t SET b = b')\nop.execute('DROP TABLE u')\n{change}")
    postgresql_project.run("CREATE EVENT TRIGGER refusing ON ddl_command_start EXECUTE FUNCTION refuse()")
    try:
        (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    finally:
        postgresql_project.run("DROP EVENT TRIGGER refusing")
    assert [(each.kind, each.rows) for each in found.blockers] == [("error", None), ("misfit", 1)]
    assert "no DROP TABLE" in found.blockers[0].text
