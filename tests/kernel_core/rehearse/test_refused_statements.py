"""Statements that a constraint refuses name the rows, just where a real run fails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel_core import command

from .test_refused_at_commit import enforce
from .test_unusual_blockers import Case, case

TEXT = Path(__file__).with_name("refused_statements.txt").read_text()


def cases(database: str) -> list[Case]:
    """Return the cases of a database."""
    rows, *parts = re.split(r"\n+# ", TEXT.partition(f"[{database}]\n")[2].partition("\n[")[0])
    rows, *named = re.split(r"\n(\{\w+\})\n", rows)
    for name, lines in zip(named[::2], named[1::2], strict=True):
        parts = [part.replace(name, lines) for part in parts]
    return [case(part.strip().splitlines(), rows.splitlines()) for part in parts]


def counted(blockers, tables: dict[str, Case]) -> dict[str, tuple[str, ...]]:
    """Return the blockers of each case as they are written in the file; other objects are named after its table."""
    found: dict[str, tuple[str, ...]] = {each.name: () for each in tables.values()}
    for blocker in blockers:
        table = re.findall(r"\bt\d+", f"{blocker.table} {blocker.operation} {blocker.text}")[0]
        name = tables[table].name
        number = blocker.kind if blocker.rows is None else f"{blocker.kind} {blocker.rows}"
        found[name] += (f"{number} without a query" if blocker.no_query else number,)
    return {name: tuple(sorted(several)) for name, several in found.items()}


def fails(project, statement: str) -> bool:
    """Return whether a statement fails in a separate transaction, which is rolled back."""
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    with engine.connect() as live:
        try:
            live.connection.cursor().execute(statement)
        except engine.dialect.dbapi.Error:
            return True
        finally:
            live.rollback()
    return False


def check(project, several: list[Case], block: str = "", setup: str = "") -> None:
    """Rehearse a revision with all cases; compare its blockers with those expected, and each case with a real run."""
    tables = {f"t{place}": each for place, each in enumerate(several)}
    engine = sa.create_engine(project.url, poolclass=sa.NullPool)
    with engine.begin() as live:
        for table, each in tables.items():
            for statement in filter(None, (setup, *each.setup)):
                live.connection.cursor().execute(statement.replace("{t}", table))
    bodies = [each.body.replace("{t}", table) for table, each in tables.items()]
    lines = [f"{block}\n    {body}" if block else body for body in bodies]
    project.write("a1", None, "\n".join(lines))
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert found.stopped_at == "", found.blockers[-1]
    assert counted(found.blockers, tables) == {each.name: tuple(sorted(each.blockers)) for each in tables.values()}
    for blocker in found.blockers:
        assert (blocker.rows is not None) == bool(blocker.query or blocker.no_query), blocker
        assert not (blocker.query and blocker.no_query), blocker
        assert blocker.rows is None or len(blocker.sample) == min(5, blocker.rows), blocker
    for table, each in tables.items():
        if each.body.startswith("op.execute("):
            sql = eval(each.body.removeprefix("op.execute"))
            assert fails(project, sql.replace("{t}", table)) == bool(each.blockers), each.name


@pytest.mark.parametrize("every", [9, pytest.param(1, marks=pytest.mark.sweep)])
def test_on_postgresql(postgresql_project, every):
    check(postgresql_project, cases("postgresql")[::every])


@pytest.mark.sweep
def test_in_an_autocommit_block_on_postgresql(postgresql_project):
    check(postgresql_project, cases("postgresql"), "with op.get_context().autocommit_block():")


@pytest.mark.sweep
def test_a_new_type_that_is_committed_before_not_null_fails_has_no_misfits(postgresql_project):
    postgresql_project.run(
        "CREATE TABLE t (id int PRIMARY KEY, b text)", "INSERT INTO t VALUES (1, 'x'), (2, ''), (3, '')"
    )
    change = "op.alter_column('t', 'b', type_=sa.String(5), nullable=False, postgresql_using=\"nullif(b, '') \")"
    postgresql_project.write("a1", None, f"with op.get_context().autocommit_block():\n    {change}")
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    assert [(each.kind, each.rows) for each in found.blockers] == [("null", 2)]


@pytest.mark.parametrize("database", ["postgresql", pytest.param("mariadb", marks=pytest.mark.sweep)])
def test_a_statement_of_the_connection_itself_names_the_rows(request, database):
    project = request.getfixturevalue(f"{database}_project")
    project.run("CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE)", "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
    body = "op.get_bind().execute(sa.text('UPDATE t SET u = :u WHERE id < :n'), {'u': 7, 'n': 3})"
    project.write("a1", None, body)
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert [(each.kind, each.rows, each.table) for each in found.blockers] == [("duplicate", 2, "t")]
    assert found.stopped_at == "a1"
    assert [each.sql for each in found.statements] == ["UPDATE t SET u = %(u)s WHERE id < %(n)s"]
    assert found.changed_rows == ()


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.sweep)])
def test_on_sqlite(project, every):
    check(project, cases("sqlite")[::every])


@pytest.mark.sweep
@pytest.mark.parametrize("block", ["", "with op.get_context().autocommit_block():"])
def test_on_mariadb(mariadb_project, block):
    check(mariadb_project, cases("mariadb"), block)


@pytest.mark.sweep
def test_values_that_mariadb_changes_where_it_is_not_strict_are_no_blockers(mariadb_project):
    mariadb_project.run("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, v varchar(2), u int UNIQUE)")
    mariadb_project.write(
        "a1",
        None,
        """
