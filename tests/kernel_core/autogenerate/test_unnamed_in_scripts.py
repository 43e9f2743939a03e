"""A script never names a constraint by an empty text."""

import ast
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlalchemy.schema import SchemaItem

from kernel_core.autogenerate import render_python_code
from kernel_core.operations import ops
from kernel_core.operations.kinds.exclude_constraint import CreateExcludeConstraintOp
from kernel_core.util.sqla_compat import UNNAMED

ADDITIONS = [
    ops.CreateUniqueConstraintOp(UNNAMED, "t", ["a"]),
    ops.CreateCheckConstraintOp(UNNAMED, "t", "a > 0"),
    ops.CreateForeignKeyOp(UNNAMED, "t", "p", ["a"], ["id"]),
    ops.CreatePrimaryKeyOp(UNNAMED, "t", ["a"]),
    CreateExcludeConstraintOp(UNNAMED, "t", [("a", "=")]),
]


@pytest.mark.parametrize("in_batch", [False, True])
def test_no_constraint_has_an_empty_name(in_batch: bool) -> None:
    for operation in ADDITIONS:
        text = render_python_code(ops.UpgradeOps([ops.ModifyTableOps("t", [operation])]), render_as_batch=in_batch)
        assert "constraint(None, " in text or "foreign_key(None, " in text or "primary_key(None, " in text
        ast.parse(text)


def test_no_index_has_an_empty_name() -> None:
    text = render_python_code(ops.UpgradeOps([ops.CreateIndexOp(UNNAMED, "t", ["a"])]))
    assert text == 'op.create_index(None, "t", ["a"], unique=False)'


ITEMS: dict[str, Callable[[], SchemaItem]] = {
    "UniqueConstraint": lambda: sa.UniqueConstraint("a", name=UNNAMED),
    "CheckConstraint": lambda: sa.CheckConstraint("a > 0", name=UNNAMED),
    "PrimaryKeyConstraint": lambda: sa.PrimaryKeyConstraint("a", name=UNNAMED),
    "ForeignKeyConstraint": lambda: sa.ForeignKeyConstraint(["a"], ["p.id"], name=UNNAMED),
    "ForeignKeyConstraint(": lambda: sa.Column("b", sa.Integer, sa.ForeignKey("p.id", name=UNNAMED)),
}


@pytest.mark.parametrize("what", ITEMS)
def test_no_constraint_of_a_new_table_has_an_empty_name(what: str) -> None:
    created = ops.CreateTableOp("t", [sa.Column("a", sa.Integer), ITEMS[what]()])
    text = render_python_code(ops.UpgradeOps([created]))
    assert what in text
    assert 'f("")' not in text
    written: list[object] = []
    exec(text, {"sa": sa, "op": SimpleNamespace(create_table=lambda *items: written.extend(items))})
    (constraint,) = (each for each in written if isinstance(each, sa.Constraint))
    assert constraint.name is None
