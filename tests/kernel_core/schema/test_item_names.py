"""The names of constraints and indexes of a state: known without making them, and the same."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import IdentifierError
from sqlalchemy.sql.elements import conv

from kernel_core.operations import ops
from kernel_core.schema.metadata import state_of
from kernel_core.util.sqla_compat import final_name
from tests.counted_calls import calls

LONG = "a_name_that_is_longer_than_postgresql_allows_and_is_cut_off_at_its_end_by_sqlalchemy"
NAMES = [None, "given", "Mixed Case", conv("settled"), conv(LONG)]
CONVENTIONS = {
    "none": None,
    "indexes too": {"ix": "ix_%(table_name)s", "uq": "uq_%(table_name)s", "ck": "ck_%(constraint_name)s"},
    "named ones too": {kind: f"{kind}_%(table_name)s_%(constraint_name)s" for kind in ("ix", "uq", "ck", "fk")},
}
CASES = [(name, each) for name in NAMES for each in CONVENTIONS if name is not None or each != "named ones too"]


def items(name):
    return [
        ops.CreateIndexOp(name or "ix", "t", ["a"]),
        ops.CreateUniqueConstraintOp(name, "t", ["a"]),
        ops.CreateCheckConstraintOp(name or "ck", "t", "a > 0"),
        ops.CreateForeignKeyOp(name, "t", "t", ["a"], ["a"]),
        ops.CreatePrimaryKeyOp(name, "t", ["a"]),
    ]


@pytest.mark.parametrize(
    "dialect", [sqlite.dialect(), postgresql.dialect(), mysql.dialect()], ids=lambda each: each.name
)
@pytest.mark.parametrize(("name", "convention"), CASES)
def test_a_name_is_that_of_the_constraint_or_index(name, convention, dialect):
    state = state_of(sa.MetaData(naming_convention=CONVENTIONS[convention]), dialect)
    for item in items(name):
        made = item.to_index(state.context) if hasattr(item, "to_index") else item.to_constraint(state.context)
        expected = final_name(made, dialect)
        assert state.names(item) == (() if expected is None else (expected,))


def test_a_name_that_the_database_does_not_allow_is_refused():
    state = state_of(None, postgresql.dialect())
    for item in items(LONG):
        with pytest.raises(IdentifierError, match="exceeds maximum length"):
            state.names(item)


def test_the_effect_of_an_index_does_not_take_longer_with_each_index():
    def create(count):
        state = state_of(sa.MetaData())
        state.add_table(sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer)), constraint_of=None)
        for number in range(count):
            ops.CreateIndexOp(f"ix{number}", "t", ["a"]).apply_to(state)

    create(1)
    assert calls(lambda: create(400)) < 4.4 * calls(lambda: create(100))


def test_the_index_to_drop_is_found_without_making_those_of_its_table():
    def drop(count):
        table = sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer))
        for number in range(count):
            sa.Index(f"ix{number}", table.c.a)
        state = state_of(table.metadata)
        return calls(lambda: ops.DropIndexOp(f"ix{count - 1}", "t").apply_to(state))

    drop(2)
    assert drop(200) < drop(2) + 198 * 20
