"""Rewrites: what could not run on the rows runs, as a written script, up and down, on each database."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.autogenerate import AutogenContext, render_op_text
from kernel_core.ddl.impl import DefaultImpl
from kernel_core.operations import Operations, ops
from kernel_core.operations.containers import UpgradeOps, grouped
from kernel_core.operations.operation import MigrateOperation
from kernel_core.operations.schema_state import SchemaState
from kernel_core.rehearse.rewrites import Rewrite, rewrites_of
from kernel_core.rehearse.rewrites.verdict import Rehearsed, verdict
from kernel_core.runtime.migration import MigrationContext
from kernel_core.util.exc import CommandError

SETUP = (
    "CREATE TABLE parents (id INTEGER NOT NULL PRIMARY KEY)",
    "INSERT INTO parents VALUES (1), (2)",
    "CREATE TABLE items (id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(40), p INTEGER, n VARCHAR(9))",
    "INSERT INTO items VALUES (1, 'a', 1, '10'), (2, 'a', 9, '2x'), (3, NULL, NULL, '30'), (4, 'b', 2, NULL)",
)
ROWS = [(1, "a", 1, "10"), (2, "a", 9, "2x"), (3, None, None, "30"), (4, "b", 2, None)]


@dataclass(frozen=True)
class Case:
    """An operation that fails on the rows above, its rewrite, and the rows after upgrade and downgrade."""

    operation: MigrateOperation
    name: str
    sql: str
    query: str
    expected: list
    left: list
    outcome: str = "runs"


CASES = {
    "fill, then NOT NULL": Case(
        ops.AlterColumnOp("items", "email", existing_type=sa.String(40), existing_nullable=True, modify_nullable=False),
        "backfill",
        "'50%: none'",
        "SELECT id FROM items WHERE email LIKE '50_: none'",
        [3],
        [*ROWS[:2], (3, "50%: none", None, "30"), ROWS[3]],
        "good",
    ),
    "add in steps": Case(
        ops.AddColumnOp("items", sa.Column("age", sa.Integer, nullable=False)),
        "backfill",
        "id * 2",
        "SELECT age FROM items ORDER BY id",
        [2, 4, 6, 8],
        ROWS,
        "good",
    ),
    "unique constraint": Case(
        ops.CreateUniqueConstraintOp("uq_email", "items", ["email"]),
        "deduplicate",
        "id DESC",
        "SELECT id FROM items ORDER BY id",
        [2, 3, 4],
        ROWS[1:],
    ),
    "unique index": Case(
        ops.CreateIndexOp("ux_email", "items", ["email"], unique=True),
        "deduplicate",
        "",
        "SELECT id FROM items ORDER BY id",
        [1, 3, 4],
        [ROWS[0], *ROWS[2:]],
    ),
    "foreign key": Case(
        ops.CreateForeignKeyOp("fk_p", "items", "parents", ["p"], ["id"]),
        "clear",
        "",
        "SELECT p FROM items ORDER BY id",
        [1, None, None, 2],
        [ROWS[0], (2, "a", None, "2x"), *ROWS[2:]],
    ),
    "type": Case(
        ops.AlterColumnOp("items", "n", existing_type=sa.String(9), existing_nullable=True, modify_type=sa.Integer()),
        "using",
        "CAST(CASE WHEN n = '2x' THEN '2' ELSE n END AS DECIMAL(9, 0))",
        "SELECT n + 1 FROM items ORDER BY id",
        [11, 3, 31, None],
        [ROWS[0], (2, "a", 9, "2"), *ROWS[2:]],
    ),
}

FOR_LOCKS = {
    "foreign key": ops.CreateForeignKeyOp("fk_p", "items", "parents", ["p"], ["id"]),
    "check": ops.CreateCheckConstraintOp("ck_id", "items", "id > 0"),
    "not null": ops.AlterColumnOp("items", "email", existing_type=sa.String(40), modify_nullable=False),
    "index": ops.CreateIndexOp("ix_n", "items", ["n"]),
    "unique index's constraint": ops.CreateUniqueConstraintOp("uq n", "items", ["n"], deferrable=True),
    "primary index's key": ops.CreatePrimaryKeyOp("pk_loose", "loose", ["a", "b"]),
    "dropped index": ops.DropIndexOp.from_index(ops.CreateIndexOp("ix_old", "items", ["n"]).to_index()),
}


RUNS_ANYHOW = {("mariadb_project", "add in steps"), ("project", "type")}
"""MariaDB fills a new NOT NULL column with the type's own default; SQLite keeps values that do not fit, with a warning."""


