"""Texts of MariaDB that are converted: counted is what ALTER TABLE refuses of each row alone, and what becomes equal."""

from __future__ import annotations

import random
import re
import zlib
from collections import Counter
from itertools import chain

import pytest
import sqlalchemy as sa

from kernel_core.operations.ops import ExecuteSQLOp
from kernel_core.rehearse.blockers.find import blockers_of
from kernel_core.rehearse.blockers.type_changes import value_changes
from tests.sampling import repeated

COLLATIONS = (
    *("utf8mb4_general_ci", "utf8mb4_bin", "utf8mb4_unicode_ci", "utf8mb4_nopad_bin", "utf8mb3_general_ci"),
    *(
        "latin1_swedish_ci",
        "latin1_bin",
        "latin2_general_ci",
        "ascii_bin",
        "utf16_general_ci",
        "utf16le_bin",
        "ucs2_bin",
        "sjis_japanese_ci",
    ),
    "utf8mb4_uca1400_ai_ci",
)
TYPES = (
    "varchar(40)",
    "varchar(4)",
    "varchar(300)",
    "char(5)",
    "char(2)",
    "varchar(2)",
    "tinytext",
    "text",
    "mediumtext",
)
LISTS = ("enum('a','A','ł','?','€','')", "set('a','ł','€')")
TEXTS = (
    *("", "a", "A", "a ", "ä", "ł", "Ł", "ß", "ss", "€", "é", "E", "?", "??", "ł?", "ab  ", "abcde", "日本", "😀"),
    *("e\u0301", "ab x", "b", f"{'x' * 255}  ", "x" * 255, "x" * 256, "é" * 130, "日" * 25000, None),
)
KEYS = {"uv": ("v",), "uw": ("w",), "vw": ("v", "w"), "vn": ("v", "n")}
REFUSED_BY_CHECK = 4025


