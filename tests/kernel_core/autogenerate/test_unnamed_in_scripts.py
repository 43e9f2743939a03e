"""A script never names a constraint by an empty text."""

import pytest
import sqlalchemy as sa

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
        assert "constraint(None" in text or "foreign_key(None" in text or "primary_key(None" in text
    key = sa.ForeignKeyConstraint(["a"], ["p.id"], name=UNNAMED)
    created = ops.CreateTableOp("t", [sa.Column("a", sa.Integer), key])
    text = render_python_code(ops.UpgradeOps([created]))
    assert "ForeignKeyConstraint(" in text
    assert 'f("")' not in text
