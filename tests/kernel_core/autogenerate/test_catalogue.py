"""What our own catalogue queries read is what SQLAlchemy's Inspector reads."""

import sys
import warnings
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate.catalogue import read_by_inspector, read_catalogue

sys.path.insert(0, str(Path(__file__).parent))
from random_models import random_models

ROUNDS = {"sqlite": 40, "postgresql": 25, "mysql": 20}
MORE = {"collation", "owns_sequence", "deferrable", "initially", "valid", "column_sorting"}


def plain(value):
    """Return a value in which equal means equal: no objects, what has no order sorted, what only we say left out."""
    if isinstance(value, sa.types.TypeEngine):
        return repr(value)
    if isinstance(value, sa.sql.ClauseElement):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in sorted(value.items()) if key not in MORE}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return bool(value) if isinstance(value, int) and value in (0, 1) else value


def rows(found):
    return sorted((plain(item) for item in found), key=repr)


def said(catalogue):
    return {
        key: {
            "columns": [plain(item) for item in info.columns.values()],
            "primary_key": plain(dict(info.primary_key)),
            "foreign_keys": rows(info.foreign_keys),
            "uniques": rows(info.uniques),
            "indexes": rows(info.indexes),
            "checks": rows(info.checks),
            "comment": info.comment,
        }
        for key, info in catalogue.tables.items()
    }


def both(connection, schemas=(None,)):
    def wanted(key):
        return True

    def inspector():
        return sa.inspect(connection)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        slow = read_by_inspector(inspector(), schemas, wanted)
    return said(read_catalogue(connection, inspector, schemas, wanted)), said(slow)


@pytest.mark.parametrize("seed", range(ROUNDS["sqlite"]))
def test_sqlite_reads_as_the_inspector(seed, sqlite):
    random_models(seed, "sqlite").create_all(sqlite)
    ours, theirs = both(sqlite)
    assert ours == theirs


def test_sqlite_tells_what_the_inspector_misreads(sqlite):
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
    info = read_catalogue(sqlite, lambda: sa.inspect(sqlite), [None], lambda key: True).tables[None, "p"]
    assert info.columns["c"]["computed"] == {"sqltext": "b + (1)", "persisted": True}
    assert info.columns["d"]["computed"] == {"sqltext": "b+2", "persisted": False}
    assert info.columns["a"]["collation"] == "NOCASE"
    assert info.checks == [{"name": None, "sqltext": "b > 0"}, {"name": "ck", "sqltext": "a <> ')'"}]
    assert info.options == {"sqlite_autoincrement": True}
    assert info.foreign_keys == [
        {
            "name": "fk",
            "constrained_columns": ["r"],
            "referred_schema": None,
            "referred_table": "q",
            "referred_columns": ["x"],
            "options": {"ondelete": "SET NULL", "deferrable": True, "initially": "DEFERRED"},
        }
    ]
    assert info.indexes[0]["column_sorting"] == {"a": ("desc",)}
    assert info.indexes[0]["dialect_options"] == {"sqlite_where": "b > 1"}
    assert info.unreadable == {"low": "CREATE INDEX low ON p (lower(a))"}
