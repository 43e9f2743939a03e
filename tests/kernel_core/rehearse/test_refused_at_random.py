"""Random statements that a database refuses: the rows counted are those that Python counts in a table that takes any."""

from __future__ import annotations

import random
import zlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from tests.sampling import repeated

from .refusals import found_for, literal, refusal_of, run

KEYS = {"id": "PRIMARY KEY", "u": "UNIQUE"}
TYPES = {"id": "int", "n": "int", "u": "int", "c": "int", "v": "varchar(3)", "w": "int", "x": "int"}
WIDE = {**TYPES, "v": "text"}
CONSTRAINTS = {**KEYS, "n": "NOT NULL", "c": "CHECK (c < 50)"}
ON_SQLITE = {**CONSTRAINTS, "id": "PRIMARY KEY NOT NULL"}
VALUES = {
    "id": lambda: random.randint(1, 12),
    "n": lambda: random.choice([None, 1, 2, 3]),
    "u": lambda: random.choice([None, *range(1, 8)]),
    "c": lambda: random.choice([None, 10, 49, 50, 70]),
    "v": lambda: random.choice([None, "a", "abc", "abc  ", "abcd"]),
    "w": lambda: random.choice([None, 1, 2]),
    "x": lambda: random.choice([None, 1, 2]),
}
EXPRESSIONS = {
    "id": ["id + 1", "id * 2", "7"],
    "n": ["nullif(n, 2)", "w", "n + 1"],
    "u": ["u + 1", "3", "n", "w"],
    "c": ["c * 2", "c + 1", "n"],
    "v": ["concat(v, 'x')", "concat(v, '  ')", "'abcdef'"],
    "w": ["7", "w + 10"],
}


def table(types: Mapping[str, str], constraints: Mapping[str, str]) -> str:
    """Return columns with their types and constraints as SQL."""
    return ", ".join(f"{name} {type_} {constraints.get(name, '')}" for name, type_ in types.items())


def rows(number: int, **fixed: Any) -> str:
    """Return so many random rows as a list of SQL."""
    return ", ".join(
        f"({', '.join(literal(fixed[name](place) if name in fixed else make()) for name, make in VALUES.items())})"
        for place in range(number)
    )


def statement(kind: str) -> str:
    """Return a random INSERT or UPDATE of the table t."""
    names = random.sample(list(EXPRESSIONS), random.randint(1, 4))
    where = random.choice(["", " WHERE id < 5", " WHERE w = 1", " WHERE n > 1"])
    if kind == "update":
        return f"UPDATE t SET {', '.join(f'{name} = {random.choice(EXPRESSIONS[name])}' for name in names)}{where}"
    if random.random() < 0.5:
        return f"INSERT INTO t VALUES {rows(random.randint(1, 5))}"
    values = ", ".join(random.choice(EXPRESSIONS[name]) if name in names else name for name in [*EXPRESSIONS, "x"])
    return f"INSERT INTO t SELECT {values} FROM t{where or ' WHERE 1 = 1'}"


RESOLVED = {
    "sqlite": ("INSERT OR REPLACE", ""),
    "postgresql": ("INSERT", " ON CONFLICT DO NOTHING"),
    "mariadb": ("REPLACE", ""),
}
"""How an INSERT resolves conflicts of its keys: what it begins with, and what is at its end."""


def counted(found: list[dict[str, Any]], *, has_lengths: bool) -> Counter[tuple[str, str, int | None]]:
    """Return the kind, the column and the number of the rows that the constraints of the table refuse."""
    numbers = Counter[tuple[str, str, int | None]]()
    for name in KEYS:
        several = Counter(row[name] for row in found if row[name] is not None)
        numbers["duplicate", name, sum(each for each in several.values() if each > 1)] += 1
    refused = {
        ("null", "id"): lambda row: row["id"] is None,
        ("null", "n"): lambda row: row["n"] is None,
        ("check", "c"): lambda row: row["c"] is not None and row["c"] >= 50,
        ("misfit", "v"): lambda row: has_lengths and row["v"] is not None and len(row["v"].rstrip(" ")) > 3,
        ("orphan", "w"): lambda row: row["w"] is not None and row["w"] not in (1, 2),
    }
    for (kind, name), is_refused in refused.items():
        numbers[kind, name, sum(map(is_refused, found))] += 1
    return Counter({key: number for key, number in numbers.items() if key[2]})


