"""Random statements that MariaDB refuses: the rows counted are those that Python counts in a table that takes any."""

from __future__ import annotations

import random
import zlib
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from kernel_core.rehearse.blockers.violated import Ran
from kernel_core.rehearse.blockers.violated_mariadb import rows_on_mariadb
from tests.sampling import repeated

COLUMNS = (
    "id int PRIMARY KEY, n int NOT NULL, u int UNIQUE, c int CHECK (c < 50), s tinyint, v varchar(3), w int, x int"
)
WIDE = "id int, n int, u int, c int, s bigint, v text, w int, x int"
VALUES = {
    "id": lambda: random.randint(1, 12),
    "n": lambda: random.choice([None, 1, 2, 3]),
    "u": lambda: random.choice([None, *range(1, 8)]),
    "c": lambda: random.choice([None, 10, 49, 50, 70]),
    "s": lambda: random.choice([None, 1, 127, 128, -129]),
    "v": lambda: random.choice([None, "a", "abc", "abc  ", "abcd"]),
    "w": lambda: random.choice([None, 1, 2]),
    "x": lambda: random.choice([None, 1, 2]),
}
EXPRESSIONS = {
    "id": ["id + 1", "id * 2", "7"],
    "n": ["nullif(n, 2)", "w", "n + 1"],
    "u": ["u + 1", "3", "n", "w"],
    "c": ["c * 2", "c + 1", "n"],
    "s": ["s + 1", "s - 10", "c", "s * 3"],
    "v": ["concat(v, 'x')", "concat(v, '  ')", "'abcdef'"],
    "w": ["7", "w + 10"],
}


def literal(value: Any) -> str:
    """Return a value as SQL."""
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def rows(number: int, **fixed: Any) -> str:
    """Return so many random rows as a list of SQL."""
    return ", ".join(
        f"({', '.join(literal(fixed[name](place) if name in fixed else make()) for name, make in VALUES.items())})"
        for place in range(number)
    )


def statement() -> str:
    """Return a random INSERT or UPDATE of the table t."""
    kind = random.choice(["values", "query", "update", "update"])
    if kind == "values":
        return f"INSERT INTO t VALUES {rows(random.randint(1, 5))}"
    names = random.sample(list(EXPRESSIONS), random.randint(1, 4))
    where = random.choice(["", " WHERE id < 5", " WHERE w = 1", " WHERE n > 1"])
    if kind == "query":
        values = ", ".join(random.choice(EXPRESSIONS[name]) if name in names else name for name in [*EXPRESSIONS, "x"])
        return f"INSERT INTO t SELECT {values} FROM t{where}"
    return f"UPDATE t SET {', '.join(f'{name} = {random.choice(EXPRESSIONS[name])}' for name in names)}{where}"


def counted(found: list[dict[str, Any]], parents: set[int]) -> Counter[tuple[str, str, int]]:
    """Return the kind, the column and the number of the rows that the constraints of the table refuse."""
    numbers = Counter[tuple[str, str, int]]()
    for name in ("id", "u"):
        several = Counter(row[name] for row in found if row[name] is not None)
        numbers["duplicate", name, sum(each for each in several.values() if each > 1)] += 1
    refused = {
        ("null", "id"): lambda row: row["id"] is None,
        ("null", "n"): lambda row: row["n"] is None,
        ("check", "c"): lambda row: row["c"] is not None and row["c"] >= 50,
        ("misfit", "s"): lambda row: row["s"] is not None and not -128 <= row["s"] <= 127,
        ("misfit", "v"): lambda row: row["v"] is not None and len(row["v"].rstrip(" ")) > 3,
        ("orphan", "w"): lambda row: row["w"] is not None and row["w"] not in parents,
    }
    for (kind, name), is_refused in refused.items():
        numbers[kind, name, sum(map(is_refused, found))] += 1
    return Counter({key: number for key, number in numbers.items() if key[2]})


@pytest.mark.sweep
@pytest.mark.parametrize("part", range(4))
def test_the_rows_of_random_statements_are_those_that_a_table_without_constraints_has(mariadb_url, part):
    engine = sa.create_engine(mariadb_url, poolclass=sa.NullPool)
    random.seed(zlib.crc32(f"refused {part}".encode()))
    refused = 0
    with engine.connect() as connection:
        for table, columns in (("p", "id int PRIMARY KEY"), ("o", WIDE)):
            connection.exec_driver_sql(f"CREATE TABLE {table} ({columns})")
        connection.exec_driver_sql(f"CREATE TABLE t ({COLUMNS}, FOREIGN KEY (w) REFERENCES p (id))")
        connection.exec_driver_sql("INSERT INTO p VALUES (1), (2)")
        for _ in range(repeated(100)):
            refused += try_one(connection)
        assert refused > 0.3 * repeated(100)


def try_one(connection: sa.Connection) -> bool:
    """Run one random statement, and compare the rows of an error; return whether there was one."""
    for table in ("t", "o"):
        connection.exec_driver_sql(f"DELETE FROM {table}")
    connection.exec_driver_sql(
        "INSERT INTO t VALUES "
        + rows(
            random.randint(2, 6),
            id=lambda place: place + 1,
            u=lambda place: place or None,
            n=lambda place: 1 + place % 3,
            c=lambda place: random.choice([None, 10, 49]),
            s=lambda place: random.choice([None, 1, 127]),
            v=lambda place: random.choice([None, "a", "abc"]),
        )
    )
    connection.exec_driver_sql("INSERT INTO o SELECT * FROM t")
    before = connection.exec_driver_sql("SELECT * FROM t ORDER BY id").all()
    sql = statement()
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql)
    except connection.dialect.loaded_dbapi.Error as refusal:
        error = refusal
    else:
        return False
    found = rows_on_mariadb(connection, error, Ran((sql,), lambda: cursor.execute(sql)), sql, "a1")
    assert connection.exec_driver_sql("SELECT * FROM t ORDER BY id").all() == before
    cursor.execute(sql.replace("INTO t", "INTO o").replace("FROM t", "FROM o").replace("UPDATE t", "UPDATE o"))
    expected = counted([dict(row) for row in connection.exec_driver_sql("SELECT * FROM o").mappings()], {1, 2})
    numbers = Counter((each.kind, *each.columns, each.rows) for each in found)
    # without any, a key is in the way of one row after the other, and not at the end
    assert numbers == (expected or Counter([("duplicate", None)])), (sql, error, before)
    return True