op.execute("SET sql_mode = ''")
op.execute("INSERT INTO t VALUES (1, 1, 'long', 1), (2, NULL, 'b', 2)")
op.execute("INSERT INTO t VALUES (3, 3, 'longer', 3), (4, NULL, 'long', 3)")""",
    )
    (found,) = command.rehearse(mariadb_project.config(), "head", and_back=False)
    assert [(each.kind, each.rows) for each in found.blockers] == [("duplicate", 2)]


@pytest.mark.parametrize(
    ("rows", "key", "blockers"),
    [
        ("(1, 1)", "p int REFERENCES p (id)", [("orphan", 2), ("null", 3)]),
        ("(1, 1), (2, 99)", "p int REFERENCES p (id)", [("null", 3)]),  # an orphan was there before
        ("(1, 1)", "p int REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED", [("null", 3)]),
    ],
)
def test_foreign_keys_of_sqlite_are_counted_beside_other_constraints(project, rows, key, blockers):
    project.run(
        "CREATE TABLE p (id INTEGER PRIMARY KEY)",
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, {key}, n int NOT NULL DEFAULT 1)",
        "INSERT INTO p VALUES (1), (2)",
        f"INSERT INTO t (id, p) VALUES {rows}",
    )
    enforce(project, begins=True)
    sql = "INSERT INTO t VALUES (7, 1, NULL), (8, 50, NULL), (9, 60, NULL)"
    project.write("a1", None, f"op.execute({sql!r})")
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert [(each.kind, each.rows) for each in found.blockers] == blockers


BOTH_NULL = "UPDATE p SET id = id + 10, n = NULL"
PARENTS = {
    "a key": ("FOREIGN KEY (p) REFERENCES p", BOTH_NULL, ["null 3", "orphan 3"]),
    "a key of a named column": (
        "FOREIGN KEY (w) REFERENCES p (code)",
        "UPDATE p SET code = 'z'",
        ["duplicate 3", "orphan 3"],
    ),
    "two keys": (
        "FOREIGN KEY (p) REFERENCES P (ID), FOREIGN KEY (w) REFERENCES p (code)",
        "UPDATE p SET id = id + 10, code = 'z', n = NULL WHERE id < 3",
        ["duplicate 2", "null 2", "orphan 3", "orphan 3"],
    ),
    "a key that refuses at once": (
        "FOREIGN KEY (p) REFERENCES p ON UPDATE RESTRICT",
        BOTH_NULL,
        ["null 3", "orphan 3"],
    ),
    "a key that refuses before": (
        "FOREIGN KEY (p) REFERENCES p ON UPDATE RESTRICT",
        "UPDATE p SET id = id + 10, n = nullif(id, 3)",
        ["null 1", "orphan 3"],
    ),
    "nothing but a key": ("FOREIGN KEY (p) REFERENCES p ON UPDATE RESTRICT", "UPDATE p SET id = id + 10", ["orphan 3"]),
    "a deleted row": ("FOREIGN KEY (p) REFERENCES p ON DELETE RESTRICT", "DELETE FROM p WHERE id = 1", ["orphan 2"]),
    "a key that follows": ("FOREIGN KEY (p) REFERENCES p ON UPDATE CASCADE", BOTH_NULL, ["null 3"]),
    "a key that waits": ("FOREIGN KEY (p) REFERENCES p DEFERRABLE INITIALLY DEFERRED", BOTH_NULL, ["null 3"]),
    "another table": ("FOREIGN KEY (p) REFERENCES q", BOTH_NULL, ["null 3"]),
    "a replaced row": ("FOREIGN KEY (p) REFERENCES p", "REPLACE INTO p VALUES (9, 'a', 500)", ["check 1", "orphan 2"]),
    "a replaced row that is followed": (
        "FOREIGN KEY (p) REFERENCES p ON DELETE CASCADE",
        "REPLACE INTO p VALUES (9, 'a', 500)",
        ["check 1"],
    ),
    "a new row": ("FOREIGN KEY (p) REFERENCES p", "INSERT INTO p VALUES (9, 'x', NULL)", ["null 1"]),
    "its own rows": ("FOREIGN KEY (p) REFERENCES T", "UPDATE t SET p = 9, n = 10", ["check 4", "orphan 4"]),
    "a row without references": (
        "FOREIGN KEY (p) REFERENCES p",
        "UPDATE p SET n = NULL, id = 9 WHERE id = 3",
        ["null 1"],
    ),
}


@pytest.mark.parametrize(
    ("key", "sql", "blockers"),
    [
        pytest.param(*case, id=name, marks=() if name == "two keys" else pytest.mark.sweep)
        for name, case in PARENTS.items()
    ],
)
def test_orphans_of_other_tables_of_sqlite_are_counted_beside_constraints_of_their_parents(project, key, sql, blockers):
    project.run(
        "CREATE TABLE q (id INTEGER PRIMARY KEY)",
        "CREATE TABLE p (id INTEGER PRIMARY KEY, code text UNIQUE, n int NOT NULL CHECK (n < 100))",
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, p int, w text, n int CHECK (n < 9), {key})",
        "INSERT INTO q VALUES (1), (2)",
        "INSERT INTO p VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 1)",
        "INSERT INTO t (id, p, w) VALUES (1, 1, 'a'), (2, 1, 'a'), (3, 2, 'b'), (4, NULL, NULL)",
    )
    enforce(project, begins=True)
    project.write("a1", None, f"op.execute({sql!r})")
    (found,) = command.rehearse(project.config(), "head", and_back=False)
    assert sorted(f"{each.kind} {each.rows}" for each in found.blockers) == blockers
    with pytest.raises(sa.exc.IntegrityError):
        command.upgrade(project.config(), "head")


@pytest.mark.parametrize(
    "block", [pytest.param("", marks=pytest.mark.sweep), "with op.get_context().autocommit_block():"]
)
def test_only_what_is_undone_of_an_operation_runs_again(postgresql_project, block):
    postgresql_project.run("CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE)", "INSERT INTO t VALUES (1, 1), (2, 2)")
    rows = "[{'id': 7, 'u': 50}, {'id': 8, 'u': 2}]"
    insert = f"op.bulk_insert(sa.table('t', sa.column('id'), sa.column('u')), {rows}, multiinsert=False)"
    postgresql_project.write("a1", None, f"{block}\n    {insert}" if block else insert)
    (found,) = command.rehearse(postgresql_project.config(), "head", and_back=False)
    assert [(each.kind, each.rows, each.columns) for each in found.blockers] == [("duplicate", 2, ("u",))]


@pytest.mark.sweep
def test_a_table_of_mariadb_that_cannot_roll_back_is_counted_in_a_copy_and_not_written_to_again(mariadb_project):
    mariadb_project.run("CREATE TABLE t (id int, c int CHECK (c < 9)) ENGINE=MyISAM", "INSERT INTO t VALUES (1, 1)")
    mariadb_project.write("a1", None, "op.execute('INSERT INTO t VALUES (2, 10)')")
    (found,) = command.rehearse(mariadb_project.config(), "head", and_back=False)
    assert [(each.kind, each.rows) for each in found.blockers] == [("check", 1)]
    assert found.changed_rows == ()