@pytest.mark.parametrize(
    ("database", "part", "kind"),
    [
        pytest.param(database, part, kind, marks=() if (database, part) == ("sqlite", 0) else pytest.mark.sweep)
        for database in ("sqlite", "postgresql", "mariadb")
        for part in range(4)
        for kind in ("update", "insert", "resolved")
    ],
)
def test_the_rows_of_random_statements_are_those_that_a_table_without_constraints_has(request, database, part, kind):
    engine = sa.create_engine(request.getfixturevalue(f"{database}_url"), poolclass=sa.NullPool)
    random.seed(zlib.crc32(f"refused {part} {kind}".encode()))
    refused = 0
    with engine.connect() as connection:
        if database == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        run(connection, "CREATE TABLE p (id int PRIMARY KEY)")
        run(connection, f"CREATE TABLE o ({table(WIDE, {})})")
        run(connection, f"CREATE TABLE k ({table(WIDE, KEYS)})")
        types = WIDE if database == "sqlite" or (database == "postgresql" and kind == "resolved") else TYPES
        constraints = table(types, ON_SQLITE if database == "sqlite" else CONSTRAINTS)
        run(connection, f"CREATE TABLE t ({constraints}, FOREIGN KEY (w) REFERENCES p (id))")
        run(connection, "INSERT INTO p VALUES (1), (2)")
        connection.commit()
        number = 10 if database == "sqlite" and part == 0 else repeated(60)
        for _ in range(number):
            refused += try_one(connection, database, kind)
        assert refused > 0.2 * number


def rows_after(connection: sa.Connection, sql: str, name: str) -> list[dict[str, Any]]:
    """Run a statement on another table than t, and return the rows of it."""
    run(
        connection,
        sql.replace("INTO t", f"INTO {name}").replace("FROM t", f"FROM {name}").replace("TE t", f"TE {name}"),
    )
    return [dict(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}").mappings()]


def try_one(connection: sa.Connection, database: str, kind: str) -> bool:
    """Run one random statement, and compare the rows of an error; return whether there was one."""
    for name in ("t", "o", "k"):
        run(connection, f"DELETE FROM {name}")
    given = rows(
        random.randint(2, 6),
        id=lambda place: place + 1,
        u=lambda place: place or None,
        n=lambda place: 1 + place % 3,
        c=lambda place: random.choice([None, 10, 49]),
        v=lambda place: random.choice([None, "a", "abc"]),
    )
    run(connection, f"INSERT INTO t VALUES {given}")
    for name in ("o", "k"):
        run(connection, f"INSERT INTO {name} SELECT * FROM t")
    before = connection.exec_driver_sql("SELECT * FROM t ORDER BY id").all()
    sql = statement("update" if kind == "update" else "insert")
    if kind == "resolved":
        word, at_end = RESOLVED[database]
        sql = sql.replace("INSERT", word, 1) + at_end
    if database == "sqlite":
        sql = sql.replace("concat(v, ", "(v || ")
    if database == "postgresql":  # which cuts spaces in silence, so that nothing is counted where there are any
        sql = sql.replace("'abc  '", "'ab'").replace("'  '", "'x'")
    error = refusal_of(connection, sql)
    if error is None:
        return False
    found = found_for(connection, sql, error)
    assert connection.exec_driver_sql("SELECT * FROM t ORDER BY id").all() == before
    has_lengths = database == "mariadb" or (database == "postgresql" and kind != "resolved")
    expected = counted(rows_after(connection, sql, "o"), has_lengths=has_lengths)
    if kind == "resolved":
        expected = Counter(each for each in expected if each[0] != "duplicate")
        if database != "mariadb":  # which does not wait for the end of the statement
            at_end = counted(rows_after(connection, sql, "k"), has_lengths=has_lengths)
            orphans = Counter(each for each in at_end if each[0] == "orphan")
            expected = Counter(each for each in expected if each[0] != "orphan") + orphans
    numbers = Counter((each.kind, *each.columns, each.rows) for each in found)
    # without any, a key is in the way of one row after the other, and not at the end; or a constant fits no column
    cause = "error" if "too long" in str(error.orig) else "duplicate"
    assert numbers == (expected or Counter([(cause, None)])), (sql, error.orig, before)
    return True


BROKEN = {
    "c": ["c", "c * 2", "c - 30", "70"],
    "w": ["w", "w + 1", "x", "5"],
    "n": ["n", "nullif(n, 2)"],
}
"""What the columns of a table get, some rows of which break their constraints."""
PARENTS = {
    "DELETE FROM p WHERE id = 2": {2},
    "UPDATE p SET id = id + 4": {1, 2},
    "UPDATE p SET id = 5 WHERE id = 1": {1},
}
"""Statements with the keys that no row has then."""


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.sweep) for part in range(1, 4))])
def test_of_rows_that_broke_a_constraint_before_those_are_counted_that_are_checked_again(postgresql_url, part):
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    random.seed(zlib.crc32(f"broken {part}".encode()))
    number, refused = repeated(20), 0
    with engine.connect() as connection:
        for _ in range(number):
            with connection.begin():  # a foreign key checks rows again that were written in the same transaction
                write_broken(connection)
            refused += try_broken(connection)
            connection.rollback()
    assert refused > 0.2 * number


