"""Random statements of several rows: those are counted for which the statement fails with this row and column alone."""

from __future__ import annotations

import random
import zlib
from collections import Counter

import pytest
import sqlalchemy as sa

from tests.sampling import repeated

from .refusals import found_for, literal, refusal_of, run

COMPUTED = ["s::int", "s::date", "s::numeric / k", "s::boolean", "12 / (k - 1)", "left(s, 3)", "s || 'xy'", "k * 30000"]
"""What a column gets: values that cannot be computed of each row, or do not fit it."""
COLUMNS = {"s::date": "d", "s::boolean": "b", "left(s, 3)": "v", "s || 'xy'": "v", "s::numeric / k": "m"}


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.sweep) for part in range(1, 4))])
def test_the_rows_without_a_value_are_those_for_which_a_statement_fails_alone(postgresql_url, part):
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    random.seed(zlib.crc32(f"computed {part}".encode()))
    number, refused = repeated(20), 0
    with engine.connect() as connection:
        for _ in range(number):
            refused += try_computed(connection)
            connection.rollback()
    assert refused > 0.2 * number


def try_computed(connection: sa.Connection) -> bool:
    """Run one statement that computes values, then alone for each row and column; return whether it was refused."""
    texts = ["1", "2024-01-31", "2024-02-30", "t", "x", "", "70000", None]
    values = ", ".join(
        f"({place}, {literal(random.choice(texts))}, {random.randint(0, 3)})" for place in range(random.randint(1, 6))
    )
    run(
        connection,
        "CREATE TABLE t (id int, s text, k int, n smallint, d date, b boolean, v varchar(4), m numeric(4, 2))",
    )
    run(connection, "CREATE TABLE o (LIKE t)")
    run(connection, f"INSERT INTO t (id, s, k) VALUES {values}")
    given = {COLUMNS.get(each, "n"): each for each in random.sample(COMPUTED, random.randint(1, 3))}
    where = random.choice(["true", "k > 0", "id < 3", "s <> 'x'"])
    is_update = random.random() < 0.5

    def spelled(several: dict[str, str], condition: str) -> str:
        if is_update:
            return f"UPDATE t a SET {', '.join(f'{a} = {b}' for a, b in several.items())} WHERE {condition}"
        return f"INSERT INTO o ({', '.join(several)}) SELECT {', '.join(several.values())} FROM t WHERE {condition}"

    sql, expected = spelled(given, where), Counter[str]()
    for name, value in given.items():
        for key in connection.exec_driver_sql(f"SELECT id FROM t WHERE {where}").scalars().all():
            expected[name] += refusal_of(connection, spelled({name: value}, f"id = {key}")) is not None
    error = refusal_of(connection, sql)
    assert (error is not None) == bool(+expected), sql
    if error is None:
        return False
    found = found_for(connection, sql, error)
    assert Counter({each.columns[0]: each.rows for each in found}) == +expected, (sql, values, error.orig)
    return {each.kind for each in found} == {"misfit"}


ANY = [
    "NULL",
    "1",
    "1.5",
    "3.0",
    "-1e300",
    "'2'",
    "'4.0'",
    "'x'",
    "''",
    "'70'",
    "x'00'",
    "9e18",
    "'9223372036854775808'",
]


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.sweep) for part in range(1, 4))])
def test_the_values_that_a_strict_table_refuses_are_those_for_which_a_statement_fails_alone(part):
    random.seed(zlib.crc32(f"strict {part}".encode()))
    number, refused = repeated(40), 0
    with sa.create_engine("sqlite://").connect() as connection:
        run(
            connection,
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a ANY, i INT, r REAL, v TEXT, b BLOB, n INTEGER NOT NULL DEFAULT 1, "
            "c INT CHECK (c < 50)) STRICT",
        )
        for _ in range(number):
            refused += try_strict(connection)
            connection.rollback()
    assert refused > 0.2 * number


def try_strict(connection: sa.Connection) -> bool:
    """Run one statement on a STRICT table, then alone for each row and column; return whether it was refused."""
    run(connection, "DELETE FROM t")
    for place in range(random.randint(1, 6)):
        run(connection, f"INSERT INTO t (id, a) VALUES ({place}, {random.choice(ANY)})")
    names = random.sample(list("irvbnc"), random.randint(1, 6))
    where = random.choice(["1", "id < 3", "typeof(a) = 'text'", "a IS NOT NULL"])
    kinds = {"cannot": "misfit", "CHECK": "check", "NOT": "null"}
    is_update, expected = random.random() < 0.5, Counter[tuple[str, str]]()

    def spelled(several: list[str], condition: str) -> str:
        if is_update:
            return f"UPDATE t SET {', '.join(f'{name} = a' for name in several)} WHERE {condition}"
        return f"INSERT INTO t ({', '.join(several)}) SELECT {', '.join('a' for _ in several)} FROM t WHERE {condition}"

    keys = connection.exec_driver_sql(f"SELECT id FROM t WHERE {where}").scalars().all()
    for name in names:
        for key in keys:
            alone = refusal_of(connection, spelled([name], f"id = {key}"))
            if alone is not None:
                expected[kinds[str(alone.orig).split()[0]], name] += 1
    sql = spelled(names, where)
    error = refusal_of(connection, sql)
    assert (error is not None) == bool(expected), sql
    if error is None:
        return False
    found = found_for(connection, sql, error)
    assert Counter({(each.kind, each.columns[0]): each.rows for each in found}) == expected, (sql, error.orig)
    return True
