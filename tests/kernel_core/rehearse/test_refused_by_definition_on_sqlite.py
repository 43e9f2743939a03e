"""Random definitions of tables of SQLite: of each constraint those rows are counted that it refuses alone."""

from __future__ import annotations

import random
import sqlite3
import zlib
from collections import Counter
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from tests.sampling import repeated

from .refusals import found_for, refusal_of, run

NOT_NULL = [
    "NOT NULL",
    "NOT NULL ON CONFLICT FAIL",
    "NOT NULL ON CONFLICT IGNORE",
    "NOT NULL ON CONFLICT IGNORE",
    "NOT NULL ON CONFLICT REPLACE",
    "NOT NULL ON CONFLICT REPLACE DEFAULT 7",
]
UNIQUE = ["UNIQUE ON CONFLICT IGNORE", "UNIQUE ON CONFLICT REPLACE"]
VALUES = ["NULL", "NULL", "NULL", "1", "2", "4", "9", "'x'", "'2'"]
OF_STRICT = ["NULL", "NULL", "1", "2", "4", "9"]


@dataclass(frozen=True)
class Constraint:
    """A constraint of one column; its kind is that of a blocker."""

    column: str
    kind: str
    text: str

    def refuses(self, conflict: str) -> bool:
        """Whether it makes a statement fail, rather than leave a row out or store a default."""
        how = conflict or self.text.rpartition("ON CONFLICT ")[2]
        is_resolved = "IGNORE" in how or ("REPLACE" in how and "DEFAULT" in self.text)
        return self.kind == "check" or (self.kind == "null" and not is_resolved)


def constraints_of(column: str) -> list[Constraint]:
    """Return random constraints of a column."""
    several = [
        (0.7, "null", random.choice(NOT_NULL)),
        (0.4, "check", f"CHECK ({column} < {random.choice([3, 5])})"),
        (0.25, "duplicate", random.choice(UNIQUE)),
    ]
    return [Constraint(column, kind, text) for share, kind, text in several if random.random() < share]


def table(types: dict[str, str], constraints: list[Constraint], options: str = "") -> str:
    """Return the CREATE TABLE of t."""
    columns = (
        f"{name} {type_} {' '.join(each.text for each in constraints if each.column == name)}"
        for name, type_ in types.items()
    )
    return f"CREATE TABLE t ({', '.join(columns)}) {options}"


def is_refused(definition: str, insert: str, row: str) -> bool:
    """Whether SQLite refuses one row, which is the first of a table."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute(definition)
    try:
        database.execute(insert + row)
    except sqlite3.IntegrityError:
        return True
    finally:
        database.close()
    return False


def try_one() -> str:
    """Compare one statement; return whether it was refused with rows, with a message alone, or not."""
    is_strict = random.random() < 0.3
    types = {name: random.choice(["int", "text"] if is_strict else ["int", "text", ""]) for name in "abcd"}
    types = dict(list(types.items())[: random.randint(2, 4)])
    constraints = [each for name in types for each in constraints_of(name)]
    conflict = random.choice(["", "", "", "", "REPLACE", "REPLACE", "FAIL"])
    values = OF_STRICT if is_strict else VALUES
    rows = [f"({', '.join(random.choice(values) for _ in types)})" for _ in range(random.randint(1, 6))]
    insert = f"INSERT {'OR ' if conflict else ''}{conflict} INTO t VALUES "
    sql = insert + ", ".join(rows)
    with sa.create_engine("sqlite://").connect() as connection:
        run(connection, table(types, constraints, "STRICT" if is_strict else ""))
        error = refusal_of(connection, sql)
        if error is None:
            return "none"
        found = found_for(connection, sql, error)
    if any(each.rows is None for each in found):
        return "message"
    expected = Counter[tuple[str, str]]()
    resolved = [each for each in constraints if each.kind == "null" and not each.refuses(conflict)]
    for each in (each for each in constraints if each.refuses(conflict)):
        alone = table(types, [one for one in constraints if one in (each, *resolved)])
        expected[each.kind, each.column] = sum(is_refused(alone, insert, row) for row in rows)
    numbers = Counter({(each.kind, *each.columns): each.rows for each in found if each.kind != "duplicate"})
    assert numbers == +expected, (table(types, constraints), sql, error.orig)
    return "rows"


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.sweep) for part in range(1, 9))])
def test_each_constraint_of_a_definition_refuses_the_rows_that_it_refuses_alone(part):
    random.seed(zlib.crc32(f"definitions {part}".encode()))
    number = repeated(30)
    tried = Counter(try_one() for _ in range(number))
    assert tried["rows"] > 0.4 * number - 2, tried
    assert tried["message"] < 0.3 * number + 2, tried
