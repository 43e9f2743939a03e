"""The ALGORITHM and LOCK of a rehearsal are the first that MariaDB accepts for the same change, written by hand."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
import sqlalchemy as sa

from kernel_core import command

SETUP = {
    "t": "(id int PRIMARY KEY, v int, w varchar(20), n int NOT NULL DEFAULT 1, e enum('a', 'b'), k int, KEY ik (k), "
    "CONSTRAINT ck{n} CHECK (v > 0), CONSTRAINT fk{n} FOREIGN KEY (k) REFERENCES parent (id))",
    "other": "(id int PRIMARY KEY, v int, KEY v (v)) ENGINE=MyISAM",
    "aria": "(id int PRIMARY KEY, v int) ENGINE=Aria",
    "part": "(id int PRIMARY KEY, v int) PARTITION BY RANGE (id) "
    "(PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN (20))",
    "geo": "(id int PRIMARY KEY, g point NOT NULL, x text, FULLTEXT KEY fx (x))",
    "plain": "(id int NOT NULL, x text)",
}
CASES = (
    "ALTER TABLE t{n} ADD COLUMN x int",
    "ALTER TABLE t{n} ADD COLUMN x int FIRST",
    "ALTER TABLE t{n} ADD COLUMN x int NOT NULL AUTO_INCREMENT UNIQUE",
    "ALTER TABLE t{n} ADD COLUMN x int AS (v + 1) PERSISTENT",
    "ALTER TABLE t{n} ALTER COLUMN v SET DEFAULT 5",
    "ALTER TABLE t{n} DROP COLUMN w",
    "ALTER TABLE t{n} MODIFY v bigint",
    "ALTER TABLE t{n} MODIFY w varchar(50)",
    "ALTER TABLE t{n} MODIFY w varchar(300)",
    "ALTER TABLE t{n} MODIFY w varchar(5)",
    "ALTER TABLE t{n} MODIFY v int NOT NULL",
    "ALTER TABLE t{n} MODIFY n int NULL",
    "ALTER TABLE t{n} MODIFY e enum('a', 'b', 'c')",
    "ALTER TABLE t{n} MODIFY e enum('b', 'a')",
    "ALTER TABLE t{n} CHANGE v vv int",
    "ALTER TABLE t{n} RENAME COLUMN w TO ww",
    "ALTER TABLE t{n} RENAME TO moved{n}",
    "ALTER TABLE t{n} ADD INDEX ix (v)",
    "ALTER TABLE t{n} ADD UNIQUE INDEX ux (v)",
    "ALTER TABLE t{n} DROP FOREIGN KEY fk{n}",
    "ALTER TABLE t{n} DROP INDEX ik, DROP FOREIGN KEY fk{n}",
    "ALTER TABLE t{n} DROP PRIMARY KEY",
    "ALTER TABLE t{n} ADD CONSTRAINT f{n} FOREIGN KEY (v) REFERENCES parent (id)",
    "ALTER TABLE t{n} ADD CONSTRAINT c{n} CHECK (n > 0)",
    "ALTER TABLE t{n} DROP CONSTRAINT ck{n}",
    "ALTER TABLE t{n} COMMENT 'x'",
    "ALTER TABLE t{n} FORCE",
    "ALTER TABLE t{n} DISABLE KEYS",
    "ALTER TABLE t{n} CONVERT TO CHARACTER SET latin1",
    "ALTER TABLE t{n} AUTO_INCREMENT = 50",
    "ALTER TABLE t{n} ADD COLUMN x int, MODIFY v bigint",
    "ALTER TABLE t{n} MODIFY v bigint -- a note",
    "ALTER TABLE t{n} MODIFY v bigint # a note",
    "ALTER TABLE t{n} MODIFY v bigint /* a note */ ;",
    "ALTER IGNORE TABLE t{n} ADD UNIQUE INDEX ux (v)",
    "ALTER ONLINE TABLE t{n} ADD COLUMN x int",
    "CREATE INDEX ix ON t{n} (v)",
    "CREATE UNIQUE INDEX ux ON t{n} (v) -- a note",
    "ALTER TABLE plain{n} ADD FULLTEXT INDEX fx (x)",
    "CREATE FULLTEXT INDEX fx ON plain{n} (x) -- a note",
    "ALTER TABLE plain{n} ADD PRIMARY KEY (id)",
    "ALTER TABLE geo{n} ADD SPATIAL INDEX sx (g)",
    "ALTER TABLE geo{n} ADD COLUMN y int",
    "DROP INDEX fx ON geo{n} -- a note",
    "DROP INDEX IF EXISTS v ON other{n}",
    "ALTER TABLE other{n} ADD COLUMN x int",
    "ALTER TABLE other{n} ADD INDEX ix (v)",
    "ALTER TABLE other{n} COMMENT 'x'",
    "ALTER TABLE aria{n} MODIFY v bigint",
    "ALTER TABLE part{n} ADD COLUMN x int",
    "ALTER TABLE part{n} MODIFY v bigint",
    "ALTER TABLE part{n} DROP PRIMARY KEY",
    "ALTER TABLE part{n} REMOVE PARTITIONING",
    "ALTER TABLE other{n} PARTITION BY HASH (id) PARTITIONS 2",
    "ALTER TABLE t{n} ORDER BY v",
    "ALTER TABLE other{n} ORDER BY v DESC, id",
    "ALTER TABLE t{n} ADD COLUMN x int, ORDER BY v",
    "ALTER TABLE aria{n} ENGINE=InnoDB",
    "ALTER TABLE t{n} ENGINE=InnoDB",
    "ALTER TABLE t{n} RENAME INDEX ik TO ij",
    "ALTER TABLE other{n} ALTER INDEX v IGNORED",
    "ALTER TABLE t{n} DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)",
    "ALTER TABLE t{n} MODIFY w varchar(20) CHARACTER SET latin1",
    "ALTER TABLE t{n} DEFAULT CHARACTER SET latin1",
    "ALTER TABLE t{n} WAIT 5 ADD COLUMN x int",
)
NO_CLAIM = (
    "ALTER TABLE part{n} DROP PARTITION b",
    "ALTER TABLE part{n} TRUNCATE PARTITION b",
    "ALTER TABLE part{n} REORGANIZE PARTITION a, b INTO (PARTITION ab VALUES LESS THAN (20))",
    "ALTER TABLE part{n} REBUILD PARTITION a",
    "ALTER TABLE part{n} ADD PARTITION (PARTITION c VALUES LESS THAN (30))",
    "OPTIMIZE TABLE t{n}",
)
"""Of these no ALGORITHM is reported: the clause cannot follow them."""


def by_hand(live: sa.Connection, sql: str) -> str:
    """Return the first ALGORITHM and LOCK, from the cheapest, with which the server runs a statement.

    Where it then tells that it has copied rows, the algorithm is COPY.
    """
    text = re.sub(r"\s*(--|#).*$|\s*/\*.*\*/\s*;?", "", sql)
    text = re.sub(r"^DROP INDEX (.*) ON (\w+)$", r"ALTER TABLE \2 DROP INDEX \1", text)
    match = re.match(r"(ALTER (?:ONLINE |IGNORE )?TABLE \w+(?: WAIT 5)?) (.*)", text)
    for algorithm in ("INSTANT", "NOCOPY", "INPLACE", "COPY"):
        for lock in ("NONE", "SHARED", "EXCLUSIVE"):
            clause = f"ALGORITHM={algorithm}, LOCK={lock}"
            comma = "" if match and match[2].startswith(("PARTITION", "REMOVE")) else ","
            changed = f"{match[1]} {clause}{comma} {match[2]}" if match else f"{text} {clause.replace(',', '')}"
            with suppress(sa.exc.OperationalError):  # not supported, for some reason; a mistake is a ProgrammingError
                copied = live.exec_driver_sql(changed).rowcount
                return f"ALGORITHM=COPY, LOCK={lock}" if copied > 0 else clause
    return ""


@pytest.mark.sweep
def test_the_algorithm_and_lock_are_those_that_the_server_accepts(mariadb_project):
    statements = [case.replace("{n}", str(number)) for number, case in enumerate((*CASES, *NO_CLAIM))]
    created = ["CREATE TABLE parent (id int PRIMARY KEY)", "INSERT INTO parent VALUES (1)"]
    for number, case in enumerate((*CASES, *NO_CLAIM)):
        name = next(name for name in SETUP if f" {name}{{n}}" in case)
        created.append(f"CREATE TABLE {name}{number} {SETUP[name].replace('{n}', str(number))}")
        if name == "t":
            created.append(f"INSERT INTO t{number} VALUES (1, 1, 'x', 1, 'a', 1)")
        elif name in ("other", "aria", "part"):
            created.append(f"INSERT INTO {name}{number} VALUES (1, 1)")
    mariadb_project.run(*created)
    mariadb_project.write("a1", None, "\n".join(f"op.execute({sql!r})" for sql in statements))
    (found,) = command.rehearse(mariadb_project.config(), "head", and_back=False)
    assert found.is_clean, found.blockers
    assert [each.sql for each in found.statements] == statements
    said = [each.algorithm for each in found.statements]
    with sa.create_engine(mariadb_project.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT").connect() as live:
        real = [by_hand(live, sql) for sql in statements[: len(CASES)]]
    assert dict(zip(statements, said, strict=True)) == dict(
        zip(statements, [*real, *[""] * len(NO_CLAIM)], strict=True)
    )


@pytest.mark.sweep
@pytest.mark.parametrize(
    "sql", ["ALTER TABLE t ORDER BY v", "ALTER TABLE t ENGINE=MyISAM", "ALTER TABLE t PARTITION BY HASH (id)"]
)
def test_no_change_that_copies_is_called_instant_though_the_table_is_empty(mariadb_project, sql):
    mariadb_project.run("CREATE TABLE t (id int PRIMARY KEY, v int)")
    mariadb_project.write("a1", None, f"op.execute({sql!r})")
    (found,) = command.rehearse(mariadb_project.config(), "head", and_back=False)
    assert [each.algorithm for each in found.statements] == ["ALGORITHM=COPY, LOCK=SHARED"]
