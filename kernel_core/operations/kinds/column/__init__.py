"""Operations on columns: add, alter, drop."""

from .add_drop import AddColumnOp, DropColumnOp
from .alter import AlterColumnOp
from .column_op import Default
from .column_statements import (
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
    visit_add_column,
    visit_column_comment,
    visit_column_default,
    visit_column_name,
    visit_column_nullable,
    visit_column_type,
    visit_computed_column,
    visit_drop_column,
    visit_identity_column,
)
from .type_conversion import Conversion

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
    "Conversion",
    "Default",
    "DropColumn",
    "DropColumnOp",
    "IdentityColumnDefault",
    "visit_add_column",
    "visit_column_comment",
    "visit_column_default",
    "visit_column_name",
    "visit_column_nullable",
    "visit_column_type",
    "visit_computed_column",
    "visit_drop_column",
    "visit_identity_column",
]
