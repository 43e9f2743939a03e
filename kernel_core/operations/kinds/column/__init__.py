"""Columns: add, alter, drop."""

from .add_drop import AddColumnOp, DropColumnOp
from .alter import AlterColumnOp
from .statements import (
    AddColumn,
    AlterColumn,
    ColumnComment,
    ColumnDefault,
    ColumnName,
    ColumnNullable,
    ColumnType,
    ComputedColumnDefault,
    DropColumn,
    IdentityColumnDefault,
)
from .subject import Default

__all__ = [
    "AddColumn",
    "AddColumnOp",
    "AlterColumn",
    "AlterColumnOp",
    "ColumnComment",
    "ColumnDefault",
    "ColumnName",
    "ColumnNullable",
    "ColumnType",
    "ComputedColumnDefault",
    "Default",
    "DropColumn",
    "DropColumnOp",
    "IdentityColumnDefault",
]
