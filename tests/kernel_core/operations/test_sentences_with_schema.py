"""Sentences and hints include the schema of a table, a type or a sequence."""

from __future__ import annotations

import sqlalchemy as sa

from kernel_core.operations import ops
from kernel_core.operations.kinds.enum_type.create_drop import CreateEnumTypeOp, DropEnumTypeOp
from kernel_core.operations.kinds.enum_type.enum_values import AddEnumValueOp
from kernel_core.operations.kinds.sequence import DropSequenceOp

IN = {"schema": "sales"}
A = sa.Column("a", sa.Integer)
ABOUT = (
    (ops.CreateTableOp("orders", [A], **IN), "Create table sales.orders with 1 column"),
    (ops.DropTableOp("orders", **IN), "Drop table sales.orders"),
    (ops.RenameTableOp("orders", "bills", **IN), "Rename table sales.orders to bills"),
    (ops.DropColumnOp("orders", "a", **IN), "Drop column a from sales.orders"),
    (ops.AlterColumnOp("orders", "a", modify_nullable=False, **IN), "Alter column a of sales.orders: not null"),
    (ops.CreateIndexOp("ix", "orders", ["a"], **IN), "Create index ix on sales.orders (a)"),
    (ops.DropIndexOp("ix", "orders", **IN), "Drop index ix of sales.orders"),
    (
        ops.CreateForeignKeyOp("fk", "orders", "users", ["a"], ["id"], source_schema="sales", referent_schema="auth"),
        "Create foreign key fk from sales.orders (a) to auth.users (id)",
    ),
    (ops.CreateUniqueConstraintOp("uq", "orders", ["a"], **IN), "Create unique constraint uq on sales.orders (a)"),
    (ops.CreateCheckConstraintOp("ck", "orders", "a > 1", **IN), "Create check ck on sales.orders: a > 1"),
    (ops.DropConstraintOp("uq", "orders", "unique", **IN), "Drop unique constraint uq of sales.orders"),
    (ops.BulkInsertOp(sa.table("orders", sa.column("a"), **IN), [{"a": 1}]), "Insert 1 row into sales.orders"),
    (CreateEnumTypeOp("mood", ["ok"], **IN), "Create enum type sales.mood: 'ok'"),
    (DropEnumTypeOp("mood", **IN), "Drop enum type sales.mood"),
    (AddEnumValueOp("mood", "ok", **IN), "Add value 'ok' to enum type sales.mood"),
    (DropSequenceOp("number", **IN), "Drop sequence sales.number"),
)


def test_the_schema_is_named_where_one_is_given_and_only_there():
    for operation, sentence in ABOUT:
        assert operation.sentence() == sentence
        for hint in operation.hints("postgresql"):
            named = [name for name in ("orders", "mood", "number") if name in hint.text]
            assert all(f"sales.{name}" in hint.text for name in named), hint.text
    assert ops.DropTableOp("orders").sentence() == "Drop table orders"
