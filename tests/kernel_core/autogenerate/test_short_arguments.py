"""Short columns and constraints of a directive are written without their parts: the lines are the same."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from random_models import random_models
from sqlalchemy.dialects import registry

from kernel_core.autogenerate import AutogenContext
from kernel_core.autogenerate.layout import INDENT, lay_out
from kernel_core.autogenerate.writer import Writer
from kernel_core.operations.operation import Code
from kernel_core.operations.ops import AddColumnOp, CreateTableOp

LINE_LENGTHS = (10, 40, 60, 79, 88, 100, 120)


def lines(context: AutogenContext, operation: CreateTableOp | AddColumnOp, room: int | None, levels: int) -> list[str]:
    """Return the lines of an operation inside a block, as the argument of ``levels`` further calls."""
    write = Writer(context)
    if room is not None:
        write.room = room
    code = operation.render(write)
    for _ in range(levels):
        code = Code("again(", (code,))
    return lay_out(code, context.opts["line_length"] - len(INDENT), indent=INDENT)


def is_same(operation: CreateTableOp | AddColumnOp, dialect: str, line_length: int, levels: int) -> bool:
    context = AutogenContext(None, opts={"line_length": line_length}, autogenerate=False)
    context.dialect = registry.load(dialect)()
    return lines(context, operation, None, levels) == lines(context, operation, 0, levels)


@given(st.integers(0, 10_000), st.sampled_from(["sqlite", "postgresql", "mysql"]), st.sampled_from(LINE_LENGTHS))
def test_random_tables_have_the_same_lines(seed: int, dialect: str, line_length: int) -> None:
    levels = seed % 4
    for table in random_models(seed, dialect).tables.values():
        assert is_same(CreateTableOp.from_table(table), dialect, line_length, levels)
        column = random.Random(seed).choice(list(table.columns))
        assert is_same(AddColumnOp(table.name, column._copy()), dialect, line_length, levels)


@pytest.mark.parametrize("levels", range(4))
@pytest.mark.parametrize("kind", ["column", "key", "unique", "check", "foreign key"])
def test_a_name_of_any_length_has_the_same_lines(kind: str, levels: int) -> None:
    items = {
        "column": lambda name: [sa.Column(name, sa.Integer)],
        "key": lambda name: [sa.Column(name, sa.Integer), sa.PrimaryKeyConstraint(name)],
        "unique": lambda name: [sa.Column("a", sa.Integer), sa.UniqueConstraint("a", name=name)],
        "check": lambda name: [sa.Column("a", sa.Integer), sa.CheckConstraint("a > 0", name=name)],
        "foreign key": lambda name: [sa.Column("a", sa.Integer), sa.ForeignKeyConstraint(["a"], [f"t.{name}"])],
    }
    for length in range(1, 90):
        table = sa.Table("t", sa.MetaData(), *items[kind]("n" * length))
        assert is_same(CreateTableOp.from_table(table), "sqlite", 88, levels), length


def test_a_source_of_several_lines_keeps_its_parts() -> None:
    class Several(sa.types.UserDefinedType):
        def __repr__(self) -> str:
            return "Several(\n1 2)"  # no Python, so that it is written as it is

    Several.__qualname__, Several.__module__ = "Several", "shop"
    columns = [sa.Column("a", Several()), sa.Column("n" * 60, sa.Integer)]
    assert is_same(CreateTableOp("t", columns), "sqlite", 88, 0)


def test_only_arguments_of_a_directive_are_short() -> None:
    write = Writer(AutogenContext(None, autogenerate=False))
    column = sa.Column("a", sa.Integer)
    assert [type(part) for part in write.call("create_table", "t", column, other=column).parts] == [str, str, Code]
    assert type(write.value(column)) is type(write.value([column])) is Code
