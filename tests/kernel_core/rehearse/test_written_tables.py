"""Which table a statement writes to, and how it handles rows with the same key, in the words of each dialect."""

from __future__ import annotations

import pytest

from kernel_core.rehearse.blockers.written_tables import Write, write_of

CASES = [
    ("postgresql", "UPDATE ONLY S.T AS a SET x = 1", Write("UPDATE", "s", "t")),
    (
        "postgresql",
        'WITH a (x) AS (SELECT 1), b AS (SELECT 2) INSERT INTO "S".t SELECT x FROM a',
        Write("INSERT", "S", "t"),
    ),
    (
        "postgresql",
        "INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET x = 1",
        Write("INSERT", None, "t", "", "UPDATE"),
    ),
    ("postgresql", "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", Write("INSERT", None, "t", "", "NOTHING")),
    ("postgresql", "DELETE FROM t", None),
    ("postgresql", "WITH a AS (SELECT 1) SELECT 1", None),
    ("sqlite", "UPDATE OR ignore T SET x = 1", Write("UPDATE", None, "T", "IGNORE")),
    ("sqlite", "REPLACE INTO main.t VALUES (1)", Write("INSERT", "main", "t", "REPLACE")),
    ("sqlite", "UPDATE only SET x = 1", Write("UPDATE", None, "only")),
    ("sqlite", "INSERT OR FAIL INTO delayed VALUES (1)", Write("INSERT", None, "delayed", "FAIL")),
    ("sqlite", "WITH a AS (SELECT 1) REPLACE INTO t SELECT * FROM a", Write("INSERT", None, "t", "REPLACE")),
    ("sqlite", "SELECT 1", None),
    ("mariadb", "INSERT LOW_PRIORITY IGNORE INTO `a b`.t VALUES (1)", Write("INSERT", "a b", "t", "IGNORE")),
    ("mariadb", "REPLACE DELAYED t VALUES (1)", Write("INSERT", None, "t", "REPLACE")),
    ("mariadb", "INSERT t SET x = 1 ON DUPLICATE KEY UPDATE x = 2", Write("INSERT", None, "t", "", "UPDATE")),
    ("mariadb", "UPDATE LOW_PRIORITY IGNORE t SET x = 1", Write("UPDATE", None, "t", "IGNORE")),
    ("mariadb", "UPDATE t AS a JOIN s.u b ON a.id = b.id SET b.x = 1", Write("UPDATE", "s", "u")),
    ("mariadb", "UPDATE t a, u b SET a.x = 1, b.x = 2", None),
    ("mariadb", "UPDATE", None),
]


@pytest.mark.parametrize(("dialect", "sql", "written"), CASES)
def test_the_table_of_a_statement_is_found(dialect, sql, written):
    assert write_of(sql, dialect) == written
