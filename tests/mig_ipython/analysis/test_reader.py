"""The operations of a version file are read from its source; nothing of it is run."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import render_python_code
from kernel_core.operations.containers import UpgradeOps
from kernel_core.operations.registry import all_operations
from kernel_core.runtime.migration import MigrationContext
from mig_ipython.analysis.reader import read_lines

SQLITE = sa.create_engine("sqlite://").dialect

HEAD = """
import os
import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column
from sqlalchemy.dialects import postgresql

def upgrade():
"""


def told(*body: str, dialect=SQLITE) -> list[str]:
    """The lines of a function with this body."""
    lines = read_lines(HEAD + "".join(f"    {line}\n" for part in body for line in part.splitlines()), dialect)
    return [f"{line.sign} {line.sentence}" for line in lines]


@pytest.mark.parametrize("kind", all_operations(), ids=lambda kind: kind.__name__)
def test_every_operation_is_read_as_autogenerate_writes_it(kind):
    from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

    dialect, operation = PGDialect_psycopg2(), kind.example()
    context = MigrationContext.configure(dialect=dialect)
    imports: set[str] = set()
    source = render_python_code(UpgradeOps([operation]), migration_context=context, imports=imports)
    lines = read_lines("\n".join(imports) + HEAD + f"    {source}\n", dialect)
    assert [line.sentence for line in lines] == [operation.sentence()]


def test_columns_types_and_texts_are_built_from_literals():
    table = 'op.create_table("t", Column("id", sa.Integer, primary_key=True), sa.Column("j", postgresql.JSONB()))'
    column = 'op.add_column("t", sa.Column("at", sa.DateTime(), server_default=sa.func.now()))'
    assert told(table, column) == [
        "+ Create table t with 2 columns",
        "+ Add column at DateTime, default now(), to t",
    ]


def test_a_batch_and_a_table_that_is_filled_are_followed():
    batch = 'with op.batch_alter_table("u") as batch_op:\n    batch_op.drop_column("a")\n    print("x")'
    table = 't = op.create_table("t", sa.Column("id", sa.Integer))\nop.bulk_insert(t, [{"id": 1}, {"id": 2}])'
    assert told(batch, table) == [
        "- Drop column a from u",
        "· custom code, 1 line",
        "+ Create table t with 1 column",
        "+ Insert 2 rows into t",
    ]


@pytest.mark.parametrize(
    "code",
    [
        "for name in ('a', 'b'):\n    op.drop_table(name)",
        "op.execute(f'DROP TABLE {1}')",
        "op.drop_table(os.environ['T'])",
        "op.get_bind()",
        "op.invoke('x')",
        "op.drop_table()",
        "op.no_such_directive('x')",
        "op.create_table('t', sa.create_engine('sqlite:///made.db'))",
        "op.create_table('t', sa.engine.create_engine('sqlite:///made.db').connect())",
        "op.execute(sa.util.langhelpers.load_module('os'))",
        "op.execute(*['DROP TABLE t'])",
        "op.execute(**{'sqltext': 'DROP TABLE t'})",
        "op.__class__('x')",
        "raise RuntimeError",
    ],
)
def test_what_is_not_literal_is_custom_code(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = code.count("\n") + 1
    assert told(code, "op.drop_table('t')") == [
        f"· custom code, {lines} {'line' if lines == 1 else 'lines'}",
        "- Drop table t",
    ]
    assert not list(tmp_path.iterdir())


def test_blocks_of_code_are_one_line():
    assert told("x = 1", "y = 2", "op.drop_table('t')", "z = 3") == [
        "· custom code, 2 lines",
        "- Drop table t",
        "· custom code, 1 line",
    ]


@pytest.mark.parametrize("source", ["", "def upgrade(:", "def upgrade():\n    pass\n", "\0", "def downgrade(): op.x()"])
def test_a_file_without_operations_has_no_lines(source):
    assert read_lines(source, SQLITE) == ()


@pytest.mark.slow
def test_a_revision_is_shown_as_lines_without_a_database(migrated):
    connected = migrated.run("%mig_show a1")
    assert "+ Create table users" in repr(connected)
    assert "+ Create table users" in connected._repr_html_()
    migrated.run("%mig_close dev")
    assert "+ Create table users" in repr(migrated.run("%mig_show a1"))
