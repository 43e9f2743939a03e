"""Constraints without a name have one order, in every process."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from kernel_core.operations.ops import CreateTableOp
from kernel_core.schema import metadata_of, state_of
from kernel_core.util.sqla_compat import sorted_constraints

CHECKS = [f"n > {number}" for number in (7, 3, 9, 1, 8, 2, 6, 4)]


def table() -> sa.Table:
    """A table whose constraints are a set that Python orders by their places in memory."""
    return sa.Table("t", sa.MetaData(), sa.Column("n", sa.Integer), *map(sa.CheckConstraint, CHECKS))


def test_they_are_sorted_as_they_were_made():
    checks = [each for each in sorted_constraints(table()) if isinstance(each, sa.CheckConstraint)]
    assert [str(each.sqltext) for each in checks] == CHECKS


def test_a_table_and_its_copies_are_created_alike():
    made = table()
    expected = str(CreateTable(made))
    again = metadata_of(state_of(made.metadata, sa.create_engine("sqlite://").dialect)).tables["t"]
    assert str(CreateTable(again)) == expected
    assert str(CreateTable(CreateTableOp.from_table(made).to_table())) == expected
