"""Random values that are not valid for their column: counted are those that MariaDB refuses in a table of one column."""

from __future__ import annotations

import random
import zlib
from collections import Counter

import pytest
import sqlalchemy as sa

from tests.sampling import repeated

from .refusals import found_for, refusal_of, run

TYPES = {
    "n": "int",
    "m": "tinyint unsigned",
    "y": "decimal(4,1)",
    "d": "date",
    "z": "datetime",
    "h": "time",
    "k": "year",
    "v": "varchar(3) CHARACTER SET latin1",
    "w": "tinytext CHARACTER SET ascii",
}
CONSTRAINTS = {"n": "NOT NULL DEFAULT 0", "y": "UNIQUE", "k": "CHECK (k <> 2001)"}
GOOD = {"y": ("1", "2.5", "'3'", "NULL"), "m": ("1", "'49'", "NULL"), "v": ("'a'", "'abc'", "'é'", "NULL")}
VALUES = (
    *("NULL", "''", "' '", "'x'", "'1'", "' 2 '", "'01'", "'1.5'", "'1e1'", "'12abc'", "'99999999999'", "'-1'", "'70'"),
    *(
        "'2026-01-31'",
        "'2026-02-30'",
        "'2026-01-31 10:00:00'",
        "'2026-01-31x'",
        "'20260131'",
        "'0000-00-00'",
        "'10:00'",
    ),
    *("'900:00:00'", "'abc  '", "'abcd'", "'ł'", "'é'", "'日本語日'", "7", "300", "2.45", "-3", "0", "20260131", "5e1"),
    *("date '2026-03-01'", "concat('1', 'x')", "repeat('x', 256)", "upper('a')"),
)
TEXTS = tuple(value for value in VALUES if value[0] == "'")


def setup(connection: sa.Connection) -> None:
    """Create the table t, its source s, and one table for each type without the constraints."""
    columns = ", ".join(f"{name} {type_} {CONSTRAINTS.get(name, '')}" for name, type_ in TYPES.items())
    run(connection, f"CREATE TABLE t (id int PRIMARY KEY, {columns}, a text, b varchar(40), i int)")
    run(connection, "CREATE TABLE s (id int PRIMARY KEY, a text, b varchar(40), i int)")
    run(connection, f"CREATE TABLE o (id int, {', '.join(f'{name} {type_}' for name, type_ in TYPES.items())})")
    connection.commit()


def fill(connection: sa.Connection) -> None:
    """Fill t and s with the same random texts; values of t that meet its constraints stay."""
    for name in ("t", "s", "o"):
        run(connection, f"DELETE FROM {name}")
    for place in range(1, 6):
        values = f"{place}, {random.choice((*TEXTS, 'NULL'))}, {random.choice(TEXTS)}, {random.choice([1, 60, 'NULL'])}"
        run(connection, f"INSERT INTO s VALUES ({values})")
        run(connection, f"INSERT INTO t (id, a, b, i) VALUES ({values})")
    run(connection, "UPDATE t SET y = id, m = 3, d = '2020-01-01', v = 'é'")


def statement() -> tuple[str, list[tuple[str, dict[str, str]]]]:
    """Return a random statement, and what it writes: for each row where to read it, and expressions by column."""
    names = random.sample(list(TYPES), random.randint(1, 3))
    kind = random.random()
    if kind < 0.4:
        rows = [
            {name: random.choice((*VALUES, *GOOD.get(name, ()), *GOOD.get(name, ()))) for name in names}
            for _ in range(random.randint(1, 4))
        ]
        written = ", ".join(f"({100 + at}, {', '.join(row.values())})" for at, row in enumerate(rows))
        return f"INSERT INTO t (id, {', '.join(names)}) VALUES {written}", [("dual", row) for row in rows]
    sources = {name: random.choice(["a", "b", "b", "i", "nullif(b, 'x')", *random.sample(VALUES, 2)]) for name in names}
    if kind < 0.7:
        sql = f"INSERT INTO t (id, {', '.join(names)}) SELECT id + 100, {', '.join(sources.values())} FROM s"
        return sql, [(f"s WHERE id = {place}", sources) for place in range(1, 6)]
    below = random.choice([3, 9])
    assigned = ", ".join(f"{name} = {value}" for name, value in sources.items())
    sql = f"UPDATE t SET {assigned} WHERE id < {below}"
    return sql, [(f"s WHERE id = {place}", sources) for place in range(1, 6) if place < below]


def expected(connection: sa.Connection, sql: str, rows: list[tuple[str, dict[str, str]]]) -> Counter:
    """Return the kinds, columns and numbers of the rows that are refused, each value tried by itself."""
    found: Counter[tuple[str, str]] = Counter()
    kept: list[tuple[str, object]] = []
    for source, values in rows:
        for name, value in values.items():
            run(connection, "DELETE FROM o")
            try:
                run(connection, f"INSERT INTO o ({name}) SELECT {value} FROM {source}")
            except connection.dialect.loaded_dbapi.Error:
                found["misfit", name] += 1
                continue
            written = connection.exec_driver_sql(f"SELECT {name} FROM o").scalar_one()
            kept.append((name, written))
            found["null", name] += name == "n" and written is None
            found["check", name] += name == "k" and written == 2001
    if any("y" in values for _, values in rows):
        places = range(1, 6) if sql.startswith("INSERT") else range(len(rows) + 1, 6)
        several = Counter([*map(float, places), *(float(v) for name, v in kept if name == "y" and v is not None)])
        found["duplicate", "y"] = sum(each for each in several.values() if each > 1)
    return Counter((*key, number) for key, number in found.items() if number)


@pytest.mark.parametrize("part", [pytest.param(part, marks=pytest.mark.sweep) for part in range(4)])
def test_values_that_mariadb_refuses_by_themselves_are_counted(mariadb_url, part):
    engine = sa.create_engine(mariadb_url, poolclass=sa.NullPool)
    random.seed(zlib.crc32(f"values {part}".encode()))
    with engine.connect() as connection:
        setup(connection)
        number = repeated(60)
        counted = Counter(try_one(connection) for _ in range(number))
    assert counted["rows"] > 0.3 * number - 2, counted


def try_one(connection: sa.Connection) -> str:
    """Run one random statement, and compare the rows of an error; return whether there are rows, or a message."""
    fill(connection)
    before = connection.exec_driver_sql("SELECT * FROM t ORDER BY id").all()
    sql, rows = statement()
    error = refusal_of(connection, sql)
    if error is None:
        return "none"
    found = found_for(connection, sql, error)
    assert connection.exec_driver_sql("SELECT * FROM t ORDER BY id").all() == before
    if all(each.rows is None for each in found):
        return "message"
    numbers = Counter((each.kind, *each.columns, each.rows) for each in found)
    wanted = expected(connection, sql, rows)
    if any(kind == "misfit" and name == "y" for kind, name, _ in wanted):  # numbers out of range may be the same, too
        numbers, wanted = (Counter(key for key in each if key[0] != "duplicate") for each in (numbers, wanted))
    assert numbers == wanted, (sql, error.orig, before)
    return "rows"
