"""A batch is written with its options."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kernel_core.autogenerate import render_python_code
from kernel_core.operations import ops
from kernel_core.operations.batch import BatchOptions
from kernel_core.util.exc import CommandError


def written(options: BatchOptions, **given: bool) -> str:
    column = ops.AddColumnOp("users", sa.Column("age", sa.Integer()))
    batch = ops.BatchOps("users", [column], schema="shop", options=options)
    return render_python_code(ops.UpgradeOps([batch]), **given)


@pytest.mark.parametrize("render_as_batch", [True, False])
def test_every_option_that_has_a_source_is_written(render_as_batch: bool) -> None:
    options = BatchOptions(
        recreate="always",
        partial_reordering=(("id", "age"),),
        table_args=(sa.CheckConstraint("age > 0", name="ck_age"),),
        table_kwargs={"sqlite_autoincrement": True},
        naming_convention={"uq": "uq_%(table_name)s"},
    )
    assert written(options, render_as_batch=render_as_batch) == (
        """with op.batch_alter_table(
        "users",
        schema="shop",
        recreate="always",
        partial_reordering=(("id", "age"),),
        table_args=(sa.CheckConstraint("age > 0", name="ck_age"),),
        table_kwargs={"sqlite_autoincrement": True},
        naming_convention={"uq": "uq_%(table_name)s"},
    ) as batch_op:
        batch_op.add_column(sa.Column("age", sa.Integer(), nullable=True))"""
    )


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (BatchOptions(copy_from=sa.Table("users", sa.MetaData(), sa.Column("id", sa.Integer))), "copy_from"),
        (BatchOptions(reflect_kwargs={"listeners": [("column_reflect", print)]}), "reflect_kwargs"),
        (BatchOptions(table_args=(sa.Index("ix", "id"),)), "table_args"),
    ],
)
def test_an_option_without_a_source_is_refused_and_not_left_out(options: BatchOptions, name: str) -> None:
    with pytest.raises(CommandError, match=f"its {name} has no source"):
        written(options)