def rewrite_of(operation: MigrateOperation, url: str, name: str) -> Rewrite:
    """Return a rewrite of an operation for the table in a database."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as live:
        table = sa.Table(operation.table_key[1], sa.MetaData(), autoload_with=live)
    return next(each for each in rewrites_of(operation, engine.dialect, lambda: table) if each.name == name)


def write(project, operations) -> str:
    """Write a revision of the operations with its downgrade, and return its text."""
    dialect = sa.make_url(project.url).get_dialect()()
    context = AutogenContext(MigrationContext.configure(dialect=dialect), autogenerate=False)
    context.opts["render_as_batch"] = DefaultImpl.get_by_dialect(dialect).needs_batch
    there = UpgradeOps(grouped(operations))
    up, down = render_op_text(context, there), render_op_text(context, there.reverse())
    return project.write("a1", None, up, down or "pass").read_text()


def both(project, operations) -> Rehearsed:
    """Rehearse operations on the rows, and on a clone without rows where one of them fails."""
    write(project, operations)
    (found,) = command.rehearse(project.config(), "head")
    if found.is_clean:
        return Rehearsed(found, found)
    return Rehearsed(found, *command.rehearse(project.config(), "head", schema_only=True))


def rows(project) -> list:
    with sa.create_engine(project.url, poolclass=sa.NullPool).connect() as live:
        return [tuple(row) for row in live.exec_driver_sql("SELECT id, email, p, n FROM items ORDER BY id")]


@pytest.mark.sweep
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["project", "postgresql_project", "mariadb_project"])
def test_a_rewrite_is_rehearsed_as_clean_and_runs_up_and_down(kind, case, request):
    project, wanted = request.getfixturevalue(kind), CASES[case]
    project.run(*SETUP)
    rewrite = rewrite_of(wanted.operation, project.url, wanted.name)
    original = both(project, [wanted.operation])
    if (kind, case) not in RUNS_ANYHOW:
        (kind_of_blocker,) = {each.kind for each in original.on_rows.blockers}
        assert kind_of_blocker in rewrite.removes

    operations = rewrite.operations(wanted.sql)
    rewritten = both(project, operations)
    found = rewritten.on_rows
    assert found.is_clean, found.blockers
    judged = verdict(original, rewritten, {each.sentence() for each in operations})
    assert judged.outcome == wanted.outcome, judged.lines()
    assert not any("schema differs" in line for line in judged.lines())
    assert found.undone is not None
    assert not found.undone.failure
    assert rows(project) == ROWS
    command.upgrade(project.config(), "head")
    assert project.rows(wanted.query) == wanted.expected
    command.downgrade(project.config(), "base")
    assert rows(project) == wanted.left


@pytest.mark.sweep
@pytest.mark.parametrize("case", FOR_LOCKS)
def test_a_rewrite_for_postgresql_takes_no_lock_that_keeps_others_from_writing_for_long(case, postgresql_project):
    project, operation = postgresql_project, FOR_LOCKS[case]
    project.run(*SETUP, "UPDATE items SET p = NULL, email = 'c' WHERE id > 1", "CREATE INDEX ix_old ON items (n)")
    project.run("CREATE TABLE loose (a int NOT NULL, b int NOT NULL)", "INSERT INTO loose VALUES (1, 1), (1, 2)")
    name = "concurrently" if "index" in case else "not valid"
    original, operations = both(project, [operation]), rewrite_of(operation, project.url, name).operations()
    assert "    with op.get_context().autocommit_block():\n        op." in write(project, operations)
    rewritten = both(project, operations)
    found = rewritten.on_rows
    assert found.is_clean, found.blockers
    judged = verdict(original, rewritten, {each.sentence() for each in operations})
    assert judged.is_good, judged.lines()
    assert found.undone is not None
    assert found.undone.restores, found.undone
    (outside,) = [each for each in found.statements if "CONCURRENTLY" in each.sql or "VALIDATE" in each.sql]
    assert {lock.mode for lock in outside.locks if lock.name in ("items", "loose")} <= {
        "AccessShareLock",
        "ShareUpdateExclusiveLock",
    }


@pytest.mark.parametrize("sql", ["1; DROP TABLE items", "'open", "1)", "1 -- rest", "1, n = 2"])
def test_what_is_not_one_expression_is_refused(sql):
    operation = CASES["fill, then NOT NULL"].operation
    (backfill,) = rewrites_of(operation, sa.make_url("sqlite://").get_dialect()())
    with pytest.raises(CommandError, match="not one expression"):
        backfill.operations(sql)


def test_a_missing_expression_is_named():
    (backfill,) = rewrites_of(CASES["add in steps"].operation, sa.make_url("sqlite://").get_dialect()())
    with pytest.raises(CommandError, match="backfill needs the value"):
        backfill.operations()


def test_names_are_quoted():
    operation = ops.AlterColumnOp("order", "from", schema="sales", modify_nullable=False)
    (backfill, *_) = rewrites_of(operation, sa.make_url("postgresql://").get_dialect()())
    fill = backfill.operations("0")[0]
    assert fill.sqltext == 'UPDATE sales."order" SET "from" = 0 WHERE "from" IS NULL'


def test_a_validation_leaves_the_schema_known():
    state = SchemaState(sa.make_url("postgresql://").get_dialect()())
    ops.ExecuteSQLOp('ALTER TABLE "a b" VALIDATE CONSTRAINT c').apply_to(state)
    assert state.tables == {}


def test_a_constraint_that_takes_over_an_index_is_printed_and_known():
    dialect = sa.make_url("postgresql://").get_dialect()()
    operation = ops.CreateUniqueConstraintOp("uq", "order", ["a b"], schema="sales", initially="DEFERRED")
    index, constraint = next(each for each in rewrites_of(operation, dialect) if not each.needs).operations()
    printed = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": printed})
    for each in (index, constraint, constraint.reverse()):
        Operations(context).invoke(each)
    lines = [line for line in printed.getvalue().split("\n\n") if line not in ("BEGIN;", "COMMIT;", "")]
    assert lines == [
        'CREATE UNIQUE INDEX CONCURRENTLY uq ON sales."order" ("a b");',
        'ALTER TABLE sales."order" ADD CONSTRAINT uq UNIQUE USING INDEX uq INITIALLY DEFERRED;',
        'ALTER TABLE sales."order" DROP CONSTRAINT uq;',
    ]
    state = SchemaState(dialect)
    table = ops.CreateTableOp("order", [sa.Column("a b", sa.Integer)], schema="sales")
    for each in (table, index, constraint):
        each.apply_to(state)
    known = state.table(("sales", "order"))
    assert (len(known.indexes), [each.constraint_name for each in known.constraints]) == (0, ["uq"])


@pytest.mark.sweep
def test_rows_with_a_removed_value_of_an_enum_type_get_another_one(postgresql_project):
    project = postgresql_project
    project.run(
        "CREATE TYPE mood AS ENUM ('sad', 'it''s ok')", 'CREATE TABLE people (id int PRIMARY KEY, "my mood" mood)'
    )
    project.run("INSERT INTO people VALUES (1, 'sad'), (2, 'it''s ok'), (3, NULL)")
    uses = [{"table": "people", "column": "my mood"}]
    operation = ops.SetEnumValuesOp("mood", ["it's ok"], columns=uses, existing=["sad", "it's ok"])
    write(project, [operation])
    (found,) = command.rehearse(project.config(), "head")
    assert [(each.kind, each.rows) for each in found.blockers] == [("enum value", 1)]
    (rewrite,) = rewrites_of(operation, sa.make_url(project.url).get_dialect()())
    write(project, rewrite.operations("'it''s ok'"))
    (found,) = command.rehearse(project.config(), "head")
    assert found.is_clean, found.blockers
    assert [each.sentence() for each in found.changed_rows] == ["people: 1 row changed; changed: my mood in 1"]


ODD = "Ta b%"
ODD_SETUP = (
    'CREATE TABLE "pa r" ("I:d" INTEGER NOT NULL PRIMARY KEY)',
    'INSERT INTO "pa r" VALUES (1), (2)',
    (
        'CREATE TABLE "Ta b%" ("K%d" INTEGER NOT NULL, z VARCHAR(9) NOT NULL, "e:M" VARCHAR(40), p INTEGER, '
        'PRIMARY KEY ("K%d", z))'
    ),
    "INSERT INTO \"Ta b%\" VALUES (1, 'a', 'x', 1), (1, 'b', 'X', 9), (2, 'a', 'x', NULL), (2, 'b', NULL, 8)",
)
ODD_CASES = {
    "backfill": (
        ops.AlterColumnOp(ODD, "e:M", existing_type=sa.String(40), existing_nullable=True, modify_nullable=False),
        "'50%: none'",
        'SELECT z FROM "Ta b%" WHERE "e:M" = \'50%: none\'',
        [("b",)],
    ),
    "deduplicate": (
        ops.CreateIndexOp("u x%", ODD, ["e:M"], unique=True),
        '"K%d" DESC, z',
        'SELECT "K%d" FROM "Ta b%" WHERE "e:M" = \'x\'',
        [(2,)],
    ),
    "clear": (
        ops.CreateForeignKeyOp("f k%", ODD, "pa r", ["p"], ["I:d"]),
        "",
        'SELECT count(*) FROM "Ta b%" WHERE p IS NULL',
        [(3,)],
    ),
}


def executed(project, *statements: str) -> list:
    """Execute statements as the driver takes them, with each percent sign once; return the rows of the last one."""
    with sa.create_engine(project.url, poolclass=sa.NullPool).begin() as live:
        cursor = live.connection.cursor()
        for statement in statements:
            cursor.execute(statement.replace('"', "`") if live.dialect.name == "mysql" else statement)
        found = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        cursor.close()
        return found


@pytest.mark.sweep
@pytest.mark.parametrize("name", ODD_CASES)
@pytest.mark.parametrize("kind", ["project", "postgresql_project", "mariadb_project"])
def test_a_rewrite_of_a_table_with_an_odd_name_does_what_it_says(kind, name, request):
    project = request.getfixturevalue(kind)
    executed(project, *ODD_SETUP)
    operation, sql, query, expected = ODD_CASES[name]
    if kind == "mariadb_project":
        sql = sql.replace('"', "`")
    write(project, rewrite_of(operation, project.url, name).operations(sql))
    assert rehearsed_as_clean(project)
    command.upgrade(project.config(), "head")
    assert executed(project, query) == expected


def rehearsed_as_clean(project) -> bool:
    (found,) = command.rehearse(project.config(), "head")
    assert found.blockers == ()
    return found.is_clean


KEPT_ROWS = {
    "partitions without a key": (
        "postgresql_project",
        (
            "CREATE TABLE t (id int, a int) PARTITION BY RANGE (a)",
            "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10)",
            "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20)",
            "INSERT INTO t VALUES (1, 1), (2, 1), (3, 11), (4, 12)",
        ),
        ops.CreateUniqueConstraintOp("u", "t", ["a"]),
        "deduplicate",
        "SELECT id FROM t ORDER BY 1",
        [(1,), (3,), (4,)],
    ),
    "an expression in descending order": (
        "project",
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)", "INSERT INTO t VALUES (1, 'a'), (2, 'A'), (3, 'b')"),
        ops.CreateIndexOp("u", "t", [sa.text("lower(a) DESC")], unique=True),
        "deduplicate",
        "SELECT id FROM t ORDER BY 1",
        [(1,), (3,)],
    ),
    "the first characters": (
        "mariadb_project",
        (
            "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9))",
            "INSERT INTO t VALUES (1, 'abcd'), (2, 'abce'), (3, 'x')",
        ),
        ops.CreateIndexOp("u", "t", ["a"], unique=True, mysql_length={"a": 3}),
        "deduplicate",
        "SELECT id FROM t ORDER BY 1",
        [(1,), (3,)],
    ),
    "MATCH FULL": (
        "postgresql_project",
        (
            "CREATE TABLE p (a int, b int, PRIMARY KEY (a, b))",
            "CREATE TABLE t (id int PRIMARY KEY, a int, b int)",
            "INSERT INTO p VALUES (1, 1)",
            "INSERT INTO t VALUES (1, 1, 1), (2, 1, NULL), (3, 9, 9), (4, NULL, NULL)",
        ),
        ops.CreateForeignKeyOp("fk", "t", "p", ["a", "b"], ["a", "b"], match="FULL"),
        "clear",
        "SELECT id FROM t WHERE a IS NULL AND b IS NULL ORDER BY 1",
        [(2,), (3,), (4,)],
    ),
}


@pytest.mark.parametrize(
    "case",
    [case if KEPT_ROWS[case][0] == "project" else pytest.param(case, marks=pytest.mark.sweep) for case in KEPT_ROWS],
)
def test_a_rewrite_changes_the_rows_that_stop_the_operation_and_no_others(case, request):
    fixture, setup, operation, name, query, expected = KEPT_ROWS[case]
    project = request.getfixturevalue(fixture)
    executed(project, *setup)
    write(project, rewrite_of(operation, project.url, name).operations())
    assert rehearsed_as_clean(project)
    command.upgrade(project.config(), "head")
    assert executed(project, query) == expected
