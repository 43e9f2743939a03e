"""The rows of the version table in a script: each way of rendering a change gives the same text."""

import io

import pytest

from kernel_core.ddl.impl import DefaultImpl
from kernel_core.runtime.migration import MigrationContext

DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb", "mssql", "oracle")
TABLES = ("alembic_version", "select", "Über", 'a"b', "a:b", "a%b", "a\\b", "a@old@b", "@new@", "$(x)", "a&b")


def printed(dialect, table, moves, *, one_by_one):
    buffer = io.StringIO()
    opts = {"as_sql": True, "output_buffer": buffer, "version_table": table, "version_table_schema": "s t"}
    version_table = MigrationContext.configure(dialect_name=dialect, opts=opts).version_rows
    if one_by_one:
        vars(version_table)["_update_parts"] = None
    for old, new in moves:
        version_table.write({old}, {new})
    return buffer.getvalue()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_update_from_the_cached_text_equals_a_compiled_one(dialect, table):
    moves = [
        ("a1", "b2"),
        ("b2", "it's"),
        ("it's", "x\\y"),
        ("x\\y", "b:c%d"),
        ("b:c%d", "@old@"),
        ("@old@", "ü"),
        ("ü", "a_1"),
    ]
    kept, alone = (printed(dialect, table, moves, one_by_one=one_by_one) for one_by_one in (False, True))
    assert kept == alone
    assert kept.count("UPDATE ") == len(moves)


def test_an_implementation_that_runs_statements_itself_sees_each_update():
    seen = []

    class Watching(DefaultImpl):
        def execute(self, sql, execution_options=None):
            seen.append(str(sql))
            return super().execute(sql, execution_options)

    buffer = io.StringIO()
    version_table = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": buffer}
    ).version_rows
    version_table.impl = Watching(version_table.impl.dialect, None, True, None, buffer, {})
    version_table.write({"a"}, {"b"})
    assert [words.split()[0] for words in seen] == ["UPDATE"]
    assert "SET version_num='b'" in buffer.getvalue()
