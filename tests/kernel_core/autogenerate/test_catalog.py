"""The catalog queries read the same as SQLAlchemy's Inspector."""

import dataclasses
import warnings

import pytest
import sqlalchemy as sa
from random_models import random_models

from kernel_core.autogenerate.databases import rules_of
from kernel_core.autogenerate.databases.catalog import CheckInfo, ForeignKeyInfo
from kernel_core.autogenerate.databases.inspected.rules import InspectedRules


def seeds(sample: int, full: int) -> list[object]:
    """Return the seeds of random models; all but a sample stay out of the quick run."""
    return [*range(sample), *(pytest.param(seed, marks=pytest.mark.sweep) for seed in range(sample, full))]


# SQLAlchemy 2.0 repeats postgresql_include as include_columns.
MORE = {
    "sqlite": {"collation", "column_sorting", "sql"},
    "postgresql": {"owns_sequence", "sequence", "include_columns", "parts", "inherited", "definition"},
    "mysql": {"column_sorting", "unreflected"},
}


def plain(value, more=frozenset()):
    """Return a value that can be compared: types as text, dictionaries sorted, fields of ours left out."""
    if dataclasses.is_dataclass(value):
        return plain({each.name: getattr(value, each.name) for each in dataclasses.fields(value)}, more)
    if isinstance(value, sa.types.TypeEngine):
        return repr(value)
    if isinstance(value, sa.sql.ClauseElement):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(item, more) for key, item in sorted(value.items()) if key not in more}
    if isinstance(value, (list, tuple)):
        return [plain(item, more) for item in value]
    return bool(value) if isinstance(value, int) and value in (0, 1) else value


def said(catalog, dialect):
    more = MORE[dialect]

    def rows(found, also=()):
        return sorted((plain(item, more | set(also)) for item in found), key=repr)

    return {
        key: {
            "columns": [plain(item, more) for item in info.columns.values()],
            "primary_key": plain(info.primary_key, more),
            "foreign_keys": rows(info.foreign_keys),
            "uniques": rows(info.uniques, {"deferrable", "initially"}),
            "indexes": rows(info.indexes, {"type"}),  # SQLAlchemy 2.0 says UNIQUE twice
            "checks": rows((check for check in info.checks if check.column is None), {"columns"}),
            "comment": info.comment,
        }
        for key, info in catalog.tables.items()
    }


def both(connection, schemas=(None,)):
    def wanted(key):
        return True

    def inspector():
        return sa.inspect(connection)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        slow = InspectedRules(connection.dialect).read_catalog(connection, inspector, schemas, wanted)
    fast = rules_of(connection.dialect).read_catalog(connection, inspector, schemas, wanted)
    return said(fast, connection.dialect.name), said(slow, connection.dialect.name)


@pytest.mark.parametrize("seed", seeds(12, 40))
def test_sqlite_reads_as_the_inspector(seed, sqlite):
    sqlite.exec_driver_sql("ATTACH ':memory:' AS other")
    random_models(seed, "sqlite").create_all(sqlite)
    random_models(seed + 1000, "sqlite", schemas=("other",)).create_all(sqlite)
    ours, theirs = both(sqlite, (None, "other"))
    assert ours == theirs


@pytest.mark.parametrize("seed", seeds(6, 25))
def test_postgresql_reads_as_the_inspector(seed, postgresql):
    other = f"{postgresql.dialect.default_schema_name}_two"
    postgresql.exec_driver_sql(f"CREATE SCHEMA {other}")
    random_models(seed, "postgresql", schemas=(None, other)).create_all(postgresql)
    ours, theirs = both(postgresql, (None, other))
    postgresql.rollback()
    assert ours == theirs