@pytest.fixture
def live(mariadb_url):
    with sa.create_engine(mariadb_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as live:
        yield live


def run(live: sa.Connection, sql: str) -> int:
    """Execute a statement by the driver; return the number of its error, 0 for none."""
    try:
        live.connection.cursor().execute(sql)
    except live.dialect.loaded_dbapi.Error as error:
        return error.args[0]
    return 0


def of_text(type_: str, collation: str) -> str:
    """Return the type of a column with its collation as SQL."""
    return f"{type_} CHARACTER SET {collation.partition('_')[0]} COLLATE {collation}"


def created(live: sa.Connection) -> dict[str, tuple[str, ...]]:
    """Create the table ``t`` with random rows that meet its keys, and ``k`` with the same rows; return the keys of t."""
    types = {name: random.choice((*TYPES, *TYPES, *LISTS)) for name in ("v", "w")}
    columns = ", ".join(f"{name} {of_text(type_, random.choice(COLLATIONS))}" for name, type_ in types.items())
    keys = {}
    for name in random.sample(sorted(KEYS), random.randint(0, 3)):
        lengths = {each: random.choice(["(2)", "(3)"]) for each in KEYS[name] if types.get(each, "").endswith("text")}
        keys[name] = tuple(f"`{each}`{lengths.get(each, '')}" for each in KEYS[name])
    written = "".join(f", UNIQUE {name} ({', '.join(parts)})" for name, parts in keys.items())
    check = random.choice(["", ", CHECK (v <> 'b')", ", CHECK (char_length(w) < 300)"])
    end = f"COLLATE {random.choice(COLLATIONS)}"
    if run(live, f"CREATE OR REPLACE TABLE t (id int PRIMARY KEY, n int, {columns}{written}{check}) {end}"):
        return created(live)  # labels that the character set lacks
    run(live, "CREATE OR REPLACE TABLE k LIKE t")
    for name in keys:
        run(live, f"ALTER TABLE k DROP INDEX {name}")
    for place in range(random.randint(3, 7)):
        values = [random.choice(TEXTS) for _ in types]
        with_quotes = ", ".join("NULL" if each is None else f"'{each}'" for each in values)
        run(live, f"INSERT INTO t VALUES ({place}, {random.choice(['NULL', 1, 2])}, {with_quotes})")
    run(live, "INSERT INTO k SELECT * FROM t")
    return {name: tuple(part.replace("`", "") for part in parts) for name, parts in keys.items()}


def statement() -> str:
    """Return a random ALTER TABLE that converts texts."""
    collation, type_ = random.choice(COLLATIONS), random.choice(TYPES)
    characters = collation.partition("_")[0]
    kind = random.random()
    if kind < 0.5:
        end = random.choice(["", f" COLLATE {collation}"])
        return f"ALTER TABLE t CONVERT TO {random.choice(['CHARACTER SET', 'CHARSET'])} {characters}{end}"
    name = random.choice("vw")
    verb = random.choice([f"MODIFY {name}", f"MODIFY COLUMN `{name}`", f"CHANGE {name} {name}"])
    if kind < 0.6:
        return f"ALTER TABLE t {verb} {type_}"
    if kind < 0.7:
        return f"ALTER TABLE t {verb} {type_} NULL COLLATE {collation}"
    return f"ALTER TABLE t {verb} {random.choice([of_text(type_, collation), f'{type_} CHARACTER SET {characters}'])}"


def refused(live: sa.Connection, sql: str, name: str, keys: list[int]) -> tuple[set[int], set[int]]:
    """Return the rows whose value of a column does not fit, and those that a CHECK refuses, each tried by itself."""
    unfit, unmet = set(), set()
    if not error_of(live, sql, name, keys):
        return unfit, unmet
    for key in keys:
        error = error_of(live, sql, name, [key])
        if error:
            (unmet if error == REFUSED_BY_CHECK else unfit).add(key)
    return unfit, unmet


def error_of(live: sa.Connection, sql: str, name: str, keys: list[int]) -> int:
    """Return the number of the error for some rows, without their values in the other column."""
    values = ", ".join(each if each in ("id", "n", name) else "NULL" for each in ("id", "n", "v", "w"))
    run(live, "CREATE OR REPLACE TABLE one LIKE k")
    run(live, f"INSERT INTO one SELECT {values} FROM k WHERE id IN ({', '.join(map(str, keys))})")
    return run(live, sql.replace("TABLE t ", "TABLE one "))


def equal_rows(live: sa.Connection, parts: tuple[str, ...]) -> int:
    """Return how many rows of ``k`` have the same values in a key as another one."""
    values = ", ".join(f"left({part.replace('(', ', ')}" if "(" in part else part for part in parts)
    without_null = " AND ".join(f"{part.partition('(')[0]} IS NOT NULL" for part in parts)
    sql = (
        f"SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM k WHERE {without_null} GROUP BY {values} "
        "HAVING count(*) > 1) AS g"
    )
    return int(live.exec_driver_sql(sql).scalar_one())


@pytest.mark.parametrize("part", [pytest.param(part, marks=pytest.mark.sweep) for part in range(4)])
def test_rows_that_a_conversion_refuses_are_counted(live, part):
    random.seed(zlib.crc32(f"characters {part}".encode()))
    number = repeated(30)
    failed = sum(try_one(live) for _ in range(number))
    assert failed > 0.1 * number - 1


def try_one(live: sa.Connection) -> bool:
    """Convert the texts of a random table, and compare the rows of an error; return whether there was one."""
    keys = created(live)
    before = live.exec_driver_sql("SELECT * FROM t ORDER BY id").all()
    sql = statement()
    run(live, "CREATE OR REPLACE TABLE one LIKE t")
    refuses_all = bool(run(live, sql.replace("TABLE t ", "TABLE one ")))
    keys_of_rows = [row.id for row in before]
    unfit, unmet = {}, {}
    for name in ("v", "w"):
        unfit[name], unmet[name] = refused(live, sql, name, keys_of_rows)
    for name, several in unfit.items():
        run(live, f"UPDATE k SET {name} = NULL WHERE id IN ({', '.join(map(str, {*several, -1}))})")
    try:
        live.exec_driver_sql("CREATE OR REPLACE TABLE one LIKE t")
        live.exec_driver_sql("INSERT INTO one SELECT * FROM t")
        live.exec_driver_sql(sql.replace("TABLE t ", "TABLE one "))
    except sa.exc.DBAPIError as error:
        found = blockers_of(live, [ExecuteSQLOp(sql)], error, "a1")
    else:
        assert not any((*unfit.values(), *unmet.values())), (sql, before)
        return False
    created_by = live.exec_driver_sql("SHOW CREATE TABLE t").one()[1]
    if "TO CHAR" in sql and re.search(r" (enum|set)\(", created_by) and {each.kind for each in found} == {"error"}:
        return False  # its labels are other texts afterwards, and no statement can write them
    case = (sql, created_by, before, found)
    if refuses_all:
        assert [each.kind for each in found] == ["error"] or found[-1].kind == "error", case
        return False
    queries = (each.query for each in found if each.query)
    rows = {query: {row.id for row in live.exec_driver_sql(query.replace("%", "%%"))} for query in queries}
    assert all(len(rows[each.query]) == each.rows for each in found if each.kind in ("misfit", "check")), case
    for expected, kinds in ((unfit, ("misfit", "enum value")), (unmet, ("check",))):
        for name in ("v", "w"):
            several = (rows[each.query] for each in found if each.kind in kinds and each.columns == (name,))
            assert set(chain.from_iterable(several)) == expected[name], case
    if any(unmet.values()):
        return True  # what the others become cannot be tried
    assert not run(live, sql.replace("TABLE t ", "TABLE k ")), case
    numbers = {tuple(part.partition("(")[0] for part in parts): equal_rows(live, parts) for parts in keys.values()}
    expected = Counter({key: each for key, each in numbers.items() if each})
    assert Counter({each.columns: each.rows for each in found if each.kind == "duplicate"}) == expected, case
    return True


@pytest.mark.sweep
def test_without_strict_mode_only_what_becomes_equal_is_counted(live):
    run(live, "CREATE TABLE t (id int PRIMARY KEY, v varchar(9) UNIQUE, w varchar(9) UNIQUE, j text)")
    run(live, "INSERT INTO t VALUES (1, 'ł', 'abc', '{'), (2, 'ń', 'abd', '{}'), (3, '?', 'xyz', NULL)")
    run(live, "SET sql_mode = ''")
    found = {
        sql: failed(live, f"ALTER TABLE t {sql}")
        for sql in ("CONVERT TO CHARACTER SET ascii", "MODIFY w varchar(2) CHARACTER SET ascii", "MODIFY j JSON")
    }
    assert found == {
        "CONVERT TO CHARACTER SET ascii": [("duplicate", 3, ("v",))],
        "MODIFY w varchar(2) CHARACTER SET ascii": [("duplicate", 2, ("w",))],
        "MODIFY j JSON": [("misfit", 1, ("j",))],
    }


@pytest.mark.sweep
def test_the_table_of_another_database_has_its_own_character_set(live):
    here = live.exec_driver_sql("SELECT database()").scalar_one()
    run(live, f"CREATE DATABASE {here}_other CHARACTER SET ascii")
    try:
        run(live, f"CREATE TABLE {here}_other.t (v varchar(9) PRIMARY KEY) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        run(live, f"INSERT INTO {here}_other.t VALUES ('ł'), ('a'), ('A')")
        assert failed(live, f"ALTER TABLE {here}_other.t CONVERT TO CHARACTER SET DEFAULT") == [
            ("misfit", 1, ("v",)),
            ("duplicate", 2, ("v",)),
        ]
        assert failed(live, f"ALTER TABLE {here}_other.t MODIFY v varchar(8) COLLATE latin2_bin, ENGINE=InnoDB") == []
        assert failed(live, f"ALTER TABLE {here}_other.t MODIFY v varchar(8) CHARACTER SET latin1") == [
            ("misfit", 1, ("v",)),
            ("duplicate", 2, ("v",)),
        ]
    finally:
        run(live, f"DROP DATABASE {here}_other")


@pytest.mark.sweep
@pytest.mark.parametrize("before", ["text", "char(9)", "varchar(9)"])
@pytest.mark.parametrize("after", [sa.String(2), sa.CHAR(2)], ids=str)
def test_the_condition_of_a_plan_selects_texts_whose_spaces_are_not_cut(live, before, after):
    run(live, f"CREATE TABLE t (id int PRIMARY KEY, v {before})")
    run(live, "INSERT INTO t VALUES (1, 'ab  '), (2, 'abc'), (3, 'a c'), (4, NULL)")
    column = sa.Table("t", sa.MetaData(), autoload_with=live).c.v
    (change,) = value_changes(column, "v", after, "mysql")
    found = set(live.execute(sa.select(column.table.c.id).where(change.condition)).scalars())
    wanted = set()
    for key in (1, 2, 3, 4):
        run(live, "CREATE OR REPLACE TABLE one LIKE t")
        run(live, f"INSERT INTO one SELECT * FROM t WHERE id = {key}")
        wanted |= {key} if run(live, f"ALTER TABLE one MODIFY v {after.compile(live.dialect)}") else set()
    assert found == wanted


def failed(live: sa.Connection, sql: str) -> list[tuple[str, int | None, tuple[str, ...]]]:
    """Return the kinds, numbers and columns of the rows that a statement refuses; [] where it refuses none."""
    try:
        live.exec_driver_sql(sql)
    except sa.exc.DBAPIError as error:
        found = blockers_of(live, [ExecuteSQLOp(sql)], error, "a1")
        return [(each.kind, each.rows, each.columns) for each in found]
    return []
