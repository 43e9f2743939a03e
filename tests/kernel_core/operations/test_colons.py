"""Colons in DDL: a word after a colon is never a parameter."""

import io

import pytest
import sqlalchemy as sa

from kernel_core.operations import Operations
from kernel_core.runtime.migration import MigrationContext


def printed(dialect_name, act):
    buffer = io.StringIO()
    opts = {"as_sql": True, "output_buffer": buffer}
    act(Operations(MigrationContext.configure(dialect_name=dialect_name, opts=opts)))
    return buffer.getvalue()


ACTS = {
    "a check that is added": lambda op: op.create_check_constraint("ck", "t", "a <> ':w'"),
    "a check whose colon is escaped": lambda op: op.create_check_constraint("ck", "t", r"a <> '\:w'"),
    "a statement": lambda op: op.execute("UPDATE t SET a = ':w'"),
    "an index": lambda op: op.create_index("ix", "t", [sa.text(r"(a || '\:w')")]),
    "a typed index": lambda op: op.create_index("ix", "t", [sa.text("(a || ':w')")]),
    "the condition of an index": lambda op: op.create_index("ix", "t", ["a"], postgresql_where=sa.text("a = ':w'")),
    "a default": lambda op: op.add_column("t", sa.Column("c", sa.String(9), server_default=":w")),
    "a typed default": lambda op: op.add_column("t", sa.Column("c", sa.String(9), server_default=sa.text("':w'"))),
    "a changed default": lambda op: op.alter_column("t", "c", server_default=sa.text("':w'")),
    "the comment of a column": lambda op: op.add_column("t", sa.Column("c", sa.Integer, comment="':w'")),
    "a check of a new table": lambda op: op.create_table("t", sa.Column("a", sa.Text), sa.CheckConstraint("a <> ':w'")),
    "a check of a column": lambda op: op.create_table("t", sa.Column("a", sa.Text, sa.CheckConstraint("a <> ':w'"))),
    "a computed column": lambda op: op.add_column("t", sa.Column("c", sa.Text, sa.Computed("a || ':w'"))),
}


@pytest.mark.parametrize("what", ACTS)
def test_a_word_after_a_colon_is_kept(what):
    text = printed("postgresql", ACTS[what])
    assert "':w'" in text.replace("''", "'")
    assert "NULL" not in text.replace("NOT NULL", "")


def test_a_check_on_column_objects_is_rendered_once():
    age = sa.Column("age", sa.Integer)
    for columns in ([age], [sa.Table("other", sa.MetaData(), age).c.age]):
        condition = columns[0] > 17
        text = printed(
            "postgresql", lambda op, c=columns, x=condition: op.create_table("p", *c, sa.CheckConstraint(x, name="ck"))
        )
        assert text.count("CONSTRAINT ck CHECK (age > 17)") == 1