def write_broken(connection: sa.Connection) -> None:
    """Create a table, rows of which break constraints that are NOT VALID."""
    values = [
        (place, random.randint(1, 3), random.choice([0, 20, 49, 60, 80]), random.choice([1, 2, 3, 6]), place % 3)
        for place in range(random.randint(2, 8))
    ]
    for sql in (
        "DROP TABLE IF EXISTS t, p",
        "CREATE TABLE p (id int PRIMARY KEY)",
        "CREATE TABLE t (id int, n int NOT NULL, c int, w int, x int)",
        "INSERT INTO p VALUES (1), (2)",
        f"INSERT INTO t VALUES {', '.join(map(str, values))}",
        "ALTER TABLE t ADD CHECK (c < 50) NOT VALID, ADD FOREIGN KEY (w) REFERENCES p NOT VALID",
    ):
        run(connection, sql)


def try_broken(connection: sa.Connection) -> bool:
    """Run one statement on that table, and compare as `try_one` does."""
    sql, expected = random.choice([updated, inserted, of_parents])(connection)
    before = connection.exec_driver_sql("SELECT * FROM t ORDER BY id").all()
    error = refusal_of(connection, sql)
    if error is None:
        assert not expected, sql
        return False
    found = found_for(connection, sql, error)
    assert Counter({(each.kind, *each.columns): each.rows for each in found}) == expected, (sql, error.orig, before)
    assert connection.exec_driver_sql("SELECT * FROM t ORDER BY id").all() == before
    return True


def updated(connection: sa.Connection) -> tuple[str, Counter[tuple[str, str]]]:
    """Return a random UPDATE, and the number of the rows that each constraint refuses."""
    given = {name: random.choice(several) for name, several in BROKEN.items() if random.random() < 0.7} or {"c": "c"}
    where = random.choice(["true", "id < 3", "w > 2", "c < 50", "x = 1"])
    new = ", ".join(f"{given.get(name, name)} AS new_{name}" for name in BROKEN)
    rows_written = connection.exec_driver_sql(f"SELECT *, {new} FROM t WHERE {where}").mappings().all()
    refused = refused_of(rows_written)
    refused["orphan", "w"] -= sum(row["w"] == row["new_w"] not in (1, 2) for row in rows_written)
    return f"UPDATE t SET {', '.join(f'{a} = {b}' for a, b in given.items())} WHERE {where}", +refused


def inserted(connection: sa.Connection) -> tuple[str, Counter[tuple[str, str]]]:
    """Return a random INSERT, and the number of the rows that each constraint refuses."""
    given = {name: random.choice(several) for name, several in BROKEN.items()}
    where = random.choice(["true", "id < 3", "w > 2", "c < 50", "x = 1"])
    new = ", ".join(f"{value} AS new_{name}" for name, value in given.items())
    rows_written = connection.exec_driver_sql(f"SELECT {new} FROM t WHERE {where}").mappings().all()
    values = f"id, {given['n']}, {given['c']}, {given['w']}, x"
    return f"INSERT INTO t SELECT {values} FROM t WHERE {where}", +refused_of(rows_written)


def of_parents(connection: sa.Connection) -> tuple[str, Counter[tuple[str, str]]]:
    """Return a random statement on the rows that others refer to, and the number of the rows that lose theirs."""
    sql, lost = random.choice(list(PARENTS.items()))
    keys = connection.exec_driver_sql("SELECT w FROM t").scalars()
    return sql, +Counter({("orphan", "w"): sum(key in lost for key in keys)})


def refused_of(several: Any) -> Counter[tuple[str, str]]:
    """Return the number of the rows that the constraints refuse, each with all that is written."""
    numbers = Counter[tuple[str, str]]()
    numbers["check", "c"] = sum(row["new_c"] >= 50 for row in several)
    numbers["orphan", "w"] = sum(row["new_w"] not in (1, 2) for row in several)
    numbers["null", "n"] = sum(row["new_n"] is None for row in several)
    return numbers
