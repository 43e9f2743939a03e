"""ENUM and SET on MariaDB: a value is counted as a blocker exactly where ALTER TABLE refuses a table that has only it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from kernel_core.operations.ops import AlterColumnOp
from kernel_core.rehearse.blockers.find import blockers_of
from kernel_core.rehearse.blockers.type_changes import value_changes

TEXTS = (
    *(
        "a",
        "A",
        "a ",
        " a",
        "ä",
        "b",
        "x",
        "",
        "  ",
        "1",
        "2",
        "3",
        "0",
        "1 ",
        " 1",
        "\t1",
        "1\t",
        "1\n",
        "01",
        "+1",
        "++1",
    ),
    *("-1", "1.0", "1e0", "4294967297", "18446744073709551617", "a,b", "b,a", "a,", "a, b", "1,2", "☃", None),
)
NUMBERS = (0, 1, 2, 3, 4, -1, None)
BEFORE = {
    "varchar(40)": TEXTS,
    "char(40)": TEXTS,
    "text": TEXTS,
    "varbinary(40)": TEXTS,
    "enum('a','b','x','1','')": ("a", "b", "x", "1", "", None),
    "set('a','b','x')": ("", "a", "a,b", "x", "a,x"),
    "int": NUMBERS,
    "decimal(5,2)": ("0", "0.4", "1", "1.5", "2.4", "2.5", "2.6", "-0.4", None),
    "double": (0, 0.4, 1, 1.5, 2.4, 2.5, 2.6, None),
    "bit(3)": (0, 1, 2, 3, 4),
    "date": ("2020-01-01", None),
}
AFTER = (
    mysql.ENUM("a", "b"),
    mysql.ENUM("1", "b", "2"),
    mysql.ENUM("a", ""),
    mysql.ENUM("a", "b", collation="utf8mb4_bin"),
    mysql.SET("a", "b"),
    mysql.SET("1", "2"),
)
TABLES = ("utf8mb4 COLLATE utf8mb4_general_ci", "utf8mb4 COLLATE utf8mb4_bin", "latin1")


@pytest.fixture
def live(mariadb_url):
    with sa.create_engine(mariadb_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as live:
        yield live


def filled(live: sa.Connection, before: str, characters: str) -> dict[int, object]:
    """Create the table ``t`` with the values that it takes, and return them by their key."""
    live.exec_driver_sql("DROP TABLE IF EXISTS t")
    live.exec_driver_sql(f"CREATE TABLE t (id int PRIMARY KEY, v {before}) CHARACTER SET {characters}")
    for key, value in enumerate(BEFORE[before]):
        try:
            live.exec_driver_sql("INSERT INTO t VALUES (%s, %s)", (key, value))
        except sa.exc.DBAPIError:
            continue  # not in this character set
    return {row.id: row.v for row in live.exec_driver_sql("SELECT id, v FROM t")}


def refused(live: sa.Connection, after: str, keys: dict[int, object]) -> set[int]:
    """Return the keys of the rows that ALTER TABLE refuses, each tried in a table without the others."""
    found = set()
    for key in keys:
        live.exec_driver_sql("CREATE OR REPLACE TABLE one LIKE t")
        live.exec_driver_sql("INSERT INTO one SELECT * FROM t WHERE id = %s", (key,))
        try:
            live.exec_driver_sql(f"ALTER TABLE one MODIFY v {after}")
        except sa.exc.DBAPIError:
            found.add(key)
    live.exec_driver_sql("DROP TABLE one")
    return found


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("after", AFTER, ids=str)
@pytest.mark.sweep
def test_a_blocker_counts_what_alter_table_refuses(live, before, after):
    spelled = after.compile(live.dialect)
    for characters in TABLES if before in ("varchar(40)", "varbinary(40)") else TABLES[:1]:
        values = filled(live, before, characters)
        expected = refused(live, spelled, values)
        operation = AlterColumnOp("t", "v", modify_type=after)
        found = blockers_of(live, [operation], RuntimeError("refused"), "a1")
        case = (characters, {values[key] for key in expected})
        assert [each.rows for each in found] == [len(expected) or None], case
        if expected:
            assert {row["id"] for row in found[0].sample} <= expected, case


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.sweep
def test_a_condition_of_a_plan_selects_what_alter_table_refuses(live, before):
    values = filled(live, before, TABLES[0])
    column = sa.Table("t", sa.MetaData(), autoload_with=live).c.v
    for after in AFTER:
        (change,) = value_changes(column, "v", after, "mysql")
        if change.condition is None:
            assert before not in ("varchar(40)", "text", "int") or isinstance(after, mysql.SET)
            continue
        found = live.execute(sa.select(column.table.c.id).where(column.is_not(None), change.condition)).scalars()
        assert set(found) == refused(live, after.compile(live.dialect), values), (str(after), values)
