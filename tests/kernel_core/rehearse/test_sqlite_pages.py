"""Tables that nothing has written to are found by their pages, so that their rows are not compared one by one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from kernel_core.rehearse.rows.sqlite_pages import same_tables

TABLES = ("small", "large", "overflowing")


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Connection]:
    """A connection to a clone of a file, to which the file is attached as ``copy``."""
    before, after = tmp_path / "before.db", tmp_path / "after.db"
    with sa.create_engine(f"sqlite:///{before}").begin() as live:
        for name in TABLES:
            live.exec_driver_sql(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, v)")
        live.exec_driver_sql("INSERT INTO small VALUES (1, 1), (2, 2)")
        live.exec_driver_sql(
            "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO large SELECT i, hex(i) FROM n"
        )
        live.exec_driver_sql("INSERT INTO overflowing SELECT id, hex(zeroblob(9000)) FROM small")
        if live.exec_driver_sql("SELECT count(*) FROM pragma_module_list WHERE name = 'dbstat'").scalar() == 0:
            pytest.skip("this build of SQLite has no dbstat")
    shutil.copyfile(before, after)
    with sa.create_engine(f"sqlite:///{after}", isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ATTACH ? AS copy", (str(before),))
        yield connection


def same(clone: Connection) -> set[str]:
    paths = {row.name: row.file for row in clone.exec_driver_sql("PRAGMA database_list")}
    return set(same_tables(clone, "copy", paths["copy"], paths["main"]))


@pytest.mark.parametrize(
    ("statement", "written"),
    [
        ("SELECT 1", set()),
        ("UPDATE small SET v = v WHERE id = 9", set()),
        ("UPDATE small SET v = 3 WHERE id = 2", {"small"}),
        ("UPDATE large SET v = 'x' WHERE id = 1999", {"large"}),
        ("UPDATE overflowing SET v = substr(v, 1, 17999) || 'x' WHERE id = 2", {"overflowing"}),
        ("DELETE FROM large WHERE id = 1", {"large"}),
        ("ALTER TABLE large ADD COLUMN w INTEGER DEFAULT 3", set()),
        ("ALTER TABLE large RENAME COLUMN v TO w", {"large"}),
        ("PRAGMA journal_mode = WAL", set(TABLES)),
    ],
)
def test_every_table_that_was_not_written_is_found_and_no_other(clone, statement, written):
    clone.exec_driver_sql(statement)
    assert same(clone) == set(TABLES) - written


def test_no_table_is_found_where_the_file_was_rewritten_with_pages_of_another_size(clone):
    clone.exec_driver_sql("PRAGMA main.page_size = 8192")
    clone.exec_driver_sql("VACUUM main")
    assert same(clone) == set()