def test_sqlite_is_read_right_where_the_inspector_is_wrong(sqlite):
    sqlite.exec_driver_sql("CREATE TABLE q (x INTEGER PRIMARY KEY)")
    sqlite.exec_driver_sql(
        "CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, b NUMERIC(10,2) CHECK (b > 0), a VARCHAR(9) COLLATE NOCASE, "
        "c INT GENERATED ALWAYS AS (b + (1)) STORED, d INT AS (b+2), CONSTRAINT ck CHECK (a <> ')'))"
    )
    sqlite.exec_driver_sql(
        "ALTER TABLE p ADD COLUMN r INT CONSTRAINT fk REFERENCES q ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED"
    )
    sqlite.exec_driver_sql("CREATE INDEX ix ON p (a DESC, b) WHERE b > 1")
    sqlite.exec_driver_sql("CREATE INDEX low ON p (lower(a))")
    info = (
        rules_of(sqlite.dialect)
        .read_catalog(sqlite, lambda: sa.inspect(sqlite), [None], lambda key: True)
        .tables[None, "p"]
    )
    assert info.columns["c"].computed == {"sqltext": "b + (1)", "persisted": True}
    assert info.columns["d"].computed == {"sqltext": "b+2", "persisted": False}
    assert info.columns["a"].collation == "NOCASE"
    assert info.checks == [CheckInfo(sqltext="b > 0"), CheckInfo(name="ck", sqltext="a <> ')'")]
    assert info.options == {"sqlite_autoincrement": True}
    assert info.foreign_keys == [
        ForeignKeyInfo(
            name="fk",
            constrained_columns=["r"],
            referred_schema=None,
            referred_table="q",
            referred_columns=["x"],
            options={"ondelete": "SET NULL", "deferrable": True, "initially": "DEFERRED"},
        )
    ]
    assert info.indexes[0].column_sorting == {"a": ("desc",)}
    assert info.indexes[0].dialect_options == {"sqlite_where": "b > 1"}
    assert info.unreadable == {"low": "CREATE INDEX low ON p (lower(a))"}


POSTGRESQL_BY_HAND = """
CREATE TYPE mood AS ENUM ('sad', 'it''s', 'happy');
CREATE DOMAIN positive AS int NOT NULL DEFAULT 5 CHECK (value > 0);
CREATE TABLE q (x int UNIQUE);
CREATE TABLE p (
    id serial PRIMARY KEY, ident int GENERATED BY DEFAULT AS IDENTITY (START 5 INCREMENT 2),
    a varchar(20) COLLATE "C" NOT NULL DEFAULT 'x', b numeric(10,2) CHECK (b > 0),
    c int GENERATED ALWAYS AS (id + 1) STORED, m mood DEFAULT 'sad', ms mood[], d positive,
    t timestamp(3) with time zone DEFAULT now(), i interval day to second(3), big bigserial,
    gone int, r int REFERENCES q (x) MATCH FULL ON UPDATE SET NULL ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT uq UNIQUE (a, b) INCLUDE (c), UNIQUE (b) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT ck CHECK (a <> '') NO INHERIT, EXCLUDE USING gist (int4range(id, ident) WITH &&) WHERE (id > 3));
ALTER TABLE p DROP COLUMN gone;
ALTER TABLE p ADD CONSTRAINT nv CHECK (id > 1) NOT VALID;
COMMENT ON CONSTRAINT ck ON p IS 'why';
CREATE UNIQUE INDEX ix1 ON p (a DESC NULLS LAST, b NULLS FIRST) INCLUDE (c) WHERE b > 1;
CREATE INDEX ix2 ON p (lower(a) text_pattern_ops, (b + 1) DESC) WITH (fillfactor=70);
CREATE INDEX ix3 ON p USING hash (a);
CREATE INDEX ix4 ON p (a varchar_pattern_ops, b);
CREATE TABLE parted (id int, k int) PARTITION BY RANGE (k);
CREATE TABLE part PARTITION OF parted FOR VALUES FROM (1) TO (5);
CREATE VIEW v AS SELECT * FROM p;
"""


@pytest.mark.parametrize("seed", seeds(3, 12))
def test_mariadb_reads_as_the_inspector(seed, mariadb):
    random_models(seed, "mysql").create_all(mariadb)
    ours, theirs = both(mariadb)
    assert ours == theirs


@pytest.mark.slow
def test_mariadb_reads_other_databases_as_the_inspector(mariadb):
    other = f"{mariadb.dialect.default_schema_name}_two"
    mariadb.exec_driver_sql(f"CREATE DATABASE {other}")
    try:
        for seed in range(3):
            metadata = random_models(seed + 500, "mysql", schemas=(None, other))
            metadata.create_all(mariadb)
            ours, theirs = both(mariadb, (None, other))
            metadata.drop_all(mariadb)
            assert ours == theirs
    finally:
        mariadb.exec_driver_sql(f"DROP DATABASE {other}")


