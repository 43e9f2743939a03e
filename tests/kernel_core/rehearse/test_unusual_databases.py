"""What a rehearsal says of unusual databases is what happens when the same runs change the database itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.util.exc import CommandError

PLAIN = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b VARCHAR(20))",
    "INSERT INTO t VALUES (1, 1, 'x'), (2, 2, 'y'), (3, NULL, NULL)",
)
IN_SQL = "op.execute({!r})".format


def run(*statements: str) -> str:
    """Return code that executes statements; of no statement, code that does nothing."""
    return "\n".join(map(IN_SQL, statements)) or "pass"


@dataclass
class Case:
    """A database, an upgrade and a downgrade; what they do to rows, and whether the downgrade restores everything.

    ``rows`` are the sentences of tables whose rows change, ``blocked`` the kinds and numbers of rows that stop it.
    """

    setup: tuple[str, ...]
    upgrade: str
    downgrade: str = "pass"
    rows: tuple[str, ...] = ()
    restores: bool = False
    blocked: tuple[tuple[str, int | None], ...] = ()


def replaced(new: str, columns: str = "id, a, b") -> str:
    """Return code that replaces the table t by a copy with other definitions."""
    create, copy = f"CREATE TABLE n ({new})", f"INSERT INTO n SELECT {columns} FROM t"
    return run(create, copy, "DROP TABLE t", "ALTER TABLE n RENAME TO t")


SQLITE = {
    "percent signs": Case(
        ('CREATE TABLE "a%b" ("c%d" INTEGER PRIMARY KEY, e INT)', 'INSERT INTO "a%b" VALUES (1, 2)'),
        run('UPDATE "a%b" SET e = 3'),
        run('UPDATE "a%b" SET e = 2'),
        ("a%b: 1 row changed; changed: e in 1",),
        restores=True,
    ),
    "two columns with spaces": Case(
        ('CREATE TABLE t ("A b" INT, "A c" INT)',),
        "with op.batch_alter_table('t') as b: b.alter_column('A b', existing_type=sa.Integer(), type_=sa.Text())",
    ),
    "a table that is copied and renamed": Case(
        PLAIN, replaced("id INTEGER PRIMARY KEY, a INTEGER, b VARCHAR(20)"), restores=True
    ),
    "a collation": Case(PLAIN, replaced("id INTEGER PRIMARY KEY, a INTEGER, b VARCHAR(20) COLLATE NOCASE")),
    "a deferrable key": Case(
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a INT REFERENCES t)",),
        replaced("id INTEGER PRIMARY KEY, a INT REFERENCES t DEFERRABLE INITIALLY DEFERRED", "id, a"),
    ),
    "AUTOINCREMENT": Case(
        ("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT)", "INSERT INTO t VALUES (5, 1)"),
        replaced("id INTEGER PRIMARY KEY, a INT", "id, a"),
    ),
    "WITHOUT ROWID": Case(
        ("CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY, a INT) WITHOUT ROWID", "INSERT INTO t VALUES ('x', 1)"),
        replaced("id TEXT NOT NULL PRIMARY KEY, a INT", "id, a"),
    ),
    "an expression index": Case(
        (*PLAIN, "CREATE INDEX i ON t (lower(b))"), run("DROP INDEX i", "CREATE INDEX i ON t (upper(b))")
    ),
    "an expression index that is dropped": Case((*PLAIN, "CREATE INDEX i ON t (lower(b))"), run("DROP INDEX i")),
    "an index in other words": Case(
        (*PLAIN, 'CREATE INDEX "i" ON "t" ("a" DESC)'),
        run("DROP INDEX i"),
        run("create  index i on t(a desc)"),
        restores=True,
    ),
    "a partial index": Case(
        (*PLAIN, "CREATE INDEX i ON t (a) WHERE b IS NULL"),
        run("DROP INDEX i", "CREATE INDEX i ON t (a) WHERE b IS NOT NULL"),
    ),
    "a generated column": Case(
        (*PLAIN, "ALTER TABLE t ADD COLUMN g INT GENERATED ALWAYS AS (1)"),
        run("ALTER TABLE t DROP COLUMN g", "ALTER TABLE t ADD COLUMN g INT GENERATED ALWAYS AS (0 + 1)"),
    ),
    "a key in another case": Case(
        ("CREATE TABLE t (id TEXT COLLATE NOCASE PRIMARY KEY)", "INSERT INTO t VALUES ('a'), ('b')"),
        run("UPDATE t SET id = upper(id)"),
        rows=("t: 2 rows added; 2 rows removed",),
    ),
    "keys that are NULL": Case(
        ("CREATE TABLE t (id TEXT PRIMARY KEY, a INT)", "INSERT INTO t VALUES (NULL, 1), (NULL, 2), ('x', 3)"),
        run("UPDATE t SET a = 9 WHERE id = 'x'"),
        run("UPDATE t SET a = 3 WHERE id = 'x'"),
        ("t: 1 row added; 1 row removed",),
        restores=True,
    ),
    "an integer that becomes a real number": Case(
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a)", "INSERT INTO t VALUES (1, 5)"),
        run("UPDATE t SET a = 5.0"),
        rows=("t: 1 row changed; changed: a in 1",),
    ),
    "an integer that becomes a real number, without a key": Case(
        ("CREATE TABLE t (a, b NUMERIC, c TEXT)", "INSERT INTO t VALUES (5, 5, 5), (6, 6, 6)"),
        run("UPDATE t SET a = 5.0, b = 5.0, c = '5' WHERE a = 5"),
        rows=("t: 1 row added; 1 row removed",),
    ),
    "the smallest integer": Case(
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a INT)", f"INSERT INTO t VALUES (1, {-(2**63)}), (2, {-(2**63)})"),
        run("UPDATE t SET a = -9223372036854775808.0 WHERE id = 1"),
        rows=("t: 1 row changed; changed: a in 1",),
    ),
    "zeros in front of a text that becomes a number": Case(
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)", "INSERT INTO t VALUES (1, '07'), (2, '7'), (3, 'x')"),
        replaced("id INTEGER PRIMARY KEY, a INTEGER", "id, a"),
        rows=("t: 1 row changed; changed: a in 1",),
    ),
    "numbers that become text": Case(
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b REAL)", "INSERT INTO t VALUES (1, 7, 0.1), (2, NULL, 1)"),
        replaced("id TEXT PRIMARY KEY, a TEXT, b TEXT"),
        replaced("id INTEGER PRIMARY KEY, a INT, b REAL"),
        restores=True,
    ),
    "a key that becomes a number": Case(
        ("CREATE TABLE t (id TEXT PRIMARY KEY, a INT)", "INSERT INTO t VALUES ('07', 1), ('8', 2), ('x', 3)"),
        replaced("id NUMERIC PRIMARY KEY, a INT", "id, a"),
        rows=("t: 1 row added; 1 row removed",),
    ),
    "a key without a type, in another case": Case(
        ("CREATE TABLE t (id COLLATE NOCASE PRIMARY KEY)", "INSERT INTO t VALUES ('a'), ('b')"),
        run("UPDATE t SET id = upper(id)"),
        rows=("t: 2 rows added; 2 rows removed",),
    ),
    "an at sign in a table without a key": Case(
        ('CREATE TABLE t ("a@b" TEXT)', "INSERT INTO t VALUES ('x')"),
        run("UPDATE t SET \"a@b\" = 'y'"),
        rows=("t: 1 row added; 1 row removed",),
    ),
    "tables that a trigger writes, a new column, and the others": Case(
        (
            *PLAIN,
            "CREATE TABLE log (id INTEGER PRIMARY KEY, n INT)",
            "CREATE TABLE other (id INTEGER PRIMARY KEY, n INT)",
            "INSERT INTO log VALUES (1, 1)",
            "INSERT INTO other VALUES (1, 1)",
            "CREATE TRIGGER g AFTER UPDATE ON t BEGIN INSERT INTO log (n) VALUES (new.id); END",
        ),
        run("ALTER TABLE other ADD m INT DEFAULT 3", "UPDATE t SET a = 9 WHERE id = 2"),
        rows=("log: 1 row added", "other: m filled in 1 row", "t: 1 row changed; changed: a in 1"),
    ),
    "rows on many pages, of which one changes": Case(
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
            "CREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT)",
            "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO t SELECT i, hex(i) FROM n",
            "INSERT INTO u SELECT id, hex(zeroblob(9000)) FROM t WHERE id < 9",
        ),
        run("UPDATE t SET a = 'x' WHERE id = 499", "UPDATE u SET a = substr(a, 1, 17999) || 'x' WHERE id = 8"),
        rows=("t: 1 row changed; changed: a in 1", "u: 1 row changed; changed: a in 1"),
    ),
    "write-ahead logging": Case(
        (*PLAIN, "PRAGMA journal_mode = WAL"),
        run("UPDATE t SET a = 9 WHERE id = 2"),
        run("UPDATE t SET a = 2 WHERE id = 2"),
        ("t: 1 row changed; changed: a in 1",),
        restores=True,
    ),
    "the nocase collation of a unique index": Case(
        (*PLAIN[:1], "INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'A'), (3, 3, 'b')"),
        run("CREATE UNIQUE INDEX i ON t (b COLLATE NOCASE)"),
        blocked=(("duplicate", 2),),
    ),
    "full text": Case(
        ("CREATE VIRTUAL TABLE f USING fts5(x)", "INSERT INTO f VALUES ('hello')"),
        run("DROP TABLE f", "CREATE VIRTUAL TABLE f USING fts5(y)", "INSERT INTO f VALUES ('hello')"),
        rows=("f: 1 row added; 1 row removed; y filled in 1 row; 1 value of x lost",),
    ),
}
POSTGRESQL = {
    "percent signs": Case(
        ('CREATE TABLE "a%b" ("c%d" int PRIMARY KEY, e text)', "INSERT INTO \"a%b\" VALUES (1, 'x'), (2, 'x')"),
        run('UPDATE "a%b" SET e = 1 WHERE "c%d" = 1', 'ALTER TABLE "a%b" ALTER e TYPE int USING e::int'),
        rows=("a%b: 1 row changed; changed: e in 1",),
        blocked=(("misfit", 1),),
    ),
    "a column that is removed and comes back": Case(
        PLAIN,
        run("CREATE TABLE k AS SELECT id, a FROM t", "ALTER TABLE t DROP a"),
        run("ALTER TABLE t ADD a int", "UPDATE t SET a = k.a FROM k WHERE k.id = t.id", "DROP TABLE k"),
        ("k: a new table with 3 rows", "t: 2 values of a lost"),
        restores=True,
    ),
    "a time zone": Case(
        ("CREATE TABLE t (id int PRIMARY KEY, d timestamp)",), run("ALTER TABLE t ALTER d TYPE timestamptz")
    ),
    "digits after the point": Case(
        ("CREATE TABLE t (id int PRIMARY KEY, n numeric)", "INSERT INTO t VALUES (1, 1.50)"),
        run("UPDATE t SET n = 1.5"),
        rows=("t: 1 row changed; changed: n in 1",),
    ),
    "a collation without case": Case(
        (
            "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
            "CREATE TABLE t (id int PRIMARY KEY, b text COLLATE ci)",
            "INSERT INTO t VALUES (1, 'x')",
        ),
        run("UPDATE t SET b = 'X'"),
        rows=("t: 1 row changed; changed: b in 1",),
    ),
    "rights that are granted and revoked": Case(
        PLAIN, run("GRANT SELECT ON t TO pg_monitor"), run("REVOKE SELECT ON t FROM pg_monitor"), restores=True
    ),
    "another condition of an index": Case(
        (*PLAIN, "CREATE INDEX i ON t (a) WHERE a > 1"),
        run("DROP INDEX i", "CREATE INDEX i ON t (a) WHERE a > 2"),
    ),
}
MARIADB = {
    "a grave accent": Case(
        ("CREATE TABLE `t``s` (id INT PRIMARY KEY, `c``d` INT, e TEXT)", "INSERT INTO `t``s` VALUES (1, 1, 'x')"),
        run("UPDATE `t``s` SET `c``d` = 2"),
        rows=("t`s: 1 row changed; changed: c`d in 1",),
    ),
    "blanks at the end": Case(
        (PLAIN[0], "INSERT INTO t VALUES (1, 1, 'x')"),
        run("UPDATE t SET b = CONCAT(b, ' ')"),
        rows=("t: 1 row changed; changed: b in 1",),
    ),
    "a key in another case": Case(
        ("CREATE TABLE t (id VARCHAR(20) PRIMARY KEY)", "INSERT INTO t VALUES ('a'), ('b')"),
        run("UPDATE t SET id = upper(id)"),
        rows=("t: 2 rows added; 2 rows removed",),
    ),
    "system versioning": Case(
        ("CREATE TABLE t (id INT PRIMARY KEY, a INT) WITH SYSTEM VERSIONING", "INSERT INTO t VALUES (1, 1), (2, 1)"),
        run("UPDATE t SET a = 5 WHERE id = 1"),
        run("UPDATE t SET a = 1 WHERE id = 1"),
        ("t: 1 row changed; changed: a in 1",),
        restores=True,
    ),
    "an expression": Case(
        (*PLAIN, "ALTER TABLE t ADD g INT AS (a * 2) PERSISTENT"),
        run("ALTER TABLE t MODIFY g INT AS (a * 3) PERSISTENT"),
        rows=("t: 2 rows changed; changed: g in 2",),
    ),
    "the length of an index": Case(
        (*PLAIN, "CREATE INDEX i ON t (b(5))"), run("ALTER TABLE t DROP INDEX i, ADD INDEX i (b(6))")
    ),
}


def cases() -> Iterator[Any]:
    for fixture, several in {"project": SQLITE, "postgresql_project": POSTGRESQL, "mariadb_project": MARIADB}.items():
        for name, case in several.items():
            marks = (
                [] if name in ("percent signs", "keys that are NULL") and fixture == "project" else [pytest.mark.sweep]
            )
            yield pytest.param(fixture, case, marks=marks, id=f"{fixture.partition('_')[0]}-{name}")


@pytest.mark.parametrize(("fixture", "case"), list(cases()))
def test_a_rehearsal_says_what_the_run_does(request, fixture, case):
    made = request.getfixturevalue(fixture)
    engine = sa.create_engine(made.url, poolclass=sa.NullPool)
    with engine.begin() as live:
        for statement in case.setup:
            live.exec_driver_sql(statement if fixture == "project" else statement.replace("%", "%%"))
    made.write("a1", None, case.upgrade, case.downgrade)
    before = everything(engine)
    (found,) = command.rehearse(made.config(), "head")
    assert everything(engine) == before
    assert tuple((each.kind, each.rows) for each in found.blockers) == case.blocked
    assert tuple(each.sentence() for each in found.changed_rows) == case.rows
    ran = False
    with suppress(CommandError):
        ran = bool(command.upgrade(made.config(), "head"))
    assert found.is_clean == ran
    if ran:
        assert found.changed_rows or found.schema or before == everything(engine)
        assert (found.undone.restores, found.undone.failure) == (case.restores, "")
        command.downgrade(made.config(), "base")
        assert not case.restores or everything(engine) == before


def everything(engine: sa.Engine) -> dict[str, list[str]]:
    """Return the rows of each table by column name, and the SQL with which SQLite stores it, in one spelling."""
    found: dict[str, list[str]] = {}
    with engine.connect() as live:
        for name in sa.inspect(live).get_table_names():
            if not name.startswith(("alembic_version", "f_")):
                rows = live.execute(sa.select(sa.text("*")).select_from(sa.table(name)))
                found[name] = sorted(str(sorted(row.items())) for row in rows.mappings())
        if engine.dialect.name == "sqlite":
            stored = live.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
            for name, sql in stored:
                if "alembic_version" not in name:
                    found[f"SQL of {name}"] = [re.sub(r'[\s"]', "", sql).lower()]
    return found
