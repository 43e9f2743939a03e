"""SQL text that loses rows or values; strings, comments and quoted names are not statements."""

import pytest

from kernel_core.operations.kinds.execute_sql import ExecuteSQLOp


@pytest.mark.parametrize(
    ("sql", "dialect_name"),
    [
        ("DELETE FROM users", "default"),
        ("ALTER TABLE `a b` DROP COLUMN c", "default"),
        ("UPDATE t SET a = 'it''s'; DROP TABLE t", "sqlite"),
        (r"UPDATE t SET a = '\\'; DROP TABLE t", "mysql"),
        ("/* a /* nested */ comment */ DROP TABLE t", "postgresql"),
        ("SELECT $a$ it's $a$; TRUNCATE t", "postgresql"),
        ("# note\nDROP TABLE t", "mariadb"),
    ],
)
def test_sql_that_loses_rows_has_a_hint(sql, dialect_name):
    assert [hint.severity for hint in ExecuteSQLOp(sql).hints(dialect_name)] == ["loses data"]


@pytest.mark.parametrize(
    ("sql", "dialect_name"),
    [
        ("INSERT INTO notes VALUES ('; DROP TABLE t')", "default"),
        (r"INSERT INTO notes VALUES ('it\'s; DROP TABLE t')", "mysql"),
        ("SELECT 1 -- ; DROP TABLE t", "default"),
        ("SELECT $$; DROP TABLE t$$", "default"),
        ('ALTER TABLE "x DROP COLUMN y" ADD z INTEGER', "postgresql"),
        ("ALTER TABLE `x; DROP TABLE y` ADD z INTEGER", "default"),
    ],
)
def test_sql_that_only_mentions_a_loss_has_none(sql, dialect_name):
    assert ExecuteSQLOp(sql).hints(dialect_name) == ()
