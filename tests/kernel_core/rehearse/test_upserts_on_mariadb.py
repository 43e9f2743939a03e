"""Random INSERT ... ON DUPLICATE KEY UPDATE that MariaDB refuses: counted are the rows that Python finds one by one."""

from __future__ import annotations

import random
import zlib
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from tests.sampling import repeated

from .refusals import found_for, refusal_of, run
from .test_refused_at_random import EXPRESSIONS, TYPES, WIDE, rows, rows_after, table

CONSTRAINTS = {"id": "PRIMARY KEY", "n": "NOT NULL", "c": "CHECK (c < 50)"}
UPDATED = ("n", "c", "v", "w")


def refused(row: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the kinds and columns for which a row is refused before its key is compared, or when it is updated."""
    found = {
        ("null", "n"): row["n"] is None,
        ("check", "c"): row["c"] is not None and row["c"] >= 50,
        ("misfit", "v"): row["v"] is not None and len(row["v"].rstrip(" ")) > 3,
    }
    return {key for key, is_refused in found.items() if is_refused}


def statement(keys: list[int]) -> str:
    """Return a random INSERT of rows with these keys, which updates some columns."""
    names = random.sample(UPDATED, random.randint(1, 3))
    values = ", ".join(
        f"{name} = {random.choice([f'VALUES({name})', f'VALUE({name})', *EXPRESSIONS[name]])}" for name in names
    )
    return f"INSERT INTO t VALUES {rows(len(keys), id=lambda place: keys[place])} ON DUPLICATE KEY UPDATE {values}"


@pytest.mark.parametrize("part", [pytest.param(part, marks=pytest.mark.sweep) for part in range(4)])
def test_the_rows_of_a_random_insert_that_updates_are_counted(mariadb_url, part):
    engine = sa.create_engine(mariadb_url, poolclass=sa.NullPool)
    random.seed(zlib.crc32(f"upsert {part}".encode()))
    with engine.connect() as connection:
        run(connection, "CREATE TABLE p (id int PRIMARY KEY)")
        run(connection, f"CREATE TABLE o ({table(WIDE, {})})")
        run(connection, f"CREATE TABLE k ({table(WIDE, {'id': 'PRIMARY KEY'})})")
        run(connection, f"CREATE TABLE t ({table(TYPES, CONSTRAINTS)}, FOREIGN KEY (w) REFERENCES p (id))")
        run(connection, "INSERT INTO p VALUES (1), (2)")
        connection.commit()
        number = repeated(60)
        assert sum(try_one(connection) for _ in range(number)) > 0.2 * number - 2


def try_one(connection: sa.Connection) -> bool:
    """Run one random statement, and compare the rows of an error; return whether there was one."""
    for name in ("t", "o", "k"):
        run(connection, f"DELETE FROM {name}")
    given = rows(
        random.randint(2, 6),
        id=lambda place: place + 1,
        n=lambda place: 1 + place % 3,
        c=lambda place: random.choice([None, 10, 49]),
        v=lambda place: random.choice([None, "a", "abc"]),
    )
    for name in ("t", "k"):
        run(connection, f"INSERT INTO {name} VALUES {given}")
    before = rows_after(connection, "DO 1", "k")
    keys = random.sample(range(1, 13), random.randint(1, 6))
    keys += random.choices(keys, k=random.random() < 0.2)
    sql = statement(keys)
    error = refusal_of(connection, sql)
    if error is None:
        return False
    found = found_for(connection, sql, error)
    numbers = Counter((each.kind, *each.columns, each.rows) for each in found)
    if len(keys) > len(set(keys)):
        assert [each.rows for each in found] == [None], (sql, found)
        return True
    tried, after = rows_after(connection, sql, "o"), {row["id"]: row for row in rows_after(connection, sql, "k")}
    known = {row["id"] for row in before}
    expected = Counter[tuple[str, str]]()
    for row in tried:
        expected.update(refused(row) | (refused(after[row["id"]]) if row["id"] in known else set()))
    orphans = sum(row["w"] not in (None, 1, 2) for row in after.values())
    expected.update({("orphan", "w"): orphans} if orphans else {})
    assert numbers == Counter((*key, number) for key, number in expected.items()), (sql, error.orig, before)
    return True
