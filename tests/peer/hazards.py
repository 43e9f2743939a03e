"""Statements of PostgreSQL that rows can stop, and statements that keep others from reading or writing.

``{n}`` makes names unique. A data hazard has the statements that make its tables, rows that stop it, rows that do not,
and the number of bad rows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DataHazard:
    """A statement, the table that it is about, and rows: ``bad`` ones, of which ``count`` stop it, or ``clean`` ones."""

    what: str
    columns: str
    sql: str
    bad: str
    clean: str
    count: int


def _data() -> list[DataHazard]:
    found = []
    for columns in ("id int, v int", "id int, v text", "id int, v date", "id int, v uuid", "id int, v boolean"):
        typed = columns.split()[-1]
        value = {"int": "1", "text": "'x'", "date": "'2024-01-01'", "uuid": "gen_random_uuid()", "boolean": "true"}[
            typed
        ]
        rows = f"INSERT INTO t{{n}} SELECT i, {value} FROM generate_series(1, 8) i"
        broken = f"{rows}; UPDATE t{{n}} SET v = NULL WHERE id > 5"
        found += [
            DataHazard("SET NOT NULL", columns, "ALTER TABLE t{n} ALTER COLUMN v SET NOT NULL", broken, rows, 3),
            DataHazard(
                "new NOT NULL column", columns, f"ALTER TABLE t{{n}} ADD COLUMN x {typed} NOT NULL", rows, "", 8
            ),
        ]
    twice = "INSERT INTO t{n} VALUES (1, 1, 'a'), (2, 1, 'a'), (3, 2, 'b'), (4, 2, 'B')"
    once = "INSERT INTO t{n} VALUES (1, 1, 'a'), (2, 2, 'b')"
    for what, sql, count in (
        ("unique constraint", "ALTER TABLE t{n} ADD CONSTRAINT x{n} UNIQUE (v)", 4),
        ("unique constraint", "ALTER TABLE t{n} ADD UNIQUE (v, w)", 2),
        ("unique constraint", "ALTER TABLE t{n} ADD CONSTRAINT x{n} UNIQUE (w)", 2),
        ("unique constraint", "ALTER TABLE t{n} ADD CONSTRAINT x{n} UNIQUE (v) DEFERRABLE", 4),
        ("unique constraint", "ALTER TABLE t{n} ADD UNIQUE NULLS NOT DISTINCT (v)", 4),
        ("unique index", "CREATE UNIQUE INDEX x{n} ON t{n} (v)", 4),
        ("unique index", "CREATE UNIQUE INDEX x{n} ON t{n} (v, w)", 2),
        ("unique index", "CREATE UNIQUE INDEX x{n} ON t{n} (lower(w))", 4),
        ("unique index", "CREATE UNIQUE INDEX x{n} ON t{n} (v) WHERE id < 3", 2),
        ("unique index", "CREATE UNIQUE INDEX x{n} ON t{n} USING btree (w)", 2),
        ("primary key", "ALTER TABLE t{n} ADD PRIMARY KEY (v)", 4),
        ("primary key", "ALTER TABLE t{n} ADD CONSTRAINT x{n} PRIMARY KEY (v)", 4),
        ("primary key", "ALTER TABLE t{n} ADD PRIMARY KEY (w)", 2),
        ("primary key", "ALTER TABLE t{n} ADD PRIMARY KEY (v, w)", 2),
        ("primary key", "ALTER TABLE ONLY t{n} ADD CONSTRAINT x{n} PRIMARY KEY (w, v)", 2),
        ("check constraint", "ALTER TABLE t{n} ADD CONSTRAINT x CHECK (v < 2)", 2),
        ("check constraint", "ALTER TABLE t{n} ADD CHECK (v <> 2)", 2),
        ("check constraint", "ALTER TABLE t{n} ADD CONSTRAINT x CHECK (w = lower(w))", 1),
        ("check constraint", "ALTER TABLE t{n} ADD CONSTRAINT x CHECK (id < 4 OR v = 1)", 1),
        ("check constraint", "ALTER TABLE t{n} ADD CONSTRAINT x CHECK (length(w) > 0 AND id < 3)", 2),
    ):
        clean = once.replace("2, 'b'", "1, 'b'") if sql.endswith(("(v < 2)", "(v <> 2)")) else once
        found.append(DataHazard(what, "id int, v int, w text", sql, twice, clean, count))
    found += [*_foreign_keys(), *_types(), *_exclusions()]
    return found


def _foreign_keys() -> list[DataHazard]:
    made = "; CREATE TABLE p{n} (id int PRIMARY KEY, k text UNIQUE); INSERT INTO p{n} VALUES (1, 'a'), (2, 'b')"
    bad = "INSERT INTO t{n} VALUES (1, 1, 'a'), (2, 7, 'z'), (3, 8, NULL)" + made
    clean = "INSERT INTO t{n} VALUES (1, 1, 'a'), (2, NULL, 'b')" + made
    keys = (
        ("ALTER TABLE t{n} ADD CONSTRAINT x FOREIGN KEY (v) REFERENCES p{n} (id)", 2),
        ("ALTER TABLE t{n} ADD CONSTRAINT x FOREIGN KEY (v) REFERENCES p{n} (id) ON DELETE CASCADE", 2),
        ("ALTER TABLE t{n} ADD FOREIGN KEY (v) REFERENCES p{n} (id) ON DELETE SET NULL", 2),
        ("ALTER TABLE t{n} ADD CONSTRAINT x FOREIGN KEY (w) REFERENCES p{n} (k)", 1),
        ("ALTER TABLE t{n} ADD FOREIGN KEY (v) REFERENCES p{n} (id) DEFERRABLE INITIALLY DEFERRED", 2),
    )
    return [DataHazard("foreign key", "id int, v int, w text", sql, bad, clean, count) for sql, count in keys]


def _types() -> list[DataHazard]:
    found = []
    for type_, bad, good in (
        ("integer", "2x", "2"),
        ("date", "someday", "2024-02-29"),
        ("jsonb", "{broken", "{}"),
        ("uuid", "1234", "00000000-0000-0000-0000-000000000001"),
        ("boolean", "maybe", "yes"),
        ("numeric(4, 1)", "12345", "12.5"),
        ("timestamp", "25:99", "2024-01-01 10:00"),
        ("inet", "300.1.1.1", "10.0.0.1"),
        ("interval", "a while", "2 days"),
        ("smallint", "99999", "12"),
    ):
        rows = "INSERT INTO t{n} VALUES " + f"(1, '{good}'), (2, '{bad}'), (3, '{bad}'), (4, NULL)"
        sql = f"ALTER TABLE t{{n}} ALTER COLUMN v TYPE {type_} USING v::{type_}"
        found.append(DataHazard("type", "id int, v text", sql, rows, rows.replace(bad, good), 2))
    for length in (3, 4, 5, 6, 7):
        rows = f"INSERT INTO t{{n}} VALUES (1, 'ab'), (2, '{'x' * (length + 1)}')"
        sql = f"ALTER TABLE t{{n}} ALTER COLUMN v TYPE varchar({length})"
        found.append(DataHazard("shorter varchar", "id int, v varchar(20)", sql, rows, rows.replace("x", "", 1), 1))
    for value in ("lost", "gone", "", "Red", "blue "):
        rows = f"INSERT INTO t{{n}} VALUES (1, 'red'), (2, '{value}'), (3, 'blue')"
        rows += "; CREATE TYPE e{n} AS ENUM ('red', 'blue')"
        sql = "ALTER TABLE t{n} ALTER COLUMN v TYPE e{n} USING v::e{n}"
        found.append(DataHazard("enum value", "id int, v text", sql, rows, rows.replace(f"'{value}'", "'red'"), 1))
    return found


def _exclusions() -> list[DataHazard]:
    found = []
    for type_, first, second in (
        ("int4range", "[1,5)", "[4,9)"),
        ("daterange", "[2024-01-01,2024-02-01)", "[2024-01-15,2024-03-01)"),
        ("numrange", "[1.5,2.5]", "[2.5,3]"),
        ("int8range", "[1,5)", "[2,3)"),
        ("tsrange", "[2024-01-01,2024-01-03)", "[2024-01-02,2024-01-04)"),
    ):
        rows = f"INSERT INTO t{{n}} VALUES (1, '{first}'), (2, '{second}')"
        sql = "ALTER TABLE t{n} ADD CONSTRAINT x{n} EXCLUDE USING gist (v WITH &&)"
        clean = f"INSERT INTO t{{n}} VALUES (1, '{first}')"
        found.append(DataHazard("exclusion", f"id int, v {type_}", sql, rows, clean, 2))
    return found


DATA = tuple(_data())

LOCK_SETUP = (
    "CREATE TABLE r{n} (id int PRIMARY KEY, k text)",
    "CREATE TABLE t{n} (id int, v int NOT NULL, w text, c varchar(20), d timestamp, r int4range)",
    "INSERT INTO r{n} VALUES (1, 'a')",
    "INSERT INTO t{n} VALUES (1, 1, '1', '1', '2024-01-01', '[1,2)')",
    "CREATE INDEX i{n} ON t{n} (v)",
    "ALTER TABLE t{n} ADD CONSTRAINT ck{n} CHECK (v > 0)",
    "CREATE MATERIALIZED VIEW m{n} AS SELECT id FROM r{n}",
    "CREATE FUNCTION f{n}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER g{n} BEFORE UPDATE ON r{n} FOR EACH ROW EXECUTE FUNCTION f{n}()",
    "CREATE TABLE q{n} (id int) PARTITION BY RANGE (id)",
    "CREATE TABLE z{n} (id int)",
    "CREATE TABLE q{n}_1 PARTITION OF q{n} FOR VALUES FROM (1) TO (9)",
)

LOCKS = (
    "CREATE INDEX x{n} ON t{n} (w)",
    "CREATE UNIQUE INDEX x{n} ON t{n} (id)",
    "CREATE INDEX x{n} ON t{n} (lower(w))",
    "CREATE INDEX x{n} ON t{n} USING gist (r)",
    "CREATE INDEX IF NOT EXISTS x{n} ON t{n} (d DESC) WHERE v > 3",
    "ALTER TABLE t{n} ALTER COLUMN w SET NOT NULL",
    "ALTER TABLE t{n} ALTER COLUMN v TYPE bigint",
    "ALTER TABLE t{n} ALTER COLUMN w TYPE int USING w::int",
    "ALTER TABLE t{n} ALTER COLUMN c TYPE varchar(10)",
    "ALTER TABLE t{n} ALTER COLUMN c TYPE varchar(30)",
    "ALTER TABLE t{n} ALTER COLUMN d TYPE timestamptz",
    'ALTER TABLE t{n} ALTER COLUMN w TYPE text COLLATE "C"',
    "ALTER TABLE t{n} ADD CONSTRAINT x FOREIGN KEY (v) REFERENCES r{n} (id)",
    "ALTER TABLE t{n} ADD FOREIGN KEY (id) REFERENCES r{n}",
    "ALTER TABLE t{n} ADD COLUMN x int REFERENCES r{n} (id)",
    "ALTER TABLE t{n} ADD CONSTRAINT x CHECK (v < 9)",
    "ALTER TABLE t{n} ADD CHECK (length(w) < 9)",
    "ALTER TABLE t{n} ADD CONSTRAINT x{n} UNIQUE (w)",
    "ALTER TABLE t{n} ADD UNIQUE (id, v)",
    "ALTER TABLE t{n} ADD PRIMARY KEY (id)",
    "ALTER TABLE t{n} ADD CONSTRAINT x{n} EXCLUDE USING gist (r WITH &&)",
    "ALTER TABLE t{n} ADD COLUMN x float DEFAULT random()",
    "ALTER TABLE t{n} ADD COLUMN x uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE t{n} ADD COLUMN x timestamp DEFAULT clock_timestamp()",
    "ALTER TABLE t{n} ADD COLUMN x serial",
    "ALTER TABLE t{n} ADD COLUMN x bigint GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE t{n} ADD COLUMN x int GENERATED ALWAYS AS (v * 2) STORED",
    "ALTER TABLE t{n} ADD COLUMN x serial PRIMARY KEY",
    "ALTER TABLE t{n} SET UNLOGGED",
    "ALTER TABLE t{n} DROP COLUMN w",
    "ALTER TABLE t{n} DROP CONSTRAINT ck{n}",
    "ALTER TABLE t{n} RENAME COLUMN w TO x",
    "ALTER TABLE t{n} RENAME TO x{n}",
    "ALTER TABLE t{n} SET SCHEMA other",
    "ALTER TABLE t{n} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE r{n} DISABLE TRIGGER g{n}",
    "ALTER TABLE r{n} DISABLE TRIGGER ALL",
    "ALTER TABLE q{n} DETACH PARTITION q{n}_1",
    "ALTER TABLE t{n} ALTER COLUMN v DROP NOT NULL",
    "ALTER TABLE t{n} ALTER COLUMN w SET STORAGE external",
    "ALTER TABLE t{n} REPLICA IDENTITY FULL",
    "DROP INDEX i{n}",
    "DROP TABLE t{n}",
    "DROP TRIGGER g{n} ON r{n}",
    "DROP MATERIALIZED VIEW m{n}",
    "CREATE TRIGGER x BEFORE UPDATE ON t{n} FOR EACH ROW EXECUTE FUNCTION f{n}()",
    "CREATE RULE x AS ON DELETE TO t{n} DO ALSO NOTHING",
    "CREATE POLICY x ON t{n} USING (true)",
    "ALTER TABLE q{n} ATTACH PARTITION z{n} FOR VALUES FROM (10) TO (20)",
    "REFRESH MATERIALIZED VIEW m{n}",
    "TRUNCATE t{n}",
    "TRUNCATE r{n} CASCADE",
    "CLUSTER t{n} USING i{n}",
    "REINDEX TABLE t{n}",
    "REINDEX INDEX i{n}",
    "LOCK TABLE t{n}",
    "LOCK TABLE t{n} IN SHARE MODE",
    "DO $$ BEGIN EXECUTE 'ALTER TABLE t{n} ALTER COLUMN v TYPE bigint'; END $$",
    "DO $$ BEGIN CREATE INDEX x{n} ON t{n} (w); END $$",
    "ALTER TABLE t{n} ADD CONSTRAINT x CHECK (v < 9) NOT VALID; ALTER TABLE t{n} VALIDATE CONSTRAINT x",
)