MARIADB_BY_HAND = """
CREATE TABLE p (
    id int unsigned AUTO_INCREMENT PRIMARY KEY, a varchar(20) COLLATE utf8mb4_bin NOT NULL DEFAULT 'x''y' COMMENT 'col',
    b numeric(10,2) CHECK (b > 0), c int GENERATED ALWAYS AS (b + 1) STORED, v int AS (b + 2) VIRTUAL,
    e enum('a','b''c') DEFAULT 'a', s set('a','b'), j json, o bool DEFAULT true,
    t timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(), d datetime(3) DEFAULT now(3),
    n timestamp NULL ON UPDATE current_timestamp(),
    x text CHARACTER SET latin1, l blob DEFAULT 'x', m double DEFAULT (1+2), f float(7,2), y year, k national char(5),
    z int ZEROFILL, i int INVISIBLE, u uuid, CONSTRAINT uq UNIQUE (a, b), UNIQUE (b), CONSTRAINT ck CHECK (a <> ''),
    FULLTEXT (x), KEY pre (x(10)), KEY ds (a DESC) COMMENT 'why', KEY ha (e) USING HASH
) COMMENT='it''s' ENGINE=InnoDB CHARSET=latin1 ROW_FORMAT=COMPRESSED
"""


def test_mariadb_reads_tables_written_by_hand_as_the_inspector(mariadb):
    mariadb.exec_driver_sql(MARIADB_BY_HAND)
    ours, theirs = both(mariadb)
    assert ours == theirs


def test_mariadb_is_read_in_more_detail_than_by_the_inspector(mariadb):
    mariadb.exec_driver_sql(MARIADB_BY_HAND)
    mariadb.exec_driver_sql("CREATE VIEW w AS SELECT * FROM p")
    catalog = rules_of(mariadb.dialect).read_catalog(mariadb, lambda: sa.inspect(mariadb), [None], lambda key: True)
    info = catalog.tables[None, "p"]
    assert CheckInfo(sqltext="`b` > 0", column="b") in info.checks
    assert {index.name: index.column_sorting for index in info.indexes}["ds"] == {"a": ("desc",)}
    assert catalog.views == {(None, "w"): "view"}
    assert info.options == {
        "mysql_engine": "InnoDB",
        "mysql_default charset": "latin1",
        "mysql_collate": "latin1_swedish_ci",
        "mysql_row_format": "COMPRESSED",
        "mysql_comment": "it's",
    }


def test_postgresql_reads_tables_written_by_hand_as_the_inspector(postgresql):
    postgresql.exec_driver_sql(POSTGRESQL_BY_HAND)
    ours, theirs = both(postgresql)
    assert ours == theirs


def test_postgresql_is_read_in_more_detail_than_by_the_inspector(postgresql):
    postgresql.exec_driver_sql(POSTGRESQL_BY_HAND)
    catalog = rules_of(postgresql.dialect).read_catalog(
        postgresql, lambda: sa.inspect(postgresql), [None], lambda key: True
    )
    info = catalog.tables[None, "p"]
    assert info.columns["id"].owns_sequence
    assert [exclude.definition for exclude in info.excludes] == [
        "EXCLUDE USING gist (int4range(id, ident) WITH &&) WHERE (id > 3)"
    ]
    unique = next(unique for unique in info.uniques if unique.column_names == ["b"])
    assert (unique.name, unique.deferrable, unique.initially) == ("p_b_key", True, "DEFERRED")
    assert catalog.views == {(None, "v"): "view"}
    assert catalog.enums[None, "mood"].labels == ("sad", "it's", "happy")


def test_a_second_reading_of_a_table_has_the_same_constraints(sqlite_url: str) -> None:
    engine = sa.create_engine(sqlite_url)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE o (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql(
            "CREATE TABLE t (a INT CONSTRAINT ck CHECK (a > 0), b INT COLLATE NOCASE, CONSTRAINT uq UNIQUE (a, b), "
            "CONSTRAINT fk FOREIGN KEY (a) REFERENCES o (id) ON DELETE CASCADE DEFERRABLE) STRICT"
        )

        def read():
            rules = rules_of(connection.dialect)
            return rules.read_catalog(connection, lambda: sa.inspect(connection), [None], lambda key: True).tables[
                None, "t"
            ]

        first, second = read(), read()
        assert repr(first) == repr(second)
        first.checks.clear()
        first.foreign_keys[0].options.clear()
        assert repr(read()) == repr(second)
        assert (second.checks[0].name, second.uniques[0].name, second.foreign_keys[0].name) == ("ck", "uq", "fk")
    engine.dispose()
